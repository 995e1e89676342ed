"""A disturbed measurement is made again, and what is disturbed twice is called unreliable."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from quantlat.latency.advice import MeasurementWarning
from quantlat.latency.contention import read_run_delay_ns
from quantlat.latency.measure import MeasureOptions, measure_interleaved
from quantlat.latency.measurement import Measurement, int8_warnings
from quantlat.progress import QuietProgress

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(
        read_run_delay_ns() is None or not hasattr(os, "sched_setaffinity"),
        reason="this kernel keeps no run delay (CONFIG_SCHED_INFO)",
    ),
]


def _spin(_: int) -> None:
    end = time.perf_counter() + 0.02
    while time.perf_counter() < end:
        pass


@pytest.fixture
def one_cpu() -> Iterator[int]:
    """Pin this process to one CPU, so that a neighbour can be put on the same one."""
    before = os.sched_getaffinity(0)
    cpu = min(before)
    os.sched_setaffinity(0, {cpu})
    yield cpu
    os.sched_setaffinity(0, before)


@pytest.fixture
def neighbour(one_cpu: int) -> Iterator[None]:
    """A busy loop on the same CPU, which ends by itself should the test die."""
    code = (
        f"import os, time; os.sched_setaffinity(0, {{{one_cpu}}}); print(flush=True); end = time.time() + 30\n"
        "while time.time() < end: pass"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()


@pytest.mark.usefixtures("neighbour")
def test_a_stressed_neighbour_makes_the_measurement_repeated_and_unreliable() -> None:
    progress = QuietProgress()
    options = MeasureOptions(min_rounds=2, max_rounds=2, min_warmup=0, max_warmup=0, attempts=2)
    found = measure_interleaved({"a": _spin}, (1,) * 8, threads=1, options=options, progress=progress)["a"]
    assert len(progress.said) == 1  # made again once, and not a third time
    assert not found.reliable
    assert MeasurementWarning.UNRELIABLE in found.warnings
    assert len(found.flagged) > 0.2 * found.n


def test_a_quiet_pass_raises_no_flag_and_is_made_once() -> None:
    options = MeasureOptions(min_rounds=1, max_rounds=1, min_warmup=0, max_warmup=0, attempts=2)
    for _ in range(20):  # other work may share the machine that runs the tests
        progress = QuietProgress()
        found = measure_interleaved({"a": _spin}, (1,) * 3, threads=1, options=options, progress=progress)["a"]
        if found.reliable and found.attempt == 1:
            assert progress.said == []
            assert MeasurementWarning.UNRELIABLE not in found.warnings
            return
    pytest.skip(f"this machine is loaded: {os.getloadavg()[0]:.1f} tasks want to run")


def test_int8_that_is_slower_beyond_chance_is_a_warning() -> None:
    def measured(ms: float) -> Measurement:
        samples = [ms * (1 + 0.01 * (i % 3)) for i in range(30)]
        return Measurement.from_samples("x", samples, rounds=[i // 3 for i in range(30)])

    assert int8_warnings(measured(2.0), measured(1.0)) == (MeasurementWarning.INT8_SLOWER,)
    assert int8_warnings(measured(1.0), measured(2.0)) == ()
    assert int8_warnings(measured(1.0), measured(1.0)) == ()
    one_round = Measurement.from_samples("x", [3.0])
    assert int8_warnings(one_round, Measurement.from_samples("y", [1.0])) == ()  # one round knows nothing
    doubted = measured(2.0).with_warnings(MeasurementWarning.INT8_SLOWER)
    assert doubted.warnings == (MeasurementWarning.INT8_SLOWER,)


def test_every_warning_says_what_to_do() -> None:
    assert all(":" in warning.advice and warning.advice.endswith(".") for warning in MeasurementWarning)
