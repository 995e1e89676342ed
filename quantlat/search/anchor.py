"""What trials are compared with: full length of the same INT8 model on many more questions (a control variate).

On a few dozen questions INT8 at full length may lose several points against fp32 that it does not lose on a thousand.
A configuration near full length fails on nearly the same questions, so what the two have in common cancels, and full
length's own loss is added as it is known from many (Owen, *Monte Carlo theory, methods and examples*, ch. 8).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantlat.search.blocks import Block
from quantlat.search.candidate import AccuracyEstimate, estimate_accuracy, widened
from quantlat.search.reference import Reference

_SECONDS = 15.0  # for full length on more questions than a trial sees


@dataclass(frozen=True)
class Anchor:
    """Full length, measured on more questions than a trial sees.

    Attributes:
        points: of full length on each question of the search split, NaN where it was not measured.
        reference: of the reference model on the same questions.
        loss: points that full length loses against the reference on all measured questions.
        loss_ci: its 95 % interval.
    """

    points: NDArray[np.float64]
    reference: NDArray[np.float64]
    loss: float
    loss_ci: tuple[float, float]

    @classmethod
    def measure(
        cls,
        score: Callable[[Block], NDArray[np.float64]],
        needed: Sequence[Block],
        more: Sequence[Block],
        reference: Reference,
        passages: NDArray[np.int64],
        *,
        seed: int,
    ) -> Anchor:
        """Measure full length on all ``needed`` blocks, and on ``more`` as long as that takes little time.

        Args:
            score: points of full length on each question of a block.
            reference: the reference model on the split.
            passages: which passage each question of the split belongs to.
        """
        points, compared = np.full(len(passages), np.nan), np.full(len(passages), np.nan)
        begin = time.monotonic()
        for number, block in enumerate((*needed, *more)):
            if number >= len(needed) and time.monotonic() - begin > _SECONDS:
                break
            points[block.questions], compared[block.questions] = score(block), reference.on([block])
        known = np.flatnonzero(np.isfinite(points))
        lost = estimate_accuracy(points[known], compared[known], passages[known].tolist(), seed=seed)
        return cls(points, compared, lost.drop, lost.drop_ci)

    @property
    def questions(self) -> NDArray[np.int64]:
        """The questions on which full length was measured."""
        return np.flatnonzero(np.isfinite(self.points))

    def compared(
        self, scores: NDArray[np.float64], questions: NDArray[np.int64], passages: NDArray[np.int64], *, seed: int
    ) -> AccuracyEstimate:
        """Accuracy of a trial, and its drop: against full length on its questions, plus full length's own loss."""
        expected = self.points[questions] + self.loss
        accuracy = estimate_accuracy(scores, expected, passages[questions].tolist(), seed=seed)
        return widened(accuracy, self.loss, self.loss_ci)
