#!/usr/bin/env bash
# xlsx2csv writes times of the afternoon as times of the morning: 21:00:00 becomes 09:00:00.
#
# Installed: xlsx2csv 0.8.6, openpyxl 3.1.5.
#
# Expected: a format of a number such as yyyy-mm-dd h:mm:ss, which openpyxl gives every time, counts hours from 0 to 23. They
# are counted from 1 to 12 only where the format has AM/PM (ECMA-376 part 1, 18.8.31, numFmts).
#
# What happens: a single "h" is read as an hour from 1 to 12 although the format has no AM/PM, so that the half of the day is
# nowhere: 9:00 and 21:00 are the same text, and so are noon and midnight. With "hh" the hours are right.
#
# For an audit: "approved at 14:00, deployed at 13:00" becomes an approval at 2:00, before the deployment. The time of a
# collection or of the end of an exception can be 12 hours early. The option dateformat, or reading the workbook itself, helps.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile xlsx2csv==0.8.6 openpyxl==3.1.5
venv/bin/python - <<'EOF'
import io
from datetime import datetime
from importlib.metadata import version
import openpyxl
from xlsx2csv import Xlsx2csv

print("xlsx2csv", version("xlsx2csv"))
times = [datetime(2026, 4, 1, hour) for hour in (0, 9, 12, 15, 21)]
found = {}
for pattern in ("yyyy-mm-dd h:mm:ss", "yyyy-mm-dd hh:mm:ss"):
    book = openpyxl.Workbook()
    for row, time in enumerate(times, start=1):
        book.active.cell(row, 1, time)
        if row == 1:
            assert book.active.cell(1, 1).number_format == "yyyy-mm-dd h:mm:ss"  # what openpyxl gives a time
        book.active.cell(row, 1).number_format = pattern
    book.save("times.xlsx")
    text = io.StringIO()
    Xlsx2csv("times.xlsx").convert(text)
    found[pattern] = text.getvalue().splitlines()
    print(pattern)
    for time, written in zip(times, found[pattern], strict=True):
        print("   ", time, "->", written)
assert found["yyyy-mm-dd hh:mm:ss"] == [str(time) for time in times]
assert [text.split()[1] for text in found["yyyy-mm-dd h:mm:ss"]] == ["12:00:00", "09:00:00", "12:00:00", "03:00:00", "09:00:00"], "the behaviour changed"
EOF
