"""Labelled texts: JSON lines (SST-2, TREC style) and tab-separated files (GLUE style), with a header or without.

Columns: ``text`` (or ``sentence``, ``sentence1``, ``question1``, ``question``), optionally ``text_pair`` (or
``sentence2``, ``question2``), and ``label``: a whole number from 0, or a name; other names of columns are given by
:class:`TextColumns`. Names become numbers in alphabetical order, or in the order given. Where ratings are asked for,
a label is any finite number.

A row that cannot be used (cells missing, no text, no label, a label of -1) is left out and counted; a file that
cannot be understood, or most of whose rows cannot be used, is an error.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from quantlat.data.examples import RatedExample, TextExample
from quantlat.data.squad import MAX_SAMPLES, read_text
from quantlat.errors import DataError, StorageError

_TEXT_KEYS = ("text", "sentence", "sentence1", "question1", "question")
_PAIR_KEYS = ("text_pair", "sentence2", "question2")
_UNLABELLED = (None, "", "-", -1, "-1")
_UNRATED = (None, "", "-")
_MOST_BAD = 0.5  # more than that, and the columns are not what they were taken for


@dataclass(frozen=True)
class TextColumns:
    """Which column holds what; ``None``: texts are in one of the usual ones, labels in none.

    Attributes:
        rated: labels are ratings: any finite number, no class.
    """

    text: str | None = None
    text_pair: str | None = None
    label: str | None = "label"
    rated: bool = False

    @property
    def numbered(self) -> bool:
        """Columns are given by number, from 1, because the file has no header (GLUE's CoLA)."""
        given = [name for name in (self.text, self.text_pair, self.label) if name is not None]
        return bool(given) and all(name.isascii() and name.isdigit() for name in given)


@dataclass(frozen=True)
class TextIssues:
    """What was wrong in a set that could be used all the same.

    Attributes:
        texts: rows read, before any was dropped.
        dropped_rows: rows left out: damaged, without text, or with a label that is none.
        unlabelled_rows: rows left out because they carry no label (empty, ``-`` or -1), as test parts do.
        samples: up to ten of the dropped rows, in words.
    """

    texts: int
    dropped_rows: int = 0
    unlabelled_rows: int = 0
    samples: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """True when nothing had to be dropped."""
        return not (self.dropped_rows or self.unlabelled_rows)

    def __add__(self, other: TextIssues) -> TextIssues:
        return TextIssues(
            self.texts + other.texts,
            self.dropped_rows + other.dropped_rows,
            self.unlabelled_rows + other.unlabelled_rows,
            (self.samples + other.samples)[:MAX_SAMPLES],
        )

    def summary(self) -> str:
        """One line for a log or a report."""
        if self.clean:
            return f"{self.texts:,} texts, no issues"
        return f"{self.texts:,} texts: {self.dropped_rows:,} rows unusable, {self.unlabelled_rows:,} without a label"


@dataclass(frozen=True)
class TextFile:
    """Labelled texts, the names of their classes (``labels[example.label]``), and what was wrong with the rest.

    Rated texts are :class:`RatedExample` and have no classes.
    """

    examples: tuple[TextExample, ...]
    labels: tuple[str, ...]
    issues: TextIssues


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    id: str
    text: str
    pair: str | None
    label: str | int | float


def read_texts(
    path: str | os.PathLike[str], *, columns: TextColumns | None = None, labels: Sequence[str] | None = None
) -> TextFile:
    """Read a file by its ending: ``.tsv`` or ``.txt`` as tab-separated values, anything else as JSON lines.

    Arguments and errors as of :func:`read_jsonl`.
    """
    read = read_tsv if Path(path).suffix in (".tsv", ".txt") else read_jsonl
    return read(path, columns=columns, labels=labels)


def read_jsonl(
    path: str | os.PathLike[str], *, columns: TextColumns | None = None, labels: Sequence[str] | None = None
) -> TextFile:
    """Read one JSON object a line.

    Args:
        path: the file.
        columns: keys of the objects; ``None``: the usual ones.
        labels: names of the classes in order; give those of the training part when reading another part.

    Raises:
        DataError: the file is missing or not text, hardly a row can be used, or a label is not one of ``labels``.
    """
    path = Path(path)
    reader = _Reader(str(path), columns or TextColumns())
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            reader.drop(f"{path}:{number}: not valid JSON: {error}")
            continue
        if isinstance(record, dict):
            reader.add(record, f"{path}:{number}", str(number))
        else:
            reader.drop(f"{path}:{number}: expected an object, found {type(record).__name__}")
    return reader.finish(labels)


def read_tsv(
    path: str | os.PathLike[str], *, columns: TextColumns | None = None, labels: Sequence[str] | None = None
) -> TextFile:
    """Read tab-separated values; quotes have no special meaning, as in GLUE.

    The first line is a header, unless ``columns`` are numbers. Arguments as of :func:`read_jsonl`.

    Raises:
        DataError: as of :func:`read_jsonl`; or the header lacks a column.
    """
    path = Path(path)
    lines = [line.rstrip("\r") for line in read_text(path).split("\n")]
    reader = _Reader(str(path), columns or TextColumns())
    first = [name.strip() for name in lines[0].split("\t")]
    header = [str(number) for number in range(1, len(first) + 1)] if reader.columns.numbered else first
    reader.require(header)
    begin = 0 if reader.columns.numbered else 1
    for number, line in enumerate(lines[begin:], start=begin + 1):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != len(header):
            reader.drop(f"{path}:{number}: expected {len(header)} columns ({', '.join(header)}), found {len(cells)}")
            continue
        record: dict[str, Any] = dict(zip(header, cells, strict=True))
        if (named := reader.columns.label) is not None:
            label = record[named]
            record[named] = int(label) if label.isascii() and label.isdigit() else label
        reader.add(record, f"{path}:{number}", str(number))
    return reader.finish(labels)


def from_records(
    records: Iterable[dict[str, Any]],
    names: Sequence[str],
    *,
    source: str,
    columns: TextColumns,
    labels: Sequence[str] | None = None,
) -> TextFile:
    """Labelled texts of a table that is in memory, with the columns ``names``; the rest as of :func:`read_jsonl`."""
    reader = _Reader(source, columns)
    reader.require(names)
    for number, record in enumerate(records):
        reader.add(record, f"{source}, row {number}", str(number))
    return reader.finish(labels)


def write_jsonl(examples: Sequence[TextExample], path: str | os.PathLike[str]) -> None:
    """Write texts so that :func:`read_jsonl` gives them back; labels are written as numbers.

    Raises:
        StorageError: the file cannot be written.
    """
    lines = [json.dumps(_record(example)) for example in examples]
    try:
        Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from None


def _record(example: TextExample) -> dict[str, Any]:
    record = {name: value for name, value in asdict(example).items() if value is not None}
    if isinstance(example, RatedExample):
        record["label"] = record.pop("rating")
    return record


@dataclass
class _Reader:
    """Collects the usable rows of one source and counts the others."""

    source: str
    columns: TextColumns
    rows: list[_Row] = field(default_factory=list)
    read: int = 0
    dropped: int = 0
    unlabelled: int = 0
    samples: list[str] = field(default_factory=list)

    def require(self, names: Sequence[str]) -> None:
        """Refuse a table without the columns, or one in which it is not clear which columns are meant."""
        wanted = [self.columns.text, self.columns.text_pair, self.columns.label]
        missing = [name for name in wanted if name is not None and name not in names]
        found = [name for name in _TEXT_KEYS if name in names]
        hint = f"The columns are {', '.join(names)}. Name yours in the source: columns: {{text: ..., label: ...}}."
        if missing or (self.columns.text is None and not found):
            raise DataError(f"{self.source} has no column {', '.join(missing) or ' or '.join(_TEXT_KEYS)}", hint)
        if self.columns.text is None and len(found) > 1:
            raise DataError(f"{self.source}: the text may be in {' or '.join(found)}", hint)

    def add(self, record: dict[str, Any], place: str, number: str) -> None:
        """Keep a row, or count why not."""
        self.read += 1
        text = _value(record, self.columns.text, _TEXT_KEYS)
        pair = _value(record, self.columns.text_pair, _PAIR_KEYS if self.columns.text is None else ())
        label = 0 if self.columns.label is None else record.get(self.columns.label)
        if not isinstance(text, str) or not text.strip():
            self._bad(f"{place}: no text")
        elif not isinstance(pair, str | None) or (self.columns.text_pair is not None and not pair):
            self._bad(f"{place}: no second text")
        elif label in (_UNRATED if self.columns.rated else _UNLABELLED):
            self.unlabelled += 1
        elif self.columns.rated:
            rating = _rating(label)
            if rating is None:
                self._bad(f"{place}: rating {label!r} is not a finite number")
            else:
                self.rows.append(_Row(place, str(record.get("id", number)), text, pair, rating))
        elif isinstance(label, bool) or not isinstance(label, int | str) or (isinstance(label, int) and label < 0):
            self._bad(f"{place}: label {label!r} is not usable")
        else:
            self.rows.append(_Row(place, str(record.get("id", number)), text, pair, label))

    def drop(self, why: str) -> None:
        """Count a row that could not even be taken apart."""
        self.read += 1
        self._bad(why)

    def _bad(self, why: str) -> None:
        self.dropped += 1
        if len(self.samples) < MAX_SAMPLES:
            self.samples.append(why)

    def finish(self, labels: Sequence[str] | None) -> TextFile:
        """The rows with numbered labels."""
        if not self.rows or self.dropped > _MOST_BAD * self.read:
            without = f", {self.unlabelled} without a label" if self.unlabelled else ""
            raise DataError(
                f"{self.source}: {self.dropped} of {self.read} rows cannot be used{without}"
                + "".join(f"\n  {sample}" for sample in self.samples[:3]),
                "Each row must hold a text" + self._label_in_words() + ". Check data.sources.columns.",
            )
        issues = TextIssues(self.read, self.dropped, self.unlabelled, tuple(self.samples))
        if self.columns.rated:
            return TextFile(tuple(_rated(self.rows)), (), issues)
        return _number_labels(self.rows, labels, issues)

    def _label_in_words(self) -> str:
        if self.columns.label is None:
            return ""
        return " and a rating: a number" if self.columns.rated else " and a label: a whole number from 0, or a name"


def _value(record: dict[str, Any], name: str | None, usual: Sequence[str]) -> Any:
    names = (name,) if name is not None else usual
    return next((record[key] for key in names if key in record), None)


def _rating(label: object) -> float | None:
    """A finite number, from a number or from its text."""
    if isinstance(label, bool) or not isinstance(label, int | float | str):
        return None
    try:
        rating = float(label)
    except (ValueError, OverflowError):
        return None
    return rating if math.isfinite(rating) else None


def _rated(rows: Iterable[_Row]) -> Iterator[RatedExample]:
    used: set[str] = set()
    for row in rows:
        yield RatedExample.of(_unique(row.id, used), row.text, row.pair, float(row.label))


def _unique(name: str, used: set[str]) -> str:
    """An id that no row before it has."""
    chosen = name if name not in used else f"{name}#{len(used)}"
    used.add(chosen)
    return chosen


def _number_labels(rows: list[_Row], labels: Sequence[str] | None, issues: TextIssues) -> TextFile:
    number = next((row for row in rows if isinstance(row.label, int)), None)
    if number is not None and any(isinstance(row.label, str) for row in rows):
        raise DataError(
            f"{number.place}: label {number.label} is a number, but other labels of the file are names",
            "Use names throughout, or numbers throughout.",
        )
    found = [row.label if isinstance(row.label, str) else int(row.label) for row in rows]
    names = tuple(labels) if labels is not None else _names(found)
    index = {name: number for number, name in enumerate(names)}
    return TextFile(tuple(_examples(rows, names, index)), names, issues)


def _examples(rows: Iterable[_Row], names: Sequence[str], index: dict[str, int]) -> Iterator[TextExample]:
    used: set[str] = set()
    for row in rows:
        label = index.get(row.label) if isinstance(row.label, str) else int(row.label)
        if label is None or label >= len(names):
            raise DataError(
                f"{row.place}: label {row.label!r} is not one of the classes {', '.join(names)}",
                "A file must use the labels of the training file.",
            )
        yield TextExample(_unique(row.id, used), row.text, row.pair, label)


def _names(labels: Iterable[str | int]) -> tuple[str, ...]:
    found = set(labels)
    texts = sorted(label for label in found if isinstance(label, str))
    numbers = [label for label in found if isinstance(label, int)]
    return tuple(texts) if texts else tuple(str(number) for number in range(max(numbers) + 1))
