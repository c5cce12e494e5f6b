"""Inputs that no command can use, by what is wrong with them: each is a function that makes one at a path."""

import gzip
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

DEEP = 50_000
"""Levels of nesting that no stack takes."""


def _text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inner.yaml").write_text("a: [1")
    (path / "circle.yaml").symlink_to(path / "circle.yaml")
    os.mkfifo(path / "pipe.yaml")
    (path / "link.json").symlink_to(path / "pipe.yaml")
    (path / "device.json").symlink_to("/dev/zero")


def _archive(path: Path) -> None:
    huge = tarfile.TarInfo("huge.json")
    huge.size = 1 << 50
    path.write_bytes(huge.tobuf() + bytes(20 << 10))


BAD: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "folder": _folder,
    "empty": _text(""),
    "binary": _bytes(bytes(range(256)) * 20),
    "zeros": _bytes(b"\0" * 4096),
    "circle": lambda path: path.symlink_to(path),
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "deep-json": _text('{"a":' * DEEP),
    "deep-list": _text("[" * DEEP + "]" * DEEP),
    "deep-yaml": _text("".join(f"{' ' * depth}- \n" for depth in range(3_000))),
    "wrong-types": _text('{"framework": [1], "requirements": 3, "exceptions": {"a": 1}, "attestations": "x", "kind": 7, '
                         '"items": {}, "apiVersion": []}'),
    "number": _text("17"),
    "cut-gzip": _bytes(gzip.compress(b'{"kind": "Pod"}' * 100)[:40]),
    "cut-zip": _bytes(b"PK\x03\x04" + bytes(60)),
    "huge-archive": _archive,
}
