"""A YAML file as plain values plus the line of every key, read as untrusted input.

YAML 1.1 through PyYAML's safe parser, with what a configuration file never needs refused: anchors and
aliases (which can expand to gigabytes), tags, duplicate keys, deep nesting and large files. ``2e-4`` is a
number, as in YAML 1.2; PyYAML alone would read a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from quantlat.errors import RecipeError

MAX_BYTES = 128 * 1024
MAX_DEPTH = 24

NodePath = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset({"null", "bool", "int", "float", "str", "timestamp"})
_EXPONENT = re.compile(r"^[-+]?\d+(?:\.\d*)?[eE][-+]?\d+$")


class _Loader(yaml.SafeLoader):
    pass


_Loader.add_implicit_resolver(_TAG + "float", _EXPONENT, list("-+0123456789"))


@dataclass(frozen=True)
class Mistake:
    """One thing wrong with a file: where, and what to do about it."""

    path: NodePath
    message: str
    line: int | None = None

    def located(self, source: str) -> str:
        """``file:line: key: message``."""
        place = source if self.line is None else f"{source}:{self.line}"
        key = ".".join(str(part) for part in self.path)
        return f"{place}: {key}: {self.message}" if key else f"{place}: {self.message}"


@dataclass(frozen=True)
class Document:
    """A parsed file. ``lines`` maps the path of a key or list item to its line, counted from 1."""

    path: Path
    text: str
    data: dict[str, Any]
    lines: Mapping[NodePath, int]
    mistakes: tuple[Mistake, ...] = field(default=())

    def line_of(self, path: NodePath) -> int:
        """Line of ``path``, or of its nearest ancestor that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        RecipeError: the file is missing, too large, not UTF-8, or not YAML.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise RecipeError(f"{path}: no such file", _neighbours(path)) from None
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise RecipeError(f"{path}: larger than {MAX_BYTES // 1024} KiB, so this is not a recipe")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise RecipeError(f"{path}:{line}: not UTF-8 text") from error
    return parse_document(text, path)


def parse_document(text: str, path: Path) -> Document:
    """Parse YAML text whose top level is a mapping; ``path`` only names it in messages.

    Duplicate keys and unknown tags do not stop the parse: they come back as ``mistakes``, so that they can be
    listed together with whatever the schema finds.

    Raises:
        RecipeError: the text is not YAML, uses anchors or is not a mapping.
    """
    node = _compose(text, str(path))
    if node is None:
        raise RecipeError(f"{path}: the file is empty")
    reader = _Reader()
    data = reader.value(node, ())
    if not isinstance(data, dict):
        raise RecipeError(f"{path}:1: expected 'key: value' lines at the top level, got {_kind(node)}")
    return Document(path, text, data, reader.lines, tuple(reader.mistakes))


def parse_value(text: str) -> Any:
    """The value of a YAML scalar or flow list, as ``--set`` takes it: ``3``, ``2e-4``, ``[0, 2]``, ``null``.

    Raises:
        RecipeError: the text is not YAML.
    """
    node = _compose(text, "value")
    if node is None:
        return None
    reader = _Reader()
    value = reader.value(node, ())
    if reader.mistakes:
        raise RecipeError("\n".join(mistake.located("value") for mistake in reader.mistakes))
    return value


def _compose(text: str, source: str) -> yaml.Node | None:
    try:
        _refuse_expansion(text, source)
        return yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = "" if mark is None else f":{mark.line + 1}"
        problem = error.problem or error.context or "cannot be parsed"
        raise RecipeError(f"{source}{line}: not valid YAML: {problem}", _yaml_advice(problem)) from error
    except yaml.YAMLError as error:
        raise RecipeError(f"{source}: not valid YAML: {error}") from error


def _refuse_expansion(text: str, source: str) -> None:
    depth = 0
    anchors: list[str] = []
    for event in yaml.parse(text, _Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if getattr(event, "anchor", None):
            anchors.append(f"{source}:{line}: anchors (&) and aliases (*) are not allowed; write the value out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise RecipeError(f"{source}:{line}: nested more than {MAX_DEPTH} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    if anchors:
        raise RecipeError("\n".join(anchors))


class _Reader:
    """Turns nodes into plain values and remembers the line of each."""

    def __init__(self) -> None:
        self.lines: dict[NodePath, int] = {}
        self.mistakes: list[Mistake] = []
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, path: NodePath) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        kind = node.tag.removeprefix(_TAG)
        if isinstance(node, yaml.MappingNode) and kind == "map":
            return {key: self.value(value, (*path, key)) for key, value in self._items(node, path)}
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and kind in _SCALARS:
            return self._scalar(node, kind, path)
        self._mistake(path, node, f"the YAML tag '{node.tag}' is not allowed here")
        return None

    def _items(self, node: yaml.MappingNode, path: NodePath) -> Iterator[tuple[str, yaml.Node]]:
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                self._mistake(path, key_node, "a key must be plain text")
            elif (*path, key) in self.lines:
                first = self.lines[(*path, key)]
                self._mistake((*path, key), key_node, f"the key appears twice, first in line {first}")
            else:
                self.lines[(*path, key)] = key_node.start_mark.line + 1
                yield key, value_node

    def _scalar(self, node: yaml.ScalarNode, kind: str, path: NodePath) -> Any:
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return self._scalars.construct_yaml_bool(node)
            if kind == "int":
                return self._scalars.construct_yaml_int(node)
            if kind == "float":
                return self._scalars.construct_yaml_float(node)
        except ValueError:
            self._mistake(path, node, f"'{node.value[:40]}' is not a number")
            return None
        return str(node.value)

    def _mistake(self, path: NodePath, node: yaml.Node, message: str) -> None:
        self.mistakes.append(Mistake(path, message, node.start_mark.line + 1))


def _kind(node: yaml.Node) -> str:
    return "a list" if isinstance(node, yaml.SequenceNode) else f"'{str(node.value)[:40]}'"


def _yaml_advice(problem: str) -> str | None:
    if "\\t" in problem:
        return "Indent with spaces; YAML does not allow tabs."
    if "mapping values are not allowed" in problem:
        return "A value that contains ': ' must be in quotes; also check the indentation."
    if "expected <block end>" in problem:
        return "Check the indentation of this line against the lines above."
    return None


def _neighbours(path: Path) -> str | None:
    folder = path.parent if path.parent.is_dir() else Path("recipes")
    found = sorted(str(file) for file in folder.glob("*.yaml"))[:8] if folder.is_dir() else []
    return f"There is: {', '.join(found)}" if found else None
