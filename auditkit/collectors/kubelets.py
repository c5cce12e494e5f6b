"""The configuration of each node's kubelet, through the API server's proxy to the node.

The API server requires ``get`` on ``nodes/proxy``, whatever path of the kubelet follows. The kubelet then sees the API
server, and not who asked it: finer rights such as ``nodes/configz`` (KubeletFineGrainedAuthz) only help whoever asks
the kubelet itself. Sources: kubernetes/kubernetes, ``apiserver/pkg/endpoints/request/requestinfo.go``,
``pkg/registry/core/node/rest/proxy.go`` and ``pkg/kubelet/server/auth.go``.
"""

import time
from collections.abc import Iterator
from copy import copy
from typing import Any

import msgspec

from auditkit.base.undecodable import UNDECODABLE
from auditkit.collectors.in_parallel import as_read, threads
from auditkit.collectors.listing import REFUSED, Progress, body_of, message, now, passing
from auditkit.collectors.sources.bounds import KUBELETS
from auditkit.collectors.sources.model import NeverAnswered, NoAnswer, Source, TooLate
from auditkit.snapshots.ledger import Body, Entry, Outcome

KEPT = (
    "authentication.anonymous.enabled", "authentication.webhook.enabled", "authentication.x509.clientCAFile",
    "authorization.mode", "readOnlyPort", "port", "address", "streamingConnectionIdleTimeout", "protectKernelDefaults",
    "makeIPTablesUtilChains", "eventRecordQPS", "tlsCertFile", "tlsPrivateKeyFile", "tlsCipherSuites", "tlsMinVersion",
    "rotateCertificates", "serverTLSBootstrap", "featureGates.RotateKubeletServerCertificate", "featureGates.AllBeta",
    "podPidsLimit",
    "seccompDefault", "maxPods", "staticPodPath", "cgroupDriver", "containerLogMaxSize", "containerLogMaxFiles",
    "failSwapOn", "imageGCHighThresholdPercent", "enableServer", "enableDebuggingHandlers", "healthzBindAddress",
)
"""Settings that are kept. Others may hold credentials (``staticPodURLHeader``) and are not."""

_DECODER = msgspec.json.Decoder(dict[str, dict[str, Any]])  # made before there are threads


def read(source: Source, names: list[str], nodes: Entry, progress: Progress) -> tuple[list[dict[str, Any]], Entry]:
    """A row for each of these nodes, and the ledger's entry. ``nodes`` is the entry of the list that they are from.

    All kubelets are asked within ``source.kubelet_seconds``. Those that were interrupted are asked again if there is
    time left. ``progress`` is called for each of them, or each tenth of many.
    """
    started, ends = now(), time.monotonic() + source.kubelet_seconds
    asked = {name: Kubelet(source, name, ends) for name in names}
    with threads(KUBELETS) as pool:
        for done, one in enumerate(as_read(pool, asked.values()), 1):
            if done % max(1, len(asked) // 10) == 0 or done == len(asked):
                progress(f"kubelet {one.node}", done, len(asked), one.outcome)
    found = [asked[name] for name in names]
    entry = Entry(resource="kubelets", path="/api/v1/nodes/NODE/proxy/configz", outcome=nodes.outcome,
                  reason=nodes.reason, items=sum(one.row["read"] for one in found),
                  bodies=[one.body for one in found if one.body], started=started, ended=now())
    unread = [one for one in found if not one.row["read"]]
    if unread and nodes.outcome == "complete":
        outcomes = {one.outcome for one in unread}
        entry.outcome = "partial" if entry.items else outcomes.pop() if len(outcomes) == 1 else "failed"
        entry.reason = _reason(unread, len(found), source.kubelet_seconds)
    return [one.row for one in found], entry


def _reason(unread: list["Kubelet"], nodes: int, seconds: float) -> str:
    late = sum(one.late for one in unread)
    example = min(unread, key=lambda one: one.late)
    return (f"{len(unread)} of {nodes} nodes gave no configuration, for example {example.node}: {example.row['reason']}"
            + (f"; the {seconds:g} seconds for all kubelets ran out before {late} of them answered" if late else ""))


class Kubelet:
    """One kubelet: its row, the outcome, the response, and whether the time for all kubelets ran out before it came."""

    def __init__(self, source: Source, node: str, ends: float):
        self._source, self.node, self._ends = source, node, ends
        self._begin()

    def _begin(self) -> None:
        self.row: dict[str, Any] = {"node": self.node, "read": False, "reason": "", "settings": []}
        self.outcome: Outcome = "failed"
        self.body: Body | None = None
        self.interrupted = self.late = False

    def read(self) -> "Kubelet":
        """Ask for the configuration."""
        self._begin()
        path = f"/api/v1/nodes/{self.node}/proxy/configz"
        try:
            answer = self._source.get(path, until=self._ends)
        except NoAnswer as error:
            self.row["reason"] = str(error)
            self.late = isinstance(error, TooLate) or time.monotonic() >= self._ends
            self.interrupted = not (self.late or isinstance(error, NeverAnswered))
            return self
        self.body = body_of(path, answer)
        if answer.status != 200:
            self.row["reason"], self.outcome = message(answer), REFUSED.get(answer.status, "failed")
            self.interrupted = passing(answer)
            return self
        try:
            self.row |= {"read": True, "settings": configuration(answer.body)}
            self.outcome = "complete"
        except ValueError as error:
            self.row["reason"] = str(error)
        return self

    def read_again(self) -> "Kubelet":
        """Ask once more. What the first try said stays, unless the second was answered."""
        first = copy(self)
        if self.read().body is None or self.interrupted:
            vars(self).update(vars(first))
        return self


def configuration(body: bytes) -> list[dict[str, str]]:
    """The settings in a ``configz`` answer: key (its path joined by dots) and value as text.

    Raises `ValueError` where the body is no such answer.
    """
    try:
        config = _DECODER.decode(body)["kubeletconfig"]
        return [{"key": key, "value": _text(value)} for key, value in _flat(config) if key in KEPT]
    except (*UNDECODABLE, KeyError) as error:
        raise ValueError(f"the response is not a kubelet configuration ({error})") from None


def _flat(thing: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in thing.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
