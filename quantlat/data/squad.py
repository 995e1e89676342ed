"""SQuAD v1.1 files: reading with every structural check, repairing or dropping damaged answers, writing.

Format: https://rajpurkar.github.io/SQuAD-explorer, ``{"data": [{"title", "paragraphs": [{"context", "qas":
[{"id", "question", "answers": [{"text", "answer_start"}]}]}]}]}``.

A file that cannot be understood is an error that names the line or the key. A file that can be understood but
holds damaged answers is usable: each damaged answer is moved to where its text really is, or removed, and
counted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from quantlat.data.examples import Answer, QAExample
from quantlat.errors import DataError, StorageError

MAX_SAMPLES = 10
_FORMAT_HINT = (
    'Expected the SQuAD v1.1 format: {"data": [{"title", "paragraphs": [{"context", "qas": '
    '[{"id", "question", "answers": [{"text", "answer_start"}]}]}]}]}.'
)


@dataclass(frozen=True)
class DataIssues:
    """What was wrong in a set that could be used all the same.

    Attributes:
        questions: questions read, before any was dropped.
        misaligned_answers: answers whose text was not at its offset (realigned ones and removed ones).
        dropped_questions: questions left out: no usable answer, or an exact repeat of an earlier one.
        duplicate_ids: ids seen a second time; another question under a used id keeps its place under
            ``id#2``.
        samples: up to ten of the cases, in words.
        removed_answers: the part of ``misaligned_answers`` whose text is nowhere in the passage.
    """

    questions: int
    misaligned_answers: int = 0
    dropped_questions: int = 0
    duplicate_ids: int = 0
    samples: tuple[str, ...] = ()
    removed_answers: int = 0

    @property
    def clean(self) -> bool:
        """True when nothing had to be repaired or dropped."""
        return not (self.misaligned_answers or self.dropped_questions or self.duplicate_ids)

    def __add__(self, other: DataIssues) -> DataIssues:
        return DataIssues(
            self.questions + other.questions,
            self.misaligned_answers + other.misaligned_answers,
            self.dropped_questions + other.dropped_questions,
            self.duplicate_ids + other.duplicate_ids,
            (self.samples + other.samples)[:MAX_SAMPLES],
            self.removed_answers + other.removed_answers,
        )

    def summary(self) -> str:
        """One line for a log or a report."""
        if self.clean:
            return f"{self.questions:,} questions, no issues"
        realigned = self.misaligned_answers - self.removed_answers
        return (
            f"{self.questions:,} questions: {realigned:,} answers moved to where their text is, "
            f"{self.removed_answers:,} answers removed because their text is not in the passage, "
            f"{self.duplicate_ids:,} ids used twice, {self.dropped_questions:,} questions dropped"
        )


@dataclass(frozen=True)
class SquadFile:
    """The usable questions of a file, and what was wrong with the rest."""

    examples: tuple[QAExample, ...]
    issues: DataIssues


def read_squad(path: str | os.PathLike[str]) -> SquadFile:
    """Read a SQuAD v1.1 file (UTF-8, a byte order mark is accepted).

    Raises:
        DataError: the file is missing, unreadable, empty, not JSON (with line and column), not of the SQuAD
            structure (with the path of the key, such as ``data[3].paragraphs[0].qas[2].answers``), or holds
            no question with a usable answer.
    """
    path = Path(path)
    examples, issues = align(_records(_load_json(path), path))
    if not examples:
        raise DataError(
            f"{path} holds no question with a usable answer ({issues.summary()})",
            "A question needs at least one answer whose text occurs in its passage"
            + (f"; for example: {issues.samples[0]}" if issues.samples else "."),
        )
    return SquadFile(examples, issues)


def align(records: Iterable[QAExample]) -> tuple[tuple[QAExample, ...], DataIssues]:
    """Check every answer against its passage and every id against the others; repair, drop and count."""
    kept: list[QAExample] = []
    seen: dict[str, QAExample] = {}
    used: set[str] = set()
    questions = misaligned = removed = duplicates = 0
    samples: list[str] = []
    for record in records:
        questions += 1
        earlier = seen.setdefault(record.id, record)
        if earlier is not record:
            duplicates += 1
            samples.append(f"id {record.id!r} is used twice")
            if (earlier.context, earlier.question) == (record.context, record.question):
                continue
        answers = []
        for answer in record.answers:
            start = _find(answer, record.context)
            if start != answer.start:
                misaligned += 1
                samples.append(_describe(record, answer, start))
            if start is None:
                removed += 1
            else:
                answers.append(Answer(answer.text, start))
        if answers:
            name = _unused(record.id, used)
            used.add(name)
            kept.append(QAExample(name, record.question, record.context, tuple(answers), record.title))
        elif not record.answers:
            samples.append(f"question {record.id!r} has no answer")
    issues = DataIssues(questions, misaligned, questions - len(kept), duplicates, tuple(samples[:MAX_SAMPLES]), removed)
    return tuple(kept), issues


def write_squad(examples: Sequence[QAExample], path: str | os.PathLike[str]) -> None:
    """Write examples as a SQuAD v1.1 file; neighbours with the same title and passage share their paragraph.

    Raises:
        StorageError: the file cannot be written.
    """
    articles: list[dict[str, Any]] = []
    for example in examples:
        if not articles or articles[-1]["title"] != example.title:
            articles.append({"title": example.title, "paragraphs": []})
        paragraphs = articles[-1]["paragraphs"]
        if not paragraphs or paragraphs[-1]["context"] != example.context:
            paragraphs.append({"context": example.context, "qas": []})
        answers = [{"text": answer.text, "answer_start": answer.start} for answer in example.answers]
        paragraphs[-1]["qas"].append({"id": example.id, "question": example.question, "answers": answers})
    path = Path(path)
    temporary = path.with_name(f"{path.name}.partial")
    try:
        temporary.write_text(json.dumps({"version": "1.1", "data": articles}, ensure_ascii=False), "utf-8")
        temporary.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}",
            "Check the free space and the permissions of the folder.",
        ) from None


def read_text(path: Path) -> str:
    """The text of a data file.

    Raises:
        DataError: missing, unreadable, empty or not UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", "Check the path in the recipe's data.sources.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "A readable file is needed.") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}",
            "Save it as UTF-8, or download it again.",
        ) from None
    if not text.strip():
        raise DataError(f"{path} is empty", "Download it again, or remove it from the recipe's data.sources.")
    return text


def _load_json(path: Path) -> Any:
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}: not valid JSON: {error.msg} (column {error.colno})"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            where += "; the file seems to be cut off"
        raise DataError(where, "Download or export the file again.") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not usable JSON: {error}", "Download or export the file again.") from None


def _records(content: Any, path: Path) -> Iterator[QAExample]:
    """Walk the structure; every step checks its type and knows the path it is at."""
    reader = _Reader(path)
    for i, article in enumerate(reader.get(content, "", "data", list)):
        at = f"data[{i}]"
        title = reader.get(article, at, "title", str, default="")
        for j, paragraph in enumerate(reader.get(article, at, "paragraphs", list)):
            here = f"{at}.paragraphs[{j}]"
            context = reader.get(paragraph, here, "context", str)
            for k, question in enumerate(reader.get(paragraph, here, "qas", list)):
                yield reader.question(question, f"{here}.qas[{k}]", context, title)


class _Reader:
    """Typed access to parsed JSON that says where in which file something is not as it should be."""

    _NAMES: ClassVar[dict[type, str]] = {
        list: "a list",
        str: "a text",
        int: "a whole number",
        dict: "an object",
        type(None): "null",
    }

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, parent: Any, at: str, key: str, kind: type, default: Any = None) -> Any:
        if not isinstance(parent, dict):
            self.fail(at or "the top level", "an object", parent)
        where = f"{at}.{key}" if at else key
        if key not in parent:
            if default is not None:
                return default
            raise DataError(f"{self.path}: {where} is missing", _FORMAT_HINT)
        value = parent[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            self.fail(where, self._NAMES[kind], value)
        if isinstance(value, str) and not _encodable(value):
            raise DataError(
                f"{self.path}: {where} is not valid Unicode text (half of a surrogate pair)",
                "Repair the character in the file.",
            )
        return value

    def fail(self, where: str, expected: str, value: Any) -> NoReturn:
        came = self._NAMES.get(type(value), type(value).__name__)
        shown = "" if isinstance(value, list | dict) else f" ({value!r:.40})"
        raise DataError(f"{self.path}: {where}: expected {expected}, found {came}{shown}", _FORMAT_HINT)

    def question(self, item: Any, at: str, context: str, title: str) -> QAExample:
        answers = []
        for n, answer in enumerate(self.get(item, at, "answers", list)):
            here = f"{at}.answers[{n}]"
            answers.append(Answer(self.get(answer, here, "text", str), self.get(answer, here, "answer_start", int)))
        number = item.get("id")
        # some exporters number their questions; a whole number is as good an id as a text
        name = str(number) if type(number) is int else self.get(item, at, "id", str)
        return QAExample(name, self.get(item, at, "question", str), context, tuple(answers), title)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find(answer: Answer, context: str) -> int | None:
    """Where the answer's text is: at its offset, else the occurrence nearest to it, else None."""
    if not answer.text.strip():
        return None
    if answer.start >= 0 and context.startswith(answer.text, answer.start):
        return answer.start
    after = context.find(answer.text, max(answer.start, 0))
    before = context.rfind(answer.text, 0, max(answer.start, 0) + len(answer.text))
    places = [place for place in (before, after) if place >= 0]
    return min(places, key=lambda place: abs(place - answer.start), default=None)


def _describe(record: QAExample, answer: Answer, found: int | None) -> str:
    fate = "occurs nowhere in the passage, removed" if found is None else f"is at {found}, moved"
    return f"question {record.id!r}: answer {answer.text!r:.60} is not at {answer.start}: it {fate}"


def _unused(name: str, used: set[str]) -> str:
    candidate, number = name, 1
    while candidate in used:
        number += 1
        candidate = f"{name}#{number}"
    return candidate
