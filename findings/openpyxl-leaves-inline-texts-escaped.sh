#!/usr/bin/env bash
# A text of a workbook that XlsxWriter wrote in constant memory is not the same text when openpyxl or pandas read it.
#
# Installed: xlsxwriter 3.3.1, openpyxl 3.1.5, pandas 3.1.1.
#
# Expected: XLSX writes a control character as _xHHHH_, and so the literal text _xHHHH_ with its first underscore escaped
# as _x005F_ (ECMA-376, ST_Xstring). Where the text stands, in its cell or among the shared texts, makes no difference.
#
# What happens: XlsxWriter escapes in both places. openpyxl unescapes only among the shared texts. In constant memory,
# XlsxWriter writes every text into its cell, so openpyxl and pandas read the escaped form: the same rows, written with
# another option for speed, come back as other texts. No error, no warning.
#
# For an audit: names of objects in a workbook that reviewers send back are compared with the evidence. A name with such a
# part looks changed although nobody touched it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile xlsxwriter==3.3.1 openpyxl==3.1.5 pandas==3.1.1
venv/bin/python - <<'EOF'
import openpyxl, pandas as pd, xlsxwriter

print("xlsxwriter", xlsxwriter.__version__, "openpyxl", openpyxl.__version__, "pandas", pd.__version__)
name = "host_x0041_node"
for constant_memory in (False, True):
    with xlsxwriter.Workbook("review.xlsx", {"constant_memory": constant_memory}) as book:
        book.add_worksheet().write_string(0, 0, name)
    read = openpyxl.load_workbook("review.xlsx").active["A1"].value
    frame = pd.read_excel("review.xlsx", header=None, engine="openpyxl").iloc[0, 0]
    print(f"constant_memory={constant_memory}: written {name}, openpyxl reads {read}, pandas {frame}")
    assert read == frame == ("host_x005F_x0041_node" if constant_memory else name), "the behaviour changed"
EOF
