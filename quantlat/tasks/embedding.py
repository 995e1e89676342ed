"""Embeddings of texts: one window each, judged by how the reference model sees the texts' similarities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quantlat.data.classification import read_jsonl, write_jsonl
from quantlat.data.examples import EmbeddingExample, Example
from quantlat.data.plain_texts import plain_texts, read_plain_texts
from quantlat.data.text_windows import EMBEDDING, make_text_windows
from quantlat.data.windows import PairTokenizer, WindowSet
from quantlat.errors import DataError, ModelError
from quantlat.metrics import SPEARMAN, score_embeddings
from quantlat.tasks.base import Logits, ReadExamples, Scored
from quantlat.tasks.text_classification import columns_for, texts

if TYPE_CHECKING:
    from quantlat.recipe.schema import DataOptions


class Embedding:
    """See :class:`quantlat.tasks.base.Task`."""

    name = EMBEDDING
    metric = SPEARMAN
    format = "texts: .tsv with a header, or JSON lines"
    needs_reference = True
    scored_together = True
    fewest_examples = 16  # a block of fewer has a hundred pairs, whose correlation is mostly chance

    def split_file(self, split: str) -> str:
        return f"{split}.jsonl"

    def write(self, examples: Sequence[Example], path: Path) -> None:
        write_jsonl(texts(examples), path)

    def read(self, path: Path) -> tuple[Example, ...]:
        return plain_texts(read_jsonl(path).examples)

    def read_foreign(self, path: Path, labels: Sequence[str], options: DataOptions) -> ReadExamples:
        found = read_plain_texts(path, columns=columns_for(path, options))
        return ReadExamples(found.examples, found.issues)

    def windows(self, examples: Sequence[Example], tokenizer: PairTokenizer, options: DataOptions) -> WindowSet:
        return make_text_windows(texts(examples), tokenizer, max_tokens=options.max_tokens, task=EMBEDDING)

    def score(self, window_set: WindowSet, logits: Logits) -> Scored:
        rows = np.array(logits).reshape(len(window_set.examples), -1)
        if np.isnan(rows).any():
            broken = window_set.examples[int(np.isnan(rows).any(axis=1).argmax())]
            raise ModelError(
                f"the embedding of text {broken.id!r} holds NaN",
                "The model is damaged or was trained with too large a learning rate.",
            )
        return Scored({}, score_embeddings(rows, _references(window_set.examples)))

    def request(self, example: Example) -> tuple[str, str | None]:
        (one,) = texts([example])
        return one.text, None


def _references(examples: Sequence[Example]) -> np.ndarray:
    found = [example.reference for example in examples if isinstance(example, EmbeddingExample)]
    missing = len(examples) - sum(reference is not None for reference in found)
    if missing:
        raise DataError(f"{missing} of {len(examples)} texts have no embedding of the reference model to compare with")
    return np.array(found)
