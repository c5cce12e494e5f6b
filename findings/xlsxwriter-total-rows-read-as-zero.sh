#!/usr/bin/env bash
# The totals of a workbook are right in a spreadsheet and 0 for each program that reads them.
#
# Installed: xlsxwriter 3.3.1, openpyxl 3.1.5, python-calamine 0.9.1, pandas 3.1.1.
#
# Expected: a table with a total row ("total_function": "sum") over 4 and 2 failures, and a cell that counts "fail", say 6
# and 2, for whoever opens the workbook.
#
# What happens: XlsxWriter does not calculate; it stores 0 as the result of each formula that it is given no result for,
# and asks the spreadsheet to recalculate when it opens the file (its documentation, "Formula Results"). pandas, openpyxl
# (data_only) and calamine do not recalculate: they read the number 0, not a missing value. For a formula whose result is a
# text, they read the number 0 as well.
#
# For an audit: "failures in total: 0" in whatever takes the workbook over, while a person sees 6. Give each formula its
# value (write_formula(..., value=...), "total_value"), or write numbers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile xlsxwriter==3.3.1 openpyxl==3.1.5 python-calamine==0.9.1 pandas==3.1.1
venv/bin/python - <<'EOF'
import openpyxl, pandas as pd, python_calamine, xlsxwriter
from importlib.metadata import version

print("xlsxwriter", xlsxwriter.__version__, "openpyxl", openpyxl.__version__, "calamine", version("python-calamine"))
book = xlsxwriter.Workbook("evidence.xlsx")
sheet = book.add_worksheet("verdicts")
sheet.add_table(0, 0, 3, 1, {"total_row": True, "data": [["pay", 4], ["ehr", 2]],
                             "columns": [{"header": "namespace", "total_string": "total"},
                                         {"header": "failures", "total_function": "sum"}]})
sheet.write_formula("D1", '=IF(B4>0,"not compliant","compliant")')
sheet.write_formula("E1", "=SUM(B2:B3)", None, 6)
book.close()
cells = openpyxl.load_workbook("evidence.xlsx", data_only=True)["verdicts"]
rows = python_calamine.CalamineWorkbook.from_path("evidence.xlsx").get_sheet_by_name("verdicts").to_python()
frame = pd.read_excel("evidence.xlsx", engine="openpyxl")
print("total: openpyxl", cells["B4"].value, "| calamine", rows[3][1], "| pandas", frame["failures"].iloc[2])
print("text: openpyxl", repr(cells["D1"].value), "| with a value given:", cells["E1"].value)
assert cells["B4"].value == 0 and rows[3][1] == 0 and frame["failures"].iloc[2] == 0, "the behaviour changed"
assert cells["D1"].value == 0 and cells["E1"].value == 6
EOF
