#!/usr/bin/env bash
# papermill hands a tuple over as one text, so that a report covers no framework at all, and succeeds.
#
# Installed: papermill 2.7.0, ipykernel 7.4.0.
#
# Expected: execute_notebook writes the parameters it is given as code into the notebook: texts, numbers,
# booleans, None, lists and dicts. A tuple should be written like a list, or be refused, as a set and a date are.
#
# What happens: the notebook gets the text "('soc2', 'hipaa')". It is not empty, it can be iterated and asked with "in", so
# that code which expects several texts goes on: "hipaa" in frameworks is true, and so is "soc" in it; each of its parts is
# one character; no row of a table has a framework in it.
#
# For an audit: tables that are filtered by the parameter are empty, which reads as "no failures". Hand over lists, and check
# types in the notebook.
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
code = ('print(type(frameworks).__name__, repr(frameworks))\n'
        'verdicts = [("soc2", "fail"), ("hipaa", "fail"), ("cis", "pass")]\n'
        'print("failures:", sum(status == "fail" for framework, status in verdicts if framework in list(frameworks)))')
as_tuple, as_list = (run('frameworks = ("cis",)', code, {"frameworks": kind(["soc2", "hipaa"])}) for kind in (tuple, list))
print("a tuple:", as_tuple, "| a list:", as_list, sep="\n")
assert as_tuple == "str \"('soc2', 'hipaa')\"\nfailures: 0", "the behaviour changed"
assert as_list.endswith("failures: 2")
try:
    run("since = None", "", {"since": {"soc2"}})
except TypeError as error:
    print("a set is refused:", error)
else:
    raise SystemExit("a set was not refused")
EOF
