#!/usr/bin/env bash
# pylightxl reads each text of a workbook that openpyxl wrote as an empty one.
#
# Installed: pylightxl 1.61, openpyxl 3.1.5, xlsxwriter 3.3.1.
#
# Expected: a text of a cell is in the table of shared texts or in the cell itself (t="inlineStr"; ECMA-376 part 1, 18.18.11,
# ST_CellType). openpyxl since 3.1, and XlsxWriter with constant_memory, write it into the cell.
#
# What happens: such cells are read as "", without an error. Numbers, truth values and times are there, so that the table has
# the right size and its columns of figures are right. The same table with shared texts is read in full.
#
# For an audit: of a table of results, all names and verdicts are empty: none is "fail". A reader that counts failures finds
# none, one that skips what has no name finds no row.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pylightxl==1.61 openpyxl==3.1.5 xlsxwriter==3.3.1
venv/bin/python - <<'EOF'
from importlib.metadata import version
import openpyxl, pylightxl, xlsxwriter

print("pylightxl", version("pylightxl"))
rows = [["check", "verdict", "subjects"], ["C-1", "pass", 12], ["C-2", "fail", 3]]

def with_openpyxl():
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save("results.xlsx")

def with_xlsxwriter(**options):
    with xlsxwriter.Workbook("results.xlsx", options) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

def read():
    book = pylightxl.readxl("results.xlsx")
    return list(book.ws(book.ws_names[0]).rows)

empty = [["", "", ""], ["", "", 12], ["", "", 3]]
for name, write, found in (("xlsxwriter", with_xlsxwriter, rows), ("xlsxwriter, constant_memory", lambda: with_xlsxwriter(constant_memory=True), empty),
                           ("openpyxl", with_openpyxl, empty)):
    write()
    in_full = [list(row) for row in openpyxl.load_workbook("results.xlsx").active.values]
    print(f"{name}: {read()}")
    assert in_full == rows and read() == found, "the behaviour changed"
EOF
