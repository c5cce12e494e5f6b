"""The replay server: real HTTP (or TLS) on 127.0.0.1, answers from a recording, and what it was asked."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from .answers import (
    TABLE,
    Answer,
    as_json,
    failure,
    forbidden,
    metadata_only,
    not_found,
    of_namespace,
    one_object,
    page,
    start_of,
)
from .faults import Fault
from .recorded import Recording
from .requests import PLAIN, Form, Request, forms
from .reviews import Rights

KNOWN = {"limit", "continue", "includeObject", "resourceVersion", "resourceVersionMatch", "timeout", "timeoutSeconds"}
GZIP_FROM = 128 * 1024  # bytes; the real server compresses larger answers, where the client takes gzip


class ReplayServer:
    """Serves a recording while in its `with` block. Tell it what to refuse and spoil at any time.

    `token`: the bearer token without which everything is 401. `identity`: who the caller is, if not whoever
    recorded (anybody else has no rights). `tls`: a certificate of its own authority (`ca`), `expired`: one of
    yesterday. While it runs, `configz[node]` takes a KubeletConfiguration that the node's proxy shall show,
    and `tables = False` makes it a server that does not know the form Table. Its clock is `ahead` by some seconds.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        token: str | None = None,
        identity: str | None = None,
        tls: bool = False,
        expired: bool = False,
    ):
        self.recording = Recording(folder)
        self.rights = Rights(self.recording, identity)
        self.token = token
        self.requests: list[Request] = []
        self.configz: dict[str, dict[str, Any]] = {}
        self.tables = True
        self.ahead = 0.0
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.stopped = threading.Event()
        self._http = _Listener(("127.0.0.1", 0), _Handler)
        self._http.replay = self
        self.ca: bytes | None = None
        if tls or expired:
            from .certificates import server_context  # cryptography is only needed here

            context, self.ca = server_context(expired)
            # The handshake is left to the connection's own thread: a client that stalls must not stop others.
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{'https' if self.ca else 'http'}://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()
        self._http.close_connections()

    def count(self, pattern: str) -> int:
        """How many requests there were for paths that match the pattern (without their query)."""
        return sum(fnmatchcase(request.path, pattern) for request in self.requests)

    def forbid(self, *resources: str) -> None:
        """From now on `secrets`, `nodes/proxy` … are answered with 403, and the reviews of rights say so."""
        self.rights.forbidden.update(resources)

    def fault(self, pattern: str, *, status: int | None = None, kind: str | None = None, **how: Any) -> Fault:
        """Spoils answers to paths that match; `Fault` has the kinds. The first told that applies is taken."""
        fault = Fault(pattern, kind or "status", status or 200, **how)
        self._faults.append(fault)
        return fault

    def kubeconfig(self, folder: str | Path, token: str | None = None) -> Path:
        """Writes a kubeconfig with the one context `acme-prod` (in JSON, which is YAML too)."""
        cluster = {"server": self.url}
        if self.ca:
            cluster["certificate-authority-data"] = base64.b64encode(self.ca).decode()
        bearer = token or self.token
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "acme-prod",
            "clusters": [{"name": "acme-prod", "cluster": cluster}],
            "users": [{"name": "auditor", "user": {"token": bearer} if bearer else {}}],
            "contexts": [{"name": "acme-prod", "context": {"cluster": "acme-prod", "user": "auditor"}}],
        }
        path = Path(folder) / "kubeconfig"
        path.write_text(json.dumps(config, indent=1))
        return path

    def answer(self, request: Request) -> Answer | None:
        """The answer with all that was told; None where there shall be none."""
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return failure(401, "Unauthorized", "Unauthorized")
        with self._lock:
            number = self._page_number(request)
            fault = next((fault for fault in self._faults if fault.befalls(request, number)), None)
        usual: Callable[[], Answer] = lambda: self._usual(request)
        return fault.spoil(request, usual, self.rights.user(request)) if fault else usual()

    def _page_number(self, request: Request) -> int:
        token = request.query.get("continue", "")
        if token in self.recording.page_numbers:
            return self.recording.page_numbers[token]
        start = start_of(request)
        return 1 + -(-start // (int(request.query.get("limit", 0)) or 1))

    def _usual(self, request: Request) -> Answer:
        target = request.target
        if target and target.resource.startswith("selfsubject") and request.method == "POST":
            return self.rights.review(request)
        if request.method != "GET":
            return failure(405, "the replay server only reads", "MethodNotAllowed")
        if target and self.recording.serves(target) and not self.rights.allow(request, target):
            return self._refusal(request)
        if target and target.resource == "nodes" and target.subresource == "proxy/configz":
            return self._configz(request)
        for form in forms(request.accept):
            found = self._in_form(request, form)
            if found:
                return found
        return self._in_form(request, PLAIN) or not_found(request, self.recording)

    def _refusal(self, request: Request) -> Answer:
        user = self.rights.user(request)
        recorded = self.recording.refusal(user, request.path)
        return self._recorded(recorded) if recorded else forbidden(user, request.verb, request.target)

    def _configz(self, request: Request) -> Answer:
        node = request.target.name
        if node in self.configz:
            return as_json({"kubeletconfig": self.configz[node]})
        return failure(400, f"lookup {node} on 10.255.255.53:53: no such host", "BadRequest")

    def _in_form(self, request: Request, form: Form) -> Answer | None:
        if form == TABLE and not self.tables:
            return None
        entry = self.recording.exact(Request(request.method, request.url, {}), form)
        if entry:
            return self._recorded(entry)
        whole = self._whole(request, form)
        if whole is None:
            return None
        if request.target.name:
            found = one_object(whole, request.target)
            return as_json(found) if found else None
        unknown = set(request.query) - KNOWN
        if unknown:
            return failure(400, f"the replay server does not know {', '.join(sorted(unknown))}", "BadRequest")
        return page(request, whole)

    def _whole(self, request: Request, form: Form) -> dict | None:
        """The list that the path names or whose member it names, complete, in the form."""
        target = request.target
        if not target or target.subresource or (form == TABLE and target.name):
            return None
        kind = form.kind and form.kind.removesuffix("List")
        whole = self.recording.whole_list(target.collection, form)
        if whole is None and kind == "PartialObjectMetadata":
            plain = self.recording.whole_list(target.collection)
            whole = plain and metadata_only(plain)
        return of_namespace(whole, target.namespace) if whole and target.namespace else whole

    def _recorded(self, entry: dict[str, Any]) -> Answer:
        headers = {"Warning": entry["warning"]} if entry["warning"] else {}
        return Answer(entry["status"], self.recording.body(entry), entry["content_type"], headers)


class _Listener(ThreadingHTTPServer):
    """Knows its connections, so that none outlives the server, and is silent about clients that hang up."""

    replay: ReplayServer
    request_queue_size = 128

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is gone already

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are what tests are about; an error of the server itself is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with connections kept open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Listener

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        request = Request(self.command, self.path, self.headers, json.loads(body) if body else None)
        replay = self.server.replay
        replay.requests.append(request)
        answer = replay.answer(request)
        if answer is None:
            replay.stopped.wait()
            self.close_connection = True
            return
        request.status = answer.status
        self._send(answer)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _send(self, answer: Answer) -> None:
        body = answer.body
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        takes_gzip = "gzip" in self.headers.get("Accept-Encoding", "")
        if takes_gzip and len(body) >= GZIP_FROM and answer.announced is None:
            body = gzip.compress(body, 1)
            self.send_header("Content-Encoding", "gzip")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if answer.announced is None else answer.announced))
        if answer.announced is not None:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + self.server.replay.ahead)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent: what was asked stands in `ReplayServer.requests`."""
