"""Extractive question answering in the shape of SQuAD v1.1: one or several windows a question, F1 and exact match."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quantlat.data import read_squad, write_squad
from quantlat.data.examples import Example, QAExample
from quantlat.data.windows import PairTokenizer, WindowSet, make_windows
from quantlat.errors import DataError
from quantlat.metrics import F1, best_spans, score
from quantlat.tasks.base import Logits, ReadExamples, Scored, of_kind

if TYPE_CHECKING:
    from quantlat.recipe.schema import DataOptions


class QuestionAnswering:
    """See :class:`quantlat.tasks.base.Task`."""

    name = "question-answering"
    metric = F1
    format = "SQuAD-format JSON"
    needs_reference = False
    scored_together = False
    fewest_examples = 1

    def split_file(self, split: str) -> str:
        return f"{split}.json"

    def write(self, examples: Sequence[Example], path: Path) -> None:
        write_squad(questions(examples), path)

    def read(self, path: Path) -> tuple[Example, ...]:
        return read_squad(path).examples

    def read_foreign(self, path: Path, labels: Sequence[str], options: DataOptions) -> ReadExamples:
        squad = read_squad(path)
        if not squad.examples:
            raise DataError(f"{path} holds no usable question", "Give a file in SQuAD's JSON format.")
        return ReadExamples(squad.examples, squad.issues)

    def windows(self, examples: Sequence[Example], tokenizer: PairTokenizer, options: DataOptions) -> WindowSet:
        return make_windows(
            questions(examples),
            tokenizer,
            max_tokens=options.max_tokens,
            stride=options.stride,
            max_question_tokens=options.max_question_tokens,
        )

    def score(self, window_set: WindowSet, logits: Logits) -> Scored:
        examples = questions(window_set.examples)
        predictions = best_spans(
            examples, window_set.windows, [row[:, 0] for row in logits], [row[:, 1] for row in logits]
        )
        return Scored(predictions, score(examples, predictions))

    def request(self, example: Example) -> tuple[str, str | None]:
        (question,) = questions([example])
        return question.question, question.context


def questions(examples: Sequence[Example]) -> tuple[QAExample, ...]:
    """The examples as questions.

    Raises:
        DataError: some are none.
    """
    return of_kind(examples, QAExample, "questions")
