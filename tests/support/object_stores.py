"""Object stores for tests: one in memory, one in memory that knows no conditions, and a real S3 server with faults."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractFileSystem

KEY, SECRET = "tester", "not-a-secret"


class Careless(MemoryFileSystem):
    """A store that replaces what was to be created only where there is none."""

    protocol = "careless"
    store: ClassVar[dict] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        super().pipe_file(path, value)


class Looking(Careless):
    """A driver without conditional writes of its own: it looks whether there is an object, and then writes one."""

    protocol = "looking"
    pipe_file = AbstractFileSystem.pipe_file


for kind in (Careless, Looking):
    fsspec.register_implementation(kind.protocol, kind, clobber=True)


def emptied() -> str:
    """The URL of a store in memory, in which nothing is."""
    for kind in (MemoryFileSystem, Careless):
        kind.store.clear()
        kind.pseudo_dirs[:] = [""]
    return "memory://evidence/store"


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def s3(folder: Path) -> Iterator[int]:
    """SeaweedFS with its S3 gateway on the loopback; the port of the gateway."""
    folder.mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "s3.json").write_text(json.dumps({"identities": [{
        "name": "tester", "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}))
    port, *others = (_free_port() for _ in range(8))
    named = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
             "s3.port.grpc")
    weed = shutil.which("weed") or str(Path(sys.executable).with_name("weed"))
    with open(folder / "log", "wb") as log:
        running = subprocess.Popen(
            [weed, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder / 'data'}", "-s3",
             f"-s3.port={port}", f"-s3.config={folder / 's3.json'}", "-master.volumeSizeLimitMB=64", "-volume.max=50",
             *(f"-{name}={number}" for name, number in zip(named, others, strict=True))], stdout=log, stderr=log)
    try:
        _await(port, running, folder / "log")
        yield port
    finally:
        running.kill()
        running.wait()


def _await(port: int, running: subprocess.Popen, log: Path) -> None:
    """Until the gateway lists buckets: it answers before it can."""
    until = time.monotonic() + 60
    while time.monotonic() < until and running.poll() is None:
        try:
            driver(port).ls("", refresh=True)
            return
        except Exception:  # of botocore's own kinds
            time.sleep(0.3)
    raise RuntimeError(f"the S3 server does not run: {log.read_text()[-2000:]}")


def driver(port: int):
    """An S3 client of the tests' own."""
    import s3fs

    return s3fs.S3FileSystem(key=KEY, secret=SECRET, endpoint_url=f"http://127.0.0.1:{port}", use_listings_cache=False,
                             skip_instance_cache=True)


def environment(port: int) -> dict[str, str]:
    """What a user sets to reach the server."""
    return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_MAX_ATTEMPTS": "2",
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """A client that goes away in the middle is no error of the proxy."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Between:
    """A proxy before the server: counts requests, and spoils those that ``spoil`` has an answer for.

    ``spoil`` gets the method and the path, and says what becomes of the request: ``None`` (it is passed on), a status
    (it is answered with that), ``"cut"`` (the connection ends in the middle of the answer), ``"lost"`` (the server gets
    it, and the answer is lost), or a number of seconds as a float (it is passed on that much later).
    """

    def __init__(self, port: int):
        self.server_port = port
        self.spoil: Callable[[str, str], object] = lambda method, path: None
        self.requests: Counter[str] = Counter()

    @contextmanager
    def running(self) -> Iterator[int]:
        """Its port."""
        server = _Proxy(("127.0.0.1", 0), type("Handler", (_Handler,), {"between": self}))
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            server.server_close()


@contextmanager
def reached(port: int, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    """The proxy that the driver of this process, and of those that it starts, talks to."""
    import s3fs

    proxy = Between(port)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    with proxy.running() as at:
        for name, value in environment(at).items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        yield proxy


class _Handler(BaseHTTPRequestHandler):
    between: Between
    protocol_version = "HTTP/1.1"

    def log_message(self, *given) -> None:
        pass

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.between.requests[self.command] += 1
        fault = self.between.spoil(self.command, self.path)
        if isinstance(fault, int):
            self._answer(fault, {}, b"<Error><Code>SlowDown</Code><Message>later</Message></Error>")
            return
        if isinstance(fault, float):
            time.sleep(fault)
        server = http.client.HTTPConnection("127.0.0.1", self.between.server_port, timeout=60)
        with contextlib.closing(server):
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                server.putheader(name, value)
            server.endheaders(body)
            found = server.getresponse()
            content = found.read()
        if fault == "lost":
            self.close_connection = True
            return
        self._answer(found.status, dict(found.getheaders()), content, cut=fault == "cut")

    def _answer(self, status: int, headers: dict[str, str], content: bytes, *, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content[:len(content) // 2] if cut else content)
        self.close_connection = cut or self.close_connection

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass
