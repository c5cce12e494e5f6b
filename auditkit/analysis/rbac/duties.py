"""Segregation of duties: pairs of rights that no subject may hold together, as data.

The pairs stand in ``controls/segregation-of-duties.yaml``; a file of one's own has the same form.
"""

from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.rbac.bindings import grants, implicit_groups, role_keys
from auditkit.analysis.rbac.privileges import Power, spellings
from auditkit.base import shipped, strict_yaml

SHIPPED = "segregation-of-duties.yaml"
COLUMNS = ["duty", "title", "user", "of_group", "scope", "first", "second", "first_row", "second_row"]


class Right(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Verbs on resources (``resource.group``) in namespaces and ``outside`` of them."""

    verbs: list[str]
    resources: list[str] = []
    outside: list[str] = []


class Side(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One duty: what it is called, and the rights of which one is enough."""

    name: str
    rights: list[Right]


class Duty(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Two duties that must lie in different hands, and why."""

    id: str
    title: str
    why: str
    first: Side
    second: Side


class _File(msgspec.Struct, forbid_unknown_fields=True):
    duties: list[Duty]


def duties(path: Path | None = None) -> list[Duty]:
    """The pairs of a file, or those that ship. Raises `DefinitionError` with file and line."""
    return strict_yaml.read(path, _File).duties if path else _shipped()


@cache
def _shipped() -> list[Duty]:
    return strict_yaml.read(shipped.folder("controls") / SHIPPED, _File).duties


def duty_conflicts(binding_subjects: pd.DataFrame, granted_rules: pd.DataFrame, *,
                   path: Path | None = None) -> pd.DataFrame:
    """Who holds both rights of a pair where they meet: in one namespace, or one of them everywhere.

    Columns: ``duty`` (its id), ``title``, ``user`` or ``of_group`` (`rbac.grants`), ``scope`` (namespace; empty: the
    whole cluster), ``first`` and ``second`` (binding, role and rule of each, in words), ``first_row`` and
    ``second_row`` (positions in `binding_subjects`). What everybody has by a group that everybody is in counts, if
    the other right is the subject's own. A rule that is limited to named objects does not count.
    """
    pairs = duties(path)
    sides = tuple(Power(f"{number}/{side}", "", tuple(right.verbs), tuple(right.resources), tuple(right.outside))
                  for number, duty in enumerate(pairs)
                  for side, given in enumerate((duty.first, duty.second)) for right in given.rights)
    held = _held(granted_rules[granted_rules["resource_name"].isna()], binding_subjects, sides)
    both = _meet(*(held[held["power"].str.endswith(f"/{side}")] for side in (0, 1)))
    number = both["power"].str.removesuffix("/0").astype(int).to_numpy() if len(both) else np.zeros(0, int)
    texts = pd.DataFrame({"duty": [duty.id for duty in pairs], "title": [duty.title for duty in pairs]}, dtype=STRING)
    both[["duty", "title"]] = texts.iloc[number].set_axis(both.index)
    order = ["duty", "user", "of_group", "scope", "first_row", "second_row"]
    return both[COLUMNS].sort_values(order, ignore_index=True)


def _held(rules: pd.DataFrame, subjects: pd.DataFrame, sides: tuple[Power, ...]) -> pd.DataFrame:
    """Which subjects hold which side by which rule: ``user, of_group, scope, power, row, source, own``."""
    found = rules.merge(spellings(sides), on=["verb", "group", "resource"])
    found["role_key"] = pd.Series(pd.arrays.ArrowExtensionArray(role_keys(found)), found.index)
    granted = grants(subjects).rename_axis("row").reset_index()
    granted = granted[granted["user"].notna() | granted["of_group"].notna()]
    held = granted.merge(found[["role_key", "power", "rule", "in_namespaces"]].drop_duplicates(), on="role_key")
    held = held[(held["scope"] == "") | held["in_namespaces"]].drop_duplicates(["row", "power"])
    row = subjects.iloc[held["row"].to_numpy(int)].set_axis(held.index)
    held["source"] = (row["kind"] + " " + (row["namespace"] + "/").fillna("") + row["binding"] + ": " + row["role_kind"]
                      + " " + row["role"] + ", rule " + held["rule"].astype(STRING))
    return _with_groups(held[["user", "of_group", "scope", "power", "row", "source"]].assign(own=True))


def _with_groups(held: pd.DataFrame) -> pd.DataFrame:
    """With what users hold as members of groups that everybody is in (``own`` is false)."""
    users = held["user"].dropna().drop_duplicates()
    members = pd.DataFrame({"user": users, "of_group": [implicit_groups(user) for user in users]}).explode("of_group")
    of_groups = held[held["of_group"].notna()].drop(columns="user")
    more = of_groups.merge(members.astype(STRING), on="of_group").assign(own=False, of_group=pd.NA)
    more["of_group"] = more["of_group"].astype(STRING)
    return pd.concat([held, more[held.columns]], ignore_index=True)


def _meet(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Pairs of the two sides of one duty that one subject holds in places that meet."""
    second = second.assign(power=second["power"].str.removesuffix("/1") + "/0")
    both = first.merge(second, on=["user", "of_group", "power"], suffixes=("", "_2"))
    meets = (both["scope"] == both["scope_2"]) | (both["scope"] == "") | (both["scope_2"] == "")
    both = both[meets & (both["own"] | both["own_2"])]
    scope = both["scope"].where(both["scope"] != "", both["scope_2"])
    return both.assign(scope=scope, first=both["source"], second=both["source_2"], first_row=both["row"],
                       second_row=both["row_2"]).reset_index(drop=True)
