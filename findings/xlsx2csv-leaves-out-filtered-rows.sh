#!/usr/bin/env bash
# xlsx2csv leaves out the rows that a filter hides, such as all failures.
#
# Installed: xlsx2csv 0.8.6, openpyxl 3.1.5, pandas 3.1.1.
#
# Expected: a conversion to CSV has every row of a sheet. A filter of a spreadsheet changes what is shown, not what is in it;
# openpyxl and pandas read every row.
#
# What happens: rows that are hidden are left out, without a warning, unless --include-hidden-rows is given (in Python:
# skip_hidden_rows=False). Spreadsheets hide the rows that a filter does not show, and save them so.
#
# For an audit: somebody filters a table of results for the passes and saves it. The CSV that a pipeline makes of it has no
# failure; counts, rates and the population of a sample are those of the filter.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile xlsx2csv==0.8.6 openpyxl==3.1.5 pandas==3.1.1
venv/bin/python - <<'EOF'
import io
from importlib.metadata import version
import openpyxl, pandas
from xlsx2csv import Xlsx2csv

print("xlsx2csv", version("xlsx2csv"))
book = openpyxl.Workbook()
for row in (("check", "verdict"), ("C-1", "pass"), ("C-2", "fail"), ("C-3", "pass")):
    book.active.append(row)
book.active.auto_filter.ref = "A1:B4"
book.active.auto_filter.add_filter_column(1, ["pass"])
book.active.row_dimensions[3].hidden = True  # as a spreadsheet does when the filter is applied
book.save("results.xlsx")

def converted(**options):
    text = io.StringIO()
    Xlsx2csv("results.xlsx", **options).convert(text)
    return text.getvalue().split()

print("as it comes:", converted())
print("skip_hidden_rows=False:", converted(skip_hidden_rows=False))
print("pandas:", pandas.read_excel("results.xlsx").values.tolist())
assert converted() == ["check,verdict", "C-1,pass", "C-3,pass"], "the behaviour changed"
assert "C-2,fail" in converted(skip_hidden_rows=False) and len(pandas.read_excel("results.xlsx")) == 3
EOF
