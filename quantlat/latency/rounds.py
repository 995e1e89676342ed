"""Statistics over rounds. Each round runs the whole workload once, so each gives one value of the same quantity.

Samples of one round are not independent draws of that quantity: their lengths differ by design, and what slows the
machine down slows neighbouring samples down together. Rounds are the unit that repeats, so every interval here is one
over rounds, on logarithms, because what disturbs a computer acts as a factor:

- up to 10 rounds: Student's t on the rounds' values;
- with more: the same on the means of 10 batches of consecutive rounds, whose length grows with the measurement, so
  that slow drift, which makes neighbouring rounds alike, does not make the interval too narrow (batch means;
  Schmeiser, *Operations Research* 30, 1982).

Processes differ, too: where memory lies and at which frequency a core happens to run stay the same within one process
and change with the next (Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013). No number of rounds
in one process can see that, so it enters the interval of a median as a component of its own, known from repeating
whole measurements (JCGM 100:2008, 4.3): :data:`PROCESS_SPREAD`. Ratios within one process do not need it as much, and
do not have it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.errors import MeasurementError
from quantlat.latency.statistics import checked, length_mix_ci, length_mix_mean, median_ci
from quantlat.latency.student_t import two_sided_t
from quantlat.metrics import Interval

MOST_BATCHES = 10
PROCESS_SPREAD = 0.0075
"""Standard deviation between processes, relative to the median: ``tools/interval_coverage.py`` on a quiet machine."""
_FEWEST_ROUNDS = 3
_FEWEST_IN_A_ROUND = 2


def median_over_rounds_ci(rounds: Sequence[ArrayLike], *, level: float = 0.95, process_spread: float = 0.0) -> Interval:
    """Geometric mean of the rounds' medians; the interval is about measuring the same workload again.

    The median of all samples together would be a worse estimate: the requests of a small workload differ by several
    per cent in length, and the middle of the pooled samples jumps from one request to the next. A round's median is
    always that of the same requests. It is also the statistic of :func:`ratio_ci`, so that the ratio of two medians is
    the ratio that is reported.

    Where there are fewer than three rounds, or one sample in each, the samples are all there is: order statistics
    (:func:`quantlat.latency.statistics.median_ci`).

    Args:
        rounds: the samples of each round, in the order of the rounds.
        process_spread: relative standard deviation between processes that the interval should allow for; 0: it is
            about this process alone.

    Returns:
        In the samples' unit; ``n`` is the number of samples.

    Raises:
        MeasurementError: no samples.
    """
    pooled = np.concatenate([checked(samples) for samples in rounds]) if len(rounds) else checked(())
    if len(rounds) < _FEWEST_ROUNDS or len(pooled) < _FEWEST_IN_A_ROUND * len(rounds):
        return median_ci(pooled, level)
    logs = np.log([float(np.median(checked(samples))) for samples in rounds])
    return replace(_geometric_mean_ci(logs, level, process_spread), n=len(pooled))


def mix_mean_over_rounds_ci(
    rounds: Sequence[ArrayLike], tokens: ArrayLike, *, level: float = 0.95, process_spread: float = 0.0
) -> Interval:
    """Geometric mean over rounds of :func:`quantlat.latency.statistics.length_mix_mean`, with its interval.

    With fewer than three rounds its interval is a bootstrap of the samples.

    Args:
        rounds: ``[rounds][requests]``, the same requests in each.
        tokens: ``[requests]``, real tokens of each.
        process_spread: as in :func:`median_over_rounds_ci`.

    Raises:
        MeasurementError: no samples.
    """
    pooled, lengths = np.concatenate([checked(samples) for samples in rounds]), np.tile(tokens, len(rounds))
    if len(rounds) < _FEWEST_ROUNDS:
        return length_mix_ci(pooled, lengths, level=level)
    logs = np.log([length_mix_mean(samples, tokens) for samples in rounds])
    return replace(_geometric_mean_ci(logs, level, process_spread), n=len(pooled))


def ratio_ci(numerator: Sequence[ArrayLike], denominator: Sequence[ArrayLike], *, level: float = 0.95) -> Interval:
    """Ratio of two latencies, paired by round: both sides of a round see the same drift.

    The statistic is the geometric mean over rounds of the ratio of the rounds' medians.

    Args:
        numerator: one sequence of samples for each round.
        denominator: samples of the same rounds; the numbers of samples may differ.

    Returns:
        The ratio; above 1 means that ``numerator`` is slower. ``n`` is the number of rounds. A single round
        gives an interval from 0 to infinity at level 0, because nothing is known about how rounds differ.

    Raises:
        MeasurementError: no rounds, or not the same number of them.
    """
    if len(numerator) != len(denominator) or not len(numerator):
        raise MeasurementError(
            f"a paired ratio needs the same rounds on both sides, got {len(numerator)} and {len(denominator)}"
        )
    above = [float(np.median(checked(samples))) for samples in numerator]
    below = [float(np.median(checked(samples))) for samples in denominator]
    return _geometric_mean_ci(np.log(above) - np.log(below), level)


def rate_ci(rounds: Sequence[ArrayLike], items: int, *, level: float = 0.95) -> Interval:
    """Items in a second, when each round takes the sum of its samples for all of them.

    Args:
        rounds: samples in ms, one sequence for each round.
        items: what one round gets through.

    Returns:
        The geometric mean; ``n`` is the number of rounds. A single round gives an unknown interval (level 0).
    """
    return _geometric_mean_ci(np.log([1000.0 * items / checked(samples).sum() for samples in rounds]), level)


def _geometric_mean_ci(logs: NDArray[np.float64], level: float, process_spread: float = 0.0) -> Interval:
    mean, n = float(logs.mean()), len(logs)
    if n < 2:
        return Interval(math.exp(mean), 0.0, math.inf, 0.0, n)
    between = NormalDist().inv_cdf(0.5 + level / 2.0) * process_spread
    half = math.hypot(_half_width(logs, level), between)
    return Interval(math.exp(mean), math.exp(mean - half), math.exp(mean + half), level, n)


def _half_width(logs: NDArray[np.float64], level: float) -> float:
    """Half the interval of the mean of the rounds' logarithms, by batch means."""
    batches = np.array_split(logs, min(len(logs), MOST_BATCHES))
    means = np.array([batch.mean() for batch in batches])
    return two_sided_t(len(means) - 1, level) * float(means.std(ddof=1)) / math.sqrt(len(means))
