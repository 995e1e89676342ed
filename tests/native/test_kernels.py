"""The engine's kernels one by one, in every instruction set that this machine has."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

engine = pytest.importorskip("quantlat.native._engine", reason="the native engine was not built")

KERNELS = engine.usable_kernels()


@pytest.mark.parametrize("kernels", KERNELS)
def test_gelu_is_within_1e_5_of_the_exact_function(kernels: str) -> None:
    x = np.concatenate([np.linspace(-40, 40, 200_001), [-1e30, -0.0, 0.0, 1e30]]).astype(np.float32)
    exact = x.astype(np.float64) * 0.5 * (1.0 + erf(x.astype(np.float64) / np.sqrt(2.0)))
    assert np.abs(engine.activate(x, "gelu", kernels) - exact).max() < 1e-5


@pytest.mark.parametrize("kernels", KERNELS)
def test_the_tanh_form_of_gelu_is_within_1e_5(kernels: str) -> None:
    x = np.linspace(-12, 12, 10_001).astype(np.float32)
    wide = x.astype(np.float64)
    exact = 0.5 * wide * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (wide + 0.044715 * wide**3)))
    assert np.abs(engine.activate(x, "gelu_new", kernels) - exact).max() < 3e-5


@pytest.mark.parametrize("kernels", KERNELS)
def test_relu_and_its_tail_lanes(kernels: str) -> None:
    x = np.linspace(-3, 3, 37).astype(np.float32)
    np.testing.assert_array_equal(engine.activate(x, "relu", kernels), np.maximum(x, 0))


@pytest.mark.parametrize("kernels", KERNELS)
def test_exp_is_within_3e_6_of_the_exact_function_and_never_overflows(kernels: str) -> None:
    x = np.linspace(-80, 0, 100_001).astype(np.float32)
    relative = engine.exp_negative(x, kernels) / np.exp(x.astype(np.float64)) - 1.0
    assert np.abs(relative).max() < 1.2e-5  # 2.7e-6 of the polynomial, the rest is the rounding of x log2(e)
    assert engine.exp_negative(np.float32([-1e30, -200.0]), kernels).max() < 1e-30


def test_selection_keeps_the_largest_scores_in_order() -> None:
    rng = np.random.default_rng(0)
    for count in (1, 2, 15, 16, 17, 512):
        scores = rng.random(count).astype(np.float32)
        for keep in {1, (count + 1) // 2, count}:
            others = np.argsort(-scores[1:], kind="stable")[: keep - 1] + 1
            assert engine.select_rows(scores, keep) == sorted([0, *others])


def test_of_equal_scores_the_earlier_rows_stay() -> None:
    assert engine.select_rows(np.ones(9, np.float32), 4) == [0, 1, 2, 3]


def test_scores_that_are_not_numbers_still_give_as_many_rows() -> None:
    scores = np.array([1, np.nan, 2, -np.inf, np.inf, np.nan], np.float32)
    kept = engine.select_rows(scores, 3)
    assert len(kept) == 3 and kept[0] == 0 and kept == sorted(set(kept))


def test_unknown_kernels_are_refused_and_the_usable_ones_named() -> None:
    with pytest.raises(ValueError, match=r"cannot run on this CPU; usable: .*portable"):
        engine.activate(np.zeros(1, np.float32), "gelu", "mmx")


def test_every_kernel_of_the_roofline_is_timed() -> None:
    rows = engine.kernel_timings(24, 64, 128, 2, 1)
    assert len(rows) == 8
    assert all(seconds > 0 for _, _, seconds in rows)
    assert rows[0][1] == 24 * 64 * 192
