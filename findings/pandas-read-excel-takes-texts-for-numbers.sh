#!/usr/bin/env bash
# pandas reads the cells "1.10" and "1.1" of a workbook, which are texts, as one number.
#
# Installed: pandas 3.1.1, openpyxl 3.1.5, python-calamine 0.9.1, polars 2.1.0, fastexcel 0.21.0.
#
# Expected: a cell of a workbook has a type, unlike a field of a CSV. Somebody who formats a column as text keeps what is in
# it as it stands: openpyxl and Polars give texts.
#
# What happens: a column of which all texts look like numbers becomes a column of numbers, with either engine, and texts such
# as "NA" and "None" are missing. dtype=str keeps numbers apart, keep_default_na=False the rest.
#
# For an audit: the requirements 1.1 and 1.10 of a framework are one requirement, a join of workpapers by requirement or by
# tag of an image doubles rows, and account numbers lose their zeros.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pandas==3.1.1 openpyxl==3.1.5 python-calamine==0.9.1 polars==2.1.0 fastexcel==0.21.0
venv/bin/python - <<'EOF'
from importlib.metadata import version
import openpyxl, pandas, polars

print("pandas", version("pandas"))
book = openpyxl.Workbook()
book.active.append(["requirement", "account", "answer"])
for row in (("1.1", "0012", "None"), ("1.10", "12", "NA"), ("1.2", "7", "no")):
    book.active.append(row)
book.save("results.xlsx")
cells = [cell for row in openpyxl.load_workbook("results.xlsx").active.iter_rows(min_row=2) for cell in row]
assert all(cell.data_type == "s" for cell in cells), "the cells are no texts"
print("polars:", polars.read_excel("results.xlsx").rows())
for engine in ("openpyxl", "calamine"):
    found = pandas.read_excel("results.xlsx", engine=engine)
    print(f"{engine}:", found.values.tolist(), "| requirements:", found["requirement"].nunique())
    assert found["requirement"].tolist() == [1.1, 1.1, 1.2] and found["account"].tolist() == [12, 12, 7], "the behaviour changed"
    assert found["answer"].isna().tolist() == [True, True, False], "the behaviour changed"
assert polars.read_excel("results.xlsx").rows()[0] == ("1.1", "0012", "None")
kept = pandas.read_excel("results.xlsx", dtype=str, keep_default_na=False)
assert kept.values.tolist() == [["1.1", "0012", "None"], ["1.10", "12", "NA"], ["1.2", "7", "no"]]
EOF
