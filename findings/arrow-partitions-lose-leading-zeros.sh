#!/usr/bin/env bash
# pandas and DuckDB read different cluster names from the same folders: 0012 and 12.
#
# Installed: duckdb 2.0.1, pyarrow 26.0.1, pandas 3.1.1.
#
# Expected: snapshots of clusters are kept in folders cluster=0012, cluster=0047 (Hive partitioning, whose values are
# texts in the path). Each reader should give the names that are in the path.
#
# What happens: pandas.read_parquet, through pyarrow.dataset, infers a type from the values and reads the numbers 12 and
# 47 where all are numbers that fit 32 bits. A folder that does not fit makes the whole column texts, and then 0012 is
# 0012: what a cluster is called depends on which other clusters are in the store. DuckDB keeps both names, as it takes a
# text that would not be the same after a cast for a text.
#
# For an audit: identifiers of accounts and clusters do begin with zeros. A join of what pandas read with what DuckDB read,
# or with the list of clusters in scope, finds nothing, and clusters drop out of the report.
# Give pyarrow the schema of the partitioning.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile duckdb==2.0.1 pyarrow==26.0.1 pandas==3.1.1
venv/bin/python - <<'EOF'
import pathlib
import duckdb, pandas as pd, pyarrow as pa, pyarrow.dataset as ds

print("duckdb", duckdb.__version__, "pyarrow", pa.__version__, "pandas", pd.__version__)
def store(name, *clusters):
    for cluster in clusters:
        folder = pathlib.Path(name, f"cluster={cluster}")
        folder.mkdir(parents=True)
        pd.DataFrame({"failed": [1]}).to_parquet(folder / "verdicts.parquet")
    return (sorted(str(c) for c in pd.read_parquet(name)["cluster"]),
            sorted(str(c) for c, in duckdb.sql(f"SELECT cluster FROM '{name}/*/*.parquet'").fetchall()))

numbers, mixed = store("numbers", "0012", "0047"), store("mixed", "0012", "012345678901")
print("0012 and 0047:         pandas", numbers[0], "| duckdb", numbers[1])
print("0012 and 012345678901: pandas", mixed[0], "| duckdb", mixed[1])
assert numbers == (["12", "47"], ["0012", "0047"]), "the behaviour changed"
assert mixed == (["0012", "012345678901"], ["0012", "012345678901"]), "the behaviour changed"
told = ds.dataset("numbers", partitioning=ds.partitioning(pa.schema([("cluster", pa.string())]), flavor="hive"))
assert sorted(told.to_table()["cluster"].to_pylist()) == ["0012", "0047"]
EOF
