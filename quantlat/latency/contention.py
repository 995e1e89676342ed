"""Notice that something else used the processor while a latency was measured.

The kernel keeps the books: how long each thread was ready to run but had to wait (``schedstat``), how
often it was interrupted (involuntary context switches), how many clock ticks the host gave to other
virtual machines (steal), for how long the quota stopped the group (``cpu.stat``), and how many tasks want
to run now (``loadavg``). Reading them before and after costs some ten microseconds, so single samples can
be judged as well.

Runtimes whose threads wait in spinning barriers (OpenMP) slow down 10 to 50 times when one core is taken
from them; such a sample must not be believed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from quantlat.errors import MeasurementError
from quantlat.latency import procfs
from quantlat.latency.advice import MeasurementWarning
from quantlat.latency.machine import read_throttled_s

_TASKS = Path("/proc/self/task")
_NS_PER_S = 1e9


@dataclass(frozen=True)
class ContentionLimits:
    """Above these, a measurement is flagged.

    A quiet machine shows run delays below 0.1 % (timer and kernel threads) and a few switches in a second.
    """

    run_delay_share: float = 0.02
    """Waiting time of all threads, relative to elapsed time times threads."""
    switches_per_s: float = 40.0
    """Involuntary switches in a second, for each thread."""
    steal_share: float = 0.01
    """Stolen ticks, relative to all ticks of all CPUs."""
    throttled_s: float = 0.001
    sample_delay_share: float = 0.05
    """Waiting time inside one sample, relative to its duration."""


@dataclass(frozen=True)
class SchedulerCounters:
    """The kernel's running totals at one moment; ``None`` where this system does not keep them."""

    at_s: float
    run_delay_s: float | None
    involuntary_switches: int | None
    stolen_ticks: int | None
    total_ticks: int | None
    throttled_s: float | None
    load_1m: float | None
    runnable: int | None
    """Tasks of the whole machine that run or want to; this reading thread is one of them."""


class ContentionReport(BaseModel):
    """What happened around a measurement.

    Attributes:
        wall_s: seconds between the two readings.
        run_delay_share: time that threads waited for a CPU, relative to ``wall_s`` times threads.
        switches_per_s: involuntary context switches in a second, for each thread.
        steal_share: share of all CPU ticks that the host gave to others.
        throttled_s: seconds for which the quota stopped the group.
        load_before: load average when it began.
        load_after: load average when it ended.
        flags: which limits were exceeded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    wall_s: float
    run_delay_share: float | None
    switches_per_s: float | None
    steal_share: float | None
    throttled_s: float | None
    load_before: float | None
    load_after: float | None
    flags: tuple[MeasurementWarning, ...]

    @property
    def disturbed(self) -> bool:
        """Whether time was taken away; a busy machine alone is only a hint that it may have been."""
        return any(flag != MeasurementWarning.BUSY_MACHINE for flag in self.flags)


class ContentionWatch:
    """Handed out by :func:`watch_contention`; holds the report once the block has ended."""

    def __init__(self) -> None:
        self._report: ContentionReport | None = None

    @property
    def report(self) -> ContentionReport:
        """The finding.

        Raises:
            MeasurementError: asked for while the block is still running.
        """
        if self._report is None:
            raise MeasurementError("the contention report was read before the watched block ended")
        return self._report

    def _finish(self, report: ContentionReport) -> None:
        self._report = report


def read_counters() -> SchedulerCounters:
    """The running totals of now; fields that this system does not offer are ``None``."""
    delay_ns = read_run_delay_ns()
    ticks = procfs.parse_cpu_ticks(_text("/proc/stat"))
    load = procfs.parse_loadavg(_text("/proc/loadavg"))
    return SchedulerCounters(
        at_s=time.monotonic(),
        run_delay_s=None if delay_ns is None else delay_ns / _NS_PER_S,
        involuntary_switches=_involuntary_switches(),
        stolen_ticks=ticks[0] if ticks else None,
        total_ticks=ticks[1] if ticks else None,
        throttled_s=read_throttled_s() if sys.platform == "linux" else None,
        load_1m=load[0] if load else None,
        runnable=load[1] if load else None,
    )


def read_run_delay_ns() -> int | None:
    """Nanoseconds that all threads of this process and of those it started have waited for a CPU.

    ``None`` where it is not counted. ``/proc/self/schedstat`` tells of the main thread alone, so the threads are
    summed; a runtime may compute in a process of its own, whose waiting counts as well. The delay of a thread that is
    waiting right now is only added once it runs again.
    """
    total, seen = 0, False
    for tasks in (_TASKS, *_children()):
        try:
            threads = os.listdir(tasks)
        except OSError:
            continue
        for thread in threads:
            delay = procfs.parse_schedstat_delay_ns(_text(f"{tasks}/{thread}/schedstat"))
            if delay is not None:
                total, seen = total + delay, True
    return total if seen else None


def _children() -> list[Path]:
    """Task folders of the processes that the main thread started."""
    started = _text(f"{_TASKS}/{os.getpid()}/children").split()
    return [Path(f"/proc/{process}/task") for process in started]


def judge(
    before: SchedulerCounters,
    after: SchedulerCounters,
    *,
    threads: int,
    cpus: int,
    limits: ContentionLimits | None = None,
) -> ContentionReport:
    """Compare two readings with the limits.

    Args:
        threads: threads that the measured work uses.
        cpus: logical CPUs of the machine, because the number of runnable tasks is the machine's too.
    """
    limits = limits or ContentionLimits()
    wall = max(1e-9, after.at_s - before.at_s)
    delay = _difference(before.run_delay_s, after.run_delay_s)
    switches = _difference(before.involuntary_switches, after.involuntary_switches)
    ticks = _difference(before.total_ticks, after.total_ticks)
    stolen = _difference(before.stolen_ticks, after.stolen_ticks)
    throttled = _difference(before.throttled_s, after.throttled_s)
    delay_share = None if delay is None else delay / (wall * threads)
    rate = None if switches is None else switches / (wall * threads)
    steal_share = stolen / ticks if stolen is not None and ticks else None
    # a thread that has just been woken is counted as runnable too, hence both readings must agree
    others = [c.runnable - 1 for c in (before, after) if c.runnable is not None]
    crowded = len(others) == 2 and min(others) + threads > cpus
    exceeded = {
        MeasurementWarning.RUN_DELAY: delay_share is not None and delay_share > limits.run_delay_share,
        # one switch in a very short block says nothing about a rate
        MeasurementWarning.INVOLUNTARY_SWITCHES: rate is not None
        and rate > limits.switches_per_s
        and (switches or 0) >= 5 * threads,
        MeasurementWarning.STEAL: steal_share is not None and steal_share > limits.steal_share,
        MeasurementWarning.THROTTLED: throttled is not None and throttled > limits.throttled_s,
        MeasurementWarning.BUSY_MACHINE: crowded,
    }
    return ContentionReport(
        wall_s=wall,
        run_delay_share=delay_share,
        switches_per_s=rate,
        steal_share=steal_share,
        throttled_s=throttled,
        load_before=before.load_1m,
        load_after=after.load_1m,
        flags=tuple(flag for flag, over in exceeded.items() if over),
    )


@contextmanager
def watch_contention(
    *, threads: int, cpus: int | None = None, limits: ContentionLimits | None = None
) -> Iterator[ContentionWatch]:
    """Watch a block; afterwards ``watch.report`` says whether others disturbed it.

    Args:
        threads: threads that the block keeps busy.
        cpus: logical CPUs of the machine; ``None`` asks the system.
    """
    cpus = cpus or os.cpu_count() or 1
    watch = ContentionWatch()
    before = read_counters()
    try:
        yield watch
    finally:
        watch._finish(judge(before, read_counters(), threads=threads, cpus=cpus, limits=limits))


def _difference(before: float | None, after: float | None) -> float | None:
    # totals shrink when a thread ends and takes its share along
    return None if before is None or after is None else max(0.0, after - before)


def _involuntary_switches() -> int | None:
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
