"""Intervals over rounds: they cover, they do not grow with the spread of lengths, and drift does not shrink them."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.errors import MeasurementError
from quantlat.latency.rounds import median_over_rounds_ci, mix_mean_over_rounds_ci, rate_ci, ratio_ci
from quantlat.latency.statistics import length_mix_mean, median_ci, relative_width

LENGTHS = np.linspace(40, 384, 40)


def _rounds(rng: np.random.Generator, rounds: int, *, correlation: float = 0.0) -> list[np.ndarray]:
    """A workload of mixed lengths in a machine whose speed wanders by 1 %; single requests vary by 2 %."""
    speed = rng.normal(0, 0.01, rounds)
    for i in range(1, rounds):
        speed[i] = correlation * speed[i - 1] + np.sqrt(1 - correlation**2) * speed[i]
    return [0.05 * LENGTHS * np.exp(s + rng.normal(0, 0.02, len(LENGTHS))) for s in speed]


@pytest.mark.parametrize("rounds", [4, 8, 30])
def test_the_median_of_a_mix_of_lengths_is_covered_and_narrow(rounds: int) -> None:
    rng = np.random.default_rng(3)
    truth = 0.05 * np.median(LENGTHS)
    intervals = [median_over_rounds_ci(_rounds(rng, rounds)) for _ in range(300)]
    assert np.mean([i.low <= truth <= i.high for i in intervals]) >= 0.93
    by_samples = median_ci(np.concatenate(_rounds(rng, rounds)))
    assert np.mean([relative_width(i) for i in intervals]) < 0.5 * relative_width(by_samples)
    assert intervals[0].n == rounds * len(LENGTHS)


def test_neighbouring_rounds_that_are_alike_make_a_long_measurement_no_surer_than_it_is() -> None:
    rng = np.random.default_rng(4)
    truth = 0.05 * np.median(LENGTHS)
    intervals = [median_over_rounds_ci(_rounds(rng, 100, correlation=0.7)) for _ in range(300)]
    assert np.mean([i.low <= truth <= i.high for i in intervals]) >= 0.9


def test_processes_that_differ_are_covered_when_the_interval_allows_for_them() -> None:
    rng = np.random.default_rng(6)
    truth = 0.05 * np.median(LENGTHS)
    covered = {0.0: 0, 0.02: 0}
    for _ in range(300):
        shift = np.exp(rng.normal(0, 0.02))  # one for all rounds of a process, which rounds cannot see
        rounds = [shift * r for r in _rounds(rng, 8)]
        for spread in covered:
            interval = median_over_rounds_ci(rounds, process_spread=spread)
            covered[spread] += interval.low <= truth <= interval.high
    assert covered[0.0] < 0.7 * 300
    assert covered[0.02] >= 0.93 * 300


def test_single_samples_and_few_rounds_have_order_statistics() -> None:
    samples = [float(i) for i in range(1, 31)]
    for rounds in ([samples], [samples[:15], samples[15:]], [[s] for s in samples]):
        assert median_over_rounds_ci(rounds) == median_ci(samples)


def test_the_mean_over_a_mix_of_lengths_has_an_interval_over_rounds() -> None:
    rng = np.random.default_rng(5)
    rounds = _rounds(rng, 6)
    interval = mix_mean_over_rounds_ci(rounds, LENGTHS)
    assert interval.low < 0.05 * LENGTHS.mean() < interval.high
    assert interval.estimate == pytest.approx(np.exp(np.mean([np.log(length_mix_mean(r, LENGTHS)) for r in rounds])))
    assert relative_width(interval) < 0.04
    assert mix_mean_over_rounds_ci(rounds[:1], LENGTHS).n == len(LENGTHS)


@pytest.mark.parametrize("rounds", [3, 5, 12])
def test_a_ratio_paired_by_round_covers_the_truth_under_drift(rounds: int) -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(300):
        drift = np.exp(np.linspace(0, 0.5, rounds))  # 65 % slower at the end, for both sides alike
        a = [20 * d * np.exp(rng.normal(0, 0.05, 9)) for d in drift]
        b = [10 * d * np.exp(rng.normal(0, 0.05, 9)) for d in drift]
        interval = ratio_ci(a, b)
        covered += interval.low <= 2.0 <= interval.high
        assert relative_width(interval) < 0.4  # the drift is not in it
        assert interval.n == rounds
    assert covered / 300 >= 0.92


def test_one_round_says_nothing_about_a_ratio() -> None:
    interval = ratio_ci([[4.0, 4.0]], [[2.0]])
    assert interval.estimate == pytest.approx(2.0)
    assert (interval.low, interval.high, interval.level) == (0.0, np.inf, 0.0)


def test_rounds_must_match() -> None:
    with pytest.raises(MeasurementError, match="same rounds on both sides, got 2 and 1"):
        ratio_ci([[1.0], [1.0]], [[1.0]])


def test_a_rate_has_an_interval_over_rounds() -> None:
    steady = rate_ci([[100.0, 100.0]] * 4, 20)  # 20 windows in 200 ms
    assert steady.estimate == pytest.approx(100.0)
    assert steady.high - steady.low < 1e-6
    uneven = rate_ci([[100.0], [200.0], [100.0]], 10)
    assert uneven.low < 100.0 * 0.5 ** (1 / 3) < uneven.high
    assert rate_ci([[100.0]], 10).level == 0.0
