"""The latency table against machines whose times are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from quantlat.errors import MeasurementError
from quantlat.models.retention import RetentionConfig
from quantlat.search.latency_table import LatencyTable, fit_table
from quantlat.search.space import RetentionSpace

SPACE = RetentionSpace(6)
REQUESTS = [(n,) for n in (40, 90, 130, 164, 190, 230, 280, 384)]
BLOCK = 12


def _layer_ms(entering: int, kept: int) -> float:
    rounded_in, rounded_kept = (math.ceil(n / BLOCK) * BLOCK for n in (entering, kept))
    gather = 0.02 + 1e-4 * entering if kept < entering else 0.0
    return 0.05 + 2e-3 * rounded_in + 3e-6 * rounded_in**2 + 4e-3 * rounded_kept + gather


def _true_ms(request: tuple[int, ...], config: RetentionConfig) -> float:
    total = 0.3
    for tokens in request:
        entering = tokens
        for kept in config.lengths(tokens):
            total += _layer_ms(entering, kept)
            entering = kept
    return total


def _configs(count: int, seed: int) -> list[RetentionConfig]:
    rng = np.random.default_rng(seed)
    return [config for config in (SPACE.random(rng) for _ in range(count)) if not config.is_full]


def _fit(stalls: float = 0.0, requests: list[tuple[int, ...]] = REQUESTS) -> LatencyTable:
    rng = np.random.default_rng(5)

    def timed(request: int, config: RetentionConfig) -> float:
        stall = 10.0 if rng.random() < stalls else 1.0
        return _true_ms(requests[request], config) * stall * (1.0 + abs(rng.normal(0, 0.01)))

    return fit_table(timed, requests, [*_configs(14, 0), *SPACE.late_profiles()[::6]], _configs(8, 1))


@pytest.mark.parametrize("stalls", [0.0, 0.1])
def test_it_predicts_configurations_that_it_has_not_seen_even_where_requests_stall(stalls: float) -> None:
    table = _fit(stalls)
    assert table.check.configurations == 8
    assert table.check.mean_error < 0.02
    others = _configs(40, 2)
    full = np.mean([_true_ms(request, SPACE.full) for request in REQUESTS])
    truth = np.array([np.mean([_true_ms(request, c) for request in REQUESTS]) for c in others]) / full
    assert np.abs(table.relative(others) / truth - 1.0).mean() < 0.02


def test_it_finds_the_row_block_of_the_kernels() -> None:
    assert _fit().row_block == BLOCK


def test_an_entry_is_what_a_layer_costs() -> None:
    table = _fit()
    for entering, kept in ((384, 384), (384, 120), (120, 40)):
        assert table.entry_ms(entering, kept) == pytest.approx(_layer_ms(entering, kept), rel=0.15)
    assert table.entry_ms(200, 100) <= table.entry_ms(200, 150) <= table.entry_ms(250, 150)


def test_batches_are_sums_over_their_sequences() -> None:
    requests = [(40, 60, 80, 100), (150, 160, 170, 180), (220, 260, 300, 384)]
    assert _fit(requests=requests).check.mean_error < 0.02


def test_full_length_is_the_plain_graph_and_always_one() -> None:
    table = _fit()
    assert table.relative([SPACE.full, RetentionConfig((1, 1, 1, 1, 1, 0.1))])[0] == 1.0
    assert table.relative([]).shape == (0,)
    assert LatencyTable.model_validate_json(table.model_dump_json()) == table


def test_it_says_how_far_it_is_off_where_time_is_not_a_sum_over_layers() -> None:
    def odd(request: int, config: RetentionConfig) -> float:
        return 1.0 + 3.0 * (round(config.ratios[2] * 20) % 2)  # nothing a sum over layers could follow

    table = fit_table(odd, REQUESTS, _configs(14, 0), _configs(8, 1))
    assert table.check.worst_error > 0.25


def test_nothing_to_time_is_an_error() -> None:
    with pytest.raises(MeasurementError, match="needs requests and configurations"):
        fit_table(lambda request, config: 1.0, [], _configs(2, 0), [])
