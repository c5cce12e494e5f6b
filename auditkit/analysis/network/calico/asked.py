"""What Calico's policies and rules ask for, written down as conditions: whom a policy is for, and both ends of a rule.

Source: projectcalico/calico of July 2026, ``updateprocessors/rules.go``: a rule of a namespaced policy is limited to
its namespace as soon as it has any selector, but not where it has ranges alone.
"""

import pandas as pd

from auditkit.analysis.network.calico.conditions import (
    ACCOUNT,
    ACCOUNT_LABELS,
    MAYBE,
    NAMESPACE,
    NAMESPACE_LABELS,
    NETS,
    SELECTOR,
    Conditions,
)
from auditkit.analysis.network.calico.selectors import Node, parse, prefixed, render
from auditkit.analysis.network.policies import POLICY, RULE

_EVERYBODY = Node("all")
_ENDS = {"ingress": ("source", "destination"), "egress": ("destination", "source")}
"""Of a direction the end that is the peer, and the one that is the pod itself."""


class Writer:
    """Conditions as they are found, each text once."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, bool], int] = {}
        self._asked: list[pd.DataFrame] = []
        self._nets: list[pd.DataFrame] = []
        self._of_nets: list[tuple[str, str, bool]] = []

    def subjects(self, policies: pd.DataFrame) -> None:
        """Whom policies are for; they are given ``every_pod`` and ``of_spaces`` (see `Policies`)."""
        texts = [_subject(*row) for row in zip(
            policies["namespace"], policies["selector"], policies["namespace_selector"], policies["account_selector"],
            strict=True)]
        policies["every_pod"] = [every and not account for every, account in zip(
            policies["selector"].map({text: parse(text) == _EVERYBODY for text in policies["selector"].unique()}),
            policies["account_selector"], strict=True)]
        policies["of_spaces"] = policies["namespace_selector"]
        self._add(policies[POLICY].assign(direction="", rule=-1), "subject", SELECTOR, texts, negated=False)

    def rules(self, rules: pd.DataFrame, nets: pd.DataFrame, accounts: pd.DataFrame) -> None:
        """What rules ask of their peers and of the pod itself."""
        for direction, ends in _ENDS.items():
            for side, end in zip(("peer", "own"), ends, strict=True):
                mine = rules[(rules["direction"] == direction).to_numpy(bool)]
                names = accounts[((accounts["end"] == end) & (accounts["direction"] == direction)).to_numpy(bool)]
                self._selectors(mine, end, side, names)
                self._add(mine.loc[mine[f"{end}_service"].to_numpy(bool), RULE], side, MAYBE, None, negated=False)
                of_end = nets[((nets["end"] == end) & (nets["direction"] == direction)).to_numpy(bool)]
                for sense in ("in", "not in"):
                    self._ranges(of_end[(of_end["sense"] == sense).to_numpy(bool)], mine, side, negated=sense != "in")

    def _selectors(self, rules: pd.DataFrame, end: str, side: str, names: pd.DataFrame) -> None:
        by_rule = names.groupby(RULE)["account"].agg(tuple) if len(names) else {}
        asked = (rules[f"{end}_{name}"].fillna("") for name in (
            "selector", "not_selector", "namespace_selector", "account_selector"))
        of_rule = [by_rule.get(key, ()) for key in rules[RULE].itertuples(index=False, name=None)]
        texts = list(map(_peer, rules["namespace"], *asked, of_rule))
        self._add(rules[RULE], side, SELECTOR, texts, negated=False)
        self._add(rules[RULE], side, SELECTOR, rules[f"{end}_not_selector"].fillna("").tolist(), negated=True)

    def _ranges(self, nets: pd.DataFrame, rules: pd.DataFrame, side: str, *, negated: bool) -> None:
        nets = nets.merge(rules[RULE], on=RULE)
        if len(nets):
            at = nets.groupby(RULE).ngroup()
            start = len(self._of_nets)
            self._nets.append(pd.DataFrame({"number": start + at, "cidr": nets["cidr"]}))
            owners = nets[RULE].assign(number=-1 - start - at, side=side).drop_duplicates()
            self._of_nets += [(NETS, "", negated)] * int(at.max() + 1)
            self._asked.append(owners)

    def _add(self, owners: pd.DataFrame, side: str, sort: str, texts: list[str] | None, *, negated: bool) -> None:
        """Conditions of owners; an empty text is none."""
        given = texts if texts is not None else ["maybe"] * len(owners)
        numbers = [self._numbers.setdefault((sort, text, negated), len(self._numbers)) if text else None
                   for text in given]
        found = owners.assign(number=pd.array(numbers, "Int64"), side=side)
        self._asked.append(found[found["number"].notna().to_numpy(bool)].astype({"number": "int64"}))

    def written(self, sets: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], hosts: bool, *,
                lacking: bool) -> tuple[pd.DataFrame, Conditions]:
        """Who asks for which condition, by number (its place among them), and the conditions."""
        first = len(self._numbers)
        rows = [*self._numbers, *self._of_nets]
        conditions = pd.DataFrame(rows, columns=["sort", "text", "negated"]).assign(number=range(len(rows)))
        asked = pd.concat(self._asked, ignore_index=True)
        asked["number"] = asked["number"].where(asked["number"] >= 0, first - 1 - asked["number"])
        nets = pd.concat(self._nets) if self._nets else pd.DataFrame({"number": [], "cidr": []})
        return asked, Conditions(conditions.astype({"negated": bool}), nets.assign(number=nets["number"] + first),
                                 *sets, hosts, lacking)


def _joined(*texts: str) -> str:
    """Selectors that must all hold, as one."""
    given = [text for text in texts if text]
    return given[0] if len(given) == 1 else " && ".join(f"({text})" for text in given)


def _own(namespace: str) -> str:
    return render(Node("==", label=NAMESPACE, texts=(namespace,)))


def _of_namespaces(text: str) -> str:
    return prefixed(text, NAMESPACE_LABELS, NAMESPACE)


def _subject(namespace: str, selector: str, of_namespaces: str, of_accounts: str) -> str:
    return _joined(_own(namespace) if namespace else "", _of_namespaces(of_namespaces) if of_namespaces else "",
                   prefixed(of_accounts, ACCOUNT_LABELS, ACCOUNT) if of_accounts else "", selector)


def _peer(namespace: str, selector: str, not_selector: str, of_namespaces: str, of_accounts: str,
          accounts: tuple[str, ...]) -> str:
    """The selector of one end of a rule."""
    named = render(Node("in", label=ACCOUNT, texts=accounts)) if accounts else ""
    labelled = prefixed(of_accounts, ACCOUNT_LABELS, ACCOUNT) if of_accounts else ""
    space = _of_namespaces(of_namespaces) if of_namespaces else _own(namespace) if namespace else ""
    asks = selector or not_selector or of_namespaces or named or labelled
    return _joined(space, labelled, named, selector) if asks else ""
