"""How good a classifier is: accuracy, Matthews' correlation, F1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.errors import DataError
from quantlat.metrics.confusion import Statistic, f1_of_classes, matthews, pseudo_values
from quantlat.metrics.metric import ACCURACY, CLASS_F1, MATTHEWS, Metric

_STATISTICS: dict[str, Statistic] = {MATTHEWS.key: matthews, CLASS_F1.key: f1_of_classes}


@dataclass(frozen=True, eq=False)
class ClassScore:
    """A classifier's score in points.

    Attributes:
        points: mean over the texts.
        n: number of texts.
        per_example: float64 [n], in the order of the examples: each 0 or 100 for accuracy, else pseudo-values of which
            a single one may leave the range (:mod:`quantlat.metrics.confusion`).
    """

    points: float
    n: int
    per_example: NDArray[np.float64]

    @property
    def exact_per_example(self) -> None:
        """There is no second metric."""
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


def score_classes(labels: ArrayLike, logits: ArrayLike, metric: Metric = ACCURACY) -> ClassScore:
    """The score of a set of texts, and the points of each; shapes as in :func:`correct`.

    Args:
        metric: accuracy, Matthews' correlation, or F1.

    Raises:
        DataError: there is nothing to score.
    """
    chosen, rows = np.asarray(labels, np.int64), np.asarray(logits)
    if not len(chosen):
        raise DataError("there is no text to score", "At least one labelled text is needed.")
    if metric is ACCURACY:
        points = correct(chosen, rows)
    else:
        points = 100.0 * pseudo_values(chosen, rows.argmax(axis=-1), rows.shape[-1], _STATISTICS[metric.key])
    return ClassScore(float(points.mean()), len(points), points)
