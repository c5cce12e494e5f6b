"""Small evaluations and executed notebooks for the tests of reports: no kernel is needed to draw one."""

import datetime as dt
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
from worlds import arrow

from auditkit import tables
from auditkit.evaluation.evaluation import Evaluation, evaluate
from auditkit.framework.model import Framework, Requirement, Section
from auditkit.reports import Files, publish
from auditkit.snapshots.ledger import Body, Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
PRIVILEGED = "workloads.no_privileged_containers"


def pod(name: str, *, image: str = "nginx", privileged: bool = False, namespace: str = "shop") -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"namespace": namespace, "name": name}, "spec": {"containers": [
        {"name": "main", "image": image, "securityContext": {"privileged": privileged}}]}}


def snapshot(*objects: dict, cluster: str = "acme", **outcomes: str) -> Snapshot:
    """A snapshot of these objects; ``outcomes`` are those of resources that were not read completely."""
    entries = [
        Entry(resource=name, path=f"/api/v1/{name}", outcome=outcomes.get(name, "complete"),
              reason="the server said no" if name in outcomes else "", items=3, resource_version="71",
              started=NOW, ended=NOW, identity="jane", bodies=[Body(f"/api/v1/{name}", 200, 12, "ab" * 32)])
        for name in [*tables.RESOURCES, "discovery", "engines"]
    ]
    manifest = Manifest(cluster=cluster, server_version="v1.36.2", identity="jane", groups=["auditors"],
                        collector="auditkit 0.1.0", source="context acme", started=NOW, ended=NOW, ledger=entries)
    return Snapshot(manifest, arrow(objects))


def framework(**titles: str) -> Framework:
    """A requirement that containers decide, one that people decide, and one without subjects."""
    return Framework(
        framework="house", title=titles.get("title", "House rules"), version="3", publisher="the house",
        sections=[Section("1", "Pods"), Section("2", "People")],
        requirements=[
            Requirement(id="1.1", section="1", title="No privileges", reach="evidenced", checks=[PRIVILEGED], level=1),
            Requirement(id="1.2", section="1", title="No privileges, again", reach="partly", checks=[PRIVILEGED],
                        cannot_show="What runs outside", ask_next="A list of hosts"),
            Requirement(id="2.1", section="2", title="Somebody is in charge", reach="attested",
                        cannot_show="Who is in charge", ask_next="The chart", look_at="Names and dates"),
        ])


def judged(*objects: dict, cluster: str = "acme", title: str = "House rules", **outcomes: str) -> Evaluation:
    return evaluate(snapshot(*objects, cluster=cluster, **outcomes), framework(title=title))


def executed(*cells: object) -> nbformat.NotebookNode:
    """A notebook as papermill leaves it: a string is narrative, a dict an output's data, else what a cell shows."""
    notebook = nbformat.v4.new_notebook()
    for cell in cells:
        if isinstance(cell, str):
            notebook.cells.append(nbformat.v4.new_markdown_cell(cell))
            continue
        code = nbformat.v4.new_code_cell("shown")
        data = cell if isinstance(cell, dict) else cell._repr_mimebundle_()
        code.outputs = [nbformat.v4.new_output("execute_result", data)]
        notebook.cells.append(code)
    return notebook


def published(folder: Path, *cells: object) -> Files:
    path = folder / "house.ipynb"
    nbformat.write(executed(*cells), path)
    return publish(path)


class Page(HTMLParser):
    """What a browser would find: scripts that run, addresses, anchors, words."""

    def __init__(self, text: str):
        super().__init__()
        self.scripts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = "data" if tag == "script" and "type" in dict(attrs) else tag
        if self._inside == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside not in ("style", "data"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] or "" for _, attributes in self.tags if attribute in attributes]


def written(folder: Path, *cells: str, parameters: str = "number = 1") -> Path:
    """A notebook file of code cells, the first of which has the parameters."""
    found = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "no-such-kernel", "display_name": "x", "language": "python"}})
    found.cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
                   *map(nbformat.v4.new_code_cell, cells)]
    path = folder / "given.ipynb"
    nbformat.write(found, path)
    return path
