"""A workload follows the real mix of lengths and is the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.errors import MeasurementError
from quantlat.latency.workload import Workload

LENGTHS = tuple(int(n) for n in np.random.default_rng(0).gamma(6.0, 28.0, 2000).clip(20, 384))


def test_sixty_requests_have_the_mean_length_of_two_thousand() -> None:
    for seed in range(20):
        workload = Workload.from_lengths(LENGTHS, 60, seed=seed)
        assert len(workload) == 60
        assert len(set(workload.indices)) == 60
        assert workload.mean_tokens == pytest.approx(np.mean(LENGTHS), rel=0.01)
        assert all(LENGTHS[i] == n for i, n in zip(workload.indices, workload.tokens, strict=True))


def test_the_seed_decides() -> None:
    assert Workload.from_lengths(LENGTHS, 30, seed=1) == Workload.from_lengths(LENGTHS, 30, seed=1)
    assert Workload.from_lengths(LENGTHS, 30, seed=1) != Workload.from_lengths(LENGTHS, 30, seed=2)


def test_requests_do_not_come_sorted_by_length() -> None:
    tokens = Workload.from_lengths(LENGTHS, 60, seed=3).tokens
    assert abs(np.corrcoef(tokens, np.arange(60))[0, 1]) < 0.4


def test_a_small_set_is_taken_whole() -> None:
    assert sorted(Workload.from_lengths([30, 10, 20], 5).tokens) == [10, 20, 30]


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(MeasurementError, match="asked for 4 of 0"):
        Workload.from_lengths([], 4)
