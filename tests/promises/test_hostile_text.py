"""Text of a cluster is hostile: no command lets it steer a terminal, run in a page or count in a spreadsheet."""

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from command_line import auditkit
from every_command import commands
from packed import contents
from replay import ACME_PROD

from auditkit import tables
from auditkit.collectors import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.snapshots.snapshot import Snapshot

HOSTILE = "=1+1\x1b]0;x\x07\u202e<script>alert(1)</script>|`b`*c*"
"""Instead of the name of a namespace: a formula, a terminal's title, a turn of the direction, a script, Markdown."""
SCRIPT = "<script>alert"
PLOTLY = re.compile(r"<script>/\*\*\s*\* plotly\.js .*?</script>", re.DOTALL)
"""Plotly's own program in a page, in which such characters are part of the formats of pictures."""


def hostile(snapshot: Snapshot) -> Snapshot:
    """The snapshot in which the names of the cluster and of a namespace are hostile, in every text that has them."""
    manifest = msgspec.structs.replace(snapshot.manifest, cluster=f"acme{HOSTILE}", identity=HOSTILE)
    return Snapshot(manifest, {name: _changed(snapshot.arrow(name)) for name in tables.TABLES})


def _changed(table: pa.Table) -> pa.Table:
    for place, column in enumerate(table.schema):
        if pa.types.is_string(column.type):
            table = table.set_column(place, column, pc.replace_substring(table[column.name], "billing", HOSTILE))
    return table


def harmless(text: str) -> bool:
    """True where no character steers a terminal."""
    return not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in "\n\t\r\u00ad" for char in text)


def html_of(notebook: bytes) -> Iterator[str]:
    for cell in json.loads(notebook)["cells"]:
        for output in cell.get("outputs", []):
            yield "".join(output.get("data", {}).get("text/html", ""))


def formulas(content: bytes) -> list[object]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [cell.value for sheet in book for row in sheet.iter_rows() for cell in row
            if cell.data_type == "f" or (isinstance(cell.value, str) and cell.value.startswith(("=", "+", "@")))]


def wrong(name: str, content: bytes) -> str:
    """What is wrong with a file; empty where nothing is."""
    suffix = Path(name).suffix
    if suffix == ".csv":
        rows = csv.reader(io.StringIO(content.decode()))
        found = [cell for row in rows for cell in row if cell.startswith(("=", "@", "+")) or not harmless(cell)]
        return f"cells {found[:3]}" if found else ""
    if suffix == ".xlsx":
        return f"formulas {formulas(content)[:3]}" if formulas(content) else ""
    if suffix == ".ipynb":
        return "script" if any(SCRIPT in html for html in html_of(content)) else ""
    if suffix in (".html", ".md", ".txt") and SCRIPT in content.decode():
        return "script"
    if suffix in (".html", ".md", ".txt", ".json", ".jsonl", ".xml", ".yaml"):
        return "" if harmless(PLOTLY.sub("", content.decode())) else "steering characters"
    return ""


@pytest.mark.slow
def test_no_command_passes_on_what_is_hostile(tmp_path: Path) -> None:
    earlier, later = (hostile(collect(open_files(ACME_PROD.parent / name))).write(tmp_path / "store")
                      for name in ("acme-prod", "acme-prod-later"))
    output = tmp_path / "output"
    output.mkdir()
    seen = False
    for words in commands(earlier, later, output):
        shown = auditkit(*words)
        assert shown.returncode in (0, 1), (words, shown.stderr)
        assert harmless(shown.stdout) and harmless(shown.stderr), words
        seen = seen or SCRIPT in shown.stdout
    assert seen, "the bait is shown"
    found = {name: wrong(name, content) for file in output.rglob("*") if file.is_file()
             for name, content in contents(file) if file.suffix != ".xlsx" or name == str(file)}
    assert not {name: what for name, what in found.items() if what}
    assert zipfile.is_zipfile(output / "bundle.zip") and len(found) > 50
