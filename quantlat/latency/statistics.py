"""Statistics of latency samples: skewed, with outliers, and often few.

- The median has a distribution-free interval from order statistics: ``[x_(k), x_(n+1-k)]`` covers it with
  probability ``1 - 2 P(B <= k-1)``, ``B ~ Bin(n, 1/2)`` (David & Nagaraja, Order Statistics, 7.1).
- A quantile q is only given when ``n`` samples can bound it from above at 95 %: ``1 - q^n >= 0.95``, so
  p90 needs 29, p95 59 and p99 299 samples. Its interval, too, is one of order statistics.
- What is measured in rounds has its interval over rounds: see :mod:`quantlat.latency.rounds`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.errors import MeasurementError
from quantlat.metrics import Interval

PERCENTILES = (50, 90, 95, 99)


def median_ci(samples: ArrayLike, level: float = 0.95) -> Interval:
    """Median with a distribution-free confidence interval.

    Fewer than 6 samples cannot reach 95 %: the interval is then their whole range and ``level`` says what
    it covers.

    Raises:
        MeasurementError: no samples.
    """
    values = np.sort(checked(samples))
    n = len(values)
    below = _binomial_cdf(n, 0.5)
    # the largest rank k that still covers enough: 1 - 2 P(B <= k - 1) >= level
    rank = max(1, int(np.searchsorted(below[: (n + 1) // 2], (1.0 - level) / 2.0, side="right")))
    covered = 1.0 - 2.0 * float(below[rank - 1])
    return Interval(
        estimate=float(np.median(values)),
        low=float(values[rank - 1]),
        high=float(values[n - rank]),
        level=min(level, covered),
        n=n,
    )


def samples_needed(percentile: float, confidence: float = 0.95) -> int:
    """Fewest samples whose maximum bounds this percentile from above with the given confidence."""
    return math.ceil(math.log(1.0 - confidence) / math.log(percentile / 100.0) - 1e-9)


def percentiles_supported(samples: ArrayLike, percentiles: Sequence[int] = PERCENTILES) -> dict[int, float]:
    """Those percentiles, in the samples' unit, that so many samples can support; the others are left out."""
    values = checked(samples)
    supported = [p for p in percentiles if len(values) >= samples_needed(p)]
    return {p: float(np.percentile(values, p)) for p in supported}


def percentile_ci(samples: ArrayLike, percentile: float, level: float = 0.95) -> Interval:
    """A percentile with a distribution-free confidence interval from order statistics.

    Each limit is as near as it can be with at most half of ``1 - level`` beyond it. Where even the smallest or the
    largest sample leaves more than that, it is the limit, and ``level`` says what the interval covers.

    Raises:
        MeasurementError: no samples.
    """
    values = np.sort(checked(samples))
    n = len(values)
    below = _binomial_cdf(n, percentile / 100.0)
    tail = (1.0 - level) / 2.0
    # [x_(low), x_(high)] misses the percentile with probability P(B <= low - 1) + P(B >= high)
    low = max(1, int(np.searchsorted(below, tail, side="right")))
    high = min(n, int(np.searchsorted(below, 1.0 - tail, side="left")) + 1)
    covered = float(below[high - 1] - below[low - 1])
    estimate = float(np.percentile(values, percentile))
    limits = min(float(values[low - 1]), estimate), max(float(values[high - 1]), estimate)
    return Interval(estimate, *limits, min(level, covered), n)


def _binomial_cdf(n: int, p: float) -> NDArray[np.float64]:
    """``P(B <= k)`` for k = 0 .. n, ``B ~ Bin(n, p)``; in logarithms, which do not underflow."""
    hits = np.arange(1, n + 1)
    log_choose = np.concatenate([[0.0], np.cumsum(np.log((n - hits + 1) / hits))])
    k = np.arange(n + 1)
    cdf: NDArray[np.float64] = np.cumsum(np.exp(log_choose + k * math.log(p) + (n - k) * math.log1p(-p)))
    return cdf


@dataclass(frozen=True)
class LengthPart:
    """Samples of requests of similar length, shortest first in :func:`length_parts`."""

    tokens: tuple[int, int]
    samples_ms: tuple[float, ...]


def length_parts(latencies_ms: ArrayLike, tokens: ArrayLike, *, parts: int = 4) -> tuple[LengthPart, ...]:
    """Samples in parts of similar length; requests of one length stay together.

    The edges are quantiles of the lengths, so that each part has about as many samples.
    """
    values, lengths = checked(latencies_ms), np.asarray(tokens)
    edges = np.unique(np.quantile(lengths, np.linspace(0.0, 1.0, parts + 1)[1:-1]))
    bins = np.searchsorted(edges, lengths, side="left")
    found = []
    for number in np.unique(bins):
        inside = bins == number
        limits = (int(lengths[inside].min()), int(lengths[inside].max()))
        found.append(LengthPart(limits, tuple(float(v) for v in values[inside])))
    return tuple(found)


def length_mix_mean(latencies_ms: ArrayLike, tokens: ArrayLike, *, buckets: int = 8) -> float:
    """Mean latency over a mix of lengths that single spikes cannot move.

    A plain mean follows every stall of the machine, and a plain median only knows the median length. So
    the requests are sorted by length into ``buckets`` equal parts, and the medians of the parts are
    averaged.

    Args:
        latencies_ms: ``[requests]``.
        tokens: ``[requests]``, real tokens of each.
    """
    parts = _length_parts(latencies_ms, tokens, buckets)
    return float(np.average([np.median(part) for part in parts], weights=[len(part) for part in parts]))


def length_mix_ci(
    latencies_ms: ArrayLike,
    tokens: ArrayLike,
    *,
    buckets: int = 8,
    level: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
) -> Interval:
    """:func:`length_mix_mean` with a bootstrap interval, resampled within the parts of similar length.

    The interval is about measuring this mix again, not about drawing other requests.
    """
    parts = _length_parts(latencies_ms, tokens, buckets)
    weights = [len(part) for part in parts]
    rng = np.random.default_rng(seed)
    medians = [np.median(part[rng.integers(len(part), size=(resamples, len(part)))], axis=1) for part in parts]
    means = np.average(medians, axis=0, weights=weights)
    estimate = float(np.average([np.median(part) for part in parts], weights=weights))
    tail = (1.0 - level) / 2.0
    low, high = (float(end) for end in np.quantile(means, [tail, 1.0 - tail]))
    return Interval(estimate, min(low, estimate), max(high, estimate), level, sum(weights))


def _length_parts(latencies_ms: ArrayLike, tokens: ArrayLike, buckets: int) -> list[NDArray[np.float64]]:
    """Latencies in parts of similar length, of at least three each, so that a median means something."""
    values = checked(latencies_ms)
    order = np.argsort(np.asarray(tokens), kind="stable")
    return np.array_split(values[order], max(1, min(buckets, len(values) // 3)))


def relative_width(interval: Interval) -> float:
    """Width of an interval relative to its estimate."""
    return (interval.high - interval.low) / interval.estimate


def has_settled(samples: Sequence[float], *, window: int = 5, tolerance: float = 0.03) -> bool:
    """Whether the running median has stopped moving: medians of the last two windows agree."""
    if len(samples) < 2 * window:
        return False
    last = statistics.median(samples[-window:])
    before = statistics.median(samples[-2 * window : -window])
    return abs(last - before) <= tolerance * before


def checked(samples: ArrayLike) -> NDArray[np.float64]:
    """Samples as a flat array, which must hold positive finite times.

    Raises:
        MeasurementError: none, or one that is no time.
    """
    values = np.asarray(samples, dtype=np.float64).ravel()
    if not len(values):
        raise MeasurementError("expected latency samples, got none")
    if not np.isfinite(values).all() or (values <= 0).any():
        raise MeasurementError("latency samples must be positive and finite")
    return values
