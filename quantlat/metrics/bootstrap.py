"""Percentile bootstrap of a mean and of a paired difference (Efron and Tibshirani, 1993; for the paired test
of two systems on one test set: Koehn, EMNLP 2004).

Questions about one passage are not independent: with ``groups`` whole passages are drawn (cluster bootstrap),
which gives honest, wider intervals. Fewer than about twenty groups make them too narrow again.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.errors import MeasurementError

_CHUNK = 2_000_000  # drawn indices held in memory at a time (16 MB)


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval, in the unit of the values.

    ``low`` and ``high`` are infinite where a single independent value (or group) says nothing about the
    spread.
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int


@dataclass(frozen=True)
class PairedDifference:
    """Mean of a - b over the same items; > 0 means that a is larger.

    Attributes:
        interval: of the mean difference.
        distinguishable: whether the interval excludes 0.
    """

    interval: Interval
    distinguishable: bool


def bootstrap_mean(
    values: ArrayLike,
    *,
    seed: int,
    resamples: int = 2000,
    level: float = 0.95,
    groups: Sequence[Hashable] | None = None,
) -> Interval:
    """Mean of the values with a percentile bootstrap interval; the same seed gives the same interval.

    Args:
        values: float [n], such as F1 of every question.
        seed: of the resampling.
        resamples: number of bootstrap samples.
        level: coverage, in (0, 1).
        groups: what each value belongs to, such as its passage; None treats the values as independent.

    Raises:
        MeasurementError: there are no values, or some are not finite.
    """
    items = np.asarray(values, dtype=np.float64).ravel()
    if not len(items) or not np.isfinite(items).all():
        raise MeasurementError(
            "a mean needs at least one value, all of them finite; "
            f"got {len(items)} values, {int(np.count_nonzero(~np.isfinite(items)))} not finite"
        )
    sums, counts = _by_group(items, groups)
    estimate = float(items.mean())
    if len(sums) < 2:
        return Interval(estimate, -np.inf, np.inf, level, len(items))
    means = _resampled_means(sums, counts, seed, resamples)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high), level, len(items))


def paired_difference(
    a: ArrayLike,
    b: ArrayLike,
    *,
    seed: int,
    resamples: int = 2000,
    level: float = 0.95,
    groups: Sequence[Hashable] | None = None,
) -> PairedDifference:
    """Mean of a - b, item by item, and whether it can be told from 0.

    Args:
        a: float [n].
        b: float [n], the same items in the same order.
        seed: of the resampling.
        resamples: number of bootstrap samples.
        level: coverage of the interval, in (0, 1).
        groups: as in :func:`bootstrap_mean`.

    Raises:
        MeasurementError: the lengths differ, or as in :func:`bootstrap_mean`.
    """
    first, second = np.asarray(a, dtype=np.float64).ravel(), np.asarray(b, dtype=np.float64).ravel()
    if len(first) != len(second):
        raise MeasurementError(f"paired values must be of the same items: got {len(first)} and {len(second)}")
    interval = bootstrap_mean(first - second, seed=seed, resamples=resamples, level=level, groups=groups)
    return PairedDifference(interval, not interval.low <= 0.0 <= interval.high)


def _by_group(
    items: NDArray[np.float64], groups: Sequence[Hashable] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Sum of the values of each group, and their number (None where every value is a group of its own)."""
    if groups is None:
        return items, None
    if len(groups) != len(items):
        raise MeasurementError(f"every value needs its group: got {len(items)} values and {len(groups)} groups")
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(group, len(numbers)) for group in groups])
    return np.bincount(index, weights=items).astype(np.float64), np.bincount(index).astype(np.float64)


def _resampled_means(
    sums: NDArray[np.float64], counts: NDArray[np.float64] | None, seed: int, resamples: int
) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    size = len(sums)
    rows = max(1, _CHUNK // size)
    means = []
    for done in range(0, resamples, rows):
        drawn = generator.integers(0, size, (min(rows, resamples - done), size))
        total = sums[drawn].sum(axis=1)
        means.append(total / (size if counts is None else counts[drawn].sum(axis=1)))
    return np.concatenate(means)
