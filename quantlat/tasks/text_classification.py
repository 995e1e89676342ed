"""Classification of texts and pairs of texts: one window each, judged by accuracy, Matthews' correlation or F1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quantlat.data.classification import TextColumns, read_jsonl, read_texts, write_jsonl
from quantlat.data.examples import Example, TextExample
from quantlat.data.text_windows import TEXT_CLASSIFICATION, make_text_windows
from quantlat.data.windows import PairTokenizer, WindowSet
from quantlat.errors import ModelError
from quantlat.metrics import ACCURACY, Metric, score_classes
from quantlat.tasks.base import Logits, ReadExamples, Scored, of_kind

if TYPE_CHECKING:
    from quantlat.recipe.schema import DataOptions


class TextClassification:
    """See :class:`quantlat.tasks.base.Task`.

    Args:
        metric: what models are judged by.
    """

    name = TEXT_CLASSIFICATION
    format = "labelled texts: .tsv with a header, or JSON lines"
    needs_reference = False

    def __init__(self, metric: Metric = ACCURACY) -> None:
        self.metric = metric
        self.scored_together = metric is not ACCURACY
        # the statistic of a few texts is mostly chance, and may lack a class
        self.fewest_examples = 64 if self.scored_together else 1

    def split_file(self, split: str) -> str:
        return f"{split}.jsonl"

    def write(self, examples: Sequence[Example], path: Path) -> None:
        write_jsonl(texts(examples), path)

    def read(self, path: Path) -> tuple[Example, ...]:
        return read_jsonl(path).examples

    def read_foreign(self, path: Path, labels: Sequence[str], options: DataOptions) -> ReadExamples:
        found = read_texts(path, columns=columns_for(path, options), labels=labels)
        return ReadExamples(found.examples, found.issues)

    def windows(self, examples: Sequence[Example], tokenizer: PairTokenizer, options: DataOptions) -> WindowSet:
        return make_text_windows(texts(examples), tokenizer, max_tokens=options.max_tokens, metric=self.metric.key)

    def score(self, window_set: WindowSet, logits: Logits) -> Scored:
        examples = texts(window_set.examples)
        rows = logits_of_texts(examples, logits)
        chosen = rows.argmax(axis=1).tolist()
        predictions = {example.id: str(index) for example, index in zip(examples, chosen, strict=True)}
        return Scored(predictions, score_classes([example.label for example in examples], rows, self.metric))

    def request(self, example: Example) -> tuple[str, str | None]:
        (one,) = texts([example])
        return one.text, one.text_pair


def logits_of_texts(examples: Sequence[TextExample], logits: Logits) -> NDArray[np.float32]:
    """One row for each text, fp32 ``[texts, outputs]``.

    Raises:
        ModelError: some are not numbers.
    """
    rows = np.array(logits, np.float32).reshape(len(examples), -1)
    if np.isnan(rows).any():
        broken = examples[int(np.isnan(rows).any(axis=1).argmax())]
        raise ModelError(
            f"the logits of text {broken.id!r} are not numbers (NaN)",
            "The model is damaged or was trained with too large a learning rate.",
        )
    return rows


def texts(examples: Sequence[Example]) -> tuple[TextExample, ...]:
    """The examples as texts.

    Raises:
        DataError: some are none.
    """
    return of_kind(examples, TextExample, "texts")


def columns_for(path: Path, options: DataOptions) -> TextColumns | None:
    """The columns that a source of the recipe names for files with this ending."""
    for source in options.sources:
        if source.kind == "files" and source.columns is not None and Path(source.train).suffix == path.suffix:
            return TextColumns(source.columns.text, source.columns.text_pair, source.columns.label)
    return None
