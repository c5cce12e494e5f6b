"""Frameworks, and what they say of a snapshot."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from auditkit.analysis.pod_security.levels import minor_version
from auditkit.api.definitions import DEFAULT_FRAMEWORKS
from auditkit.api.faces import face
from auditkit.api.options import Options, Paths, folder, load_checks, python_files, read, verify_texts
from auditkit.api.snapshots import open
from auditkit.base.display import FACES
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.evaluation import evaluate as judge
from auditkit.evaluation.explain import Explanation
from auditkit.evaluation.explain import explain as _explain
from auditkit.evaluation.inputs import inputs
from auditkit.evaluation.results import Outcome, Result
from auditkit.evaluation.scope import verify as verify_scope
from auditkit.evaluation.together import together
from auditkit.framework import library
from auditkit.framework import together as several
from auditkit.framework.model import Framework
from auditkit.framework.verify import verify as verify_definition
from auditkit.people.attestations import Attestation
from auditkit.people.exceptions import RiskAcceptance
from auditkit.people.scope import Scope
from auditkit.proof import provenance
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from auditkit.evaluation.compare import Comparison

FACES.update({Evaluation: face("summary"), Result: face("result"), Outcome: face("outcome"),
              Explanation: face("explanation")})


def verify_framework(framework: Framework) -> None:
    """Refuse checks that do not exist, and parameters that they do not take. Raises `DefinitionError` with file and
    line, or `UsageError` for a framework without a file."""
    verify_definition(framework)


def verify(frameworks: Iterable[str], *, exceptions: Path | str | None = None,
           attestations: Path | str | None = None, controls: Path | str | None = None,
           checks: Paths = (), scope: Path | str | None = None, categories: str | Iterable[str] = "",
           pss_version: str = "", owner_label: str = "") -> None:
    """Read all inputs of `evaluate` except the snapshot, to report mistakes before a long collection. Whether anything
    has the ``owner_label``, and whether the namespaces of a scope exist, only the snapshot tells."""
    own = read(exceptions, attestations, controls, checks, scope, categories).own
    minor_version(pss_version or "latest")
    for each in (each for name in frameworks for each in several.load(name, own)):
        verify_definition(each)


def evaluate(snapshot: Snapshot | Path | str, framework: str | Framework, *,
             exceptions: Path | str | None = None, attestations: Path | str | None = None,
             controls: Path | str | None = None, checks: Paths = (), scope: Path | str | None = None,
             categories: str | Iterable[str] = "", pss_version: str = "", owner_label: str = "") -> Evaluation:
    """Evaluate a framework on a snapshot; several at once by their names with a plus between them (``soc2+hipaa``).

    ``exceptions`` and ``attestations`` are YAML files or folders of them, as `auditkit.people.exceptions` and
    `auditkit.people.attestations` describe them; ``controls`` is a folder with frameworks of your own, ``checks`` are
    Python files with checks of your own. ``scope`` is a YAML file (`auditkit.people.scope`), or instead of it
    ``categories`` are those of the framework that are in scope ("security, availability"): what is outside has no
    verdict, and is listed in the ``scope`` of the evaluation. ``pss_version`` is that of the Pod Security Standards.
    ``owner_label`` is the label by which objects, or else their workloads or namespaces, say whose they are; it changes
    no verdict. Raises `NoSuchName`, also for a label that nothing has, and `DefinitionError` with file and line for a
    mistake in any file, among them a scope of another time or of namespaces that the snapshot does not have.

    Verdicts are stored next to a snapshot that is in a folder, and not judged again (`auditkit.evaluation.stored`).
    """
    return _evaluated(open(snapshot), framework, exceptions=exceptions, attestations=attestations, controls=controls,
                      checks=checks, scope=scope, categories=categories, pss_version=pss_version,
                      owner_label=owner_label)


def evaluate_both(one: Snapshot, other: Snapshot, framework: str, **options: Unpack[Options]
                  ) -> tuple[Evaluation, Evaluation]:
    """Two snapshots of one cluster by the same rule, as `evaluate` does. A scope may name the namespaces of either."""
    return _evaluated(one, framework, other, **options), _evaluated(other, framework, one, **options)


def _evaluated(snapshot: Snapshot, framework: str | Framework, beside: Snapshot | None = None, *,
               exceptions: Path | str | None = None, attestations: Path | str | None = None,
               controls: Path | str | None = None, checks: Paths = (), scope: Path | str | None = None,
               categories: str | Iterable[str] = "", pss_version: str = "", owner_label: str = "") -> Evaluation:
    verify_texts(framework="" if isinstance(framework, Framework) else framework, pss_version=pss_version,
                 owner_label=owner_label)
    own, accepted, attested, bounds = read(exceptions, attestations, controls, checks, scope, categories)
    parts = several.load(framework, own) if isinstance(framework, str) else [framework]
    if bounds:
        verify_scope(bounds, snapshot, beside)
    judged = _judged(snapshot, parts, accepted, attested, pss_version, bounds)
    judged.own, judged.controls = provenance.own(judged), own
    judged.inputs = inputs(own, accepted, attested, python_files(checks), bounds)
    judged.by_team(owner_label)
    return judged


def _judged(snapshot: Snapshot, frameworks: list[Framework], accepted: list[RiskAcceptance],
            attested: list[Attestation], pss_version: str, scope: Scope | None) -> Evaluation:
    """One framework judged, or several together."""
    for each in frameworks:
        verify_definition(each)
    judged = [judge(snapshot, each, accepted, attested, pss_version, library.own_files(each), scope)
              for each in frameworks]
    return judged[0] if len(judged) == 1 else together(judged, accepted, attested, scope)


def explain(snapshot: Snapshot | Path | str, requirement: str, subject: str = "", *,
            frameworks: Iterable[str] = DEFAULT_FRAMEWORKS, **options: Unpack[Options]) -> Explanation:
    """Explain the status of a requirement down to the API requests, for one ``subject`` or for all.

    ``subject`` is a shell pattern on ``namespace/name`` or on the name. The requirement is looked for in
    ``frameworks``; the other parameters are those of `evaluate`. Raises `NoSuchName`, and `UsageError` where several
    frameworks have it.
    """
    opened, own = open(snapshot), folder(options.get("controls"))
    holding = [name for name in frameworks if requirement in {each.id for each in library.load(name, own).requirements}]
    return _explain([evaluate(opened, name, **options) for name in holding or frameworks], requirement, subject)


def compare(snapshot: Snapshot | Path | str, framework: str, controls: Path | str, *,
            exceptions: Path | str | None = None, attestations: Path | str | None = None,
            checks: Paths = (), scope: Path | str | None = None, categories: str | Iterable[str] = "",
            pss_version: str = "") -> "Comparison":
    """Compare a folder's version of a framework with the one in force: changed statuses and verdicts.

    It is compared with the built-in framework of the same name, or else with the framework that it extends. The other
    parameters are those of `evaluate`.
    """
    from auditkit.evaluation.compare import Comparison

    opened = open(snapshot)
    load_checks(checks)
    in_force, proposed = (
        evaluate(opened, each, exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
                 scope=scope, categories=categories, pss_version=pss_version)
        for each in library.proposal(framework, Path(controls)))
    return Comparison(in_force, proposed)
