#!/usr/bin/env bash
# The mean of a column that DuckDB summed is rounded to a whole number in pandas, and quotients of it are refused.
#
# Installed: duckdb 2.0.1, pyarrow 26.0.1, pandas 3.1.1.
#
# Expected: failures are summed per namespace in SQL, taken over as Arrow, and averaged in pandas with Arrow types: 2, 3, 5
# and 0 have the mean 2.5, as for any column of integers.
#
# What happens: sum() over integers is a HUGEINT in DuckDB (typeof says so), for which
# Arrow has no type; it comes over as decimal128(38, 0). Arrow keeps the scale of a decimal in a mean, so the mean is 3,
# in Series.mean, in groupby.mean and in pyarrow.compute.mean, while median, std and quantile of the same column are
# floats and right. A quotient of two such columns is refused, as no precision is left. DuckDB's own df() gives float64
# for the same query, and 2.5.
#
# For an audit: an average number of failures per namespace is off by up to a half, silently, and only on the way through
# Arrow. Cast in SQL: sum(x)::BIGINT.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile duckdb==2.0.1 pyarrow==26.0.1 pandas==3.1.1
venv/bin/python - <<'EOF'
import duckdb, pandas as pd, pyarrow as pa, pyarrow.compute as pc

print("duckdb", duckdb.__version__, "pyarrow", pa.__version__, "pandas", pd.__version__)
verdicts = pa.table({"namespace": list("abcd"), "failed": pa.array([2, 3, 5, 0], pa.int32())})
sql = "SELECT namespace, sum(failed) AS failed, count(*) AS n FROM verdicts GROUP BY namespace"
table = duckdb.sql(sql).to_arrow_table()
frame = table.to_pandas(types_mapper=pd.ArrowDtype)
grouped = frame.assign(all="x").groupby("all")["failed"].mean().iloc[0]
plain = duckdb.sql(sql).df()["failed"]
print("sum() is a", duckdb.sql("SELECT typeof(sum(failed)) FROM verdicts").fetchall()[0][0])
print("type:", table.schema.field("failed").type, "| mean:", frame["failed"].mean(), "| groupby mean:", grouped,
      "| pyarrow mean:", pc.mean(table["failed"]), "| median:", frame["failed"].median(),
      "| through df():", plain.mean(), plain.dtype)
assert table.schema.field("failed").type == pa.decimal128(38, 0)
assert frame["failed"].mean() == 3 and grouped == 3 and frame["failed"].median() == 2.5 and plain.mean() == 2.5
try:
    frame["failed"] / frame["n"]
except pa.ArrowInvalid as error:
    print("failed / n:", error)
else:
    raise SystemExit("the quotient worked: the behaviour changed")
cast = duckdb.sql(sql.replace("sum(failed)", "sum(failed)::BIGINT")).to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype)
assert cast["failed"].mean() == 2.5
EOF
