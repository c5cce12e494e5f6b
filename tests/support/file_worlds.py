"""Files as kubectl writes them of the recorded cluster, whole or of a part of it."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from replay import ACME_PROD

from auditkit import tables


def kubectl(*items: dict) -> dict:
    """What ``kubectl get … -o json`` prints, whatever its flags."""
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list(items)}


def recorded() -> Iterator[tuple[tables.Resource, dict]]:
    """The recorded lists of what has no values to hide."""
    for resource in tables.RESOURCES.values():
        root = f"apis__{resource.group}__" if resource.group else "api__"
        for version in resource.versions:
            file = ACME_PROD / f"{root}{version}__{resource.plural}%3Flimit%3D500.json.gz"
            if file.exists() and resource.form == "object":
                yield resource, json.loads(gzip.decompress(file.read_bytes()))
                break


def write_selected(folder: Path, chosen: Callable[[dict], bool]) -> Path:
    """``kubectl get KIND … -o json > KIND.json`` of each kind, with those objects that are chosen."""
    for resource, whole in recorded():
        items = [{"apiVersion": whole["apiVersion"], "kind": resource.kind, **item} for item in whole["items"] if chosen(item)]
        (folder / f"{resource.name}.json").write_text(json.dumps(kubectl(*items)))
    return folder


def write_dump(folder: Path, *namespaces: str) -> Path:
    """``kubectl cluster-info dump --namespaces=…``: typed lists of the server, in a folder for each namespace."""
    for resource, whole in recorded():
        for namespace in namespaces if resource.namespaced else [""]:
            items = [item for item in whole["items"] if item["metadata"].get("namespace", "") == namespace]
            (folder / namespace).mkdir(exist_ok=True)
            (folder / namespace / f"{resource.plural}.json").write_text(json.dumps(whole | {"items": items}))
    return folder
