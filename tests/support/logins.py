"""Kubeconfigs of a user's own, login programs, and servers that only a socket knows how to play."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from replay import ReplayServer


def kubeconfig(folder: Path, asked: ReplayServer | str, user: dict[str, Any] | None = None, **cluster: Any) -> str:
    """Writes a kubeconfig with one context; the server's CA stands in it unless that is said otherwise."""
    url, ca = (asked, None) if isinstance(asked, str) else (asked.url, asked.ca)
    about = {"server": url, **({"certificate-authority-data": base64.b64encode(ca).decode()} if ca else {}), **cluster}
    path = folder / "kubeconfig"
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "c", "cluster": {key: value for key, value in about.items() if value is not None}}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}]}))
    return str(path)


def program(folder: Path, said: str, code: int = 0, name: str = "login") -> dict[str, Any]:
    """A login program that prints what it is told, notes each run in ``runs`` with what it was handed, and ends with a
    code; as ``exec`` of a kubeconfig's user."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho \"$KUBERNETES_EXEC_INFO\" >> {folder}/runs\ncat <<'END'\n{said}\nEND\nexit {code}\n")
    path.chmod(0o755)
    return {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path), "interactiveMode": "Never"}


def credential(token: str = "t", **status: Any) -> str:
    """What a login program prints."""
    return json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                       "status": {"token": token, **status}})


@contextmanager
def listener(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port of 127.0.0.1 on which each connection is served by a function, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        def accept() -> None:
            while True:
                try:
                    connection, _ = place.accept()
                except OSError:  # closed: the test is over
                    return
                threading.Thread(target=_served, args=(serve, connection), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield place.getsockname()[1]
        place.shutdown(socket.SHUT_RDWR)


def _served(serve: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection:
        try:
            serve(connection)
        except OSError:
            pass  # the client hung up, which is what many of these tests want


def asked(connection: socket.socket) -> str:
    """The head of one request."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = connection.recv(1)
        if not part:
            raise OSError("closed")
        head += part
    return head.decode("latin-1")


def tunnel(connection: socket.socket, other: socket.socket) -> None:
    """Passes bytes both ways until one side ends."""
    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while part := source.recv(65536):
                sink.sendall(part)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    back = threading.Thread(target=pump, args=(other, connection), daemon=True)
    back.start()
    pump(connection, other)
    back.join()
