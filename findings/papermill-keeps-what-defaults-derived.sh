#!/usr/bin/env bash
# A notebook that papermill ran for the cluster "prod" reports on "staging", and says "prod" above it.
#
# Installed: papermill 2.7.0, ipykernel 7.4.0.
#
# Expected: parameters replace the defaults of the cell that is tagged "parameters". A default that is made of another one,
# such as a path with the cluster's name in it, should follow it.
#
# What happens: papermill leaves the tagged cell as it is, runs it, and runs a cell with the given parameters after it
# (papermill's documentation, "Parameterize"). What the tagged cell derived was derived from the defaults, and stays. Title
# and data of the report are those of two clusters, and the run succeeds. papermill's own list of parameters
# (inspect_notebook) even names the derived one as if it were just a parameter.
#
# For an audit: a report about a cluster that shows another cluster's verdicts. Derive after the parameters' cell.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile papermill==2.7.0 ipykernel==7.4.0
venv/bin/python - <<'EOF'
import importlib.metadata, nbformat, papermill, re

def run(defaults, code, parameters):
    cells = [nbformat.v4.new_code_cell(defaults, metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell(code)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={
        "kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}), "audit.ipynb")
    done = papermill.execute_notebook("audit.ipynb", "done.ipynb", parameters=parameters, progress_bar=False)
    return "".join(output.text for cell in done.cells for output in cell.get("outputs", [])).strip()

print("papermill", papermill.__version__)
found = run('cluster = "staging"\nsnapshot = f"snapshots/{cluster}.parquet"', 'print(cluster, snapshot)', {"cluster": "prod"})
print("cluster=prod:", found)
assert found == "prod snapshots/staging.parquet", "the behaviour changed"
print("parameters:", {name: about["default"] for name, about in papermill.inspect_notebook("audit.ipynb").items()})
EOF
