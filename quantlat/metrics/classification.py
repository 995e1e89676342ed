"""Accuracy of a classifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.errors import DataError


@dataclass(frozen=True, eq=False)
class AccuracyScore:
    """Accuracy in points, 0-100.

    Attributes:
        points: mean over the texts.
        n: number of texts.
        per_example: float64 [n], each 0 or 100, in the order of the examples.
    """

    points: float
    n: int
    per_example: NDArray[np.float64]

    @property
    def exact_per_example(self) -> None:
        """Accuracy is exact already."""
        return None


def correct(labels: ArrayLike, logits: ArrayLike) -> NDArray[np.float64]:
    """100 where the largest logit is the label's, else 0; float64 [n], ready for the bootstrap.

    Args:
        labels: int [n].
        logits: float [n, classes].
    """
    hits = np.equal(np.asarray(logits).argmax(axis=-1), np.asarray(labels))
    return np.where(hits, 100.0, 0.0)


def accuracy(labels: ArrayLike, logits: ArrayLike) -> float:
    """Share of texts whose largest logit is the label's, in points (0-100); shapes as in :func:`correct`.

    Raises:
        DataError: there is nothing to score.
    """
    return score_classes(labels, logits).points


def score_classes(labels: ArrayLike, logits: ArrayLike) -> AccuracyScore:
    """The same with the points of every text.

    Raises:
        DataError: there is nothing to score.
    """
    points = correct(labels, logits)
    if not len(points):
        raise DataError("there is no text to score", "At least one labelled text is needed.")
    return AccuracyScore(float(points.mean()), len(points), points)
