"""Retention configurations turn ratios of real tokens into rows per layer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlat.errors import RecipeError
from quantlat.models import ElasticConfig, RetentionConfig, batch_lengths


def test_lengths_round_up_and_keep_at_least_two() -> None:
    assert RetentionConfig((1.0, 0.7, 0.33, 0.01)).lengths(10) == (10, 7, 4, 2)


def test_decimal_ratios_are_not_rounded_up_by_binary_fractions() -> None:
    assert RetentionConfig((0.55,)).lengths(100) == (55,)


def test_very_short_sequences_keep_everything() -> None:
    assert RetentionConfig((0.5, 0.1)).lengths(2) == (2, 2)
    assert RetentionConfig((0.5, 0.1)).lengths(1) == (1, 1)


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=12), st.integers(1, 512))
def test_lengths_never_increase_and_stay_within_the_sequence(ratios: list[float], n: int) -> None:
    lengths = RetentionConfig(tuple(sorted(ratios, reverse=True))).lengths(n)
    assert all(a >= b for a, b in zip((n, *lengths), lengths, strict=False))
    assert min(lengths) >= min(2, n)


@pytest.mark.parametrize("ratios", [(), (0.0,), (1.1,), (0.5, 0.6), (float("nan"),)])
def test_wrong_ratios_are_refused(ratios: tuple[float, ...]) -> None:
    with pytest.raises(RecipeError):
        RetentionConfig(ratios)


def test_text_form_round_trips() -> None:
    config = RetentionConfig((1.0, 0.85, 0.4))
    assert RetentionConfig.parse(str(config)) == config
    with pytest.raises(RecipeError, match="ratios separated by commas"):
        RetentionConfig.parse("1;2")


def test_a_padded_batch_takes_the_longest_of_its_sequences() -> None:
    config = ElasticConfig(RetentionConfig((1.0, 0.5)))
    assert batch_lengths(config, [10, 40], 2) == (40, 20)


def test_a_configuration_of_another_depth_is_refused() -> None:
    with pytest.raises(RecipeError, match="2 layers, the model has 6"):
        ElasticConfig(RetentionConfig((1.0, 0.5))).lengths(10, 6)
