"""Remedies that are proven: simulated, each mends failures of its checks, and together they break nothing."""

import hashlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pandas as pd
import yaml

from auditkit.analysis.columns import STRING
from auditkit.base.hostile_text import on_terminal
from auditkit.errors import DefinitionError
from auditkit.history.verdicts import VerdictDiff
from auditkit.simulation.applying import simulate
from auditkit.simulation.effects import Effects
from auditkit.simulation.merging import merged
from auditkit.simulation.needs import cut
from auditkit.simulation.places import Object
from auditkit.simulation.remedies import proposals
from auditkit.simulation.subjects import Called
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES

Judge = Callable[[Snapshot, Snapshot], Mapping[str, VerdictDiff]]
"""Judges two snapshots by the frameworks that are asked for, and says what changed."""

_ROUNDS = 8
_SCANS = "findings."
"""Checks on what scanners say: they have not looked at what is changed, which breaks nothing."""


@dataclass
class Remedy:
    """A manifest for one object: the checks that it mends, with what is to be known of it. ``beside`` are the manifests
    that belong to it, by what their objects are called."""

    file: str
    manifest: Object
    notes: dict[str, str] = field(default_factory=dict)
    beside: dict[str, Object] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """What the object is called."""
        return "/".join(_parts(self.manifest))

    @property
    def text(self) -> str:
        """The file: what it changes as a comment, and the manifest."""
        said = "".join(f"# {check}: {' '.join(on_terminal(note).split())}\n" for check, note in self.notes.items())
        return said + str(yaml.safe_dump_all([self.manifest, *self.beside.values()], sort_keys=False))


def _parts(manifest: Object) -> list[str]:
    metadata = manifest["metadata"]
    return [part for part in (manifest["kind"], metadata.get("namespace"), metadata["name"]) if part]


_LONGEST = 200


def _file(manifest: Object) -> str:
    """The name of the file of a manifest: that of its object, which is text of the cluster."""
    name = "_".join(quote(part, safe="", errors="replace") for part in _parts(manifest))
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}_{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return f"{name}.yaml"


@dataclass(frozen=True)
class Proven:
    """The remedies that hold together, what they mend and change, and what was left out, with the reason.

    ``effects`` is the simulation of all of them; None where none is left. ``left_out`` has what, why.
    """

    remedies: list[Remedy]
    effects: Effects | None
    left_out: list[tuple[str, str]]

    @property
    def mended(self) -> pd.DataFrame:
        """The verdicts that newly pass (columns of `Effects.changes`)."""
        if self.effects is None:
            return pd.DataFrame(columns=["check"])
        return self.effects.changes[self.effects.changes["change"] == "closed"]


def prove(snapshot: Snapshot, judge: Judge) -> Proven:
    """Remedies for what fails, without those that do not mend or that break something: each is left out with a reason,
    and the others are tried again without it."""
    remedies, left_out = _merged(snapshot, judge)
    for _ in range(_ROUNDS):
        if not remedies:
            return Proven([], None, left_out)
        effects, wrong = _try(snapshot, judge, remedies)
        if effects is not None and not wrong:
            return Proven(remedies, effects, left_out)
        left_out += [(each.called, wrong[each.file]) for each in remedies if each.file in wrong]
        remedies = [each for each in remedies if each.file not in wrong]
    return Proven([], None, [*left_out, *((each.called, "it was not proven in time") for each in remedies)])


def _merged(snapshot: Snapshot, judge: Judge) -> tuple[list[Remedy], list[tuple[str, str]]]:
    """One remedy for each object, with all that is proposed for it; and what nothing is proposed for, with the reason.
    """
    failing = {}
    for each in judge(snapshot, snapshot).values():
        bad = each.verdicts[each.verdicts["change"] == "still open"]
        for check, rows in bad.groupby("check"):
            failing[str(check)] = rows[["kind", "namespace", "name"]].drop_duplicates().astype("string[pyarrow]")
    found: dict[str, Remedy] = {}
    sources = {resource.kind: name for name, resource in reversed(RESOURCES.items())}
    proposed = proposals(snapshot, failing)
    for check, made in proposed.made:
        known = found.setdefault("\0".join(_parts(made.manifest)), Remedy(_file(made.manifest), {}))
        known.manifest = deepcopy(merged(sources[made.manifest["kind"]], known.manifest, made.manifest))
        known.notes[check] = made.note
        known.beside |= {"/".join(_parts(each)): each for each in made.beside}
    return list(found.values()), list(dict.fromkeys((each.what, each.why) for each in proposed.unmade))


def _try(snapshot: Snapshot, judge: Judge, remedies: list[Remedy]) -> tuple[Effects | None, dict[str, str]]:
    """The simulation of remedies as they would be written; and by their files why some of them do not hold."""
    with TemporaryDirectory() as folder:
        for each in remedies:
            (Path(folder) / each.file).write_text(each.text, encoding="utf-8")
        try:
            simulation = simulate(snapshot, Path(folder))
        except DefinitionError as error:
            place, _, why = str(error).partition(", line ")
            return None, {Path(place).name: f"it cannot be applied: line {why}"}
    effects = Effects(simulation, judge(simulation.before, simulation.after))
    return effects, {**_unmended(effects, remedies), **_broken(effects, remedies), **_cut(effects, remedies)}


def _unmended(effects: Effects, remedies: list[Remedy]) -> dict[str, str]:
    """Remedies of which no failure closes, or not one of each check that they are for. What is in a namespace may mend
    the namespace."""
    closed = effects.changes[effects.changes["change"] == "closed"]
    mended = {(Path(str(file)).name, check) for file, check in zip(closed["file"], closed["check"], strict=True)}
    spaces = closed[closed["kind"] == "Namespace"]
    of_spaces = set(zip(spaces["name"], spaces["check"], strict=True))
    return {each.file: f"it would not mend {', '.join(missing)}" for each in remedies
            if (missing := [check for check in each.notes if (each.file, check) not in mended
                            and (each.manifest["metadata"].get("namespace"), check) not in of_spaces])}


def _cut(effects: Effects, remedies: list[Remedy]) -> dict[str, str]:
    """Network policies that cut traffic to a port that a Service or a container declares."""
    policies = {each.manifest["metadata"]["namespace"]: each.file for each in remedies
                if each.manifest["kind"] == "NetworkPolicy"}
    found = cut(effects.simulation.before, effects.simulation.after, set(policies)) if policies else {}
    return {policies[space]: why for space, why in found.items()}


def _broken(effects: Effects, remedies: list[Remedy]) -> dict[str, str]:
    """Remedies that make something fail, unknown or refused. Where it is not known which of them does, all of its
    namespace do, or else all."""
    changes = effects.changes
    unknown = changes["change"].eq("newly unknown") & changes["before"].ne("fail")
    bad = changes[changes["change"].eq("opened") | (unknown & ~changes["check"].str.startswith(_SCANS))]
    home = bad["namespace"].astype(STRING).fillna(bad["name"].astype(STRING).where(bad["kind"] == "Namespace"))
    rows = [(file, space, f"{check} would {'fail' if after == 'fail' else 'be unknown'} for {kind} {name}")
            for file, space, check, after, kind, name in zip(bad["file"], home, *(bad[column] for column in (
                "check", "after", "kind", "name")), strict=True)]
    for refused in effects.refused[effects.refused["outcome"].isin(["denied", "unknown"])].itertuples():
        namespace = "" if pd.isna(refused.namespace) else refused.namespace
        document = effects.subjects.document(Called(refused.kind, namespace, refused.name))
        why = f"{refused.policy} may refuse {refused.kind} {refused.name}"
        rows.append((str(document.file) if document else pd.NA, refused.namespace, why))
    found: dict[str, str] = {}
    for file, space, why in rows:
        for name in [Path(file).name] if pd.notna(file) else _of(remedies, space):
            found.setdefault(name, why)
    return found


def _of(remedies: list[Remedy], space: str) -> list[str]:
    """The files of the remedies of a namespace (``<NA>``: not of one), or of all where none is."""
    own = [each.file for each in remedies if pd.notna(space) and space == each.manifest["metadata"].get(
        "namespace", each.manifest["metadata"]["name"])]
    return own or [each.file for each in remedies]
