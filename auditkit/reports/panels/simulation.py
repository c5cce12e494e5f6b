"""Panels on a simulation: the answer in sentences, and what would change, as tables with the worst first."""

from collections.abc import Callable, Iterable

import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.base import hostile_text as text
from auditkit.checks.model import REGISTRY
from auditkit.errors import NoSuchName
from auditkit.evaluation.words import DEVIATING, SEVERITIES, word
from auditkit.reports.panels.block import Block
from auditkit.reports.panels.population import doubts, table
from auditkit.reports.panels.requirements import about
from auditkit.simulation.effects import Effects

_VERDICTS = ("opened", "newly unknown", "newly known", "out of scope", "closed", "gone")
"""Changes of verdicts that are shown, the worst first."""
_NEWLY = {"fail": "newly fails", "unknown": "becomes unknown", "pass": "newly passes",
          "not_applicable": "no longer applies", "": "is gone"}
"""What is said of them, by the verdict after."""
_STATUSES = (*DEVIATING, "unknown")
_PATHS = ("opened", "shorter", "certain now", "less certain", "longer", "closed")
_FLOWS = ("opened", "wider", "not known any more", "other ports", "other pairs", "known now", "narrower", "closed")
"""Changes of paths and of traffic, the worst first."""
_REFUSED = {"denied": "would be refused", "unknown": "may be refused", "warned": "admitted with a warning",
            "audited": "admitted and recorded as a failure", "matched": "may be changed by a policy"}
_NOTHING, _NOTHING_KNOWN, _NOT_JUDGED = "Nothing changes.", "No change is known.", "No framework was evaluated."
_JUDGED = ("requirements", "verdicts")
_MOST = 5
"""Reasons that the answer names."""


def simulation(found: Effects) -> Block:
    """What would change if the manifests of a simulation were applied, in sentences, and what is not known of it."""
    parts = [{"question": "What would change",
              "sentences": [_answer(found), _requirements_said(found), *_access(found)]},
             {"question": "What is not known", "sentences": _unknown(found)},
             {"question": "What this is", "sentences": [
                 "A simulation on a snapshot: nothing was sent to a cluster, and the result is not evidence."]}]
    return Block("simulation", title="Simulation", about=about(found.simulation.after), answer=parts)


def effect(found: Effects, part: str) -> Block:
    """One part of what would change, as a table with its total: ``requirements``, ``verdicts``, ``refused``, ``flows``,
    ``rights``, ``paths``, ``objects``. Raises `NoSuchName`."""
    if part not in _PARTS:
        raise NoSuchName("part of a simulation", part, _PARTS)
    title, made, gaps = _PARTS[part]
    frame, note = made(found)
    doubt = doubts(gaps(found))
    nothing = _NOT_JUDGED if part in _JUDGED and not found.verdicts else _NOTHING_KNOWN if doubt else _NOTHING
    said = [note or ("" if len(frame) else nothing), doubt]
    return table(frame, title, " ".join(filter(None, said)))


def _answer(found: Effects) -> str:
    """``If these 7 manifests were applied, 23 of 31 failures would close and 2 objects would be refused.``"""
    changes, counts = found.changes, found.counts
    failed = changes[changes["before"] == "fail"]["change"]
    refused = int((found.refused["outcome"] == "denied").sum())
    said = [f"{int((failed == 'closed').sum()):,} of {text.count(len(failed), 'failure')} would close"]
    said += [f"{number:,} {words}" for words, number in (
        ("would be gone with their objects", int((failed == "gone").sum())),
        ("would leave the scope", int((failed == "out of scope").sum())),
        ("new ones would open", counts.get("opened", 0))) if number]
    said += [f"{text.count(refused, 'object')} would be refused"] if refused else [
        "nothing is known to be refused" if _refusals_unknown(found) else "nothing would be refused"]
    if unknown := counts.get("newly unknown", 0):
        said.append(f"{text.count(unknown, 'verdict')} would be unknown")
    condition = _condition(found)
    return f"If {condition}, {_listed(said)}." if condition else "Nothing was applied."


def _refusals_unknown(found: Effects) -> bool:
    return bool(found.refused.attrs["gaps"]) or bool(found.refused["outcome"].isin(["unknown", "matched"]).any())


def _condition(found: Effects) -> str:
    """``7 manifests were applied and 1 object was deleted``."""
    done = found.simulation
    manifests = len(done.applied) + done.unchanged + len(done.left_out)
    both = ((manifests, "manifest", "applied"), (len(done.deleted), "object", "deleted"))
    return " and ".join(f"{text.count(number, what)} {'was' if number == 1 else 'were'} {how}"
                        for number, what, how in both if number)


def _requirements_said(found: Effects) -> str:
    """How many requirements would fail, pass or be unknown that are not so today."""
    if not found.verdicts:
        return "No framework was evaluated."
    rows = pd.concat([each.requirements for each in found.verdicts.values()])
    after = rows[rows["before"] != rows["after"]]["after"].value_counts()
    if after.empty:
        return "No requirement changes its status."
    words = {"fail": "fail newly", "exception_noted": "have exceptions noted newly",
             "unknown": "no longer be known"}
    order = [*_STATUSES, *(str(status) for status in after.index if status not in _STATUSES)]
    said = [f"{text.count(int(after[status]), 'requirement')} would {words.get(status, f'be {word(status)}')}"
            for status in order if status in after.index]
    return f"{_listed(said)}."


def _access(found: Effects) -> Iterable[str]:
    """What changes of traffic, rights and paths to full power."""
    for what, changes, order in (("Traffic between namespaces, nodes and the outside", found.flows["change"], _FLOWS),
                                 ("Rights", found.rights["change"], ("gained", "lost")),
                                 ("Paths to full power", found.paths["change"], _PATHS)):
        counts = changes.value_counts()
        if len(changes):
            yield f"{what}: {', '.join(f'{counts[each]:,} {each}' for each in order if each in counts)}."


def _unknown(found: Effects) -> list[str]:
    may = int(found.refused["outcome"].isin(["unknown", "matched"]).sum())
    reasons = list(dict.fromkeys([*found.refused.attrs["gaps"], *found.gaps]))
    said = [f"Whether {text.count(may, 'object')} would be refused or changed is not known."] if may else []
    said += [f"{text.count(len(found.simulation.left_out), 'manifest')} could not be simulated: "
             f"{_few(map(_short_places(found), found.simulation.left_out))}."] if found.simulation.left_out else []
    said += [f"Not known completely: {_few(reasons)}."] if reasons else []
    return [*said, "Webhooks are not simulated, nor whether new pods start. What was unknown before stays unknown, "
                   "unless a table shows it."]


def _few(reasons: Iterable[str]) -> str:
    each = list(reasons)
    more = f"; and {len(each) - _MOST:,} more" if len(each) > _MOST else ""
    return "; ".join(text.short(one, 200) for one in each[:_MOST]) + more


def _listed(said: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))


Made = tuple[pd.DataFrame, str]


def _requirements(found: Effects) -> Made:
    frames = [each.requirements.assign(framework=name) for name, each in found.verdicts.items()]
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[
        "framework", "requirement", "title", "before", "after", "why"])
    rank = rows["after"].map({status: at for at, status in enumerate(_STATUSES)}).fillna(len(_STATUSES))
    rows = rows.assign(rank=rank).sort_values(["rank", "framework"], kind="stable")
    states = {name: rows[name].map(lambda status: word(status) if status else "new") for name in ("before", "after")}
    return pd.DataFrame({"Framework": rows["framework"], "Requirement": rows["requirement"], "Title": rows["title"],
                         "Before": states["before"], "After": states["after"], "Why": rows["why"]}), ""


def _verdicts(found: Effects) -> Made:
    rows = found.changes[found.changes["change"].isin(_VERDICTS)]
    orders = {"change": list(_VERDICTS), "severity": list(SEVERITIES[::-1])}
    rows = rows.sort_values(["change", "severity", "check"], kind="stable", key=lambda column: column.map(
        {each: at for at, each in enumerate(orders[column.name])}) if column.name in orders else column)
    said = found.counts.get("still open", 0)
    return pd.DataFrame({
        "Change": rows["after"].map(_NEWLY).mask(rows["change"] == "out of scope", "leaves the scope"),
        "Severity": rows["severity"], "Wanted": rows["check"].map(_title),
        "Object": _object(rows),
        "Requirements": rows["requirements"], "Manifest": _manifests(found, rows)}), (
        f"{text.count(said, 'failure')} would stay, and {'is' if said == 1 else 'are'} not listed." if said else "")


def _title(check: str) -> str:
    return REGISTRY[check].title.rstrip(".") if check in REGISTRY else check


def _refused(found: Effects) -> Made:
    rows = found.refused
    return pd.DataFrame({"Outcome": rows["outcome"].map(_REFUSED), "Object": _object(rows), "Policy": rows["policy"],
                         "Reason": rows["message"].fillna(rows["why"])}), ""


def _flows(found: Effects) -> Made:
    rows = _by(found.flows, _FLOWS)
    return pd.DataFrame({
        "Change": rows["change"], "From": rows["source"].fillna(rows["source_kind"]),
        "To": rows["destination"].fillna(rows["destination_kind"]), "Ports before": rows["before"],
        "Ports after": rows["after"], "Pairs before": rows["pairs_before"], "Pairs after": rows["pairs_after"]}), (
        "Traffic that policies allow, where they are enforced." if len(rows) else "")


def _rights(found: Effects) -> Made:
    """Rights of a subject on a resource, the verbs together; those that are gained first."""
    rows = found.rights.astype(STRING).assign(resource=_resource(found.rights), subject=_subject(found.rights))
    of = ["change", "subject", "resource", "name", "namespace"]
    grouped = rows.groupby(of, dropna=False, sort=False)["verb"].agg(", ".join).reset_index()
    grouped = _by(grouped, ("gained", "lost"))
    return pd.DataFrame({"Change": grouped["change"], "Subject": grouped["subject"], "Verbs": grouped["verb"],
                         "Resource": grouped["resource"], "Name": grouped["name"],
                         "Where": grouped["namespace"].fillna("everywhere")}), ""


def _resource(rows: pd.DataFrame) -> pd.Series:
    group = rows["group"].astype(STRING).fillna("")
    return rows["resource"].astype(STRING) + ("." + group).mask(group == "", "")


def _subject(rows: pd.DataFrame) -> pd.Series:
    return rows["subject_kind"].astype(STRING) + " " + _named(rows, "subject_namespace", "subject")


def _paths(found: Effects) -> Made:
    rows = _by(found.paths, _PATHS)
    steps = [rows[name].astype(STRING).fillna("none") for name in ("steps_before", "steps_after")]
    return pd.DataFrame({"Change": rows["change"], "From": _object(rows), "Steps": steps[0] + " → " + steps[1],
                         "Path": rows["path"]}), ""


def _objects(found: Effects) -> Made:
    rows, shortened = found.objects, _short_places(found)
    return pd.DataFrame({"Change": rows["change"], "Object": _object(rows),
                         "Manifest": rows["manifest"].map(shortened, na_action="ignore")}), ""


def _by(rows: pd.DataFrame, order: tuple[str, ...]) -> pd.DataFrame:
    rank = rows["change"].map({change: at for at, change in enumerate(order)})
    return rows.assign(rank=rank).sort_values("rank", kind="stable", ignore_index=True)


def _object(rows: pd.DataFrame) -> pd.Series:
    """``Pod billing/web``, and the container where there is one."""
    inside = ("/" + rows["container"].astype(STRING)).fillna("") if "container" in rows else ""
    return rows["kind"].astype(STRING) + " " + _named(rows, "namespace", "name") + inside


def _named(rows: pd.DataFrame, namespace: str, name: str) -> pd.Series:
    return (rows[namespace].astype(STRING) + "/").fillna("") + rows[name].astype(STRING)


def _manifests(found: Effects, rows: pd.DataFrame) -> pd.Series:
    places = rows["file"].astype(STRING) + ", line " + rows["line"].astype(STRING)
    return places.map(_short_places(found), na_action="ignore")


def _short_places(found: Effects) -> Callable[[str], str]:
    """Takes the folder of the manifests out of a text: a report is the same wherever they lie."""
    given = found.simulation.manifests
    if given is None:
        return lambda said: said
    above = f"{given if given.is_dir() else given.parent}/"
    return lambda said: said.replace(above, "")


def _gaps(name: str) -> Callable[[Effects], list[str]]:
    return lambda found: found.simulation.before.gaps(name)


_PARTS: dict[str, tuple[str, Callable[[Effects], Made], Callable[[Effects], list[str]]]] = {
    "requirements": ("Requirements whose status changes", _requirements, lambda found: []),
    "verdicts": ("Verdicts that change", _verdicts, lambda found: []),
    "refused": ("Objects that would be refused", _refused, lambda found: found.refused.attrs["gaps"]),
    "flows": ("Traffic that changes", _flows, _gaps("namespace_flows")),
    "rights": ("Rights gained and lost", _rights, _gaps("access")),
    "paths": ("Paths to full power that change", _paths, _gaps("paths_to_admin")),
    "objects": ("Objects that change", _objects, lambda found: []),
}
"""The parts of what changes: the title of the table, what makes it, and what is missing in it."""
