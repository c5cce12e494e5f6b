#!/usr/bin/env bash
# Polars reads "never" in a column of dates as null, unless it is in the first hundred rows of the workbook.
#
# Installed: polars 2.1.0, fastexcel 0.21.0, openpyxl 3.1.5.
#
# Expected: read_excel() guesses the type of a column from its first rows (infer_schema_length, 100). A cell further down that
# does not fit is an error, as it is in read_csv(), or makes the column one of texts, as an earlier cell does.
#
# What happens: with the default engine, texts that come later in a column of dates, numbers or truth values are null,
# without an error or a warning. The same text in the tenth row makes the column one of texts. infer_schema_length=None helps.
#
# For an audit: an exception that expires "never" has no end date and is counted with those that nobody filled in; an
# "unknown" among a hundred true values is gone, and the share of passes of what is left is 100 %.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile polars==2.1.0 fastexcel==0.21.0 openpyxl==3.1.5
venv/bin/python - <<'EOF'
import io
from datetime import datetime
from importlib.metadata import version
import openpyxl, polars

print("polars", version("polars"), "| fastexcel", version("fastexcel"))

def read(row, **options):
    """The cells of one row of 200 that has texts in columns of a date, a number and a truth value."""
    book = openpyxl.Workbook()
    book.active.append(["exception", "expires", "subjects", "passed"])
    for number in range(200):
        values = ["never", "all", "unknown"] if number == row else [datetime(2026, 4, 1), number, True]
        book.active.append([f"E-{number}", *values])
    book.save("exceptions.xlsx")
    return polars.read_excel("exceptions.xlsx", **options).row(row)

early, late, whole = read(10), read(150), read(150, infer_schema_length=None)
print("row 10:", early)
print("row 150:", late)
print("row 150, infer_schema_length=None:", whole)
try:
    text = "subjects\n" + "1\n" * 150 + "all\n"
    polars.read_csv(io.StringIO(text), infer_schema_length=100)
    raise SystemExit("read_csv does not raise any more")
except polars.exceptions.ComputeError as error:
    print("read_csv:", str(error).splitlines()[0])
assert early == ("E-10", "never", "all", "unknown") and whole == ("E-150", "never", "all", "unknown")
assert late == ("E-150", None, None, None), "the behaviour changed"
EOF
