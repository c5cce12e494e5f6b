"""Kubernetes objects in files that people or their tools wrote, each with the file and line where it begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from auditkit.base.files import given
from auditkit.base.go_yaml import GoLoader
from auditkit.errors import DefinitionError, UsageError

ENDS = (".yaml", ".yml", ".json")
_DEEPEST = 200
_FREE = frozenset(["data", "stringData", "binaryData", "annotations", "args", "command", "value", "description"])
"""Fields of any text, in which two braces may be meant."""


@dataclass(frozen=True, eq=False)
class Document:
    """An object of a file. ``file`` is the path as it was given, ``line`` where the object begins."""

    file: Path
    line: int
    thing: dict[str, Any]

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return f"{self.file}, line {self.line}"

    def wrong(self, what: str) -> DefinitionError:
        """The error for a mistake in it."""
        return mistake(self.file, self.line, what)


def mistake(file: Path, line: int, what: str) -> DefinitionError:
    """The error for a mistake at a place."""
    error = DefinitionError(f"{file}, line {line}: {what}.")
    error.line = line
    return error


def documents(path: Path) -> Iterator[Document]:
    """The objects of a file, or of the YAML and JSON files of a folder and its folders; those of a List one by one.

    Raises `UsageError` for what cannot be read, and `DefinitionError` with file and line for what is no object, for
    aliases, and for templates that were not rendered.
    """
    for file in _files(path):
        for node, whole in _documents(file):
            yield from _objects(file, node, whole)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.name.endswith(ENDS) and each.is_file())
    if chart := next((each for each in found if each.name == "Chart.yaml"), None):
        raise UsageError(f"{chart.parent} is a Helm chart. Give what `helm template` makes of it.")
    if (plan := next((each for each in found if each.stem == "kustomization"), None)) is not None:
        raise UsageError(f"{plan.parent} is to be built by kustomize. Give what `kustomize build` makes of it.")
    return found


def _documents(file: Path) -> Iterator[tuple[yaml.Node, Any]]:
    content = given(file)
    loader = None
    try:
        loader = GoLoader(content)
        while loader.check_node():
            node = loader.get_node()
            _verify(file, node)
            yield node, loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        if _templated(content, line):
            _refuse(file, line, NOT_RENDERED)
        why = getattr(error, "problem", None) or getattr(error, "reason", "it is cut")
        _refuse(file, line, f"it is no YAML: {why}")
    except (RecursionError, ValueError, OverflowError) as error:
        _refuse(file, 1, f"it cannot be read: {error}")
    finally:
        if loader:
            loader.dispose()


NOT_RENDERED = "this is a template that was not rendered; give what `helm template` or your tool makes of it"


def _templated(content: bytes, line: int) -> bool:
    """Whether a line that is no YAML, or the one before it, is of a template."""
    return b"{{" in b"\n".join(content.splitlines()[max(line - 2, 0):line])


def _verify(file: Path, root: yaml.Node) -> None:
    """Refuse what unfolds or nests without end: an alias makes one node a child of several."""
    seen: set[int] = set()
    todo = [(root, 0)]
    while todo:
        node, depth = todo.pop()
        if isinstance(node, yaml.ScalarNode):
            continue
        if id(node) in seen:
            _refuse(file, node.start_mark.line + 1, "aliases of YAML are not followed here; write the value out")
        if depth > _DEEPEST:
            _refuse(file, node.start_mark.line + 1, f"its lists and mappings are nested more than {_DEEPEST} deep")
        seen.add(id(node))
        children = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        todo += [(child, depth + 1) for child in children]


def _objects(file: Path, node: yaml.Node, whole: Any) -> Iterator[Document]:
    line = node.start_mark.line + 1
    if whole is None:
        return
    if not isinstance(whole, dict) or "kind" not in whole:
        if _braces(node):
            _refuse(file, _braces(node), NOT_RENDERED)
        _refuse(file, line, "this document is no Kubernetes object: it has no kind")
    if not str(whole["kind"]).endswith("List") or not isinstance(whole.get("items"), list):
        if _braces(node):
            _refuse(file, _braces(node), NOT_RENDERED)
        yield Document(file, line, whole)
        return
    items = next(value for key, value in node.value if key.value == "items")
    kind = str(whole["kind"]).removesuffix("List")
    for inner, each in zip(items.value, whole["items"], strict=True):
        said = {"apiVersion": whole.get("apiVersion"), "kind": kind} if kind and isinstance(each, dict) else {}
        yield from _objects(file, inner, {**said, **each} if said else each)


def _braces(root: yaml.Node) -> int:
    """The line of a text that a template would fill in; 0 where there is none."""
    todo = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, yaml.ScalarNode) and "{{" in node.value:
            return int(node.start_mark.line) + 1
        if isinstance(node, yaml.SequenceNode):
            todo += node.value
        elif isinstance(node, yaml.MappingNode):
            todo += [part for key, value in node.value if str(key.value) not in _FREE for part in (key, value)]
    return 0


def _refuse(file: Path, line: int, what: str) -> NoReturn:
    raise mistake(file, line, what) from None
