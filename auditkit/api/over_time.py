"""What several snapshots say together: what changed, what held over a period, populations and samples of both."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from auditkit.api.evaluating import evaluate, evaluate_both
from auditkit.api.faces import face
from auditkit.api.options import Options, Paths, folder, load_checks, read
from auditkit.api.snapshots import DEMO, open
from auditkit.base.display import FACES
from auditkit.errors import UsageError
from auditkit.framework import library
from auditkit.framework.verify import verify as verify_definition
from auditkit.people import exceptions as _exceptions
from auditkit.snapshots.mirror import pulled
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from auditkit.evaluation.given import Given as GivenVerdicts
    from auditkit.history.bridge import Bridge
    from auditkit.history.diff import Diff
    from auditkit.history.items import Population
    from auditkit.history.period import Period
    from auditkit.history.periods import Rule
    from auditkit.history.sample import Sample
    from auditkit.history.sizes import Risk
    from auditkit.history.verdicts import VerdictDiff
    from auditkit.history.window import Window


def given(snapshot: Snapshot | Path | str, framework: str = "") -> "list[GivenVerdicts]":
    """The verdicts of a snapshot as they were given, the first first: by which rule, and with what people had added.

    Raises `SnapshotError` where one of them cannot be read.
    """
    from auditkit.evaluation.given import given_of

    found, wrong = given_of(open(snapshot), framework)
    if wrong:
        raise wrong[0]
    return found


def period(store: Path | str, framework: str, start: dt.date | str, end: dt.date | str, *, cluster: str = "",
           every: int = 0, anew: bool = False, exceptions: Path | str | None = None,
           attestations: Path | str | None = None, controls: Path | str | None = None, checks: Paths = (),
           scope: Path | str | None = None, categories: str | Iterable[str] = "", pss_version: str = ""
           ) -> "list[Period]":
    """What the snapshots of a store show of a framework's requirements from one day to another, both included (UTC).

    One `auditkit.history.period.Period` for each cluster, or for those with the name or UID ``cluster``. ``every`` is
    how many days may lie between snapshots. Verdicts are those that were given at the time, with what people had added
    then; those that were not kept, or are not trusted, are judged anew by today's rule, and with ``anew`` all of them.
    With ``exceptions``, ``attestations``, a ``scope`` or ``categories``, these count instead, each entry on the days on
    which it is in force; the period of the scope must have all days. Raises `UsageError` for days that are none,
    `NoSuchName`, and `SnapshotError` for a store without snapshots.
    """
    from auditkit.history.periods import periods
    from auditkit.history.window import given_day

    rule = _rule(framework, exceptions, attestations, controls, checks, scope, categories, pss_version, anew=anew)
    first, last = given_day(start), given_day(end)
    _verify_days(rule, first, last)
    return periods(pulled(store), rule, first, last, cluster, every)


def bridge(store: Path | str, framework: str, since: dt.date | str, until: dt.date | str = "", *, cluster: str = "",
           conclusions: Path | str | None = None, exceptions: Path | str | None = None,
           attestations: Path | str | None = None, controls: Path | str | None = None, checks: Paths = (),
           scope: Path | str | None = None, categories: str | Iterable[str] = "", pss_version: str = "") -> "Bridge":
    """What the snapshots of a store show of a cluster after ``since``, the last day of a period that was examined: the
    facts of a bridge letter (`auditkit.history.bridge.Bridge`; `auditkit.exports.letter` writes the draft).

    ``until`` is the last day, by default that of the newest snapshot; ``cluster`` a name or UID, which a store of
    several needs. ``conclusions`` are an auditor's (`auditkit.people.conclusions`). All snapshots are judged anew by
    the rule of today, with what these files add. Raises `UsageError` where it is not clear which days or which cluster,
    `NoSuchName`, and `SnapshotError` for a store without snapshots.
    """
    from auditkit.history.bridges import bridge
    from auditkit.history.window import day, given_day
    from auditkit.people import conclusions as _conclusions

    rule = _rule(framework, exceptions, attestations, controls, checks, scope, categories, pss_version, anew=True)
    concluded = _conclusions.read(conclusions, folder(controls)) if conclusions else []
    return bridge(pulled(store), rule, given_day(since), day(until), cluster, concluded)


def _rule(framework: str, exceptions: Path | str | None, attestations: Path | str | None, controls: Path | str | None,
          checks: Paths, scope: Path | str | None, categories: str | Iterable[str], pss_version: str, *, anew: bool
          ) -> "Rule":
    """By what the snapshots of a store are judged. Raises `UsageError` and `NoSuchName`."""
    from auditkit.history.periods import Rule

    own, accepted, attested, bounds = read(exceptions, attestations, controls, checks, scope, categories)
    loaded = library.load(framework, own)
    verify_definition(loaded)
    return Rule(loaded, pss_version, accepted, attested, bounds, by_files=bool(exceptions or attestations or bounds),
                anew=anew)


def _verify_days(rule: "Rule", start: dt.date, end: dt.date) -> None:
    """Raises `DefinitionError` where a period has days that are not of the period of its scope."""
    scope = rule.scope
    if scope and scope.entry and (start < scope.entry.days[0] or end > scope.entry.days[1]):
        first, last = scope.entry.days
        raise scope.at("period").wrong(f"the scope is for {first} to {last}; {start} to {end} goes beyond it. Ask for "
                                       "days of the scope, or give the scope of that time.")


def diff(earlier: Snapshot | Path | str, later: Snapshot | Path | str, *,
         tickets: Path | str | None = None) -> "Diff":
    """What changed from an earlier to a later snapshot of a cluster: `auditkit.history.diff.Diff`.

    ``changes`` has a row for each field, ``by_object`` one for each object, the worst first, ``unapproved`` those that
    nothing is known to have approved, and ``not_comparable`` what nothing can be said of. ``tickets`` is a CSV file of
    approvals (`auditkit.history.tickets`). Two clusters can be compared too (``same_cluster`` is false then). Raises
    `SnapshotError`, and `UsageError` with the line for a mistake in the tickets.
    """
    from auditkit.history.diff import Diff
    from auditkit.history.tickets import read_tickets

    FACES[Diff] = face("changes")
    return Diff(open(earlier), open(later), read_tickets(tickets) if tickets else ())


def verdict_changes(earlier: Snapshot | Path | str, later: Snapshot | Path | str, framework: str,
                    **options: Unpack[Options]) -> "VerdictDiff":
    """What opened, closed or is no longer known from an earlier to a later snapshot, and why: both by today's rule.

    ``requirements`` has a row for each changed status, ``verdicts`` one for each subject
    (`auditkit.history.verdicts.VerdictDiff`). The other parameters are those of `evaluate`. Raises `UsageError` for
    snapshots of two clusters.
    """
    from auditkit.history.verdicts import verdict_changes as _changes

    return _changes(*evaluate_both(open(earlier), open(later), framework, **options))


def population(source: Snapshot | Path | str, name: str, *, start: dt.date | str = "", end: dt.date | str = "",
               cluster: str = "", exceptions: Path | str | None = None, checks: Paths = ()) -> "Population":
    """A population of a snapshot (a moment) or of a store (a period): its items with their identity, and its digest.

    ``name`` is a table, or one of `auditkit.history.populations`: ``changes``, ``new-access``, ``images``,
    ``exceptions``, ``privileged-use``, ``check:NAME``, ``sql:QUERY``. ``start`` and ``end`` are days (YYYY-MM-DD, both
    included) of a store, ``cluster`` the name or UID of the cluster in it. ``exceptions`` are files as in `evaluate`,
    ``checks`` Python files with checks of your own. Raises `NoSuchName`, `UsageError` and `SnapshotError`.
    """
    from auditkit.history import populations

    load_checks(checks)
    accepted = _exceptions.read(exceptions) if exceptions else None
    return populations.population(name, _window(source, start, end, cluster), exceptions=accepted,
                                  changes=lambda one, other: diff(one, other).by_object)


def sample(source: "Snapshot | Population | Path | str", name: str = "", *, seed: str, size: int | None = None,
           frequency: str = "", risk: "Risk" = "low", sizes: Path | str | None = None, by: str = "",
           choice: Path | str | None = None, start: dt.date | str = "", end: dt.date | str = "", cluster: str = "",
           framework: str = "", requirements: Iterable[str] = (), **options: Unpack[Options]) -> "Sample":
    """A sample of a population that ``seed`` chooses, the same items on every machine.

    ``source`` is a population, or with ``name`` what `population` makes one of. Its size is ``size``, or that of the
    table ``sizes`` (the one that ships: `auditkit.history.sizes`) for a control of this ``frequency`` and ``risk``;
    without both, for a population of so many items. ``by`` is a column to take a share of each of its values of,
    ``choice`` a file with items that the auditor wants in or out (`auditkit.history.choice`). With a ``framework`` the
    sample has the verdicts of its checks (of ``requirements``) on the items; the other parameters are those of
    `evaluate`.

    Raises `UsageError` without a seed, and what `population` and `evaluate` raise.
    """
    from auditkit.history import choice as choices
    from auditkit.history import sample as samples
    from auditkit.history import sizes as tables_of_sizes
    from auditkit.history.items import Population

    found = source if isinstance(source, Population) else population(
        source, name, start=start, end=end, cluster=cluster, exceptions=options.get("exceptions"),
        checks=options.get("checks", ()))
    requirements = [requirements] if isinstance(requirements, str) else list(requirements)
    if options.get("scope") or options.get("categories"):
        raise UsageError("A sample is chosen from the whole population, which a scope does not cut. Choose it from a "
                         "query of what is in scope (sql:QUERY).")
    if requirements and not framework:
        raise UsageError("A requirement needs the framework that has it. Name one with --framework.")
    judge = (lambda snapshot: evaluate(snapshot, framework, **options)) if framework else None
    return samples.choose(
        found, seed, tables_of_sizes.given(len(found), size, frequency, risk, sizes), by=by,
        chosen_by=choices.read(choice, found.frame) if choice else None, judge=judge, requirements=requirements)


def _window(source: Snapshot | Path | str, start: dt.date | str, end: dt.date | str, cluster: str) -> "Window":
    """The snapshots that a population is of: one, or those of a store. Raises `UsageError` and `SnapshotError`."""
    from auditkit.history import window

    place = source if isinstance(source, Snapshot) else pulled(source)
    if isinstance(place, Snapshot) or str(source) == DEMO or (place / "manifest.json").exists():
        if start or end or cluster:
            raise UsageError("--from, --to and --cluster are for a store: one snapshot shows a moment.")
        return window.at(open(source if str(source) == DEMO else place))
    return window.over(place, window.day(start), window.day(end), cluster)
