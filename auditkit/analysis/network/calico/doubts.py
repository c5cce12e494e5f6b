"""What is not known of Calico's policies: which of them may decide anything, and which of their rules may not match."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.network.addresses import span
from auditkit.analysis.network.calico.conditions import (
    ACCOUNT,
    ACCOUNT_LABELS,
    CALICO,
    NAMESPACE,
    ORCHESTRATOR,
    OWN_NAME,
)
from auditkit.analysis.network.calico.selectors import NotASelector, labels, parse
from auditkit.analysis.network.policies import POLICY

ACTIONS = {"allow": "allow", "deny": "deny", "pass": "pass", "next-tier": "pass", "log": "log"}
SILENT = ("performanceHints", "metadata")
"""Fields that decide nothing."""
SELECTORS = ("selector", "not_selector", "namespace_selector", "account_selector")
_PLACE = re.compile(r"^spec\.(?P<direction>ingress|egress)\[(?P<rule>\d+)\]\.(?P<rest>.+)$")
_KNOWN = {NAMESPACE, ACCOUNT, ORCHESTRATOR}


def why_no_selector(text: str) -> str:
    """Why a text is no selector; empty if it is one."""
    try:
        parse(text)
    except NotASelector as error:
        return str(error)
    return ""


def unread_label(text: str) -> str:
    """A label that a selector of subjects asks for, and that nobody here reads; empty if there is none."""
    for label in labels(parse(text)):
        of_account = label.startswith(ACCOUNT_LABELS) and label != ACCOUNT_LABELS + OWN_NAME
        if of_account or (label.startswith(CALICO) and label not in _KNOWN):
            return label
    return ""


def problems_of(policies: pd.DataFrame, rules: pd.DataFrame, nets: pd.DataFrame, fields: pd.DataFrame,
                tiers: dict[str, int]) -> pd.DataFrame:
    """The policies that are refused or not understood as a whole: `POLICY`, why (one reason each)."""
    special = policies["untracked"] | policies["before_dnat"] | policies["on_forward"]
    ported = (rules["destination_ports"] > 0) | (rules["source_ports"] > 0)
    actions = rules["action"].str.lower()
    inside, name = fields["field"].str.match(_PLACE.pattern), fields["field"].str.extract(r"^spec\.(\w+)", expand=False)
    strange = fields[(~inside & ~name.isin(SILENT)).fillna(True).to_numpy(bool)]
    no_range = nets["cidr"].map({cidr: span(cidr) == (0, 0) for cidr in nets["cidr"].unique()})
    found = [
        _some(policies, special, "doNotTrack, preDNAT and applyOnForward are not understood"),
        _some(policies, ~policies["tier"].isin(tiers), "its tier " + policies["tier"] + " is not known"),
        _some(rules, ~actions.isin(ACTIONS), "the action of a rule is none"),
        _some(rules, ported & rules["protocol"].isna(), "a rule has ports and no protocol, which Calico refuses"),
        _some(nets, no_range, "the range " + nets["cidr"] + " is none"),
        _some(strange, np.ones(len(strange), bool), "the field " + strange["field"] + " is not understood"),
        *(_texts(policies, column, why_no_selector, "its selector is none: ") for column in
          ("selector", "namespace_selector", "account_selector")),
        *(_texts(rules, f"{end}_{column}", why_no_selector, "the selector of a rule is none: ")
          for end in ("source", "destination") for column in SELECTORS),
    ]
    whole = pd.concat(found, ignore_index=True).astype(STRING).drop_duplicates(POLICY)
    clean = policies[~policies.set_index(POLICY).index.isin(whole.set_index(POLICY).index)]
    unread = [_texts(clean, "selector", unread_label, "a label of its selector is not read: "), _accounts(clean)]
    return pd.concat([whole, *unread], ignore_index=True).astype(STRING).drop_duplicates(POLICY, ignore_index=True)


def _accounts(policies: pd.DataFrame) -> pd.DataFrame:
    """Policies for service accounts with certain labels, which are not read."""
    given = policies["account_selector"]
    asks = given.map({text: any(label != OWN_NAME for label in labels(parse(text))) for text in given.unique()})
    return _some(policies, asks, "labels of service accounts are not read")


def _some(rows: pd.DataFrame, where: pd.Series | np.ndarray, why: str | pd.Series) -> pd.DataFrame:
    chosen = np.asarray(pd.Series(where).fillna(False), bool)
    return rows.loc[chosen, POLICY].assign(why=why[chosen] if isinstance(why, pd.Series) else why)


def _texts(rows: pd.DataFrame, column: str, say: Callable[[str], str], words: str) -> pd.DataFrame:
    """Rows of whose text something is to be said."""
    given = rows[column].fillna("")
    said = given.map({text: say(text) for text in given.unique()}).astype(STRING)
    return _some(rows, said != "", words + said)


def unread_in_rules(fields: pd.DataFrame) -> pd.DataFrame:
    """Rules with fields that are not read: `POLICY`, direction, rule."""
    place = fields["field"].str.extract(_PLACE.pattern)
    name = place["rest"].str.extract(r"^(\w+)", expand=False)
    found = pd.concat([fields[POLICY], place[["direction", "rule"]]], axis=1)
    found = found[(place["direction"].notna() & ~name.isin(SILENT)).fillna(False).to_numpy(bool)]
    return found.astype({"rule": "int64"}).drop_duplicates()
