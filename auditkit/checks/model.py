"""What a check is: a plain function on tables, and how it states its judgement."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from auditkit.analysis import inputs
from auditkit.errors import NoSuchName, UsageError

Severity = Literal["low", "medium", "high", "critical"]
BOOLEAN = pd.ArrowDtype(pa.bool_())


@dataclass(frozen=True)
class Judgement:
    """What a check found for each row of its population, in the same order.

    ``ok`` is nullable: ``True`` as wanted, ``False`` not, ``<NA>`` not known. ``applies`` is ``False`` where the
    rule does not speak of the row. ``for_want`` is ``False`` where a failure is not for want of rows in the tables that
    the check ``needs``, so that more of them could not clear it. `evidence` and `reasons` are worked out when they are
    asked for.
    """

    ok: pd.Series
    applies: pd.Series | None
    otherwise: str
    seen: Callable[[], pd.DataFrame]
    why: "Reasons"
    for_want: pd.Series | None = None

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """The values that were looked at, a column each. Raises `UsageError`."""
        return self.seen()

    @cached_property
    def reasons(self) -> pd.Series | str:
        """A sentence a row where values do not speak for themselves (or one for all). Raises `UsageError`."""
        return _of_rows("reasons", self.why(), self.ok) if callable(self.why) else self.why


Reasons = pd.Series | str | Callable[[], pd.Series]


def judge(
    subjects: pd.DataFrame | Callable[[], pd.DataFrame],
    ok: pd.Series,
    evidence: Sequence[str] = (),
    *,
    applies: pd.Series | None = None,
    otherwise: str = "the rule does not speak of it",
    reasons: Reasons = "",
    for_want: pd.Series | None = None,
) -> Judgement:
    """A verdict for every subject: ``True`` pass, ``False`` fail, ``<NA>`` unknown.

    ``evidence`` names columns of ``subjects`` that show why. Where ``applies`` is ``False`` the subject is out of
    scope, for the reason ``otherwise``; where it is ``<NA>`` that is not known, and neither is the verdict.
    Where ``for_want`` is ``False`` a failure stands whatever rows are missing in the tables that the check ``needs``.
    ``reasons`` may be a function that gives them: it is called if somebody wants to see them, and so may be
    ``subjects``. Raises `UsageError` where these are not of the same rows.
    """
    if not isinstance(ok, pd.Series):
        raise UsageError(f"judge() was given {type(ok).__name__} for ok; it takes a column of the subjects.")
    if isinstance(evidence, str):
        raise UsageError(f"judge() was given the text {evidence!r} for evidence; it takes a list of columns.")
    if applies is not None:
        applies = _of_rows("applies", applies, ok).astype(BOOLEAN)
    if for_want is not None:
        for_want = _of_rows("for_want", for_want, ok).astype(BOOLEAN)
    if not isinstance(reasons, str) and not callable(reasons):
        _of_rows("reasons", reasons, ok)
    if not callable(subjects):
        _with_columns(subjects, evidence, ok)
    return Judgement(ok.astype(BOOLEAN), applies, otherwise, lambda: _with_columns(
        subjects() if callable(subjects) else subjects, evidence, ok)[list(evidence)], reasons, for_want)


def _with_columns(subjects: Any, evidence: Sequence[str], ok: pd.Series) -> pd.DataFrame:
    """The subjects, if they have these columns and the rows of ``ok``. Raises `UsageError`."""
    if not isinstance(subjects, pd.DataFrame):
        raise UsageError(f"judge() was given {type(subjects).__name__} for subjects; it takes a table.")
    for name in evidence:
        if name not in subjects:
            raise NoSuchName("column", name, map(str, subjects.columns))
    return _of_rows("subjects", subjects, ok)


def _of_rows(name: str, given: Any, ok: pd.Series) -> Any:
    """What was given, if it has the rows of ``ok`` in their order. Raises `UsageError`."""
    if not isinstance(given, pd.Series | pd.DataFrame):
        raise UsageError(f"judge() was given {type(given).__name__} for {name}; it takes a column of the subjects.")
    if not given.index.equals(ok.index):
        raise UsageError(f"judge() was given {name} with other rows, or in another order, than ok.")
    return given


@dataclass(frozen=True)
class Check:
    """A rule: the function, the tables it reads, and what is said of it in reports.

    ``needs`` are tables that clear a subject: one that fails for want of rows in them is unknown where rows may be
    missing (a check that also fails for other reasons says which are these: ``for_want`` of `judge`). ``tools`` are the
    scanners whose findings count, where it reads any (none: all of them).
    ``if_empty`` is what an empty population means: ``not_applicable``, or for things that every cluster has and
    that are merely out of sight, a sentence that makes the requirement ``unknown``.
    """

    name: str
    function: Callable[..., Judgement]
    title: str
    severity: Severity
    finding: str = ""
    wanted: str = ""
    remedy: str = ""
    source: str = ""
    if_empty: str = ""
    tools: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that the check reads; the first is its population."""
        return inputs(self.function)

    @property
    def ships(self) -> bool:
        """Whether it is one of auditkit's own, and not a user's or a package's."""
        return self.function.__module__.startswith("auditkit.checks.")

    def with_parameters(self, given: dict[str, Any]) -> "Check":
        """The check as a control tunes it. Raises `UsageError` for a parameter that it does not have."""
        unknown = set(given) - set(self.parameters)
        if unknown:
            raise UsageError(f"The check {self.name} has no parameter {', '.join(sorted(unknown))}; "
                             f"it has {', '.join(self.parameters) or 'none'}.")
        return Check(**{**self.__dict__, "parameters": {**self.parameters, **given}})

    def __call__(self, *frames: pd.DataFrame) -> Judgement:
        return self.function(*frames, **self.parameters)


REGISTRY: dict[str, Check] = {}


def check(
    *, severity: Severity, finding: str = "", wanted: str = "", remedy: str = "", source: str = "", if_empty: str = "",
    tools: tuple[str, ...] = (), needs: tuple[str, ...] = (),
) -> Callable[[Callable[..., Judgement]], Callable[..., Judgement]]:
    """Register a function as a check named ``module.function``; the first line of its docstring is its title.

    Its positional parameters are the tables it reads, the keyword-only ones what a framework may tune. ``finding``
    says what a failing subject is or does, as in "runs privileged": a verb in the third person and what belongs to it,
    which summaries count ("16 of 73 containers run privileged"). ``wanted`` is the state that is wanted, ``remedy``
    what to do, ``source`` where the rule comes from; `Check` says the rest.
    """

    def register(function: Callable[..., Judgement]) -> Callable[..., Judgement]:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        if name in REGISTRY and REGISTRY[name].function.__module__ != function.__module__:
            raise UsageError(f"Two checks are called {name}: in {REGISTRY[name].function.__module__} "
                             f"and in {function.__module__}; rename one.")
        title = (inspect.getdoc(function) or name).splitlines()[0]
        tunable = {key: parameter.default for key, parameter in inspect.signature(function).parameters.items()
                   if parameter.kind is inspect.Parameter.KEYWORD_ONLY}
        REGISTRY[name] = Check(name, function, title, severity, finding, wanted, remedy, source, if_empty, tools, needs,
                               tunable)
        return function

    return register
