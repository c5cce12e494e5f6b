#!/usr/bin/env bash
# pandas.read_json makes the image tags "1.10" and "1.1" one number.
#
# Installed: pandas 3.1.1, and duckdb 2.0.1 beside it.
#
# Expected: JSON says what is a text and what is a number, and a reader of JSON (unlike one of CSV) need not guess: "1.10" in
# quotes is a text, as it is with json.loads, DuckDB and Polars.
#
# What happens: a column of texts that all look like numbers becomes numbers. "1.10" is 1.1, a short digest "4e10" is
# 40000000000, and the tag "0012" is 12. One tag that is no number ("1.10-slim") leaves the whole column as it is, so that the
# same code is right for most clusters.
#
# For an audit: image 1.10 is told as 1.1, compared with the wrong release, and joined with its findings; "two versions in
# use" is one. Give dtype=False, or the types of the columns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pandas==3.1.1 duckdb==2.0.1
venv/bin/python - <<'END'
import io, json
import duckdb, pandas

print("pandas", pandas.__version__, "duckdb", duckdb.__version__)
def read(tags, **options):
    text = json.dumps([{"image": "registry.example/web", "tag": tag} for tag in tags])
    with open("images.json", "w") as file:
        file.write(text)
    duck = [tag for tag, in duckdb.sql("SELECT tag FROM read_json('images.json')").fetchall()]
    assert duck == tags, "the behaviour of duckdb changed"
    return pandas.read_json(io.StringIO(text), **options)["tag"].tolist()
for tags, options, found in (
    (["1.10", "1.1"], {}, [1.1, 1.1]), (["4e10", "0012"], {}, [4e10, 12.0]),
    (["1.10", "1.1", "1.10-slim"], {}, ["1.10", "1.1", "1.10-slim"]), (["1.10", "1.1"], {"dtype": False}, ["1.10", "1.1"]),
):
    seen = read(tags, **options)
    print("tags", tags, options or "", "are read as", seen)
    assert seen == found, "the behaviour changed"
END
