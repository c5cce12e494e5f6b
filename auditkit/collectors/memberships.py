"""Who is in which group, as a CSV file says: a cluster does not know."""

import csv
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from auditkit import tables
from auditkit.base.files import given
from auditkit.collectors.listing import now
from auditkit.errors import UsageError
from auditkit.snapshots.ledger import Body, Entry

SOURCE = "memberships"
COLUMNS = ["user", "group"]


def read_memberships(path: Path | str) -> tuple[pa.Table, Entry]:
    """The rows of the table `memberships`, and the ledger's entry with the digest of the file.

    The first line names the columns, ``user`` and ``group`` among them; names are as the API server has them.
    Raises `UsageError` with the line where it is not so: half a list of members is worse than none.
    """
    path, started = Path(path), now()
    content = given(path)
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        if not set(COLUMNS) <= set(rows.fieldnames or ()):
            raise UsageError(f"{path}: the first line must have the columns user and group.")
        pairs = dict.fromkeys(_pair(path, rows.line_num, row) for row in rows)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as CSV: {' '.join(str(error).split())[:200]}. "
                         "Save it as CSV in UTF-8.") from None
    columns = [pa.array(values, pa.string()) for values in ([user for user, _ in pairs], [group for _, group in pairs])]
    entry = Entry(resource=SOURCE, path=path.name, outcome="complete", items=len(pairs), started=started, ended=now(),
                  bodies=[Body(path.name, 0, len(content), hashlib.sha256(content).hexdigest())])
    return pa.Table.from_arrays(columns, schema=tables.table(SOURCE).schema), entry


def _pair(path: Path, line: int, row: Mapping[str, str | None]) -> tuple[str, str]:
    """The user and group of a line. Raises `UsageError` where one of them is missing."""
    user, group = ((row[name] or "").strip() for name in COLUMNS)
    if not user or not group:
        raise UsageError(f"{path}, line {line}: the line has no {'group' if user else 'user'}. Add it.")
    return user, group
