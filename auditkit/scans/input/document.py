"""A file that was opened: its values, streamed, whatever form it has.

JSON may begin with lines of a log, as tools print them before their report; each line of JSON lines may have a
container runtime's prefix, and lines of a log may stand between them.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any, BinaryIO, Literal

import msgspec

from auditkit.scans.input import formats, json_stream, skim, yaml_stream
from auditkit.scans.model import Broken, Gap, Position

HEAD = 256 << 10
MAX_LINE = 16 << 20
MAX_CELL = 1 << 20


class File:
    """One file or member of an archive, as `auditkit.scans.model.Document` says.

    ``head`` has the keys of a JSON document wherever they stand in it. ``open`` gives a new stream of its content in
    UTF-8 each time. ``gaps`` has what could not be read of it so far, ``items`` how many lines, documents, rows or
    elements were. Raises `Broken` where it has none of the forms.
    """

    def __init__(self, name: str, open: Callable[[], BinaryIO]):
        self.name = name
        self._open = open
        self._broken: dict[str, Gap] = {}
        self._malformed: dict[str, tuple[int, str]] = {}
        self._read: dict[str, int] = {}
        self._documents: list[Any] | None = None
        with closing(open()) as stream:
            self._beginning = stream.read(HEAD)
            if b"\n" not in self._beginning:
                self._beginning += stream.readline(MAX_LINE)
            self._whole = not stream.read(1)
        form, self._start = self._recognise()
        self._joined = form == "joined"
        self.form: Literal["json", "lines", "yaml", "csv"] = "lines" if form == "joined" else form
        self.head = self._head()
        del self._beginning
        self._read.clear()

    @property
    def items(self) -> int:
        return sum(self._read.values())

    @property
    def gaps(self) -> list[Gap]:
        """What was lost so far: a gap for each way of losing."""
        return [*self._broken.values(), *(
            Gap(f"{count} of its {what} could not be read; the first is {first}", count)
            for what, (count, first) in self._malformed.items()
        )]

    def lose(self, what: str, place: str, why: object = "") -> None:
        """Note that one of the ``lines``, ``documents``, ``results`` … could not be understood."""
        count, first = self._malformed.get(what, (0, f"{place} ({why})" if why else place))
        self._malformed[what] = count + 1, first

    def _break(self, broken: Broken) -> None:
        self._broken.setdefault(str(broken), Gap(str(broken)))

    # --- its form --------------------------------------------------------------------------------------------------

    def _recognise(self) -> tuple[formats.Form, int]:
        content = self._beginning.lstrip()
        if not content:
            raise Broken("it is empty" if self._whole else f"its first {HEAD >> 10} KiB are blank")
        if self._whole and content.strip() == b"null":
            return "json", 0
        if formats.looks_like_yaml(content) and any(isinstance(value, dict | list) for value in self._yaml()):
            return "yaml", 0
        if found := formats.find_json(self._beginning, self._whole):
            return found
        if formats.looks_like_csv(content):
            return "csv", 0
        reasons = [*self._broken, f"it is neither JSON, YAML nor CSV (it begins with the byte {content[0]:#04x})"]
        raise Broken(reasons[0])

    def _head(self) -> Any:
        if self.form != "json":
            return next(self.values(), dict.fromkeys(self._names()) if self.form == "csv" else None)
        whole = self._whole and len(self._beginning) <= self._start + HEAD
        head = _sketch(self._beginning[self._start:self._start + HEAD], self._break if whole else None)
        return head if whole else self._with_later_keys(head)

    def _with_later_keys(self, head: Any) -> Any:
        """The beginning of a large document, and each key that stands beyond it with the beginning of its value."""
        root = head[0] if isinstance(head, list) and head else head
        if not isinstance(root, dict):
            return head
        inside: Any = None
        with closing(self._content()) as stream:
            for key in skim.keys(stream):
                if key.depth == 1:
                    if key.at >= HEAD and key.name not in root:
                        root[key.name] = _sketch(key.value)
                    inside = root.get(key.name)
                elif key.at >= HEAD and isinstance(inside, dict) and key.name not in inside:
                    inside[key.name] = _sketch(key.value)
        return head

    # --- what it holds ---------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[bytes]:
        """Each JSON object of JSON lines as bytes; a whole JSON document is one."""
        if self.form != "lines" or self._joined:
            for value in self.values():
                yield msgspec.json.encode(value)
        else:
            for _, line in self._numbered_lines():
                yield line

    def values(self, type: Any = Any) -> Iterator[Any]:
        """Each line, document or row, decoded as this type; what does not decode becomes a gap."""
        if self.form == "lines" and not self._joined:
            yield from self._line_values(type)
        elif self.form == "lines":
            yield from self._convert("documents", self._joined_values(), type)
        elif self.form == "yaml":
            yield from self._convert("documents", self._yaml(), type)
        elif self.form == "csv":
            yield from self._convert("rows", self._rows(), type)
        else:
            yield from self._convert("documents", [self.outline()], type)

    def outline(self, *without: str) -> Any:
        """The document without the elements of the lists at these paths, and without other values at these paths.

        A place that should be a list and is none is a gap.
        """
        outline = json_stream.Outline(*without)
        with closing(self._json()) as stream:
            try:
                outline.build(stream)
            except Broken as broken:
                self._break(broken)
        for place in outline.wrong[:1]:
            self._broken.setdefault(place, Gap(f"{place} is not a list"))
        return getattr(outline, "value", None)

    def each(self, path: str, type: Any = Any) -> Iterator[tuple[Position, Any]]:
        """The elements at a path (see `json_stream`), each with its position, decoded as this type."""
        count, what = 0, path.replace("[]", "")
        self._malformed.pop(what, None)
        with closing(self._json()) as stream:
            try:
                for position, value in json_stream.elements(stream, path):
                    count += 1
                    try:
                        yield position, value if type is Any else msgspec.convert(value, type)
                    except (msgspec.ValidationError, RecursionError) as error:
                        self.lose(what, _place(path, position), error)
            except Broken as broken:
                self._break(broken)
            finally:
                self._read[path] = max(count, self._read.get(path, 0))

    # --- how it is read --------------------------------------------------------------------------------------------

    def _content(self) -> BinaryIO:
        stream = self._open()
        left = self._start
        while left and (skipped := len(stream.read(left))):  # nothing, where the file has been cut since
            left -= skipped
        return stream

    def _json(self) -> BinaryIO:
        """The document as JSON: of YAML and of JSON lines the first."""
        if self.form == "json":
            return self._content()
        values = self.values()
        first = next(values, None)
        if next(values, None) is not None:
            self._break(Broken("it has several documents; only the first was read"))
        return io.BytesIO(msgspec.json.encode(first))

    def _convert(self, what: str, values: Iterable[Any], type: Any) -> Iterator[Any]:
        count = 0
        self._malformed.pop(what, None)
        try:
            for count, value in enumerate(values, 1):
                try:
                    yield value if type is Any else msgspec.convert(value, type)
                except (msgspec.ValidationError, RecursionError) as error:
                    self.lose(what, f"number {count}", error)
        except Broken as broken:
            self._break(broken)
        finally:
            self._read[what] = max(count, self._read.get(what, 0))

    def _line_values(self, type: Any) -> Iterator[Any]:
        decode = msgspec.json.Decoder(type).decode
        for number, line in self._numbered_lines():
            try:
                yield decode(line)
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
                why = error if isinstance(error, msgspec.MsgspecError) else error.__class__.__name__
                self.lose("lines", f"line {number}", why)

    def _numbered_lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines with a JSON object; others are lines of a log, but for what seems to be a piece of JSON."""
        count = number = 0
        self._malformed.pop("lines", None)
        with closing(self._content()) as stream:
            try:
                for number, line in enumerate(map(formats.json_of, _lines(stream)), 1):
                    if len(line) > MAX_LINE:
                        self.lose("lines", f"line {number}", f"it is longer than {MAX_LINE >> 20} MiB")
                    elif line[:1] == b"{":
                        count += 1
                        yield number, line
                    elif line.rstrip()[-1:] == b"}":
                        self.lose("lines", f"line {number}", "it is incomplete JSON")
            except Broken as broken:
                self._break(broken)
            finally:
                self._read["lines"] = max(count, self._read.get("lines", 0))

    def _joined_values(self) -> Iterator[Any]:
        with closing(self._content()) as stream:
            yield from json_stream.values(stream)

    def _yaml(self) -> list[Any]:
        """The YAML documents, parsed once; a break is noted."""
        if self._documents is None:
            self._documents = []
            with closing(self._open()) as stream:
                try:
                    self._documents.extend(yaml_stream.documents(stream.read(yaml_stream.MAX_BYTES + 1)))
                except Broken as broken:
                    self._break(broken)
        return self._documents

    def _names(self, first: str | None = None) -> list[str]:
        """The columns of CSV, as the first line has them."""
        first = self._beginning.decode("utf-8", "replace").lstrip() if first is None else first
        return next(csv.reader([first.partition("\n")[0]], delimiter=_separator(first)), [])

    def _rows(self) -> Iterator[dict[str, str]]:
        csv.field_size_limit(MAX_CELL)
        with closing(self._content()) as stream:
            text = io.TextIOWrapper(stream, "utf-8", errors="replace", newline="")
            first = text.readline(MAX_CELL)
            separator, names = _separator(first), self._names(first)
            self._malformed.pop("rows", None)
            ended = _Ended(text)
            rows = csv.reader(ended, delimiter=separator, strict=True)
            while True:
                at = rows.line_num + 2  # the line on which the row begins, after that of the header
                try:
                    cells = next(rows)
                except StopIteration:
                    break
                except csv.Error as error:
                    if ended.over:
                        raise Broken(f"it is cut off in the row at line {at}") from None
                    self.lose("rows", f"line {at}", error)
                    continue
                if len(cells) == len(names):
                    yield dict(zip(names, cells, strict=True))
                elif cells:
                    self.lose("rows", f"line {at}", f"it has {len(cells)} cells for {len(names)} columns")
            if not ended.whole:
                raise Broken(f"its last line ({rows.line_num + 1}) is not terminated, so the file may be cut off")


def _sketch(beginning: bytes, broken_off: Callable[[Broken], None] | None = None) -> Any:
    """What there is of a value in its beginning."""
    outline = json_stream.Outline()
    try:
        outline.build(io.BytesIO(beginning))
    except Broken as broken:
        if broken_off:
            broken_off(broken)
    return getattr(outline, "value", None)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines without their end; of one longer than the limit only its beginning, which is longer than the limit."""
    while line := stream.readline(MAX_LINE + 2):
        if len(line) > MAX_LINE + 1:
            while (rest := stream.readline(MAX_LINE)) and rest[-1:] != b"\n":
                pass
        yield line.rstrip(b"\r\n")


class _Ended:
    """The lines of a text; whether they are ``over``, and whether the last was ``whole``: it ended as lines do."""

    def __init__(self, lines: Iterable[str]):
        self._lines, self.over, self.whole = iter(lines), False, True

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.whole = line[-1:] in "\r\n"
            yield line
        self.over = True


def _separator(first: str) -> str:
    first = first.partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","


def _place(path: str, position: Position) -> str:
    """``results[].failures|errors[]`` with what is known: ``results[3].failures[0]``."""
    known = iter(position)
    return re.sub(r"\[\]|\*|[^.\[\]]+\|[^.\[\]]+",
                  lambda mark: f"[{next(known)}]" if mark[0] == "[]" else str(next(known)), path)
