"""What a task consists of: questions with reference answers, texts with labels, or texts alone.

A question-answering example is one SQuAD v1.1 question (Rajpurkar et al., EMNLP 2016, arXiv 1606.05250): a
passage, a question about it, and one or more reference answers that are spans of the passage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Answer:
    """A reference answer: ``text`` begins at character ``start`` of the passage."""

    text: str
    start: int

    @property
    def stop(self) -> int:
        """Character after the last one of the answer."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class QAExample:
    """A question about a passage; the first of ``answers`` is the training label, all of them are references.

    The readers of this room guarantee ``context[a.start:a.stop] == a.text`` for every answer, at least one
    answer, and unique ids within a set.
    """

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...]
    title: str = ""

    @property
    def group(self) -> str:
        """What examples that are not independent of each other share: the passage."""
        return self.context

    @property
    def references(self) -> tuple[str, ...]:
        """The texts of all reference answers."""
        return tuple(answer.text for answer in self.answers)


@dataclass(frozen=True, slots=True)
class TextExample:
    """A text, or a pair of texts, with the index of its class."""

    id: str
    text: str
    text_pair: str | None
    label: int

    @property
    def group(self) -> str:
        """What examples that are not independent of each other share: the first text (a premise has several pairs)."""
        return self.text


@dataclass(frozen=True, slots=True)
class EmbeddingExample(TextExample):
    """A text without a class, and what the model to be followed makes of it once that was asked.

    Attributes:
        reference: fp32 ``[H]``, the reference model's embedding; ``None`` until
            :func:`quantlat.evaluation.references.with_references` has run.
    """

    reference: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, id: str, text: str) -> EmbeddingExample:
        """A text without a reference."""
        return cls(id, text, None, 0)


@dataclass(frozen=True, slots=True)
class RatedExample(TextExample):
    """A text, or a pair of texts, with a number instead of a class, in the unit of its file (STS-B: 0 to 5)."""

    rating: float = 0.0

    @classmethod
    def of(cls, id: str, text: str, text_pair: str | None, rating: float) -> RatedExample:
        """A rated text."""
        return cls(id, text, text_pair, 0, rating)


Example = QAExample | TextExample


def fingerprint(*parts: Iterable[Example]) -> str:
    """sha256 (hex) over the content of every example of every part, in order; changes when any of it does."""
    digest = hashlib.sha256()
    for number, part in enumerate(parts):
        digest.update(f"part {number}\n".encode())
        for example in part:
            fields = _fields(example)
            digest.update(f"{len(fields)}\n".encode())
            for value in fields:
                encoded = value.encode("utf-8", "surrogatepass")
                # the length in front keeps ("ab", "c") and ("a", "bc") apart
                digest.update(f"{len(encoded)}:".encode() + encoded)
    return digest.hexdigest()


def _fields(example: Example) -> list[str]:
    if isinstance(example, TextExample):
        pair = [] if example.text_pair is None else [example.text_pair]
        label = example.rating if isinstance(example, RatedExample) else example.label
        return [example.id, example.text, str(label), *pair]
    answers = [f"{answer.start}:{answer.text}" for answer in example.answers]
    return [example.id, example.question, example.context, example.title, *answers]
