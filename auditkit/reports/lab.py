"""JupyterLab on a working copy of the notebooks, which needs no configuration and leaves the user's own alone.

All that Jupyter writes is in the hidden folder of the working copy: its settings, its runtime files and the kernel.
That kernel is this interpreter, under the name ``python3`` that every notebook asks for. So the same notebooks run in
any other Jupyter whose ``python3`` has auditkit.
"""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from auditkit.base import whole
from auditkit.errors import MissingDependency
from auditkit.reports.kernels import FIRST
from auditkit.reports.working_copy import HIDDEN
from auditkit.snapshots.moved import HOME

_SETTINGS = {
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False, "doNotDisturbMode": False, "fetchNews": "false"},
}
"""As the system is light or dark; and nothing is asked of the network, nor of the user."""


class Server(NamedTuple):
    """How to start JupyterLab: the words of the command, and its environment."""

    command: list[str]
    environment: dict[str, str]


def prepare(folder: Path, *, browser: bool, port: int) -> Server:
    """Write the kernel and the settings of a working copy, and say how to start its JupyterLab.

    Only this computer can reach the server. Raises `MissingDependency`.
    """
    if find_spec("jupyterlab") is None:
        raise MissingDependency("The lab needs the package jupyterlab: `pip install 'auditkit[lab]'`.")
    folder = folder.resolve()
    home = folder / HIDDEN / "jupyter"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(home / "data" / "kernels" / "python3" / "kernel.json", _kernel(folder))
    _write(home / "config" / "labconfig" / "default_setting_overrides.json", _SETTINGS)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", "--ServerApp.ip=127.0.0.1",
               f"--ServerApp.port={port}", f"--ServerApp.open_browser={browser}",
               "--LabApp.extension_manager=readonly", "--LanguageServerManager.autodetect=False",  # it would run npm
               "--Application.log_level=WARN"]
    if _encrypts():
        command.append("--KernelManager.transport_encryption=auto")  # other users reach the ports of a kernel
    if os.name == "posix" and os.geteuid() == 0:  # as in most containers; only this computer reaches the server
        command.append("--allow-root")
    # what the user has set for another Jupyter may take the token away, or write elsewhere
    own = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    return Server(command, {
        **own, "JUPYTER_PATH": str(home / "data"), "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython")})


def _encrypts() -> bool:
    """True if this installation can encrypt what goes to and from a kernel."""
    import zmq
    from jupyter_client.manager import KernelManager

    return zmq.has("curve") and KernelManager.class_traits().get("transport_encryption") is not None


def _kernel(folder: Path) -> dict[str, Any]:
    """The kernel: this interpreter, with the tables that it shows."""
    return {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}",
                     FIRST.format("interactive=True")],
            "display_name": "Python 3 (auditkit)", "language": "python",
            "metadata": {"debugger": True, "supported_encryption": "curve"},
            "env": {HOME: str(folder)}}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.write(path, json.dumps(content, indent=1).encode())
