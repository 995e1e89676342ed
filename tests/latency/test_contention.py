"""A stressed neighbour raises a flag, and a quiet run does not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from quantlat.errors import MeasurementError
from quantlat.latency.advice import MeasurementWarning
from quantlat.latency.contention import SchedulerCounters, judge, read_run_delay_ns, watch_contention

pytestmark = pytest.mark.alone

QUIET = SchedulerCounters(
    at_s=100.0,
    run_delay_s=1.0,
    involuntary_switches=50,
    stolen_ticks=7,
    total_ticks=1000,
    throttled_s=0.5,
    load_1m=3.0,
    runnable=1,
)
LATER = replace(QUIET, at_s=102.0, run_delay_s=1.002, involuntary_switches=60, total_ticks=1400)


def test_a_quiet_run_raises_no_flag_even_after_a_busy_hour() -> None:
    report = judge(QUIET, LATER, threads=2, cpus=2)
    assert report.flags == ()
    assert not report.disturbed
    assert report.run_delay_share == pytest.approx(0.0005)
    assert report.switches_per_s == pytest.approx(2.5)
    assert report.load_before == 3.0  # told, but it is our own earlier work


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"run_delay_s": 1.1}, MeasurementWarning.RUN_DELAY),
        ({"involuntary_switches": 250}, MeasurementWarning.INVOLUNTARY_SWITCHES),
        ({"stolen_ticks": 20}, MeasurementWarning.STEAL),
        ({"throttled_s": 0.6}, MeasurementWarning.THROTTLED),
    ],
)
def test_each_counter_raises_its_own_flag(change: dict[str, float], flag: MeasurementWarning) -> None:
    assert judge(QUIET, replace(LATER, **change), threads=2, cpus=2).flags == (flag,)


def test_others_that_run_before_and_after_are_noticed_but_one_moment_is_not() -> None:
    crowd, calm = replace(QUIET, runnable=3), replace(LATER, runnable=1)
    assert judge(crowd, calm, threads=2, cpus=2).flags == ()
    hint = judge(crowd, replace(calm, runnable=2), threads=2, cpus=2)
    assert hint.flags == (MeasurementWarning.BUSY_MACHINE,)
    assert not hint.disturbed
    assert judge(crowd, replace(calm, runnable=2), threads=2, cpus=8).flags == ()


def test_a_system_that_counts_nothing_raises_nothing() -> None:
    blank = SchedulerCounters(0.0, None, None, None, None, None, None, None)
    assert judge(blank, replace(blank, at_s=1.0), threads=2, cpus=2).flags == ()


def test_the_report_cannot_be_read_too_early() -> None:
    with (
        watch_contention(threads=1) as watch,
        pytest.raises(MeasurementError, match="before the watched block"),
    ):
        _ = watch.report
    assert watch.report.wall_s > 0


needs_scheduler = pytest.mark.skipif(
    read_run_delay_ns() is None or not hasattr(os, "sched_setaffinity"),
    reason="this kernel keeps no run delay (CONFIG_SCHED_INFO)",
)


@pytest.fixture
def one_cpu() -> Iterator[int]:
    """Pin this process to one CPU, so that a neighbour can be put on the same one."""
    before = os.sched_getaffinity(0)
    cpu = min(before)
    os.sched_setaffinity(0, {cpu})
    yield cpu
    os.sched_setaffinity(0, before)


@needs_scheduler
def test_a_neighbour_on_the_same_cpu_raises_the_flag(one_cpu: int) -> None:
    code = f"import os; os.sched_setaffinity(0, {{{one_cpu}}}); print(flush=True)\nwhile True: pass"
    neighbour = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert neighbour.stdout is not None
        neighbour.stdout.readline()
        with watch_contention(threads=1) as watch:
            _spin(0.5)
    finally:
        neighbour.kill()
        neighbour.communicate()
    assert MeasurementWarning.RUN_DELAY in watch.report.flags
    assert watch.report.run_delay_share is not None
    assert watch.report.run_delay_share > 0.1


@needs_scheduler
def test_waiting_of_a_process_that_computes_for_this_one_counts(one_cpu: int) -> None:
    code = f"import os; os.sched_setaffinity(0, {{{one_cpu}}}); print(flush=True)\nwhile True: pass"
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for process in both:
            assert process.stdout is not None
            process.stdout.readline()
        with watch_contention(threads=1) as watch:
            time.sleep(0.5)  # this process itself wants no CPU
    finally:
        for process in both:
            process.kill()
            process.communicate()
    assert MeasurementWarning.RUN_DELAY in watch.report.flags


@needs_scheduler
def test_a_quiet_run_raises_no_run_delay() -> None:
    # other work may share the machine that runs the tests, so the quietest of many short runs is judged
    shares = []
    for _ in range(200):
        time.sleep(0.005)
        with watch_contention(threads=1) as watch:
            _spin(0.003)
        assert watch.report.run_delay_share is not None
        shares.append(watch.report.run_delay_share)
        if MeasurementWarning.RUN_DELAY not in watch.report.flags:
            break
    assert min(shares) < 0.02


def _spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
