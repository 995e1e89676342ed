"""Statistics of a whole confusion matrix: Matthews' correlation and F1.

Neither is a mean over the texts, but floors, paired differences and intervals of this project are those of means. Each
text therefore gets a value of its own, the jackknife's pseudo-value (Tukey 1958; Efron and Tibshirani 1993, section
11.5), moved so that their mean is the statistic itself:

    value of text i = T + p_i - mean(p),    p_i = n T - (n - 1) T(without i)

A bootstrap over texts of their mean spreads as the statistic of drawn texts does, to first order
(tests/metrics/test_confusion.py compares the two). Texts of one label that were given one class have one value, so
there are no more of them to compute than the matrix has cells.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]
Statistic = Callable[[Counts], float]
"""Of a confusion matrix ``[labels, predictions]``; 0 to 1, or -1 to 1."""


def matthews(counts: Counts) -> float:
    """Matthews' correlation of labels and predictions, for any number of classes.

    For two classes it is Matthews 1975 (Biochimica et Biophysica Acta 405), for more the R_K of Gorodkin 2004
    (Computational Biology and Chemistry 28). 0 where all labels or all predictions are the same: a constant is
    correlated with nothing.
    """
    total, labels, predictions = counts.sum(), counts.sum(axis=1), counts.sum(axis=0)
    covariance = counts.trace() * total - labels @ predictions
    spread = (total**2 - labels @ labels) * (total**2 - predictions @ predictions)
    return float(covariance / np.sqrt(spread)) if spread > 0 else 0.0


def f1_of_classes(counts: Counts) -> float:
    """F1 of the second class where there are two (GLUE's positive one), else the mean over the classes (macro).

    A class that is neither among the labels nor among the predictions counts as 0 when it is the second of two, and
    is left out of a mean.
    """
    found = counts.sum(axis=1) + counts.sum(axis=0)
    scores = np.divide(2.0 * counts.diagonal(), found, out=np.zeros(len(found)), where=found > 0)
    if len(counts) == 2:
        return float(scores[1])
    return float(scores[found > 0].mean()) if counts.sum() else 0.0


def pseudo_values(
    labels: NDArray[np.int64], predictions: NDArray[np.int64], classes: int, statistic: Statistic
) -> NDArray[np.float64]:
    """The value of every text, in the statistic's own unit; their mean is the statistic.

    Args:
        labels: int64 [n], n at least 1.
        predictions: int64 [n].
        classes: both are below it.
    """
    cells = labels * classes + predictions
    counts = np.bincount(cells, minlength=classes**2).astype(np.float64)
    n, whole = len(labels), statistic(counts.reshape(classes, classes))
    of_cell = np.zeros(classes**2)
    for cell in np.flatnonzero(counts):
        counts[cell] -= 1.0
        of_cell[cell] = n * whole - (n - 1) * statistic(counts.reshape(classes, classes))
        counts[cell] += 1.0
    values: NDArray[np.float64] = of_cell[cells]
    values += whole - values.mean()
    return values
