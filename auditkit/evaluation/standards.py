"""The version of the Pod Security Standards that a framework was judged by."""

from collections.abc import Iterable

from auditkit.analysis.pod_security.levels import NEWEST, server_version
from auditkit.evaluation.results import Result


def standard(results: Iterable[Result], asked: str, server_says: str) -> str:
    """The versions of the Pod Security Standards in use, with the reason; empty if no check uses them.

    ``asked`` is the requested version. ``server_says`` is the version of the server, from ``/version``.
    """
    results = list(results)
    said = [f"{version} where the framework sets it" for version in versions(results, fixed=True)]
    server = server_version(server_says)
    for version in versions(results, fixed=False):
        if asked in ("", "latest"):
            why = f" ({f'the server version, {server}' if server else 'the latest; the server version is unknown'})"
        else:
            limit = f"the server is {server}" if server else f"v1.{NEWEST} is the newest known version"
            why = "" if version == asked else f" instead of the requested {asked}: {limit}"
        said.insert(0, f"{version}{why}")
    return "; ".join(said)


def versions(results: Iterable[Result], *, fixed: bool | None = None) -> list[str]:
    """The versions in use; with ``fixed``, only those that the framework sets, or does not set."""
    found = {str(outcome.check.parameters["version"]) for result in results
             for (name, given), outcome in zip(result.requirement.named, result.outcomes, strict=True)
             if name.startswith("pss.") and fixed in (None, given.get("version", "latest") != "latest")}
    return sorted(found, key=lambda version: (len(version), version))
