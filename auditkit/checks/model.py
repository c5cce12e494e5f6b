"""What a check is: a plain function on tables, and how it states its judgement."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypeVar

import pandas as pd
import pyarrow as pa

from auditkit.analysis import inputs
from auditkit.errors import NoSuchName, UsageError

Severity = Literal["low", "medium", "high", "critical"]
BOOLEAN = pd.ArrowDtype(pa.bool_())


@dataclass(frozen=True)
class Judgement:
    """The result of a check for each row of its population, in the same order.

    ``ok`` is nullable: ``True`` as wanted, ``False`` not as wanted, ``<NA>`` not known. ``applies`` is ``False`` where
    the row is not in scope. ``for_want`` is ``False`` where a failure has another cause than missing rows in the tables
    that the check ``needs``, so that more rows could not clear it. `evidence` and `reasons` are computed on demand.
    """

    ok: pd.Series
    applies: pd.Series | None
    otherwise: str
    seen: Callable[[], pd.DataFrame]
    why: "Reasons"
    for_want: pd.Series | None = None

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """The values that decided, one column each. Raises `UsageError`."""
        return self.seen()

    @cached_property
    def reasons(self) -> pd.Series | str:
        """A sentence for each row, or one for all, where values do not explain the result. Raises `UsageError`."""
        return _of_rows("reasons", self.why(), self.ok) if callable(self.why) else self.why


Reasons: TypeAlias = pd.Series | str | Callable[[], pd.Series]


def judge(
    subjects: pd.DataFrame | Callable[[], pd.DataFrame],
    ok: pd.Series,
    evidence: Sequence[str] = (),
    *,
    applies: pd.Series | None = None,
    otherwise: str = "not in scope",
    reasons: Reasons = "",
    for_want: pd.Series | None = None,
) -> Judgement:
    """A verdict for every subject: ``True`` pass, ``False`` fail, ``<NA>`` unknown.

    ``evidence`` names columns of ``subjects`` that show why. Where ``applies`` is ``False``, the subject is not in
    scope, for the reason ``otherwise``. Where it is ``<NA>``, the scope is not known, and the verdict is unknown.
    Where ``for_want`` is ``False``, a failure stands whatever rows are missing in the tables that the check ``needs``.
    ``subjects`` and ``reasons`` may be functions, which are called only when they are shown. Raises `UsageError` where
    the arguments do not have the same rows.
    """
    if not isinstance(ok, pd.Series):
        raise UsageError(f"judge() expects a column of the subjects for ok, not {type(ok).__name__}.")
    if isinstance(evidence, str):
        raise UsageError(f"judge() expects a list of columns for evidence, not the text {evidence!r}.")
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
    """The subjects, verified to have these columns and the rows of ``ok``. Raises `UsageError`."""
    if not isinstance(subjects, pd.DataFrame):
        raise UsageError(f"judge() expects a table for subjects, not {type(subjects).__name__}.")
    for name in evidence:
        if name not in subjects:
            raise NoSuchName("column", name, map(str, subjects.columns))
    return _of_rows("subjects", subjects, ok)


def _of_rows(name: str, given: Any, ok: pd.Series) -> Any:
    """The argument, verified to have the rows of ``ok`` in their order. Raises `UsageError`."""
    if not isinstance(given, pd.Series | pd.DataFrame):
        raise UsageError(f"judge() expects a column of the subjects for {name}, not {type(given).__name__}.")
    if not given.index.equals(ok.index):
        raise UsageError(f"judge() was given {name} with other rows than ok, or with its rows in another order.")
    return given


@dataclass(frozen=True)
class Check:
    """A rule: its function, the tables that it reads, and its texts in reports.

    ``needs`` are tables whose rows can clear a subject. A subject that fails because rows are missing there is unknown
    where these tables are incomplete; failures with another cause are marked by ``for_want`` of `judge`. ``tools`` are
    the scanners whose findings count, where the check reads findings (empty: all scanners). ``if_empty`` is the reason
    why an empty population makes the requirement ``unknown``, for things that every cluster has. Where it is empty,
    such a requirement is ``not_applicable``.
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
    tools: Sequence[str] = ()
    needs: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that the check reads; the first is its population."""
        return inputs(self.function)

    @property
    def expected(self) -> str:
        """``wanted`` with the parameters in force: ``{max_age_days} days`` becomes ``30 days``."""
        text = self.wanted
        for name, value in self.parameters.items():
            text = text.replace(f"{{{name}}}", ", ".join(value) if isinstance(value, list | tuple) else str(value))
        return text

    @property
    def ships(self) -> bool:
        """Whether the check ships with auditkit, and is not a user's or another package's."""
        return self.function.__module__.startswith("auditkit.checks.")

    def with_parameters(self, given: dict[str, Any]) -> "Check":
        """The check with the parameters of a control. Raises `UsageError` for a parameter that it does not have."""
        unknown = set(given) - set(self.parameters)
        if unknown:
            raise UsageError(f"The check {self.name} has no parameter {', '.join(sorted(unknown))}. "
                             f"Its parameters: {', '.join(self.parameters) or 'none'}.")
        return Check(**{**self.__dict__, "parameters": {**self.parameters, **given}})

    def __call__(self, *frames: pd.DataFrame) -> Judgement:
        return self.function(*frames, **self.parameters)


REGISTRY: dict[str, Check] = {}
_Function = TypeVar("_Function", bound=Callable[..., Judgement])


def check(
    *, severity: Severity, finding: str = "", wanted: str = "", remedy: str = "", source: str = "", if_empty: str = "",
    tools: Sequence[str] = (), needs: tuple[str, ...] = (),
) -> Callable[[_Function], _Function]:
    """Register a function as a check named ``module.function``.

    The first line of its docstring is the title: the state that is wanted, as a sentence. The rest of the docstring
    says why it matters. Positional parameters are the tables that the check reads; keyword-only parameters are those
    that a framework may set. ``finding`` is what a failing subject is or does: a verb in the third person singular and
    its object, as in "runs privileged". Summaries count it: "16 of 73 containers run privileged". ``wanted`` is the
    value that is wanted, in which ``{name}`` stands for the value of a parameter, ``remedy`` what to do, ``source``
    where the rule comes from. `Check` explains the others.
    """

    def register(function: _Function) -> _Function:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        if name in REGISTRY and REGISTRY[name].function.__module__ != function.__module__:
            raise UsageError(f"Two checks are called {name}: in {REGISTRY[name].function.__module__} "
                             f"and in {function.__module__}. Rename one of them.")
        title = (inspect.getdoc(function) or name).splitlines()[0]
        tunable = {key: parameter.default for key, parameter in inspect.signature(function).parameters.items()
                   if parameter.kind is inspect.Parameter.KEYWORD_ONLY}
        REGISTRY[name] = Check(name, function, title, severity, finding, wanted, remedy, source, if_empty, tools, needs,
                               tunable)
        return function

    return register
