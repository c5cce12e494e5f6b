"""Values of Secrets and ConfigMaps are never even asked for: an assertion on a replay server."""

from __future__ import annotations

from .requests import Request, forms
from .server import ReplayServer

METADATA_FORMS = {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"}


def asks_for_values(request: Request) -> bool:
    """True where a server might answer with values. Every form offered counts: it may take any."""
    target = request.target
    if not target or target.group or target.resource not in ("secrets", "configmaps"):
        return False
    kinds = {form.kind for form in forms(request.accept)}
    include = request.query.get("includeObject", "Metadata")
    if target.resource == "secrets":
        return kinds != {"Table"} or request.query.get("includeObject") != "Metadata"
    return not kinds <= METADATA_FORMS or include == "Object"


def assert_no_secret_values(server: ReplayServer) -> None:
    """Secrets only as Table with `includeObject=Metadata`; ConfigMaps only as Table or metadata."""
    wrong = [f"{r.method} {r.url} (Accept: {r.accept})" for r in server.requests if asks_for_values(r)]
    assert not wrong, "values were asked for:\n" + "\n".join(wrong)
