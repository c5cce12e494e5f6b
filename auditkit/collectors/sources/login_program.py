"""Login programs: the exec plug-ins of a kubeconfig, run as kubectl runs them.

Sources: Kubernetes documentation, client-go credential plugins; kubernetes/client-go, plugin/pkg/client/auth/exec and
pkg/apis/clientauthentication.
"""

import base64
import datetime as dt
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from auditkit.base.times import in_utc
from auditkit.base.undecodable import UNDECODABLE
from auditkit.collectors.sources.credentials import Pair, authority, tidy
from auditkit.collectors.sources.kubeconfig import Cluster, Exec
from auditkit.collectors.sources.model import LoginFailed

PATIENCE = 120
"""Seconds that a login program has which nobody can talk to."""

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_EXTENSION = "client.authentication.k8s.io/exec"


class _Given(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: dt.datetime | None = None

    def __post_init__(self) -> None:
        if self.expiration_timestamp:
            self.expiration_timestamp = in_utc(self.expiration_timestamp)


class _Credential(msgspec.Struct, rename="camel"):
    api_version: str
    status: _Given | None = None


class Program:
    """A login program. One thread at a time runs it, and what it gave holds until it expires."""

    def __init__(self, program: Exec, cluster: Cluster):
        self._program, self._cluster = program, cluster
        self._given: _Given | None = None
        self._lock = threading.Lock()

    def headers(self) -> dict[str, str]:
        token = self._valid().token
        return {"Authorization": f"Bearer {token}"} if token else {}

    def pair(self) -> Pair | None:
        given = self._valid()
        if not given.client_certificate_data:
            return None
        return Pair(given.client_certificate_data.encode(), given.client_key_data.encode())

    def refused(self) -> bool:
        before = self._given
        with self._lock:
            if self._given is before:  # no other thread has run it meanwhile
                self._given = self._run()
        return True

    def _valid(self) -> _Given:
        with self._lock:
            expires = self._given.expiration_timestamp if self._given else None
            if self._given is None or (expires and expires <= dt.datetime.now(dt.UTC)):
                self._given = self._run()
            return self._given

    def _run(self) -> _Given:
        program = self._program
        name = f"the login program {Path(program.command).name}"
        talks = self._talks()
        environment = {**os.environ, **{one.name: one.value for one in program.env or []},
                       "KUBERNETES_EXEC_INFO": json.dumps(self._info(interactive=talks))}
        try:
            done = subprocess.run(
                [program.command, *(program.args or [])], env=environment, check=False, stdout=subprocess.PIPE,
                stdin=None if talks else subprocess.DEVNULL, stderr=None if talks else subprocess.PIPE,
                timeout=None if talks else PATIENCE)
        except FileNotFoundError:
            hint = f". {tidy(program.install_hint)}" if program.install_hint else ""
            raise LoginFailed(f"{name} is not installed{hint}") from None
        except subprocess.TimeoutExpired:
            raise LoginFailed(f"{name} did not end within {PATIENCE} seconds; run it once where it can talk to "
                              "you") from None
        except OSError as error:
            raise LoginFailed(f"{name} cannot be run: {error.strerror}") from None
        if done.returncode:
            said = tidy((done.stderr or b"").decode("utf-8", "replace"))
            raise LoginFailed(f"{name} failed with exit code {done.returncode}{f': {said}' if said else ''}")
        return self._read(done.stdout, name)

    def _talks(self) -> bool:
        """Whether it may talk to the user; raises where it must and nobody is there."""
        mode, present = self._program.interactive_mode or "IfAvailable", sys.stdin is not None and sys.stdin.isatty()
        if mode == "Always" and not present:
            raise LoginFailed(f"the login program {Path(self._program.command).name} must talk to you, and there is no "
                              "terminal")
        return mode != "Never" and present

    def _info(self, *, interactive: bool) -> dict[str, Any]:
        spec: dict[str, Any] = {"interactive": interactive}
        if self._program.provide_cluster_info:
            cluster = self._cluster
            config = next((one.extension for one in cluster.extensions or [] if one.name == _EXTENSION), None)
            spec["cluster"] = {key: value for key, value in {
                "server": cluster.server, "tls-server-name": cluster.tls_server_name,
                "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
                "certificate-authority-data": _base64(authority(cluster)), "proxy-url": cluster.proxy_url,
                "disable-compression": cluster.disable_compression, "config": config}.items() if value}
        return {"apiVersion": self._program.api_version, "kind": "ExecCredential", "spec": spec}

    def _read(self, output: bytes, name: str) -> _Given:
        try:
            credential = msgspec.json.decode(output, type=_Credential)
        except UNDECODABLE:
            raise LoginFailed(f"{name} did not print an ExecCredential") from None
        if credential.api_version != self._program.api_version:
            raise LoginFailed(f"{name} answered in another version than {self._program.api_version}, for which the "
                              "kubeconfig asks")
        given = credential.status
        if given is None or not (given.token or given.client_certificate_data):
            raise LoginFailed(f"{name} gave neither a token nor a certificate")
        if bool(given.client_certificate_data) != bool(given.client_key_data):
            raise LoginFailed(f"{name} gave only one of certificate and key")
        return given


def _base64(pem: bytes | None) -> str:
    return base64.b64encode(pem).decode() if pem else ""
