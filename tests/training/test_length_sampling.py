from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlat.errors import RecipeError
from quantlat.training.length_sampling import (
    SAMPLERS,
    LateDrop,
    LengthDrop,
    LengthSampler,
    make_sampler,
    sub_networks,
)

samplers = st.one_of(
    st.floats(0.01, 0.9).map(LengthDrop),
    st.builds(
        LateDrop,
        last=st.tuples(st.floats(0.01, 0.4), st.floats(0.4, 1.0)),
        onset=st.tuples(st.floats(0.0, 0.2), st.floats(0.2, 0.9)),
        power=st.tuples(st.floats(0.2, 1.0), st.floats(1.0, 6.0)),
    ),
)
token_counts = st.lists(st.integers(1, 384), min_size=1, max_size=6).map(lambda x: np.array(x, dtype=np.int64))


@settings(max_examples=150, deadline=None)
@given(samplers, token_counts, st.integers(1, 12), st.integers(0, 2**31), st.floats(0.0, 0.9), st.floats(0.05, 1.0))
def test_lengths_never_grow_and_stay_between_two_and_the_real_tokens(
    sampler: LengthSampler, tokens: np.ndarray, layers: int, seed: int, layer_drop: float, strength: float
) -> None:
    passes = sub_networks(
        sampler,
        tokens,
        layers,
        np.random.default_rng(seed),
        random_passes=2,
        layer_drop=layer_drop,
        strength=strength,
    )
    assert len(passes) == 3
    for passed in passes:
        lengths = passed.lengths
        assert lengths.shape == (len(tokens), layers) and lengths.dtype == np.int64
        assert (lengths <= tokens[:, None]).all()
        assert (lengths >= np.minimum(2, tokens)[:, None]).all()
        assert (np.diff(lengths, axis=1) <= 0).all()
        assert len(passed.skipped) < layers and passed.skipped <= set(range(layers))


@settings(max_examples=100, deadline=None)
@given(st.floats(0.01, 0.9), st.integers(2, 384), st.integers(1, 12), st.integers(0, 2**31))
def test_no_layer_drops_more_than_its_share(ratio: float, tokens: int, layers: int, seed: int) -> None:
    drawn = LengthDrop(ratio).random(np.array([tokens]), layers, np.random.default_rng(seed))[0]
    smallest = LengthDrop(ratio).smallest(np.array([tokens]), layers)[0]
    before = tokens
    for length, floor in zip(drawn, smallest, strict=True):
        assert length >= max(2, math.ceil((1 - ratio) * before - 1e-9)) or length == before
        assert length >= floor
        before = length


def test_the_smallest_sub_network_of_384_tokens_is_the_published_one() -> None:
    assert LengthDrop(0.2).smallest(np.array([384]), 6).tolist() == [[308, 247, 198, 159, 128, 103]]


def test_exact_products_are_not_rounded_up() -> None:
    # (1 - 0.2) * 5 is 4.000000000000001 in some evaluation orders, and must stay 4
    assert LengthDrop(0.2).smallest(np.array([5, 10, 25]), 1).ravel().tolist() == [4, 8, 20]


def test_every_allowed_length_is_equally_likely() -> None:
    rng = np.random.default_rng(0)
    counts = Counter(int(LengthDrop(0.2).random(np.array([10]), 1, rng)[0, 0]) for _ in range(3000))
    assert set(counts) == {8, 9, 10}
    assert all(abs(count - 1000) < 120 for count in counts.values())


def test_sequences_of_a_batch_share_the_drawn_ratios() -> None:
    lengths = LengthDrop(0.3).random(np.array([100, 200]), 6, np.random.default_rng(3))
    assert np.abs(lengths[1] / 2 - lengths[0]).max() <= 2.5
    assert lengths[0, -1] < 90


def test_a_late_profile_keeps_everything_up_to_its_onset_and_falls_to_last() -> None:
    assert LateDrop.profile(4, last=0.2, onset=0.5, power=1.0) == pytest.approx((1.0, 1.0, 0.6, 0.2))
    assert LateDrop.profile(2, last=0.1, onset=0.0, power=2.0) == pytest.approx((0.775, 0.1))


def test_the_smallest_late_profile_ends_at_the_smallest_last_from_the_middle_onset() -> None:
    sampler = LateDrop(last=(0.1, 0.5), onset=(0.0, 0.5), power=(1.0, 2.0))
    assert sampler.smallest(np.array([100]), 4).tolist() == [[100, 70, 40, 10]]


def test_late_profiles_leave_the_first_third_of_the_layers_whole() -> None:
    rng = np.random.default_rng(4)
    drawn = np.concatenate([LateDrop().random(np.array([176]), 6, rng) for _ in range(200)])
    assert (drawn[:, 0] == 176).all() and (LateDrop().smallest(np.array([176]), 6)[:, :3] == 176).all()
    assert drawn[:, -1].min() < 0.1 * 176 and drawn[:, -1].max() > 0.5 * 176


def test_late_profiles_drop_late_where_chains_drop_evenly() -> None:
    rng = np.random.default_rng(1)
    tokens = np.array([200])
    late = np.mean([LateDrop().random(tokens, 6, rng)[0] for _ in range(300)], axis=0) / 200
    chain = np.mean([LengthDrop(0.2).random(tokens, 6, rng)[0] for _ in range(300)], axis=0) / 200
    assert late[0] > chain[0] and late[1] > chain[1]
    assert late[-1] < chain[-1]


def test_a_skipped_layer_leaves_the_chain_to_the_others() -> None:
    rng = np.random.default_rng(2)
    tokens = np.array([100])
    smallest = [sub_networks(LengthDrop(0.5), tokens, 4, rng, random_passes=0, layer_drop=0.5)[0] for _ in range(60)]
    assert any(passed.skipped for passed in smallest)
    for passed in smallest:
        left, expected = 100, []
        for layer in range(4):
            left = left if layer in passed.skipped else math.ceil(left / 2)
            expected.append(left)
        assert passed.lengths[0].tolist() == expected


def test_without_layer_drop_nothing_is_skipped_and_the_first_pass_is_the_smallest() -> None:
    tokens = np.array([50, 80])
    passes = sub_networks(LengthDrop(0.2), tokens, 3, np.random.default_rng(0), random_passes=2)
    assert [passed.skipped for passed in passes] == [frozenset()] * 3
    assert passes[0].lengths.tolist() == LengthDrop(0.2).smallest(tokens, 3).tolist()


def test_half_strength_drops_half_as_many_tokens() -> None:
    passes = sub_networks(LengthDrop(0.4), np.array([100]), 2, np.random.default_rng(0), random_passes=0, strength=0.5)
    assert passes[0].lengths.tolist() == [[80, 68]]


def test_strategies_are_found_by_name() -> None:
    assert set(SAMPLERS) == {"length_drop", "late"}
    assert make_sampler("length_drop", 0.3) == LengthDrop(0.3)
    assert make_sampler("late") == LateDrop()
    with pytest.raises(RecipeError, match="length_drop, late"):
        make_sampler("early")


@pytest.mark.parametrize(
    "build",
    [
        lambda: LengthDrop(0.0),
        lambda: LengthDrop(1.0),
        lambda: LateDrop(last=(0.5, 0.2)),
        lambda: LateDrop(onset=(0, 1)),
    ],
)
def test_parameters_out_of_range_are_refused(build: object) -> None:
    with pytest.raises(RecipeError):
        build()  # type: ignore[operator]
