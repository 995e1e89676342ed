"""Accuracy of a classifier."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.errors import DataError


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
    points = correct(labels, logits)
    if not len(points):
        raise DataError("there is no text to score", "At least one labelled text is needed.")
    return float(points.mean())
