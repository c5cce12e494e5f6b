"""Several frameworks judged together: one evaluation of all their requirements, in which each verdict is once."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

import msgspec

from auditkit.errors import UsageError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Outcome, Result
from auditkit.framework.model import Framework
from auditkit.framework.together import called, of
from auditkit.framework.together import together as whole
from auditkit.people.attestations import Attestation
from auditkit.people.exceptions import RiskAcceptance
from auditkit.people.scope import Scope


def together(evaluations: Sequence[Evaluation], exceptions: Iterable[RiskAcceptance],
             attestations: Iterable[Attestation], scope: Scope | None) -> Evaluation:
    """Evaluations of one snapshot as one, with what people add. Raises `UsageError` for a scope by which the frameworks
    are not judged on the same namespaces."""
    parts, first = [each.framework for each in evaluations], evaluations[0]
    if scope and any(scope.namespaces(one) != scope.namespaces(parts[0]) for one in parts):
        raise UsageError("By this scope, frameworks that protect ePHI are judged on fewer namespaces than the others. "
                         "A report covers one set of namespaces. Report them apart.")
    found = Evaluation(
        first.snapshot, framework := whole(parts), list(_results(evaluations)),
        [_exception(each, parts, framework) for each in exceptions],
        [_attestation(each, parts, framework) for each in attestations], first.pss_version,
        dict.fromkeys(file for each in evaluations for file in each.files), scope and _scope(scope, parts, framework))
    found.distrusted = " ".join(dict.fromkeys(each.distrusted for each in evaluations if each.distrusted))
    return found


def _results(evaluations: Sequence[Evaluation]) -> Iterable[Result]:
    """The results of all frameworks, before people add anything. Those of one check are the same outcome."""
    seen: dict[tuple[str, str], Outcome] = {}
    for each in evaluations:
        for result in each.judged:
            outcomes = [seen.setdefault((one.check.name, repr(sorted(one.check.parameters.items()))), one)
                        for one in result.outcomes]
            yield replace(result, requirement=of(each.framework, result.requirement), outcomes=outcomes)


def _exception(each: RiskAcceptance, parts: Sequence[Framework], framework: Framework) -> RiskAcceptance:
    """An exception on the requirements of all: one of a framework stays one of its requirements alone."""
    entry = each.entry
    own = next((part for part in parts if part.framework == entry.framework), None)
    if own is None:
        return each
    named = entry.requirements or [one.id for one in own.requirements]
    return replace(each, entry=msgspec.structs.replace(
        entry, framework=framework.framework, requirements=called(own.framework, named)))


def _attestation(each: Attestation, parts: Sequence[Framework], framework: Framework) -> Attestation:
    entry = each.entry
    if entry.framework not in {part.framework for part in parts}:
        return each
    return replace(each, entry=msgspec.structs.replace(
        entry, framework=framework.framework, requirements=called(entry.framework, entry.requirements)))


def _scope(scope: Scope, parts: Sequence[Framework], framework: Framework) -> Scope:
    """A scope on the requirements of all. The categories that it chooses are those of each framework by itself: one
    that has none of them is in scope as a whole."""
    names = {part.framework for part in parts}
    chosen = [called(part.framework, [one for one in scope.bounds.categories if one in known] or known)
              for part in parts if (known := [each.id for each in part.categories])]
    bounds = msgspec.structs.replace(
        scope.bounds, categories=list(chain(*chosen)) if scope.bounds.categories else [],
        exclude=[msgspec.structs.replace(each, framework=framework.framework, requirements=called(
            each.framework, each.requirements)) if each.framework in names else each for each in scope.bounds.exclude],
        carve_outs=[msgspec.structs.replace(each, framework=framework.framework, requirements=called(
            each.framework, each.requirements)) if each.framework in names else each
            for each in scope.bounds.carve_outs])
    return replace(scope, bounds=bounds, titles={**scope.titles, **{
        each.id: each.title for each in framework.categories}})
