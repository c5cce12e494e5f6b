"""Compression of a PDF's streams, once.

pydyf 0.13 compresses a stream whenever it is asked for its bytes: to write it, and again for the identifier of the
file, each time at the level that takes longest. A stream that is compressed already it writes as it is.
"""

import zlib
from typing import Any

from auditkit.reports.page.integrity import content

_LEVEL = 6
"""Of zlib: a third of the time of level 9 for the attachments, and 3 % more bytes."""


def press(pdf: Any) -> None:
    """Compress the streams of a PDF of pydyf before it is written; nothing may be read from them after that."""
    import pydyf

    for each in pdf.objects:
        if isinstance(each, pydyf.Stream) and each.compress:
            each.stream, each.compress = [zlib.compress(content(each), _LEVEL)], False
            each.extra["Filter"] = "/FlateDecode"
