#!/usr/bin/env bash
# The worst severity of a Parquet file is "critical" in pandas and "medium" in DuckDB, and a DataFrame has two orders.
#
# Installed: duckdb 2.0.1, pyarrow 26.0.1, pandas 3.1.1.
#
# Expected: severities are an ordered category in pandas, low < medium < high < critical. pandas writes the order into the
# Parquet file and reads it from there. DuckDB turns a category of a DataFrame into an ENUM, whose values are ordered as
# they are listed (DuckDB's documentation, "Enum Data Type"), so max() and > should follow it.
#
# What happens: from the Parquet file DuckDB reads plain texts, in whose order "medium" is the greatest. From an Arrow
# table, too. From the DataFrame itself max() is "critical", by the ENUM, but severity > 'low' compares texts, as a literal
# is no ENUM: in the same query, "critical" is the maximum and is not greater than "low".
#
# For an audit: "findings above low" leaves out high and critical ones, and the worst finding of a cluster is a medium one.
# None of it is an error. Cast both sides to the ENUM, or keep a number beside the name.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile duckdb==2.0.1 pyarrow==26.0.1 pandas==3.1.1
venv/bin/python - <<'EOF'
import duckdb, pandas as pd, pyarrow as pa

print("duckdb", duckdb.__version__, "pyarrow", pa.__version__, "pandas", pd.__version__)
order = pd.CategoricalDtype(["low", "medium", "high", "critical"], ordered=True)
frame = pd.DataFrame({"severity": pd.Series(["low", "medium", "high", "critical"], dtype=order)})
frame.to_parquet("findings.parquet")
arrow = pa.Table.from_pandas(frame)
again = pd.read_parquet("findings.parquet")["severity"]
print("pandas, from the file: max", again.max(), "| above low:", int((again > "low").sum()))
assert again.max() == "critical" and (again > "low").sum() == 3
seen = {}
for source in ("'findings.parquet'", "arrow", "frame"):
    seen[source] = duckdb.sql(f"SELECT max(severity)::VARCHAR, count(*) FILTER (severity > 'low') FROM {source}").fetchall()[0]
    print("duckdb, from", source, ": max", seen[source][0], "| above low:", seen[source][1])
assert seen["'findings.parquet'"] == seen["arrow"] == ("medium", 1), "the behaviour changed"
assert seen["frame"] == ("critical", 1), "the behaviour changed"
EOF
