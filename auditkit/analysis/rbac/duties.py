"""Segregation of duties: pairs of rights that no subject may hold together, as data.

The pairs stand in ``controls/segregation-of-duties.yaml``; a file of one's own has the same form.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.rbac.bindings import grants, implicit_groups, role_keys
from auditkit.analysis.rbac.privileges import POWERS, Power, effective, of_one_namespace, spellings, with_members
from auditkit.analysis.rbac.requests import NAMESPACES
from auditkit.base import shipped, strict_yaml
from auditkit.errors import DefinitionError

SHIPPED = "segregation-of-duties.yaml"
COLUMNS = ["duty", "title", "user", "of_group", "scope", "first", "second", "first_row", "second_row"]


class Right(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Verbs on resources (``resource.group``) in namespaces and ``outside`` of them; or powers of `rbac_powers.POWERS`
    by name, of which ``verbs`` may leave some out.
    """

    verbs: list[str] = []
    resources: list[str] = []
    outside: list[str] = []
    powers: list[str] = []


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
    """The pairs of a file, or those that ship. Raises `DefinitionError`, where it can with file and line."""
    return _read(path) if path else _shipped()


def _read(path: Path) -> list[Duty]:
    found = strict_yaml.read(path, _File).duties
    for duty in found:
        for right in (*duty.first.rights, *duty.second.rights):
            if strange := sorted(set(right.powers) - {power.name for power in POWERS}):
                raise DefinitionError(f"{path}, duty {duty.id}: there is no power {', '.join(strange)}; they are "
                                   f"{', '.join(dict.fromkeys(power.name for power in POWERS))}.")
            if not right.powers and not (right.verbs and (right.resources or right.outside)):
                raise DefinitionError(f"{path}, duty {duty.id}: a right has verbs and resources, or powers.")
    return found


@cache
def _shipped() -> list[Duty]:
    return _read(shipped.folder("controls") / SHIPPED)


def duty_conflicts(binding_subjects: pd.DataFrame, granted_rules: pd.DataFrame,
                   memberships: pd.DataFrame | None = None, *, path: Path | None = None) -> pd.DataFrame:
    """Subjects that hold both rights of a pair in the same scope: in one namespace, or one of the rights everywhere.

    Columns: ``duty`` (its id), ``title``, ``user`` or ``of_group`` (`rbac.grants`), ``scope`` (namespace; empty: the
    whole cluster), ``first`` and ``second`` (binding, role and rule of each, in words), ``first_row`` and
    ``second_row`` (positions in `binding_subjects`). What a user has by groups counts: those of the file of
    memberships, and those that everybody is in if the other right is the user's own. A rule that is limited to named
    objects does not count, but for one that names its own namespace.
    """
    pairs = duties(path)
    sides = tuple(power for number, duty in enumerate(pairs)
                  for side, given in enumerate((duty.first, duty.second)) for right in given.rights
                  for power in _of_right(right, f"{number}/{side}"))
    held = _held(granted_rules, binding_subjects, sides, memberships)
    both = _meet(*(held[held["power"].str.endswith(f"/{side}")] for side in (0, 1)))
    number = both["power"].str.removesuffix("/0").astype(int).to_numpy() if len(both) else np.zeros(0, int)
    texts = pd.DataFrame({"duty": [duty.id for duty in pairs], "title": [duty.title for duty in pairs]}, dtype=STRING)
    both[["duty", "title"]] = texts.iloc[number].set_axis(both.index)
    order = ["duty", "user", "of_group", "scope", "first_row", "second_row"]
    return both[COLUMNS].sort_values(order, ignore_index=True)


def _of_right(right: Right, side: str) -> Iterator[Power]:
    """The powers of a right, under the name of their side."""
    if right.resources or right.outside:
        yield Power(side, "", tuple(right.verbs), tuple(right.resources), tuple(right.outside))
    for power in POWERS:
        if power.name in right.powers:
            verbs = tuple(verb for verb in power.verbs if not right.verbs or verb in right.verbs)
            yield Power(side, "", verbs, power.resources, power.outside)


def _held(rules: pd.DataFrame, subjects: pd.DataFrame, sides: tuple[Power, ...],
          memberships: pd.DataFrame | None) -> pd.DataFrame:
    """Which subjects hold which side by which rule: ``user, of_group, scope, power, row, source, own``."""
    over_namespaces = rules["group"].isin(["", "*"]) & rules["resource"].isin(NAMESPACES)
    rules = rules[rules["resource_name"].isna() | over_namespaces]
    found = rules.merge(spellings(sides), on=["verb", "group", "resource"])
    found = found[effective(found, rules)]
    found["role_key"] = pd.Series(pd.arrays.ArrowExtensionArray(role_keys(found)), found.index)
    granted = grants(subjects).rename_axis("row").reset_index()
    granted = granted[granted["user"].notna() | granted["of_group"].notna()]
    what = ["role_key", "power", "rule", "resource_name", "in_namespaces"]
    held = granted.merge(found[what].drop_duplicates(), on="role_key")
    held = held[(held["scope"] == "") | held["in_namespaces"]]
    held = of_one_namespace(held, held["resource_name"].notna()).drop_duplicates(["row", "power", "scope"])
    row = subjects.iloc[held["row"].to_numpy(int)].set_axis(held.index)
    held["source"] = (row["kind"] + " " + (row["namespace"] + "/").fillna("") + row["binding"] + ": " + row["role_kind"]
                      + " " + row["role"] + ", rule " + held["rule"].astype(STRING))
    held = held[["user", "of_group", "scope", "power", "row", "source"]].assign(
        own=True, through=pd.Series(pd.NA, held.index, STRING))
    return _with_groups(with_members(held, memberships)).drop(columns="through")


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
