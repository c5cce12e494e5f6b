"""Characters that no font of this machine can draw. An archive's PDF (PDF/A) may not have any."""

from functools import cache
from typing import Any

_LATIN = 0x250
"""Below this, every font that a system comes with has all of what is visible."""


def drawable(text: str) -> str:
    """The text with each character written out (``\\u{65e5}``) for which no font that Pango finds has a glyph."""
    missing = {ord(char): f"\\u{{{ord(char):x}}}" for char in set(text) if ord(char) >= _LATIN and not _has_glyph(char)}
    return text.translate(missing) if missing else text


@cache
def _has_glyph(char: str) -> bool:
    from weasyprint.text.ffi import pango

    layout = _layout()
    encoded = char.encode()
    pango.pango_layout_set_text(layout, encoded, len(encoded))
    return not pango.pango_layout_get_unknown_glyphs_count(layout)


@cache
def _layout() -> Any:
    """A layout of Pango's own, on the fonts that WeasyPrint draws with.

    It is kept until the process ends and is never freed: when Python clears its modules, Pango may be unloaded before
    it, and to free it then is a crash.
    """
    from weasyprint.text.ffi import ffi, pango, pangoft2

    ffi.cdef("int pango_layout_get_unknown_glyphs_count (PangoLayout *layout);")
    fonts = pangoft2.pango_ft2_font_map_new()
    context = pango.pango_font_map_create_context(fonts)
    return pango.pango_layout_new(context)
