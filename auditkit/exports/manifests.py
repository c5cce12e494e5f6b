"""Proposed roles and bindings as YAML, with what is known of them in front."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.base.files import unwritable
from auditkit.base.hostile_text import count, one_line
from auditkit.errors import UsageError

if TYPE_CHECKING:
    from auditkit.analysis.rights.propose import Proposal


def text(proposal: "Proposal") -> str:
    """The manifests of a proposal; empty where nothing is proposed."""
    import yaml

    if not proposal.manifests:
        return ""
    head = [f"Rights that {proposal.subject.called} used: {count(proposal.requests, 'request')}, of which these roles "
            f"refuse {proposal.refused}.", *proposal.notes]
    comments = "".join(f"# {one_line(line)}\n" for line in head)
    return comments + str(yaml.safe_dump_all(proposal.manifests, sort_keys=False, explicit_start=True))


def write(proposal: "Proposal", folder: Path) -> Path:
    """Write the manifests into a folder, as one file. Raises `UsageError` where it is there already, or cannot be
    written."""
    name = re.sub(r"[^a-z0-9.-]+", "-", proposal.manifests[0]["metadata"]["name"])
    path = folder / f"{name}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text(proposal))
    except FileExistsError:
        raise UsageError(f"{path} exists already, and is not overwritten. Remove it, or give another folder.") from None
    except OSError as error:
        raise UsageError(unwritable(path, error)) from None
    return path
