"""Ratings of texts and pairs of texts: one window each, judged by rank correlation with the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quantlat.data.classification import TextColumns, read_jsonl, read_texts, write_jsonl
from quantlat.data.examples import Example, RatedExample
from quantlat.data.text_windows import TEXT_REGRESSION, make_text_windows
from quantlat.data.windows import PairTokenizer, WindowSet
from quantlat.metrics import SPEARMAN, score_ratings
from quantlat.tasks.base import Logits, ReadExamples, Scored, of_kind
from quantlat.tasks.text_classification import columns_for, logits_of_texts, texts

if TYPE_CHECKING:
    from quantlat.recipe.schema import DataOptions


class TextRegression:
    """See :class:`quantlat.tasks.base.Task`."""

    name = TEXT_REGRESSION
    metric = SPEARMAN
    format = "rated texts: .tsv with a header, or JSON lines"
    needs_reference = False
    scored_together = True
    fewest_examples = 64  # a rank correlation of fewer is mostly chance

    def split_file(self, split: str) -> str:
        return f"{split}.jsonl"

    def write(self, examples: Sequence[Example], path: Path) -> None:
        write_jsonl(rated(examples), path)

    def read(self, path: Path) -> tuple[Example, ...]:
        return read_jsonl(path, columns=TextColumns(rated=True)).examples

    def read_foreign(self, path: Path, labels: Sequence[str], options: DataOptions) -> ReadExamples:
        columns = columns_for(path, options) or TextColumns()
        found = read_texts(path, columns=replace(columns, rated=True))
        return ReadExamples(found.examples, found.issues)

    def windows(self, examples: Sequence[Example], tokenizer: PairTokenizer, options: DataOptions) -> WindowSet:
        return make_text_windows(rated(examples), tokenizer, max_tokens=options.max_tokens, task=TEXT_REGRESSION)

    def score(self, window_set: WindowSet, logits: Logits) -> Scored:
        examples = rated(window_set.examples)
        ratings = logits_of_texts(examples, logits)[:, 0]
        predictions = {example.id: f"{rating:.4f}" for example, rating in zip(examples, ratings.tolist(), strict=True)}
        return Scored(predictions, score_ratings(ratings, np.array([example.rating for example in examples])))

    def request(self, example: Example) -> tuple[str, str | None]:
        (one,) = texts([example])
        return one.text, one.text_pair


def rated(examples: Sequence[Example]) -> tuple[RatedExample, ...]:
    """The examples as rated texts.

    Raises:
        DataError: some are none.
    """
    return of_kind(examples, RatedExample, "rated texts")
