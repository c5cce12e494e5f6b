"""The crosswalk: the requirements of all frameworks that a check is evidence for.

It says which requirements a finding touches, not that requirements are equal: each framework asks for more than a check
shows.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from auditkit.framework import library
from auditkit.framework.model import Framework
from auditkit.framework.together import BETWEEN

COLUMNS = ["check", "framework", "framework_title", "requirement", "title"]


def crosswalk(checks: Iterable[str], judged: Framework, own: Path | None = None) -> pd.DataFrame:
    """The requirements that name any of these checks (columns: `COLUMNS`): those of the framework that was judged, then
    those of all others, built-in and from a folder of a user's own."""
    wanted, several = set(checks), BETWEEN in judged.framework
    first = [] if several else [judged]
    others = (framework for framework, proposed in library.listed(own)
              if not proposed and framework.framework != judged.framework)
    return pd.DataFrame([row for framework in (*first, *others) for row in _rows(framework, wanted)], columns=COLUMNS)


def _rows(framework: Framework, wanted: set[str]) -> Iterator[tuple[str, str, str, str, str]]:
    for requirement in framework.requirements:
        for check in dict.fromkeys(name for name, _ in requirement.named if name in wanted):
            yield check, framework.framework, framework.title, requirement.id, requirement.title
