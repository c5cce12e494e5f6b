"""Where a table's file was changed: its pages have checksums, which tell the row group and the column."""

import pyarrow as pa
import pyarrow.parquet as pq

_SHOWN = 3


def encoded(table: pa.Table) -> pa.Buffer:
    """The bytes of a table's file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue()


def damaged(content: bytes) -> str:
    """In which parts the bytes of a file are damaged, in words."""
    try:
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        groups, names = file.num_row_groups, file.schema_arrow.names
    except (pa.ArrowException, OSError):
        return "its footer, which describes it, cannot be read"
    parts = [f"row group {group + 1} of {groups}, {_columns(file, group, names)}" for group in range(groups)
             if _columns(file, group, names)]
    return "; ".join(parts) or "its pages are as they were written, so it is its footer, or bytes between its pages"


def _columns(file: pq.ParquetFile, group: int, names: list[str]) -> str:
    """The columns of a row group that cannot be read as they were written."""
    wrong = []
    for name in names:
        try:
            file.read_row_group(group, columns=[name])
        except (pa.ArrowException, OSError):
            wrong.append(name)
    more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    return f"column {', '.join(wrong[:_SHOWN])}{more}" if wrong else ""
