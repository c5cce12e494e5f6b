"""Sentences about the findings of checks: what was observed, on which subjects, and on how many of how many."""

import numpy as np
import pandas as pd

from auditkit.checks import Check
from auditkit.evaluation.results import Outcome

NAMED = 2
"""Number of subjects that a sentence names. It counts the others."""

NOUNS = {
    "api_servers": "API servers",
    "binding_subjects": "subjects",
    "device_claims": "resource claims",
    "entrances": "entry points",
    "etcd_members": "etcd members",
    "images_in_use": "images",
    "judged_objects": "objects",
    "network_plugin": "network plug-ins",
    "node_kubelets": "nodes",
    "secrets": "Secrets",
    "system_masters": "subjects",
}
"""Plural nouns for subjects, for tables whose name does not give one."""

_IRREGULAR = {"is": "are", "has": "have", "does": "do", "was": "were", "goes": "go"}
_UNCHANGED = {"can", "cannot", "may", "must", "need"}


def subjects_of(check: Check) -> str:
    """The plural noun for the subjects of a check: ``pods``, even if they include pod templates."""
    name = check.tables[0].removeprefix("all_")
    return NOUNS.get(name, name.replace("_", " "))


def failing(outcome: Outcome) -> str:
    """The failing subjects: ``16 of 73 containers run privileged: billing/web-1, billing/web-2 and 14 more``."""
    count, total = outcome.counts["fail"], len(outcome)
    finding = outcome.check.finding
    told = ((finding if count == 1 else plural(finding)) if finding
            else f"{'fails' if count == 1 else 'fail'} the check \"{outcome.check.title.rstrip('.')}\"")
    names = _names(outcome, "fail")
    return f"{count:,} of {total:,} {subjects_of(outcome.check)} {told}{f': {names}' if names and finding else ''}"


def undecided(outcome: Outcome) -> str:
    """The unknown subjects, with the most common reason. Empty if all are decided."""
    count, total = outcome.counts["unknown"], len(outcome)
    if not count:
        return ""
    reasons = outcome.reasons("unknown")
    more = f" (and {len(reasons) - 1} other reasons)" if len(reasons) > 1 else ""
    return f"unknown for {count:,} of {total:,} {subjects_of(outcome.check)}: {reasons[0][0].rstrip('.')}{more}"


def plural(finding: str) -> str:
    """The plural form of a finding: ``runs privileged`` → ``run privileged``."""
    verb, space, rest = finding.partition(" ")
    if verb in _IRREGULAR:
        verb = _IRREGULAR[verb]
    elif verb not in _UNCHANGED:
        verb = next((verb.removesuffix(end) + stem for end, stem in (
            ("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("zzes", "zz"), ("s", ""))
            if verb.endswith(end)), verb)
    return f"{verb}{space}{rest}"


def _names(outcome: Outcome, verdict: str) -> str:
    """The names of the first subjects with a verdict, and the number of the others."""
    places = outcome.positions(verdict)
    called = outcome.subjects(places[:50])
    names = list(dict.fromkeys(
        "/".join(str(part) for part in pair if not pd.isna(part) and part != "")
        for pair in zip(called["namespace"], called["name"], strict=True)))[:NAMED]
    shown = int(np.isin(_labels(called), names).sum()) if len(names) > 1 else len(names)
    more = len(places) - max(shown, len(names))
    return f"{', '.join(filter(None, names))}{f' and {more:,} more' if more > 0 else ''}" if any(names) else ""


def _labels(called: pd.DataFrame) -> list[str]:
    return ["/".join(str(part) for part in pair if not pd.isna(part) and part != "")
            for pair in zip(called["namespace"], called["name"], strict=True)]
