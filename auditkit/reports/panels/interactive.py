"""Tables that sort, filter, page and export in a notebook that is open (itables, of the extra ``lab``).

Only what a notebook shows is interactive: the page and the PDF are drawn from the data of a block, as always. Nothing
is loaded from the network. The script of itables is in the output of the first table that a kernel shows, and again
whenever that cell runs anew.
"""

import sys
from importlib.util import find_spec
from typing import Any

import pandas as pd

from auditkit.base import hostile_text as text
from auditkit.errors import MissingDependency
from auditkit.reports.panels.block import environment

MOST = 5000
"""Rows that an interactive table has."""
_PAGE = 10
_EXPORT = {"exportOptions": {"escapeExcelFormula": True}}
_LOOKS: dict[str, Any] = {
    "connected": False, "display_logo_when_loading": False, "showIndex": False, "maxBytes": 0, "maxRows": 0,
    "maxColumns": 0, "pageLength": _PAGE, "ordering": {"indicators": False},
    "columnControl": ["order", "searchDropdown"],
    "buttons": [{"extend": "copyHtml5", "text": "Copy", **_EXPORT}, {"extend": "csvHtml5", "text": "CSV", **_EXPORT}],
    "style": "table-layout: auto; width: 100%; margin: 0", "classes": "display compact auditkit",
}
_STYLE = """<style>.jp-RenderedHTMLCommon table.auditkit :is(th, td), table.auditkit :is(th, td) { text-align: left;
  vertical-align: top; white-space: normal; overflow-wrap: break-word; max-width: 34em; }
.jp-RenderedHTMLCommon table.auditkit th { white-space: nowrap; }
.jp-RenderedHTMLCommon table.auditkit :is(th, td).dt-type-numeric { text-align: right; }</style>"""
_DARK = """<script type="module">const { set_or_remove_dark_class } = await window.%s;
  set_or_remove_dark_class();</script>"""
_wanted = [False]
_carrier: list[tuple[Any, Any]] = []
"""The cell whose output has the script, and the request by which it ran."""


def want(wanted: bool) -> None:
    """Make tables interactive from now on, if itables is there."""
    _wanted[0] = wanted and find_spec("itables") is not None


def wanted() -> bool:
    """True if tables are interactive unless somebody says otherwise."""
    return _wanted[0]


def draw(frame: pd.DataFrame, missing: str = "<NA>") -> str:
    """An interactive table of a DataFrame, as HTML for a notebook; ``missing`` stands for what is not known.

    Raises `MissingDependency`.
    """
    try:
        from itables import to_html_datatable
    except ImportError:
        raise MissingDependency("Interactive tables need the package itables: `pip install 'auditkit[lab]'`.") from None
    shown: str = to_html_datatable(_visible(frame.head(MOST), missing), **_LOOKS)
    cut = f"<p>The first {MOST:,} of {len(frame):,} rows.</p>" if len(frame) > MOST else ""
    figures = environment().get_template("plotly.css").render()
    return f"{_script()}{_STYLE}<style>{figures}</style>{shown}{cut}"


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose index is columns too, where it has a name."""
    named = any(name is not None for name in frame.index.names)
    return frame.rename_axis(columns=None).reset_index(allow_duplicates=True) if named else frame.reset_index(drop=True)


def _visible(frame: pd.DataFrame, missing: str) -> pd.DataFrame:
    """A frame of which texts and names steer nothing; itables escapes them."""
    frame = flat(frame)
    columns = {number: _shown(frame.iloc[:, number], missing) for number in range(frame.shape[1])}
    return pd.DataFrame(columns).set_axis([text.visible(str(name)) for name in frame], axis=1)


def _shown(values: pd.Series, missing: str) -> pd.Series:
    """A column as it is shown: figures as figures, so that they are sorted as such."""
    kind = values.dtype
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) and values.notna().all():
        return values
    return values.map(lambda value: text.visible(str(value)) if _known(value) else missing).astype(object)


def _known(value: Any) -> bool:
    return value is not None and not (pd.api.types.is_scalar(value) and pd.isna(value))


def _script() -> str:
    """What a page needs before it draws the first table."""
    cell = _cell()
    if _carrier and (_carrier[0][0] != cell[0] or _carrier[0] == cell):
        return ""
    from itables import javascript, options

    _carrier[:] = [cell]
    bundle = str(javascript.generate_init_offline_itables_html(options.dt_bundle))
    script, end, _ = bundle.rpartition("</script>")  # a note about the cell of itables itself follows
    return f"{script}{end}{_DARK % javascript._itables_underscore_version()}"


def _cell() -> tuple[Any, Any]:
    """The cell that runs, and the request that runs it."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    asked = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return asked.get("metadata", {}).get("cellId"), asked.get("header", {}).get("msg_id")
