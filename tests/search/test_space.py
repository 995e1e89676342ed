"""Every proposal of the space is a valid configuration on its grid."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlat.errors import RecipeError
from quantlat.models.retention import RetentionConfig
from quantlat.search.space import RetentionSpace

SPACE = RetentionSpace(6)
# shares of the real tokens that the published best configurations keep (LA-MiniLM on SQuAD 1.1, of 384)
PUBLISHED = (
    (269, 253, 252, 202, 104, 34),
    (315, 251, 242, 159, 142, 33),
    (346, 284, 275, 166, 107, 24),
    (383, 380, 376, 358, 202, 123),
)


def test_the_grid_counts_down_from_one_in_steps() -> None:
    assert SPACE.levels == 18
    assert SPACE.max_decrement == 18
    assert RetentionSpace(6, largest_decrement=0.3).max_decrement == 6
    assert SPACE.config((0, 0, 1, 2, 0, 6)).ratios == (1.0, 1.0, 0.95, 0.85, 0.85, 0.55)
    assert SPACE.config((6, 6, 6, 6, 0, 0)).ratios == (0.7, 0.4, 0.1, 0.1, 0.1, 0.1)


@given(st.lists(st.integers(0, 18), min_size=6, max_size=6))
def test_every_vector_of_decrements_is_a_configuration_of_the_space(decrements: list[int]) -> None:
    config = SPACE.config(decrements)
    assert all(before >= after for before, after in pairwise(config.ratios))
    assert min(config.ratios) >= 0.1
    assert SPACE.config(SPACE.decrements(config)) == config
    assert SPACE.repair(config.ratios) == config


@given(st.lists(st.floats(-0.5, 1.5, allow_nan=False), min_size=6, max_size=6))
def test_any_ratios_are_repaired_into_the_space(ratios: list[float]) -> None:
    config = SPACE.repair(ratios)
    assert SPACE.config(SPACE.decrements(config)) == config


def test_repair_keeps_what_is_valid_and_rounds_the_rest() -> None:
    ratios = (0.97, 0.99, 0.62, 0.6, 0.6, 0.0)
    assert SPACE.repair(ratios).ratios == (0.95, 0.95, 0.6, 0.6, 0.6, 0.1)
    assert RetentionSpace(6, largest_decrement=0.3).repair(ratios).ratios == (0.95, 0.95, 0.65, 0.6, 0.6, 0.3)


@pytest.mark.parametrize("lengths", PUBLISHED)
def test_the_published_configurations_are_within_reach(lengths: tuple[int, ...]) -> None:
    config = SPACE.repair([length / 384 for length in lengths])
    published = [max(0.1, length / 384) for length in lengths]
    assert max(abs(r - p) for r, p in zip(config.ratios, published, strict=True)) <= 0.025


def test_constant_rates_run_from_full_to_the_smallest_that_was_trained() -> None:
    seeds = SPACE.constant_rates(8)
    assert seeds[0] == RetentionConfig.full(6)
    assert seeds[-1].ratios == (0.8, 0.65, 0.5, 0.4, 0.35, 0.25)  # 0.8 ** i on the grid
    means = [np.mean(seed.ratios) for seed in seeds]
    assert len(seeds) == 8
    assert np.diff(means) == pytest.approx(-0.072, abs=0.03)


def test_the_first_generation_holds_seeds_and_their_neighbours_without_repetition() -> None:
    first = SPACE.first_generation(16, np.random.default_rng(0))
    assert len(first) == len(set(first)) == 16
    assert first[0] == SPACE.full
    assert set(SPACE.constant_rates(4)) <= set(first)
    assert len(set(SPACE.late_profiles()) & set(first)) >= 8
    assert first == SPACE.first_generation(16, np.random.default_rng(0))
    assert first != SPACE.first_generation(16, np.random.default_rng(1))


def test_late_profiles_keep_everything_in_the_first_layers_and_then_fall() -> None:
    late = SPACE.late_profiles()
    assert len(late) == len(set(late)) > 20
    assert all(config.ratios[:2] == (1.0, 1.0) for config in late)
    assert str(late[0]) == "1,1,1,1,0.95,0.4"
    kept = [sum(config.ratios) for config in late]
    assert kept == sorted(kept, reverse=True)


def test_a_cheaper_neighbour_keeps_less_and_is_new() -> None:
    rng = np.random.default_rng(0)
    origin = SPACE.late_profiles()[10]
    seen = {origin}
    for _ in range(20):
        found = SPACE.cheaper(seen, rng, near=[origin])
        assert found is not None and found not in seen
        assert sum(found.ratios) < sum(origin.ratios)
        assert max(np.subtract(origin.ratios, found.ratios)) <= 0.1 + 1e-9 or found.ratios[-1] <= origin.ratios[-1]
        seen.add(found)


def test_nothing_is_cheaper_than_the_smallest() -> None:
    smallest = SPACE.repair([0.0] * 6)
    assert SPACE.cheaper(set(), np.random.default_rng(0), near=[smallest]) is None


def test_random_configurations_do_not_collapse_within_two_layers() -> None:
    rng = np.random.default_rng(0)
    third = [SPACE.random(rng).ratios[2] for _ in range(200)]
    assert np.median(third) == pytest.approx(0.55, abs=0.05)


def test_the_size_counts_every_configuration_once() -> None:
    small = RetentionSpace(3, ratio_step=0.2, min_ratio=0.2)
    configs = list(small.enumerate())
    assert len(configs) == len(set(configs)) == small.size
    assert configs[0] == small.full
    assert SPACE.size == math.comb(18 + 6, 6)
    assert RetentionSpace(6, largest_decrement=0.3).size == 63_490


def test_two_layers_can_still_reach_the_smallest_ratio() -> None:
    assert RetentionSpace(2).config((18, 0)).ratios == (0.1, 0.1)


def test_unseen_finds_the_very_last_configuration_and_then_none() -> None:
    small = RetentionSpace(2, ratio_step=0.3, min_ratio=0.1)
    configs = list(small.enumerate())
    rng = np.random.default_rng(0)
    for missing in configs:
        assert small.unseen(set(configs) - {missing}, rng, near=configs[:1]) == missing
    assert small.unseen(set(configs), rng) is None


def test_a_configuration_off_the_grid_has_no_decrements() -> None:
    with pytest.raises(RecipeError, match=r"1,1,1,1,1,0.93 is not in the search space: 6 layers, step 0.05"):
        SPACE.decrements(RetentionConfig((1, 1, 1, 1, 1, 0.93)))
    with pytest.raises(RecipeError, match="expected 6 retention ratios, got 2"):
        SPACE.repair((1, 1))


@pytest.mark.parametrize("wrong", [{"layers": 0}, {"ratio_step": 0.0}, {"min_ratio": 1.5}])
def test_an_impossible_space_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RecipeError, match=next(iter(wrong)).partition("_")[0][:5]):
        RetentionSpace(**{"layers": 6, **wrong})  # type: ignore[arg-type]
