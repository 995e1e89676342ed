"""What the rooms above need to know of a task, and nothing about how they use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from quantlat.data.examples import Example
from quantlat.data.loaded import Issues
from quantlat.data.windows import PairTokenizer, WindowSet
from quantlat.errors import DataError
from quantlat.metrics import Metric, Score

if TYPE_CHECKING:
    from quantlat.recipe.schema import DataOptions

Kind = TypeVar("Kind", bound=Example)
Logits = Sequence[NDArray[np.float32]]
"""One array for each window: ``[n, 2]`` start and end logits of its real tokens, ``[classes]``, ``[1]`` or ``[H]``."""


@dataclass(frozen=True)
class ReadExamples:
    """The usable examples of a file, and what was wrong with the rest."""

    examples: tuple[Example, ...]
    issues: Issues


@dataclass(frozen=True)
class Scored:
    """What a model said, as text by example id, and how good it was."""

    predictions: Mapping[str, str]
    score: Score


class Task(Protocol):
    """A task: how its examples are stored, become windows, and are scored.

    Attributes:
        name: as in a recipe.
        metric: what models are judged by.
        format: of the files that a user may give, in words.
        needs_reference: examples carry what the run's fp32 teacher makes of them
            (:func:`quantlat.evaluation.references.with_references`) before they are scored.
        scored_together: the score is one of all examples together, and what a single one is given depends on the
            others.
        fewest_examples: of a part that is scored by itself.
    """

    name: str
    metric: Metric
    format: str
    needs_reference: bool
    scored_together: bool
    fewest_examples: int

    def split_file(self, split: str) -> str:
        """Name of the file that holds a split inside a data artefact."""

    def write(self, examples: Sequence[Example], path: Path) -> None:
        """Write a split.

        Raises:
            StorageError: the file cannot be written.
        """

    def read(self, path: Path) -> tuple[Example, ...]:
        """The split that :meth:`write` wrote.

        Raises:
            DataError: the file is damaged.
        """

    def read_foreign(self, path: Path, labels: Sequence[str], options: DataOptions) -> ReadExamples:
        """Examples of a user's file.

        Args:
            labels: names of the classes of the model that will be asked.
            options: of the recipe that the model was made by; its sources name columns.

        Raises:
            DataError: the file cannot be understood, or has other classes.
        """

    def windows(self, examples: Sequence[Example], tokenizer: PairTokenizer, options: DataOptions) -> WindowSet:
        """The encoder's inputs.

        Raises:
            DataError: an example does not fit.
        """

    def score(self, window_set: WindowSet, logits: Logits) -> Scored:
        """Decode the logits of every window and score the predictions.

        Raises:
            ModelError: a logit is not a number.
        """

    def request(self, example: Example) -> tuple[str, str | None]:
        """The two texts of a request for this example, as a bundle takes them."""


def of_kind(examples: Sequence[Example], kind: type[Kind], called: str) -> tuple[Kind, ...]:
    """The examples as those of a task.

    Args:
        called: what they are called in a message, plural.

    Raises:
        DataError: some are none.
    """
    found = tuple(example for example in examples if isinstance(example, kind))
    if len(found) != len(examples):
        raise DataError(f"expected {called}, but {len(examples) - len(found)} of {len(examples)} examples are none")
    return found
