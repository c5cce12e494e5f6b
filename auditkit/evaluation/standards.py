"""The version of the Pod Security Standards that a framework was judged by."""

from collections.abc import Iterable

from auditkit.analysis.pod_security.levels import NEWEST, server_version
from auditkit.evaluation.results import Result


def standard(results: Iterable[Result], asked: str, server_says: str) -> str:
    """The version that was judged by, and why that one; empty where none was.

    ``asked`` is the version that was asked for, ``server_says`` that of the server, as its ``/version`` tells.
    """
    results = list(results)
    said = [f"{version} where the framework says so" for version in versions(results, fixed=True)]
    server = server_version(server_says)
    for version in versions(results, fixed=False):
        if asked in ("", "latest"):
            why = f" ({f'as the server, {server}' if server else 'the latest; the version of the server is not known'})"
        else:
            limit = f"the server is {server}" if server else f"v1.{NEWEST} is the last"
            why = "" if version == asked else f", though {asked} was asked for: {limit}"
        said.insert(0, f"{version}{why}")
    return "; ".join(said)


def versions(results: Iterable[Result], *, fixed: bool | None = None) -> list[str]:
    """The versions that were judged by; those only that the framework fixes, or not."""
    found = {str(outcome.check.parameters["version"]) for result in results
             for (name, given), outcome in zip(result.requirement.named, result.outcomes, strict=True)
             if name.startswith("pss.") and fixed in (None, given.get("version", "latest") != "latest")}
    return sorted(found, key=lambda version: (len(version), version))
