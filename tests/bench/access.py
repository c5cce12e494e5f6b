"""Access at scale: 20,000 bindings, 5,000 subjects, 100,000 questions, with ratios to the plain slow way.

``python tests/bench/access.py`` prints times in seconds, the peak memory of all of `access`, and how many times faster
a question is than with the authorizer written out plainly (``tests/support/access_reference.py``).
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

ROOT = Path(__file__).parents[2]
if str(ROOT / "tests" / "support") not in sys.path:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import access_reference as slow  # noqa: E402
from worlds import derived, frames  # noqa: E402

from auditkit import tables  # noqa: E402
from auditkit.analysis import inputs  # noqa: E402
from auditkit.analysis.rbac.access_table import access  # noqa: E402
from auditkit.analysis.rbac.authorizer import TABLES, Access  # noqa: E402

VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
RESOURCES = [("" if n < 20 else f"group{n % 15}.example", f"resource{n}s") for n in range(120)]


def served() -> pd.DataFrame:
    """The table `api_resources`: 120 resources, five in six of them namespaced."""
    rows = [(group, "v1", resource, "Kind", number % 6 != 0, verb)
            for number, (group, resource) in enumerate(RESOURCES) for verb in VERBS]
    schema = tables.table("api_resources").schema
    arrays = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema).to_pandas(types_mapper=pd.ArrowDtype)


def cluster(bindings: int = 20_000, subjects: int = 5_000, roles: int = 1_000, namespaces: int = 500,
            seed: int = 1) -> list[dict]:
    """Roles and bindings. Every twentieth rule has all verbs, every hundredth everything; a tenth is for one name."""
    random = np.random.default_rng(seed)
    objects = [{"kind": "ClusterRole", "metadata": {"name": f"role-{n}", "uid": f"uid-{n}"},
                "rules": [_rule(random) for _ in range(random.integers(1, 6))]} for n in range(roles)]
    for n in range(bindings):
        who, kind = int(random.integers(0, subjects)), ("RoleBinding", "ClusterRoleBinding")[random.random() < 0.1]
        metadata = {"name": f"binding-{n}"}
        if kind == "RoleBinding":
            metadata["namespace"] = f"ns-{random.integers(0, namespaces)}"
        objects.append({"kind": kind, "metadata": metadata, "subjects": [_subject(who, namespaces)],
                        "roleRef": {"kind": "ClusterRole", "name": f"role-{random.integers(0, roles)}"}})
    return objects


def _rule(random: np.random.Generator) -> dict:
    if random.random() < 0.01:
        return {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    group, resource = RESOURCES[random.integers(0, len(RESOURCES))]
    verbs = ["*"] if random.random() < 0.05 else [str(verb) for verb in random.choice(VERBS, 3, replace=False)]
    names = {"resourceNames": ["some-object"]} if random.random() < 0.1 else {}
    return {"verbs": verbs, "apiGroups": [group], "resources": [resource, f"{resource}/status"], **names}


def _subject(number: int, namespaces: int) -> dict:
    if number % 3 == 0:
        return {"kind": "ServiceAccount", "name": f"s{number}", "namespace": f"ns-{number % namespaces}"}
    return {"kind": ("Group", "User")[number % 3 - 1], "name": f"s{number}"}


def questions(count: int = 100_000, subjects: int = 5_000, namespaces: int = 500, seed: int = 2) -> pd.DataFrame:
    """So many questions, each about another object."""
    random = np.random.default_rng(seed)
    who, where = random.integers(0, subjects, count), random.integers(0, namespaces, count)
    what = np.array(RESOURCES)[random.integers(0, len(RESOURCES), count)]
    return pd.DataFrame({
        "user": [f"system:serviceaccount:ns-{n % namespaces}:s{n}" if n % 3 == 0 else f"s{n}" for n in who],
        "groups": [["system:authenticated", f"s{n}", f"s{n + 1}"] for n in random.integers(0, subjects, count)],
        "verb": random.choice(VERBS, count), "group": what[:, 0], "resource": what[:, 1], "subresource": "",
        "namespace": [f"ns-{n}" for n in where], "name": [f"object-{n}" for n in range(count)], "path": "",
    })


def best(work: Callable[[], object], rounds: int = 3) -> float:
    """The shortest of some times, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def memory() -> float:
    """The most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    """Measure and print."""
    objects, asked = cluster(), questions()
    found = frames(objects) | {"api_resources": served()}
    given = {name: found[name] for name in TABLES}
    print(f"index of 20,000 bindings          {best(lambda: Access(**given)):8.3f} s")
    built = Access(**given)
    fast = best(lambda: built.can(asked))
    print(f"100,000 questions                 {fast:8.3f} s")
    few = asked.head(100).to_dict("records")
    plain = best(lambda: [slow.allowed(objects, one) for one in few], 1)
    print(f"  times as fast as the plain way  {plain / len(few) / (fast / len(asked)):8.0f}")
    print(f"who can get a resource            {best(lambda: built.who_can('get', 'resource3s')):8.3f} s")
    before = memory()
    print(f"all of access                     {best(lambda: access(*derived(found, *inputs(access))), 1):8.3f} s")
    rows = len(access(*derived(found, *inputs(access))))
    print(f"  rows                            {rows:8,}\n  memory added                    {memory() - before:8.0f} MB")


if __name__ == "__main__":
    main()
