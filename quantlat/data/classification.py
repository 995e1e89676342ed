"""Labelled texts: JSON lines (SST-2, TREC style) and tab-separated files with a header (GLUE style).

Columns: ``text`` (or ``sentence``, ``sentence1``, ``question``), optionally ``text_pair`` (or ``sentence2``),
and ``label``: a whole number from 0, or a name. Names become numbers in alphabetical order, or in the order
given.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantlat.data.examples import TextExample
from quantlat.data.squad import read_text
from quantlat.errors import DataError

_TEXT_KEYS = ("text", "sentence", "sentence1", "question")
_PAIR_KEYS = ("text_pair", "sentence2")


@dataclass(frozen=True)
class TextFile:
    """Labelled texts and the names of their classes: ``labels[example.label]``."""

    examples: tuple[TextExample, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    id: str
    text: str
    pair: str | None
    label: str | int


def read_jsonl(path: str | os.PathLike[str], *, labels: Sequence[str] | None = None) -> TextFile:
    """Read one JSON object a line.

    Args:
        path: the file.
        labels: names of the classes in order; give those of the training part when reading another part.

    Raises:
        DataError: with the number of the first line that cannot be used.
    """
    path = Path(path)
    rows = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path}:{number}: not valid JSON: {error}", "Each line must be one complete JSON object."
            ) from None
        if not isinstance(record, dict):
            raise DataError(
                f"{path}:{number}: expected an object, found {type(record).__name__}",
                'Each line must look like {"text": "...", "label": 0}.',
            )
        rows.append(_row(record, path, number))
    return _number_labels(rows, path, labels)


def read_tsv(path: str | os.PathLike[str], *, labels: Sequence[str] | None = None) -> TextFile:
    """Read tab-separated values with a header line; quotes have no special meaning, as in GLUE.

    Args:
        path: the file.
        labels: as in :func:`read_jsonl`.

    Raises:
        DataError: with the number of the first line that cannot be used.
    """
    path = Path(path)
    lines = [line.rstrip("\r") for line in read_text(path).split("\n")]
    header = [name.strip() for name in lines[0].split("\t")]
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != len(header):
            raise DataError(
                f"{path}:{number}: expected {len(header)} columns ({', '.join(header)}), found {len(cells)}",
                "Columns are separated by single tabs; the first line names them.",
            )
        record: dict[str, Any] = dict(zip(header, cells, strict=True))
        label = str(record.get("label", ""))
        record["label"] = int(label) if label.isascii() and label.isdigit() else label
        rows.append(_row(record, path, number))
    return _number_labels(rows, path, labels)


def _row(record: dict[str, Any], path: Path, number: int) -> _Row:
    text = next((record[key] for key in _TEXT_KEYS if key in record), None)
    pair = next((record[key] for key in _PAIR_KEYS if key in record), None)
    label = record.get("label")
    if not isinstance(text, str):
        raise DataError(f"{path}:{number}: no text", f"One of {', '.join(_TEXT_KEYS)} must hold the text.")
    if not isinstance(pair, str | None):
        raise DataError(f"{path}:{number}: the second text is not a text", f"Check {' or '.join(_PAIR_KEYS)}.")
    if isinstance(label, bool) or not isinstance(label, int | str) or label == "":
        raise DataError(f"{path}:{number}: label {label!r} is not usable", "A whole number from 0, or a name.")
    if isinstance(label, int) and label < 0:
        raise DataError(f"{path}:{number}: label {label} is negative", "Unlabelled rows (-1) cannot be used.")
    return _Row(number, str(record.get("id", number)), text, pair, label)


def _number_labels(rows: list[_Row], path: Path, labels: Sequence[str] | None) -> TextFile:
    if not rows:
        raise DataError(f"{path} holds no labelled text", "At least one line is needed.")
    number = next((row for row in rows if isinstance(row.label, int)), None)
    if number is not None and any(isinstance(row.label, str) for row in rows):
        raise DataError(
            f"{path}:{number.line}: label {number.label} is a number, but other labels of the file are names",
            "Use names throughout, or numbers throughout.",
        )
    names = tuple(labels) if labels is not None else _names(row.label for row in rows)
    index = {name: number for number, name in enumerate(names)}
    examples = []
    for row in rows:
        label = index.get(row.label) if isinstance(row.label, str) else row.label
        if label is None or label >= len(names):
            raise DataError(
                f"{path}:{row.line}: label {row.label!r} is not one of the classes {', '.join(names)}",
                "A file must use the labels of the training file.",
            )
        examples.append(TextExample(row.id, row.text, row.pair, label))
    return TextFile(tuple(examples), names)


def _names(labels: Iterable[str | int]) -> tuple[str, ...]:
    found = set(labels)
    texts = sorted(label for label in found if isinstance(label, str))
    numbers = [label for label in found if isinstance(label, int)]
    return tuple(texts) if texts else tuple(str(number) for number in range(max(numbers) + 1))
