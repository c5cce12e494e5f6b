#!/usr/bin/env bash
# Polars leaves the fields out of an audit log that its first hundred events do not have.
#
# Installed: polars 2.1.0, and duckdb 2.0.1 and pyarrow 26.0.1 beside it.
#
# Expected: read_ndjson() guesses the schema from the first 100 lines (infer_schema_length). What does not fit it afterwards
# could be an error, as it is in DuckDB (and, for a value of another type, in Polars), or be added, as in pyarrow.
#
# What happens: a field that comes later is left out without a word, both a column (impersonatedUser) and a field of an inner
# object (objectRef.subresource). Each row is there, so that counts of rows are right. scan_ndjson() does the same.
#
# For an audit: audit logs are full of rare fields. A table of such a log has no impersonation and no exec, and what is
# exported from it says nothing of them. Give infer_schema_length=None, or the schema.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
venv/bin/python - <<'END'
import json
import duckdb, polars, pyarrow.json

print("polars", polars.__version__, "duckdb", duckdb.__version__, "pyarrow", pyarrow.__version__)
ordinary = {"verb": "get", "objectRef": {"resource": "pods"}}
rare = {"verb": "create", "objectRef": {"resource": "pods", "subresource": "exec"}, "impersonatedUser": "admin"}
with open("audit.log", "w") as log:
    for event in [ordinary] * 30_000 + [rare] * 10:
        log.write(json.dumps(event) + "\n")
complete = (["impersonatedUser", "objectRef", "verb"], ["resource", "subresource"])
for how, table, expected in (
    ("read_ndjson", polars.read_ndjson("audit.log").to_arrow(), (["objectRef", "verb"], ["resource"])),
    ("scan_ndjson", polars.scan_ndjson("audit.log").collect().to_arrow(), (["objectRef", "verb"], ["resource"])),
    ("infer_schema_length=None", polars.read_ndjson("audit.log", infer_schema_length=None).to_arrow(), complete),
    ("pyarrow", pyarrow.json.read_json("audit.log"), complete),
):
    seen = sorted(table.column_names), sorted(field.name for field in table.schema.field("objectRef").type)
    print(f"{how}: {table.num_rows} rows with {seen[0]}, objectRef with {seen[1]}")
    assert table.num_rows == 30_010
    assert seen == expected, "the behaviour changed"
try:
    duckdb.sql("SELECT * FROM read_json('audit.log')").fetchall()
except duckdb.InvalidInputException as error:
    print("duckdb:", str(error).splitlines()[0])
else:
    raise AssertionError("the behaviour of duckdb changed")
END
