"""A row of the input, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

QUESTION_ANSWERING, CLASSIFICATION = "question-answering", "text-classification"
REGRESSION, EMBEDDING = "text-regression", "embedding"

COLUMNS: Mapping[str, tuple[str, ...]] = {
    QUESTION_ANSWERING: ("question", "context"),
    CLASSIFICATION: ("text",),
    REGRESSION: ("text",),
    EMBEDDING: ("text",),
}
"""Columns that hold the texts, by task; ``id`` may stand beside them."""

OPTIONAL: Mapping[str, tuple[str, ...]] = {
    QUESTION_ANSWERING: (),
    CLASSIFICATION: ("text_pair",),
    REGRESSION: ("text_pair",),
    EMBEDDING: (),
}
"""Columns that may hold another text."""

MAX_ROW_BYTES = 4 << 20
MAX_TEXT_CHARS = 1_000_000


@dataclass(frozen=True)
class RawRow:
    """A row as it was read.

    Attributes:
        number: line of a JSONL file or row of a Parquet file, counted from 1.
        value: the parsed row; ``None`` when it could not be read.
        problem: why not.
    """

    number: int
    value: Any
    problem: str | None = None


@dataclass(frozen=True)
class Row:
    """A row that can be scored."""

    number: int
    id: str | int | None
    texts: tuple[str, ...]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be scored."""

    number: int
    id: str | int | None
    reason: str


@dataclass(frozen=True)
class Chunk:
    """Neighbouring rows that are scored and stored together.

    Attributes:
        index: its place in the file, counted from 0.
    """

    index: int
    rows: tuple[RawRow, ...]


def parse_line(number: int, line: bytes) -> RawRow:
    """A line of a JSONL file."""
    if len(line) > MAX_ROW_BYTES:
        return RawRow(number, None, f"the line is longer than {MAX_ROW_BYTES >> 20} MiB")
    try:
        return RawRow(number, json.loads(line.decode("utf-8")))
    except UnicodeDecodeError:
        return RawRow(number, None, "the line is not UTF-8")
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply or a number too long"
        return RawRow(number, None, f"the line is not JSON: {reason}")


def parse_row(raw: RawRow, task: str) -> Row | BadRow:
    """Check a row: an object, with texts that are there and not empty, and an id that is text or a whole number."""
    if raw.problem is not None:
        return BadRow(raw.number, None, raw.problem)
    if not isinstance(raw.value, Mapping):
        return BadRow(raw.number, None, f"expected an object with {_named(task)}, got {_kind(raw.value)}")
    own = raw.value.get("id")
    if isinstance(own, bool) or not isinstance(own, str | int | None):
        return BadRow(raw.number, None, f"id must be text or a whole number, got {_kind(own)}")
    columns = COLUMNS[task] + tuple(name for name in OPTIONAL[task] if raw.value.get(name) is not None)
    for column in columns:
        if reason := _text_problem(column, raw.value):
            return BadRow(raw.number, _storable(own), reason)
    return Row(raw.number, _storable(own), tuple(raw.value[column] for column in columns))


def _text_problem(column: str, value: Mapping[str, Any]) -> str | None:
    if column not in value:
        return f"{column} is missing"
    text = value[column]
    if not isinstance(text, str):
        return f"{column} must be text, got {_kind(text)}"
    if not text.strip():
        return f"{column} is empty"
    if len(text) > MAX_TEXT_CHARS:
        return f"{column} has {len(text)} characters, more than {MAX_TEXT_CHARS}"
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return f"{column} holds half of a surrogate pair, which is no character"
    return None


def _storable(own: str | int | None) -> str | int | None:
    """An id as UTF-8 can hold it."""
    return own.encode("utf-8", "replace").decode() if isinstance(own, str) else own


def _named(task: str) -> str:
    return " and ".join(COLUMNS[task])


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "null"}
    return kinds.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)
