"""Intervals cover what they promise, and nothing is claimed that the samples cannot support."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.errors import MeasurementError
from quantlat.latency.statistics import (
    has_settled,
    length_mix_ci,
    length_mix_mean,
    length_parts,
    median_ci,
    percentile_ci,
    percentiles_supported,
    relative_width,
    samples_needed,
)


@pytest.mark.parametrize(
    ("n", "low", "high"),
    # order statistics of the published tables of the sign test (two-sided, 5 %)
    [(6, 1, 6), (10, 2, 9), (20, 6, 15), (30, 10, 21), (100, 40, 61)],
)
def test_the_median_interval_uses_the_tabulated_order_statistics(n: int, low: int, high: int) -> None:
    interval = median_ci(np.arange(1, n + 1)[::-1])
    assert (interval.low, interval.high) == (low, high)
    assert interval.estimate == (n + 1) / 2
    assert interval.level == 0.95


@pytest.mark.parametrize(("n", "level"), [(1, 0.0), (2, 0.5), (5, 0.9375)])
def test_too_few_samples_give_their_range_and_admit_a_lower_level(n: int, level: float) -> None:
    interval = median_ci(np.arange(1.0, n + 1))
    assert (interval.low, interval.high) == (1.0, n)
    assert interval.level == pytest.approx(level)


def test_thousands_of_samples_do_not_underflow() -> None:
    interval = median_ci(np.arange(1.0, 5001))
    assert (interval.low, interval.high) == (2431, 2570)
    assert relative_width(interval) == pytest.approx(139 / 2500.5)


def test_the_median_interval_covers_the_true_median_of_a_skewed_distribution() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        interval = median_ci(10 + rng.exponential(2.0, 25))
        covered += interval.low <= 10 + 2.0 * np.log(2) <= interval.high
    assert covered / 400 >= 0.94


def test_percentiles_need_29_59_and_299_samples() -> None:
    assert [samples_needed(p) for p in (90, 95, 99)] == [29, 59, 299]
    for n, supported in ((4, []), (28, [50]), (29, [50, 90]), (59, [50, 90, 95]), (299, [50, 90, 95, 99])):
        assert list(percentiles_supported(np.arange(1.0, n + 1))) == supported
    assert percentiles_supported(np.arange(1.0, 102))[90] == 91.0


@pytest.mark.parametrize(
    ("n", "percentile", "low", "high"),
    # ranks by the binomial distribution: P(B < low) and P(B >= high) are at most 2.5 % each
    [(30, 50, 10, 21), (100, 50, 40, 61), (36, 90, 29, 36), (200, 90, 171, 189), (200, 95, 184, 197)],
)
def test_a_percentile_has_the_interval_of_its_order_statistics(n: int, percentile: int, low: int, high: int) -> None:
    interval = percentile_ci(np.arange(1, n + 1)[::-1], percentile)
    assert (interval.low, interval.high, interval.level) == (low, high, 0.95)
    assert interval.low <= interval.estimate <= interval.high


def test_the_fewest_samples_of_a_percentile_admit_a_lower_level() -> None:
    interval = percentile_ci(np.arange(1.0, 30), 90)
    assert interval.high == 29.0
    # the largest of 29 is above p90 with 95.3 %, and rank 23 is not below it with 2.2 %
    assert interval.level == pytest.approx(0.931, abs=0.001)


def test_the_interval_of_p90_covers_the_true_one_of_a_skewed_distribution() -> None:
    rng = np.random.default_rng(5)
    truth, covered = 10 + 2.0 * np.log(10), 0
    for _ in range(400):
        interval = percentile_ci(10 + rng.exponential(2.0, 100), 90)
        covered += interval.low <= truth <= interval.high
    assert covered / 400 >= 0.94


@pytest.mark.parametrize("bad", [[], [1.0, 0.0], [1.0, float("nan")]])
def test_impossible_samples_are_refused(bad: list[float]) -> None:
    with pytest.raises(MeasurementError):
        median_ci(bad)


def test_a_stalled_request_moves_the_plain_mean_but_not_the_length_mix_mean() -> None:
    tokens = np.arange(20, 380)
    quiet = 0.1 * tokens
    stalled = quiet.copy()
    stalled[::50] += 500.0
    assert length_mix_mean(quiet, tokens) == pytest.approx(quiet.mean(), rel=0.01)
    assert stalled.mean() > 1.4 * quiet.mean()
    assert length_mix_mean(stalled, tokens) == pytest.approx(quiet.mean(), rel=0.02)


def test_the_length_mix_interval_is_about_noise_not_about_lengths() -> None:
    tokens = np.tile(np.arange(20, 380, 3), 4)
    rng = np.random.default_rng(0)
    noisy = 0.1 * tokens * np.exp(rng.normal(0, 0.02, len(tokens)))
    interval = length_mix_ci(noisy, tokens, buckets=60)
    assert interval.low <= 0.1 * tokens.mean() <= interval.high
    assert relative_width(interval) < 0.02


def test_the_mean_of_very_few_requests_is_still_defined() -> None:
    assert length_mix_mean([3.0], [10]) == 3.0
    assert length_mix_mean([3.0, 5.0], [10, 20]) == 4.0


def test_warm_up_is_over_when_the_running_median_stands_still() -> None:
    falling = [100.0 * 0.8**i for i in range(10)]
    assert not has_settled(falling)
    assert has_settled([*falling, *[10.0] * 10])
    assert not has_settled([10.0] * 9)


def test_requests_of_similar_length_are_kept_together() -> None:
    tokens = [10, 20, 30, 40] * 6
    parts = length_parts([float(n) for n in tokens], tokens)
    assert [part.tokens for part in parts] == [(10, 10), (20, 20), (30, 30), (40, 40)]
    assert all(set(part.samples_ms) == {float(part.tokens[0])} for part in parts)
    assert len(length_parts([1.0, 2.0], [7, 7])) == 1
