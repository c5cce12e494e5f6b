#!/usr/bin/env bash
# papermill does not list a parameter whose line has a second equals sign, as that of a label selector has.
#
# Installed: papermill 2.7.0.
#
# Expected: inspect_notebook() (and `papermill --help-notebook`) list the parameters of a notebook, those that its cell of
# parameters assigns, with their defaults.
#
# What happens: a line with more than one "=" is skipped, with "Unable to parse line" in the log: selector = "app=web", or a
# comment such as "# as MOST=5".
#
# For an audit: whoever builds a form, a DAG or a check of given parameters from that list lacks just the one that says what
# the notebook is about. The default stays, and the report is about other workloads than asked for.
# Write selectors in parts, or keep "=" out of the line.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile papermill==2.7.0
venv/bin/python - <<'EOF' 2>told
import importlib.metadata
import nbformat
import papermill
from nbformat.v4 import new_code_cell, new_notebook

print("papermill", importlib.metadata.version("papermill"))
source = 'namespace = "shop"  # namespace\nselector = "app=web"  # label selector\nlimit = 5  # as MOST=5\ndays = 30  # days'
cell = new_code_cell(source, metadata={"tags": ["parameters"]})
kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
nbformat.write(new_notebook(cells=[cell], metadata=kernel), "report.ipynb")
known = papermill.inspect_notebook("report.ipynb")
print("assigned: namespace, selector, limit, days | listed:", ", ".join(known))
assert list(known) == ["namespace", "days"], "the behaviour changed"
EOF
echo "exit code 0: both lines with a second = are missing from the list"
