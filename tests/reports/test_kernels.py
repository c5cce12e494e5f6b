"""Kernels that are forked from one process: each knows nothing of the others, and what ends one is told."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from report_worlds import written

from auditkit.errors import AuditkitError, UsageError
from auditkit.reports import FACES, Files, _drawn, kernels, notebook, publish

NOT_RUN = (r"^given\.ipynb was not run: its kernel did not start \(Kernel died before replying to kernel_info\)\. The kernel's "
           r"own messages are on standard error\. See whether `\S+ -m ipykernel_launcher` starts, and whether "
           r"there is memory left\.$")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no workshop")


@pytest.fixture(scope="module")
def workshop() -> Iterator[None]:
    with kernels.ready():
        yield


def said(folder: Path, *cells: str) -> list[str]:
    """What the last of these cells prints."""
    done = notebook.execute(written(folder, *cells), folder / "out.partial.ipynb", {"number": 2})
    return done.cells[-1].outputs[0].text.split()


def test_a_notebook_sees_nothing_of_another(workshop: None, tmp_path: Path) -> None:
    dirty = ("import os, sys, auditkit.errors, pandas\nleft = 1\nos.environ['LEFT'] = 'x'\nsys.path.append('/left')\n"
             "auditkit.errors.left = 1\npandas.set_option('display.max_rows', 3)\nos.chdir('/')\nprint(os.getpid())")
    clean = ("import os, sys, auditkit.errors, pandas\n"
             "print(os.getpid(), 'left' in globals(), 'LEFT' in os.environ, '/left' in sys.path,"
             " hasattr(auditkit.errors, 'left'), pandas.get_option('display.max_rows') == 3, os.getcwd())")
    first, (second, *rest) = said(tmp_path, dirty), said(tmp_path, clean)
    assert first != [second]
    assert rest == ["False"] * 5 + [str(Path.cwd())]


def test_what_a_notebook_imports_is_there_before_it_runs(workshop: None, tmp_path: Path) -> None:
    assert said(tmp_path, "import sys; print(sys.executable, 'auditkit.reports.show' in sys.modules)")[1] == "True"


def test_a_frame_says_what_it_lacks_as_in_any_kernel(workshop: None, tmp_path: Path) -> None:
    cell = "import pandas; frame = pandas.DataFrame({'a': [1]}); frame.attrs['gaps'] = ['pods were refused']; frame"
    done = notebook.execute(written(tmp_path, cell), tmp_path / "out.partial.ipynb", {"number": 2})
    assert "pods were refused" in done.cells[-1].outputs[0].data["text/html"]


@pytest.mark.parametrize(("cell", "how"), [
    ("1 / 0", "failed in its code cell 3: ZeroDivisionError"), ("import os; os._exit(0)", "ended its own process"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended its own process"),
])
def test_what_ends_a_notebook_is_said_and_the_next_one_runs(workshop: None, tmp_path: Path, cell: str, how: str) -> None:
    with pytest.raises(AuditkitError, match=how):
        said(tmp_path, cell)
    assert (tmp_path / "out.partial.ipynb").exists()
    assert said(tmp_path, "print(number)") == ["2"]


def test_a_kernel_that_ends_at_once_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> None:
    """An installation that is broken: Jupyter's own launcher fails where it is imported."""
    (tmp_path / "ipykernel_launcher.py").write_text("import sys; sys.exit('this installation is broken')")
    monkeypatch.setattr(kernels, "_workshops", [])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(AuditkitError, match=NOT_RUN):
        said(tmp_path, "print(1)")
    assert "this installation is broken" in capfd.readouterr().err, "it is where the sentence says"
    assert not (tmp_path / "out.partial.ipynb").exists()


def test_a_kernel_is_told_of_which_the_workshop_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kernels.ready():
        lost = kernels._workshops[-1]._replace(address=str(tmp_path / "nobody"))
        monkeypatch.setattr(kernels, "_workshops", [lost])
        with pytest.raises(AuditkitError, match=NOT_RUN):
            said(tmp_path, "print(1)")
        monkeypatch.undo()


def test_another_process_draws_the_same(workshop: None, tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    written(there, "'shown'")
    shutil.copytree(there, here)
    told: list[str] = []
    assert kernels.drew(there / "given.ipynb", told.append, FACES)
    assert told == ["writing the HTML page", "writing the PDF"]
    ours = publish(here / "given.ipynb")
    assert [path.read_bytes() for path in Files.beside(there / "given.ipynb")] == [path.read_bytes() for path in ours]


def test_what_another_process_cannot_draw_is_left_to_this_one(workshop: None, tmp_path: Path) -> None:
    (tmp_path / "given.ipynb").write_text("{")
    assert not kernels.drew(tmp_path / "given.ipynb", pytest.fail, FACES)
    with pytest.raises(UsageError, match="is not a valid notebook"):
        kernels.later(_drawn, tmp_path / "given.ipynb", pytest.fail, FACES).result()


def test_without_a_workshop_nothing_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_workshops", [])
    assert not kernels.there() and not kernels.drew(tmp_path / "given.ipynb", pytest.fail, FACES)
    assert kernels.later(threading.current_thread).result() is threading.current_thread()


def test_nothing_is_left_of_a_workshop(tmp_path: Path) -> None:
    with kernels.ready():
        pids = [int(each) for each in said(tmp_path, "import os; print(os.getpid(), os.getppid())")]
    for _ in range(50):
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return
        time.sleep(0.1)
    pytest.fail(f"processes {pids} are still there")
