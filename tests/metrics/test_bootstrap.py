from __future__ import annotations

import math

import numpy as np
import pytest

from quantlat.errors import MeasurementError
from quantlat.metrics import bootstrap_mean, paired_difference


def test_the_interval_of_a_mean_is_near_the_normal_one_and_repeatable() -> None:
    values = np.random.default_rng(0).normal(70, 40, 1500)
    found = bootstrap_mean(values, seed=1)
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert found.estimate == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.25)
    assert found.high == pytest.approx(values.mean() + half, abs=0.25)
    assert (found.level, found.n) == (0.95, 1500)
    assert bootstrap_mean(values, seed=1) == found
    assert bootstrap_mean(values, seed=2) != found


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for seed in range(200):
        found = bootstrap_mean(rng.exponential(10, 80), seed=seed, resamples=400, level=0.9)
        hits += found.low <= 10 <= found.high
    assert 0.80 <= hits / 200 <= 0.96


def test_a_lower_level_is_a_narrower_interval() -> None:
    values = np.arange(100.0)
    wide, narrow = bootstrap_mean(values, seed=0), bootstrap_mean(values, seed=0, level=0.5)
    assert wide.low < narrow.low < narrow.estimate < narrow.high < wide.high


def test_questions_of_one_passage_count_as_what_they_are_worth() -> None:
    rng = np.random.default_rng(0)
    per_passage = rng.normal(70, 30, 100)
    values = np.repeat(per_passage, 10)  # ten questions that always agree
    groups = [f"passage {i}" for i in range(100) for _ in range(10)]
    alone, clustered = bootstrap_mean(values, seed=0), bootstrap_mean(values, seed=0, groups=groups)
    ratio = (clustered.high - clustered.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(math.sqrt(10), rel=0.1)
    assert clustered.estimate == pytest.approx(values.mean())


def test_groups_of_one_give_the_plain_bootstrap() -> None:
    values = np.random.default_rng(0).normal(size=50)
    plain, grouped = bootstrap_mean(values, seed=4), bootstrap_mean(values, seed=4, groups=list(range(50)))
    assert (grouped.low, grouped.high) == pytest.approx((plain.low, plain.high))


def test_groups_of_unequal_size_keep_the_mean_of_the_values() -> None:
    found = bootstrap_mean([0.0, 100.0, 100.0, 100.0], seed=0, groups=["a", "b", "b", "b"])
    assert found.estimate == 75.0
    assert (found.low, found.high) == (0.0, 100.0)


def test_a_single_value_or_group_says_nothing_about_the_spread() -> None:
    for found in (bootstrap_mean([5.0], seed=0), bootstrap_mean([4.0, 6.0], seed=0, groups=["a", "a"])):
        assert (found.estimate, found.low, found.high) == (5.0, -math.inf, math.inf)
    assert not paired_difference([5.0], [1.0], seed=0).distinguishable


def test_a_paired_difference_sees_what_two_separate_intervals_cannot() -> None:
    rng = np.random.default_rng(0)
    difficulty = rng.normal(70, 40, 1000)
    a, b = difficulty + 1.0 + rng.normal(0, 3, 1000), difficulty
    found = paired_difference(a, b, seed=0)
    assert found.distinguishable
    assert found.interval.estimate == pytest.approx(1.0, abs=0.3)
    assert bootstrap_mean(a, seed=0).low < bootstrap_mean(b, seed=0).high
    assert paired_difference(b, a, seed=0).interval.estimate == -found.interval.estimate


def test_equal_systems_are_not_distinguishable() -> None:
    values = np.random.default_rng(0).normal(size=100)
    same = paired_difference(values, values, seed=0)
    assert (same.interval.low, same.interval.high, same.distinguishable) == (0.0, 0.0, False)
    noise = paired_difference(values, np.random.default_rng(1).permutation(values), seed=0)
    assert not noise.distinguishable


def test_the_memory_of_a_large_set_stays_bounded() -> None:
    found = bootstrap_mean(np.ones(3_000_000), seed=0, resamples=3)
    assert (found.low, found.high) == (1.0, 1.0)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_values_that_have_no_mean_are_refused(values: list[float]) -> None:
    with pytest.raises(MeasurementError, match="at least one value, all of them finite"):
        bootstrap_mean(values, seed=0)


def test_pairs_and_groups_must_match_in_number() -> None:
    with pytest.raises(MeasurementError, match="got 2 and 1"):
        paired_difference([1.0, 2.0], [1.0], seed=0)
    with pytest.raises(MeasurementError, match="2 values and 1 groups"):
        bootstrap_mean([1.0, 2.0], seed=0, groups=["a"])
