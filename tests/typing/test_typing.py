"""Who calls auditkit with types gets types: right uses pass `mypy --strict`, and wrong ones do not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ERROR = re.compile(r"([^/:]+\.py):(\d+): error: .*\[([a-z-]+)\]$")


def example() -> str:
    """The README's example for analysts."""
    return re.search(r"\n## From Python\n+```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, set[str]]]:
    """What mypy finds: by file the lines, by line the codes of errors."""
    readme = tmp_path_factory.mktemp("typing") / "readme_example.py"
    readme.write_text(example())
    given = [readme, *(HERE / name for name in ("own_check.py", "right_uses.py", "wrong_uses.py"))]
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", *map(str, given)], capture_output=True, text=True,
                          check=False, cwd=ROOT, env={**os.environ, "MYPYPATH": str(ROOT)})
    assert done.returncode == 1, f"{done.stdout}{done.stderr}"
    found: dict[str, dict[int, set[str]]] = {}
    for line in done.stdout.splitlines():
        if said := ERROR.search(line):
            found.setdefault(said[1], {}).setdefault(int(said[2]), set()).add(said[3])
    return found


def test_right_uses_pass(errors: dict[str, dict[int, set[str]]]) -> None:
    assert {name: lines for name, lines in errors.items() if name != "wrong_uses.py"} == {}


def test_each_wrong_use_is_an_error(errors: dict[str, dict[int, set[str]]]) -> None:
    lines = (HERE / "wrong_uses.py").read_text().splitlines()
    stated = {number: set(line.partition("  # ")[2].split(", ")) for number, line in enumerate(lines, 1) if "  # " in line}
    assert len(stated) == 12
    assert errors["wrong_uses.py"] == stated
