#!/usr/bin/env bash
# PyExcelerate writes the times of a table as numbers such as 46113.875 when the table is written at once.
#
# Installed: PyExcelerate 0.13.0, openpyxl 3.1.5, pandas 3.1.1.
#
# Expected: new_sheet(data=...) is the fast way to write what set_cell_value() writes cell by cell. A time is a number whose
# format says that it is one; a cell that is set gets such a format.
#
# What happens: with new_sheet(data=...) the cell has no format, and openpyxl, pandas and a spreadsheet read a number. Cell by
# cell the format is yyyy-mm-dd, so that the time of day is there but not shown.
#
# For an audit: columns such as "collected at" and "expires" are figures, and a comparison with a date finds nothing or raises
# far away from the cause; read as seconds, 46113 is the first day of 1970.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile PyExcelerate==0.13.0 openpyxl==3.1.5 pandas==3.1.1
venv/bin/python -W ignore - <<'EOF'
from datetime import datetime
from importlib.metadata import version
import openpyxl, pandas
from pyexcelerate import Workbook

print("PyExcelerate", version("PyExcelerate"))
expires = datetime(2026, 4, 1, 21)

def at_once(book):
    book.new_sheet("exceptions", data=[["expires"], [expires]])

def by_cells(book):
    sheet = book.new_sheet("exceptions")
    sheet.set_cell_value(1, 1, "expires")
    sheet.set_cell_value(2, 1, expires)

for write, value, pattern in ((at_once, 46113.875, "General"), (by_cells, expires, "yyyy-mm-dd")):
    book = Workbook()
    write(book)
    book.save("exceptions.xlsx")
    cell = openpyxl.load_workbook("exceptions.xlsx").active["A2"]
    (by_pandas,) = pandas.read_excel("exceptions.xlsx")["expires"]
    print(f"{write.__name__}: format {cell.number_format}, openpyxl {cell.value!r}, pandas {by_pandas!r}")
    assert (cell.value, cell.number_format) == (value, pattern) and by_pandas == value, "the behaviour changed"
EOF
