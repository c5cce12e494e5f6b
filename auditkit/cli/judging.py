"""The command line's verbs that judge a snapshot: `evaluate` and `explain`; and the thresholds of `--fail-on`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.cli import console
from auditkit.cli.choosing import WAYS, ChosenOrNewest, opened
from auditkit.cli.console import Format
from auditkit.cli.options import (
    DEFAULT_FRAMEWORKS,
    Attestations,
    Categories,
    Checks,
    Controls,
    Exceptions,
    FrameworksOrAll,
    PssVersion,
    Scope,
)
from auditkit.errors import UsageError

if TYPE_CHECKING:
    from auditkit.api.options import Options
    from auditkit.evaluation.evaluation import Evaluation


class Output(StrEnum):
    """The formats of `evaluate`."""

    text = "text"
    json = "json"
    jsonl = "jsonl"
    sarif = "sarif"


class FailOn(StrEnum):
    """The thresholds at which the exit code is 1."""

    never = "never"
    fail = "fail"
    unaccepted = "unaccepted"
    unknown = "unknown"
    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


ChosenFrameworks = Annotated[list[str] | None, typer.Option(
    "--framework", "-f", help="Framework to evaluate. Can be repeated. Default: cis-kubernetes, soc2, hipaa; "
    "with --compare, every framework that can be compared.")]
FailOnOption = Annotated[list[FailOn], typer.Option(
    "--fail-on", help="When to exit with 1. fail: a requirement fails or has exceptions noted. unaccepted: it does and "
    "the risk is not accepted. unknown: it does or a requirement is unknown. A severity: a "
    "check of that severity or higher fails; what could not be checked does not. Can be repeated: --fail-on high "
    "--fail-on unknown.")]
Compare = Annotated[bool, typer.Option(
    "--compare", help="Print only the statuses and verdicts that the frameworks in --controls would change. Each is "
    "compared with the built-in framework of the same name, or else with the framework that it extends. A framework "
    "with a built-in name never replaces the built-in framework. --fail-on applies to the proposed framework.")]


Manifests = Annotated[Path | None, typer.Option(
    "--manifests", help="File or folder with manifests that are not applied yet: plain ones, or what helm template or "
    "kustomize build makes. Print what would newly fail, newly pass and be refused: on the snapshot, or without "
    "one for the manifests alone. --fail-on then counts only what newly fails or would be refused.")]


def evaluate(
    snapshot: ChosenOrNewest = "", framework: ChosenFrameworks = None, format: Output = Output.text,
    subjects: Annotated[bool, typer.Option("--subjects", help="Print one row for each verdict instead of one for "
                                                              "each requirement.")] = False,
    fail_on: FailOnOption = [], exceptions: Exceptions = None,  # noqa: B006
    attestations: Attestations = None,
    controls: Controls = None, checks: Checks = [],  # noqa: B006
    scope: Scope = None, categories: Categories = "", compare: Compare = False,
    pss_version: PssVersion = "", manifests: Manifests = None,
) -> None:
    """Evaluate frameworks on a snapshot.

    With --compare, show what your own version of a framework would change. With --manifests, show what manifests would
    change. --format sarif prints results for code hosts, with the file and line of the manifest.
    """
    from auditkit.api import definitions, evaluating
    from auditkit.api.options import Options
    from auditkit.cli import results
    from auditkit.snapshots.mirror import shown

    if (compare or subjects) and (manifests or format is Output.sarif):
        raise UsageError("--compare and --subjects are for results of a snapshot as text or JSON. Leave out "
                         f"{'--manifests' if manifests else '--format sarif'}.")
    if manifests:
        _manifests(snapshot, manifests, once(framework or DEFAULT_FRAMEWORKS), format, fail_on, Options(
            exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
            scope=scope, categories=categories, pss_version=pss_version))
        return
    if compare and controls is None:
        raise UsageError("--compare needs --controls DIR: the folder with the frameworks to compare.")
    chosen = opened(snapshot)
    given = Options(exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
                    scope=scope, categories=categories, pss_version=pss_version)
    names = once(framework or (definitions.proposals(controls) if compare and controls else DEFAULT_FRAMEWORKS))
    proposed = [name for name in names if compare or definitions.proposed(name, controls)]
    judged = [evaluating.evaluate(chosen, name, **given) for name in names if name not in proposed]
    compared = [evaluating.compare(chosen, name, controls or "", exceptions=exceptions, attestations=attestations,
                                   checks=checks,
                                   scope=scope, categories=categories, pss_version=pss_version) for name in proposed]
    if format is Output.sarif:
        from auditkit.exports import sarif

        sys.stdout.write(sarif.encoded([*judged, *(one.proposed for one in compared)]).decode())
    else:
        worst = results.show(judged, compared, Format(format.value), subjects=subjects)
        if format is Output.text and not compared:
            called = snapshot or (shown(chosen.path) if chosen.path else "demo")
            console.suggest(*([["explain", called, worst, *_named(names)]] if worst else []),
                            ["report", called, *_named(names)])
    judged += [one.proposed for one in compared]
    for one in judged:
        notices(one)
    unused(judged, controls)
    threshold(judged, fail_on)


def _manifests(snapshot: str, manifests: Path, frameworks: list[str], format: Output, fail_on: list[FailOn],
               options: "Options") -> None:
    """Judge what manifests would bring, to a snapshot or alone."""
    from auditkit.cli.manifests import evaluate

    crossed = evaluate(opened(snapshot) if snapshot else None, manifests, frameworks, format.value,
                       [each.value for each in fail_on], **options)
    if crossed:
        raise typer.Exit(1)


def explain(
    snapshot: Annotated[str, typer.Argument(
        help=f"{WAYS} May be left out if nothing but a requirement is given: the newest in ./snapshots.")],
    requirement: Annotated[str, typer.Argument(
        help="Identifier of a requirement, such as CC6.1 or 5.2.2.", show_default=False)] = "",
    subject: Annotated[str, typer.Argument(
        help="NAMESPACE/NAME or NAME of a subject, or a pattern such as 'billing/*'. Default: all subjects.")] = "",
    framework: FrameworksOrAll = None, exceptions: Exceptions = None, attestations: Attestations = None,
    controls: Controls = None, checks: Checks = [],  # noqa: B006
    scope: Scope = None, categories: Categories = "", pss_version: PssVersion = "",
) -> None:
    """Explain the status of a requirement.

    The explanation has the checks, their subjects, and the API requests that were made or refused.
    """
    from auditkit.api import evaluating
    from auditkit.evaluation.words import DEVIATING

    if not requirement:
        snapshot, requirement = "", snapshot
    found = evaluating.explain(
        opened(snapshot), requirement, subject, frameworks=once(framework or DEFAULT_FRAMEWORKS),
        exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
        scope=scope, categories=categories, pss_version=pss_version)
    for indent, text in found.lines():
        console.line(text, indent=indent)
    if found.result.status in DEVIATING:
        console.suggest(["remedy", *filter(None, [snapshot]), *_named(framework or DEFAULT_FRAMEWORKS)])


def _named(frameworks: list[str]) -> list[str]:
    """The options that name these frameworks; none for those that are the default."""
    return [] if frameworks == DEFAULT_FRAMEWORKS else [word for name in frameworks for word in ("-f", name)]


def once(names: list[str]) -> list[str]:
    """Each name once, in the order in which they were given."""
    return list(dict.fromkeys(names))


def unused(judged: list["Evaluation"], controls: Path | None) -> None:
    """Warn if no framework of ``--controls`` was evaluated: they must be named."""
    from auditkit.api import definitions

    if controls is not None and judged and not any(one.files for one in judged):
        own = {one.framework for one, _ in definitions.listed(controls)} - set(definitions.frameworks())
        names = ", ".join(sorted(own))
        console.say(f"No framework in {controls} was evaluated. Name one with --framework"
                    f"{f' ({names})' if names else ''}.", "yellow")


def notices(judged: "Evaluation") -> None:
    """Print what a scope leaves out, and what is wrong with it, with risk acceptances and attestations, and with
    verdicts that were stored."""
    for said in judged.scope.sentences() if judged.scope else ():
        console.say(said)
    if judged.distrusted:
        console.say(judged.distrusted, "yellow")
    for notice in judged.notices.itertuples(index=False):
        console.say(f"{notice.file}, line {notice.line}: {notice.kind}: {notice.what}", "yellow")


def threshold(judged: list["Evaluation"], fail_on: list[FailOn]) -> None:
    """Exit with 1 where anything that ``--fail-on`` names has happened."""
    if any(one.crosses(each.value) for one in judged for each in fail_on):
        raise typer.Exit(1)
