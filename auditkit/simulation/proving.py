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

from auditkit.base.hostile_text import on_terminal
from auditkit.errors import DefinitionError
from auditkit.history.verdicts import VerdictDiff
from auditkit.simulation.applying import simulate
from auditkit.simulation.effects import Effects
from auditkit.simulation.merging import merged
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
    """A manifest for one object: the checks that it mends, with what is to be known of it."""

    file: str
    manifest: Object
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """What the object is called."""
        return "/".join(_parts(self.manifest))

    @property
    def text(self) -> str:
        """The file: what it changes as a comment, and the manifest."""
        said = "".join(f"# {check}: {' '.join(on_terminal(note).split())}\n" for check, note in self.notes.items())
        return f"{said}{yaml.safe_dump(self.manifest, sort_keys=False)}"


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
    remedies = _merged(snapshot, judge)
    left_out: list[tuple[str, str]] = []
    for _ in range(_ROUNDS):
        if not remedies:
            return Proven([], None, left_out)
        effects, wrong = _try(snapshot, judge, remedies)
        if effects is not None and not wrong:
            return Proven(remedies, effects, left_out)
        left_out += [(each.called, wrong[each.file]) for each in remedies if each.file in wrong]
        remedies = [each for each in remedies if each.file not in wrong]
    return Proven([], None, [*left_out, *((each.called, "it was not proven in time") for each in remedies)])


def _merged(snapshot: Snapshot, judge: Judge) -> list[Remedy]:
    """One remedy for each object, with all that is proposed for it."""
    failing = {}
    for each in judge(snapshot, snapshot).values():
        bad = each.verdicts[each.verdicts["change"] == "still open"]
        for check, rows in bad.groupby("check"):
            failing[str(check)] = rows[["kind", "namespace", "name"]].drop_duplicates().astype("string[pyarrow]")
    found: dict[str, Remedy] = {}
    sources = {resource.kind: name for name, resource in reversed(RESOURCES.items())}
    for proposal in proposals(snapshot, failing):
        file = _file(proposal.manifest)
        known = found.setdefault("\0".join(_parts(proposal.manifest)), Remedy(file, {}))
        known.manifest = deepcopy(merged(sources[proposal.manifest["kind"]], known.manifest, proposal.manifest))
        known.notes[proposal.check] = proposal.note
    return list(found.values())


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
    return effects, {**_unmended(effects, remedies), **_broken(effects, remedies)}


def _unmended(effects: Effects, remedies: list[Remedy]) -> dict[str, str]:
    """Remedies of which no failure closes, or not one of each check that they are for."""
    closed = effects.changes[effects.changes["change"] == "closed"]
    mended = {(Path(str(file)).name, check) for file, check in zip(closed["file"], closed["check"], strict=True)}
    return {each.file: f"it would not mend {', '.join(missing)}" for each in remedies
            if (missing := [check for check in each.notes if (each.file, check) not in mended])}


def _broken(effects: Effects, remedies: list[Remedy]) -> dict[str, str]:
    """Remedies that make something fail, unknown or refused. Where it is not known which of them does, all do."""
    changes = effects.changes
    bad = changes["change"].eq("opened") | (changes["change"].eq("newly unknown")
                                            & ~changes["check"].str.startswith(_SCANS))
    rows = [(file, f"{check} would {'fail' if after == 'fail' else 'be unknown'} for {kind} {name}")
            for file, check, after, kind, name in zip(*(changes.loc[bad, column] for column in (
                "file", "check", "after", "kind", "name")), strict=True)]
    for refused in effects.refused[effects.refused["outcome"].isin(["denied", "unknown"])].itertuples():
        namespace = "" if pd.isna(refused.namespace) else refused.namespace
        document = effects.subjects.document(Called(refused.kind, namespace, refused.name))
        why = f"{refused.policy} may refuse {refused.kind} {refused.name}"
        rows.append((str(document.file) if document else pd.NA, why))
    found: dict[str, str] = {}
    for file, why in rows:
        for each in [Path(file).name] if pd.notna(file) else [each.file for each in remedies]:
            found.setdefault(each, why)
    return found
