"""Interleaved measuring: the order of runs, warm-up, adaptive rounds, and drift that cancels."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest

from quantlat.errors import MeasurementError
from quantlat.latency.advice import MeasurementWarning
from quantlat.latency.machine import read_machine_facts
from quantlat.latency.measure import MeasureOptions, measure_interleaved
from quantlat.latency.measurement import Measurement

TOKENS = (10, 20, 30)


def _spin(ms: float) -> None:
    end = time.perf_counter() + ms / 1e3
    while time.perf_counter() < end:
        pass


def test_rounds_go_forwards_and_backwards_over_the_whole_workload() -> None:
    calls: list[tuple[str, int]] = []

    def recorder(name: str) -> Callable[[int], None]:
        return lambda request: calls.append((name, request))

    options = MeasureOptions.fixed(3, warmup=0)
    options = MeasureOptions(**{**vars(options), "max_warmup": 0})
    measured = measure_interleaved({n: recorder(n) for n in "abc"}, TOKENS, threads=1, options=options)
    # Every pass begins with an untimed request, which fills the caches that the run before has used.
    assert "".join(name for name, _ in calls[::4]) == "abccbaabc"
    assert [request for _, request in calls] == [0, 0, 1, 2] * 9
    for measurement in measured.values():
        assert measurement.rounds == (0, 0, 0, 1, 1, 1, 2, 2, 2)
        assert measurement.tokens == TOKENS * 3
        assert measurement.n == 9
        assert measurement.warmup_runs == 0


@pytest.mark.alone
def test_times_are_those_of_the_runs_and_so_is_their_ratio() -> None:
    runs = {"one": lambda _: _spin(1.0), "three": lambda _: _spin(3.0)}
    measured = measure_interleaved(runs, TOKENS, threads=1, options=MeasureOptions.fixed(20))
    assert 1.0 <= min(measured["one"].samples_ms) < 1.3
    assert min(measured["three"].samples_ms) == pytest.approx(3.0, abs=0.2)
    assert measured["one"].machine == read_machine_facts().fingerprint


class Machine:
    """Time that only passes while a run executes, so that neighbours of the tests cannot disturb them."""

    def __init__(self, slowdown_per_run: float = 0.0) -> None:
        self.now_ns = 0
        self.executed = 0
        self._slowdown = slowdown_per_run

    def takes(self, *ms: float) -> Callable[[int], None]:
        """A run whose executions take these times in turn, and the last one ever after."""
        times = iter(ms)
        last = ms[-1]

        def run(_: int) -> None:
            self.executed += 1
            self.now_ns += int(1e6 * next(times, last) * (1.0 + self._slowdown * self.executed))

        return run

    def measure(self, runs: dict[str, Callable[[int], None]], options: MeasureOptions) -> dict[str, Measurement]:
        return measure_interleaved(runs, TOKENS, threads=1, options=options, clock=lambda: self.now_ns)


def test_a_machine_that_slows_down_does_not_change_the_ratio() -> None:
    machine = Machine(slowdown_per_run=0.01)
    runs = {"a": machine.takes(2.0), "b": machine.takes(1.0)}
    measured = machine.measure(runs, MeasureOptions.fixed(12))
    assert measured["a"].by_round[-1][0] > 1.3 * measured["a"].by_round[0][0]
    assert measured["a"].ratio_to(measured["b"]).estimate == pytest.approx(2.0, rel=0.002)


def test_rounds_stop_once_every_median_is_known() -> None:
    options = MeasureOptions(min_rounds=3, max_rounds=50, target_width=0.1, max_seconds=1e9)
    machine = Machine()
    measured = machine.measure({"a": machine.takes(1.0)}, options)["a"]
    assert measured.n == 3 * len(TOKENS)
    machine = Machine()
    # two in ten samples differ, so that more rounds are needed until the interval leaves them behind; the first run of
    # four is not timed
    uneven = machine.takes(*[1.0] * 10, *[1.0, 2.0, 1.0, 3.0], *[1.0, 1.0, 2.0, 1.0], 1.0)
    assert machine.measure({"a": uneven}, options)["a"].n > 3 * len(TOKENS)


def test_rounds_stop_when_time_is_up_and_the_measurement_says_so() -> None:
    options = MeasureOptions(min_rounds=2, max_rounds=500, target_width=1e-9, max_seconds=0.1)
    machine = Machine(slowdown_per_run=1e-4)
    measured = machine.measure({"a": machine.takes(2.0)}, options)["a"]
    assert measured.n == 12 * len(TOKENS)  # 8 ms a round and a little more
    assert MeasurementWarning.WIDE_INTERVAL in measured.warnings


def test_a_minimum_time_is_kept_even_when_the_median_is_known() -> None:
    options = MeasureOptions(min_rounds=2, max_rounds=500, target_width=1.0, min_seconds=0.06)
    machine = Machine()
    assert machine.measure({"a": machine.takes(2.0)}, options)["a"].n == 8 * len(TOKENS)


def test_warm_up_goes_on_until_the_times_settle() -> None:
    options = MeasureOptions(min_rounds=1, max_rounds=1, min_warmup=10, max_warmup=200)
    machine = Machine()
    measured = machine.measure({"a": machine.takes(*[0.8**i for i in range(20)], 0.01)}, options)["a"]
    assert 20 < measured.warmup_runs < 30
    assert set(measured.samples_ms) == {0.01}
    assert MeasurementWarning.NOT_SETTLED not in measured.warnings


def test_a_run_that_never_settles_is_reported() -> None:
    options = MeasureOptions(min_rounds=1, max_rounds=1, min_warmup=10, max_warmup=30)
    machine = Machine(slowdown_per_run=0.2)
    measured = machine.measure({"a": machine.takes(1.0)}, options)["a"]
    assert measured.warmup_runs == 30
    assert MeasurementWarning.NOT_SETTLED in measured.warnings


def test_garbage_collection_is_off_while_timing_and_back_on_afterwards() -> None:
    seen: list[bool] = []
    measure_interleaved(
        {"a": lambda _: seen.append(gc.isenabled())}, TOKENS, threads=1, options=MeasureOptions.fixed(1)
    )
    assert not any(seen[-3:])
    assert gc.isenabled()


def test_an_error_of_a_run_passes_through_and_leaves_the_collector_on() -> None:
    with pytest.raises(ZeroDivisionError):
        measure_interleaved({"a": lambda n: 1 // n}, TOKENS, threads=1, options=MeasureOptions.fixed(1))
    assert gc.isenabled()


def test_results_survive_json() -> None:
    measured = measure_interleaved({"a": lambda _: _spin(0.1)}, TOKENS, threads=1, options=MeasureOptions.fixed(2))["a"]
    assert Measurement.model_validate_json(measured.model_dump_json()) == measured


@pytest.mark.parametrize(("runs", "tokens"), [({}, TOKENS), ({"a": print}, ())])
def test_nothing_to_measure_is_an_error(runs: dict[str, Callable[[int], None]], tokens: tuple[int, ...]) -> None:
    with pytest.raises(MeasurementError, match="nothing to measure"):
        measure_interleaved(runs, tokens, threads=1)


def test_impossible_options_are_refused() -> None:
    with pytest.raises(MeasurementError, match="min_rounds"):
        MeasureOptions(min_rounds=5, max_rounds=2)
    with pytest.raises(MeasurementError, match="min_warmup"):
        MeasureOptions(min_warmup=5, max_warmup=2)
