"""The configuration of each node's kubelet, through the API server's proxy to the node."""

from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.base.undecodable import UNDECODABLE

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


def configuration(body: bytes) -> list[dict[str, str]]:
    """The settings in a ``configz`` answer: key (its path joined by dots) and value as text.

    Raises `ValueError` where the body is no such answer.
    """
    try:
        config = msgspec.json.decode(body, type=dict[str, dict[str, Any]])["kubeletconfig"]
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
