"""A large made-up cluster's roles and bindings, for the measures of access."""

import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit import tables

VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
STRING = pd.ArrowDtype(pa.string())


def served(resources: int = 120) -> pd.DataFrame:
    """A table `api_resources` of so many resources, five in six of them namespaced."""
    names = [f"resource{n}s" for n in range(resources)]
    groups = ["" if n < 20 else f"group{n % 15}.example" for n in range(resources)]
    rows = [(group, "v1", name, "Kind", number % 6 != 0, verb)
            for number, (group, name) in enumerate(zip(groups, names, strict=True)) for verb in VERBS]
    return _frame("api_resources", rows)


def cluster(bindings: int = 20_000, subjects: int = 5_000, roles: int = 1_000, namespaces: int = 500,
            seed: int = 1) -> dict[str, pd.DataFrame]:
    """The tables of so many bindings. A tenth of the roles has a wildcard, a hundredth all of them."""
    random = np.random.default_rng(seed)
    api = served()
    known = api[["group", "resource"]].drop_duplicates().to_numpy()
    rules = []
    for role in range(roles):
        for rule in range(random.integers(1, 6)):
            verbs = ["*"] if random.random() < 0.05 else random.choice(VERBS, 3, replace=False)
            picked = known[random.integers(0, len(known), 3)]
            if random.random() < 0.01:
                picked = [("*", "*")]
            names = ["some-object"] if random.random() < 0.1 else [None]
            rules += [("ClusterRole", None, f"role-{role}", rule, verb, group, resource, name)
                      for verb in verbs for group, resource in picked for name in names]
    who = random.integers(0, subjects, bindings)
    where = random.integers(0, namespaces, bindings)
    cluster_wide = random.random(bindings) < 0.1
    granted = random.integers(0, roles, bindings)
    kind = np.array(["User", "Group", "ServiceAccount"])[who % 3]
    bound = [
        ("ClusterRoleBinding" if wide else "RoleBinding", None if wide else f"ns-{space}", f"binding-{n}",
         "ClusterRole", f"role-{role}", kind[n], f"ns-{who[n] % namespaces}" if kind[n] == "ServiceAccount" else None,
         f"subject-{who[n]}", None, 0)
        for n, (wide, space, role) in enumerate(zip(cluster_wide, where, granted, strict=True))
    ]
    return {
        "roles": _frame("roles", [("ClusterRole", None, f"role-{n}", f"uid-{n}", None, 1, False)
                                  for n in range(roles)]),
        "role_rules": _frame("role_rules", rules), "role_urls": _frame("role_urls", []),
        "role_labels": _frame("role_labels", []), "role_aggregation": _frame("role_aggregation", []),
        "binding_subjects": _frame("binding_subjects", bound), "api_resources": api,
    }


def requests(count: int = 100_000, subjects: int = 5_000, namespaces: int = 500, seed: int = 2) -> pd.DataFrame:
    """So many questions, each about another object."""
    random = np.random.default_rng(seed)
    known = served()[["group", "resource"]].drop_duplicates().to_numpy()
    picked = known[random.integers(0, len(known), count)]
    who = random.integers(0, subjects, count)
    groups = [["system:authenticated", f"subject-{n}", f"subject-{n + 1}"] for n in random.integers(0, subjects, count)]
    return pd.DataFrame({
        "user": [f"subject-{n}" if n % 3 == 0 else f"system:serviceaccount:ns-{n % namespaces}:subject-{n}"
                 for n in who],
        "groups": groups, "verb": random.choice(VERBS, count), "group": picked[:, 0], "resource": picked[:, 1],
        "subresource": "", "namespace": [f"ns-{n}" for n in random.integers(0, namespaces, count)],
        "name": [f"object-{n}" for n in range(count)], "path": "",
    })


def _frame(table: str, rows: list[tuple]) -> pd.DataFrame:
    schema = tables.table(table).schema
    columns = list(zip(*rows, strict=True)) or [[] for _ in schema]
    return pa.Table.from_arrays([pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)],
                                schema=schema).to_pandas(types_mapper=pd.ArrowDtype)
