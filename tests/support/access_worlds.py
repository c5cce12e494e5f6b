"""Where the questions and worlds of the access tests come from."""

import gzip
import json
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from worlds import frames

from auditkit import tables
from auditkit.analysis.rbac.authorizer import TABLES, Access
from auditkit.collectors.decode.objects import decode

HERE = Path(__file__).parents[1]
TRUTH = Path(os.environ.get("AUDITKIT_TRUTH", HERE.parents[1] / "shared" / "truth"))
RBAC = "rbac.authorization.k8s.io"
LISTS = {"roleBindings": "RoleBinding", "clusterRoleBindings": "ClusterRoleBinding", "roles": "Role",
         "clusterRoles": "ClusterRole"}


def access(objects: list[dict], **given) -> Access:
    """The access that these roles and bindings give."""
    found = frames(objects)
    return Access(**{name: found[name] for name in TABLES}, **given)


def recorded(cluster: str) -> dict[str, pd.DataFrame]:
    """The RBAC tables of the recorded cluster."""
    batches: dict[str, list] = {}
    for plural in ("roles", "clusterroles", "rolebindings", "clusterrolebindings"):
        file = HERE / "clusters" / cluster / f"apis__{RBAC}__v1__{plural}%3Flimit%3D500.json.gz"
        for name, found in decode(gzip.decompress(file.read_bytes()), f"{plural}.{RBAC}").batches.items():
            batches.setdefault(name, []).extend(found)
    return {name: pa.Table.from_batches(batches.get(name, []), schema=tables.table(name).schema)
            .to_pandas(types_mapper=pd.ArrowDtype) for name in TABLES}


def lines(path: Path) -> list[dict]:
    """The lines of a compressed JSON-lines file; the test is skipped where it is not here."""
    if not path.is_file():
        pytest.skip(f"{path.name} is not here; AUDITKIT_TRUTH names the folder that has it")
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def cases(*kinds: str) -> list[dict]:
    """Cases of other projects (`rbac/cases*.jsonl.gz`) of these kinds; skips where there are none."""
    files = sorted((TRUTH / "rbac").glob("cases*.jsonl.gz"))
    if not files:
        pytest.skip("rbac/cases*.jsonl.gz is not here; AUDITKIT_TRUTH names the folder that has it")
    return [case for file in files for case in lines(file) if case["kind"] in kinds]


def world(given: dict) -> list[dict]:
    """The objects of a case or of a world file; bindings of some cases have no name and get one."""
    if "world" in given:
        given = json.loads((TRUTH / "rbac" / given["world"]).read_text())
    objects = []
    for key, kind in LISTS.items():
        for number, thing in enumerate(given.get(key) or []):
            metadata = {"name": f"unnamed-{number}", **thing["metadata"]}
            objects.append({**thing, "kind": kind, "metadata": metadata})
    return objects


def request(given: dict) -> dict:
    """A request of a case in the names that `Access.can` reads."""
    return {"group": given["apiGroup"], "user": given.get("user", ""), "groups": given.get("groups") or [],
            "namespace": given.get("namespace", ""),
            **{key: given[key] for key in ("verb", "resource", "subresource", "name", "path")}}


def role(name: str, *rules: dict, namespace: str = "", labels: dict | None = None) -> dict:
    """A ClusterRole, or in a namespace a Role."""
    metadata = {"name": name, "labels": labels or {}} | ({"namespace": namespace} if namespace else {})
    return {"kind": "Role" if namespace else "ClusterRole", "metadata": metadata, "rules": list(rules)}


def bind(name: str, reference: str, *subjects: dict, namespace: str = "", kind: str = "ClusterRole") -> dict:
    """A ClusterRoleBinding, or in a namespace a RoleBinding."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"kind": "RoleBinding" if namespace else "ClusterRoleBinding", "metadata": metadata,
            "roleRef": {"kind": kind, "name": reference}, "subjects": list(subjects)}


def rule(verbs: str, resources: str, group: str = "", **extra) -> dict:
    """A rule: verbs and resources parted by spaces, one API group."""
    return {"verbs": verbs.split(), "resources": resources.split(), "apiGroups": [group], **extra}


def user(name: str) -> dict:
    return {"kind": "User", "name": name}


def group(name: str) -> dict:
    return {"kind": "Group", "name": name}


def account(name: str, namespace: str = "") -> dict:
    return {"kind": "ServiceAccount", "name": name} | ({"namespace": namespace} if namespace else {})
