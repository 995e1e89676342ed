"""Points of the model that the accuracy floor refers to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.search.blocks import Block, reference_points
from quantlat.tasks import get_task

if TYPE_CHECKING:
    from quantlat.data.windows import WindowSet

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """The reference model on the search split.

    A correlation or an F1 of few examples is biased by about 1/n (Spearman's of 64 pairs is 0.80 where that of all is
    0.81), so a block's score may only be compared with one of the same block.

    Attributes:
        points: on every example, ``[examples]``; of all of them together, where they are scored together.
        rescore: the points of some examples, by their positions, scored together by themselves; ``None`` where what an
            example is given does not depend on the others.
    """

    points: Points
    rescore: Callable[[NDArray[np.int64]], Points] | None = None

    @classmethod
    def of(cls, given: ArrayLike | Reference, search_set: WindowSet) -> Reference:
        """A reference from the points of every example, or as it is.

        Raises:
            MeasurementError: they do not fit the examples.
        """
        points, rescore = (given.points, given.rescore) if isinstance(given, Reference) else (given, None)
        return cls(reference_points(points, search_set), rescore)

    @classmethod
    def of_texts(cls, window_set: WindowSet, logits: Sequence[NDArray[np.float32]]) -> Reference:
        """A reference whose texts are scored together, from its logits of each; window i belongs to text i."""
        task = get_task(window_set.task, window_set.metric)

        def rescore(texts: NDArray[np.int64]) -> Points:
            part = window_set.part(texts.tolist())
            return task.score(part, [logits[i] for i in texts]).score.per_example

        return cls(task.score(window_set, logits).score.per_example, rescore)

    def on(self, blocks: Sequence[Block]) -> Points:
        """Points of the examples of some blocks, each block scored by itself, in the order of the blocks."""
        if self.rescore is None:
            known: Points = self.points[np.concatenate([block.questions for block in blocks])]
            return known
        return np.concatenate([self.rescore(block.questions) for block in blocks])
