"""Which number a task is judged by, and how it is written.

Every score is in points, 0 to 100 (a correlation: 100 times the coefficient, -100 to 100); reports, searches and
messages take the metric's name from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quantlat.errors import DataError


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        key: in files, columns and options: ``f1``.
        name: inside a sentence: ``F1``.
        item: what is scored, singular: ``question``.
        unit: behind a number where space is short.
        lowest: points of the worst there is.
    """

    key: str
    name: str
    item: str
    unit: str
    lowest: float = 0.0

    @property
    def title(self) -> str:
        """At the head of a column or at the beginning of a sentence."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def items(self) -> str:
        """What is scored, plural."""
        return f"{self.item}s"


F1 = Metric("f1", "F1", "question", "F1")
ACCURACY = Metric("accuracy", "accuracy", "text", "points")
MATTHEWS = Metric("matthews", "Matthews correlation", "text", "points", lowest=-100.0)
CLASS_F1 = Metric("f1", "F1", "text", "F1")
SPEARMAN = Metric("spearman", "rank correlation", "text", "points", lowest=-100.0)
METRICS = (F1, ACCURACY, MATTHEWS, SPEARMAN)
"""One for each key; classes have an F1 of their own, which is called the same."""


def metric_named(key: str) -> Metric:
    """The metric with this key.

    Raises:
        DataError: there is none.
    """
    for metric in METRICS:
        if metric.key == key:
            return metric
    raise DataError(f"unknown metric {key!r}", f"Known metrics: {', '.join(metric.key for metric in METRICS)}.")


class Score(Protocol):
    """What an evaluation found, in points; ``per_example`` is float64 [n], in the order of the examples."""

    @property
    def points(self) -> float:
        """Mean over the examples."""

    @property
    def n(self) -> int:
        """Number of examples."""

    @property
    def per_example(self) -> NDArray[np.float64]:
        """Points of each example."""

    @property
    def exact_per_example(self) -> NDArray[np.float64] | None:
        """Exact match of each example, where that is a metric of its own."""
