#!/usr/bin/env bash
# Joining columns of texts with "skip missing parts" drops the rows in which all parts are missing.
#
# Installed: pyarrow 26.0.1.
#
# Expected: binary_join_element_wise is an element-wise function of pyarrow.compute: as many results as rows. For
# null_handling="skip" the documentation says that null parts are left out of the join; a row in which all are null should
# be an empty text, or null.
#
# What happens: such a row has no result at all. Three rows give two results, and a column of only such rows gives an
# empty array. With null_handling="replace" there are three.
#
# For an audit: names of subjects are put together this way (namespace/name/container, each of which may be missing).
# The shorter column is only noticed if it is put into a table beside its rows; counted or compared by itself
# ("the third subject is ..."), all that comes after is shifted by one, to the wrong object.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pyarrow==26.0.1
venv/bin/python - <<'EOF'
import pyarrow as pa, pyarrow.compute as pc

print("pyarrow", pa.__version__)
namespace, name = pa.array([None, "pay", "ehr"]), pa.array([None, "web", None])
skipped = pc.binary_join_element_wise(namespace, name, "/", null_handling="skip")
replaced = pc.binary_join_element_wise(namespace, name, "/", null_handling="replace", null_replacement="")
print("rows:", len(name), "| skip:", skipped.to_pylist(), "| replace:", replaced.to_pylist())
assert skipped.to_pylist() == ["pay/web", "ehr"], "the behaviour changed"
assert replaced.to_pylist() == ["/", "pay/web", "ehr/"]
nothing = pa.nulls(4, pa.string())
assert len(pc.binary_join_element_wise(nothing, nothing, "/", null_handling="skip")) == 0
EOF
