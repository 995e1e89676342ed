"""Measure several things against each other on one workload, so that drift of the machine cancels.

Rounds go forwards and backwards in turn (A B | B A | A B ...): a linear drift of frequency or load then
adds the same to each side, and ratios are paired by round. The number of rounds adapts: at least
``min_rounds`` and ``min_seconds``, then until every median is known to ``target_width`` or time is up.
Warm-up ends when the running median of a run has settled. All raw samples are kept, and those during
which a thread had to wait for a processor are flagged.

Where too many samples were disturbed, the rounds can be repeated; the less disturbed attempt is kept, whatever
its times are, and marked as unreliable if it is disturbed as well.

Everything happens in the calling process; the results are plain data, so the whole call can be made
inside a child process that builds its runs there (:mod:`quantlat.latency.child`).
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from quantlat.errors import MeasurementError
from quantlat.latency.advice import MeasurementWarning, machine_warnings
from quantlat.latency.contention import (
    ContentionLimits,
    ContentionReport,
    judge,
    read_counters,
    read_run_delay_ns,
)
from quantlat.latency.machine import MachineFacts, read_machine_facts
from quantlat.latency.measurement import Measurement
from quantlat.latency.rounds import median_over_rounds_ci
from quantlat.latency.settings import read_settings
from quantlat.latency.statistics import has_settled, relative_width
from quantlat.progress import Progress, QuietProgress

Run = Callable[[int], object]
"""Executes request number i of the workload once, completely; its result is ignored."""


@dataclass(frozen=True)
class MeasureOptions:
    """How long and how exactly to measure.

    Attributes:
        min_rounds: fewest passes of every run over the workload.
        max_rounds: most passes.
        min_seconds: shortest time spent on rounds, all runs together.
        max_seconds: no round begins that would probably end after this, once ``min_rounds`` are done.
        target_width: relative width of the 95 % interval of the median at which a run is known well enough.
        min_warmup: fewest untimed executions of each run.
        max_warmup: most of them.
        attempts: how often the rounds are made at most, while too many samples are disturbed.
        warmup_tolerance: relative change of the running median below which a run counts as settled.
        limits: when a measurement or a sample counts as disturbed.
    """

    min_rounds: int = 4
    max_rounds: int = 100
    min_seconds: float = 0.0
    max_seconds: float = 60.0
    target_width: float = 0.02
    min_warmup: int = 10
    max_warmup: int = 50
    warmup_tolerance: float = 0.03
    attempts: int = 1
    limits: ContentionLimits = field(default_factory=ContentionLimits)

    def __post_init__(self) -> None:
        if not 1 <= self.min_rounds <= self.max_rounds:
            raise MeasurementError(
                f"expected 1 <= min_rounds <= max_rounds, got {self.min_rounds} and {self.max_rounds}"
            )
        if not 0 <= self.min_warmup <= self.max_warmup:
            raise MeasurementError(
                f"expected 0 <= min_warmup <= max_warmup, got {self.min_warmup} and {self.max_warmup}"
            )

    @classmethod
    def fixed(cls, rounds: int, *, warmup: int = 10) -> Self:
        """Exactly so many rounds, whatever the interval."""
        return cls(
            min_rounds=rounds,
            max_rounds=rounds,
            max_seconds=float("inf"),
            min_warmup=warmup,
            max_warmup=max(50, warmup),
        )


@dataclass
class _Samples:
    """What has been collected for one run so far."""

    times_ms: list[float] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    flagged: list[int] = field(default_factory=list)
    warmup_runs: int = 0
    settled: bool = True

    @property
    def by_round(self) -> list[list[float]]:
        """Times of each round; all rounds have as many."""
        size = len(self.times_ms) // (self.rounds[-1] + 1)
        return [self.times_ms[i : i + size] for i in range(0, len(self.times_ms), size)]


def measure_interleaved(
    runs: Mapping[str, Run],
    tokens: Sequence[int],
    *,
    threads: int,
    options: MeasureOptions | None = None,
    machine: MachineFacts | None = None,
    progress: Progress | None = None,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> dict[str, Measurement]:
    """Time every run on every request of a workload, interleaved in rounds.

    Args:
        runs: what to measure, by name; each is called with the number of the request, 0 to ``len(tokens)
            - 1``.
        tokens: real tokens of each request (:attr:`Workload.tokens`).
        threads: threads that a run keeps busy; needed to judge how long they waited.
        options: rounds, seconds and limits.
        machine: facts of this machine; read when ``None``.
        progress: shows a bar.
        clock: monotonic time in nanoseconds.

    Returns:
        One measurement for each run, under its name, in the order given.

    Raises:
        MeasurementError: no runs or no requests. Errors of a run pass through.
    """
    if not runs or not len(tokens):
        raise MeasurementError(f"nothing to measure: {len(runs)} runs on {len(tokens)} requests")
    options = options or MeasureOptions()
    machine = machine or read_machine_facts()
    progress = progress or QuietProgress()
    best = _attempt(runs, tokens, threads, options, machine, progress, clock, 1)
    for number in range(2, options.attempts + 1):
        if all(measured.reliable for measured in best.values()):
            break
        progress.say("the measurement was disturbed and is made again")
        again = _attempt(runs, tokens, threads, options, machine, progress, clock, number)
        # chosen by the scheduler's books alone, never by the times
        best = min(best, again, key=_disturbance)
    return best


def _disturbance(measured: Mapping[str, Measurement]) -> tuple[int, float]:
    """How many runs cannot be believed, and the share of disturbed samples."""
    flagged = sum(len(m.flagged) for m in measured.values())
    return sum(not m.reliable for m in measured.values()), flagged / sum(m.n for m in measured.values())


def _attempt(
    runs: Mapping[str, Run],
    tokens: Sequence[int],
    threads: int,
    options: MeasureOptions,
    machine: MachineFacts,
    progress: Progress,
    clock: Callable[[], int],
    attempt: int,
) -> dict[str, Measurement]:
    """Warm up and make all rounds once."""
    samples = {name: _Samples() for name in runs}
    adaptive = options.max_rounds > options.min_rounds
    with progress.task("measuring latency", None if adaptive else options.min_rounds, unit="round") as task:
        for name, run in runs.items():
            _warm_up(run, samples[name], len(tokens), options, clock)
        collecting = gc.isenabled()
        gc.collect()
        gc.disable()  # a collection inside a sample would be charged to whoever runs then
        try:
            contention = _run_rounds(runs, tokens, samples, options, threads, task.advance, clock)
        finally:
            if collecting:
                gc.enable()
    settings = read_settings(threads=threads)
    known = [*machine_warnings(machine, threads=threads), *([MeasurementWarning.DEBUG_BUILD] if settings.debug else [])]
    return {
        name: _measurement(collected, known, options, contention[name]).model_copy(
            update={"name": name, "machine": machine.fingerprint, "settings": settings, "attempt": attempt}
        )
        for name, collected in samples.items()
    }


def _warm_up(run: Run, collected: _Samples, requests: int, options: MeasureOptions, clock: Callable[[], int]) -> None:
    """Run untimed until the running median settles.

    One request of the middle of the workload is repeated: over a mix of lengths the running median never
    settles.
    """
    times: list[float] = []
    request = requests // 2
    while len(times) < options.max_warmup:
        if len(times) >= options.min_warmup and has_settled(times, tolerance=options.warmup_tolerance):
            break
        begin = clock()
        run(request)
        times.append((clock() - begin) / 1e6)
    collected.warmup_runs = len(times)
    collected.settled = len(times) < 10 or has_settled(times, tolerance=options.warmup_tolerance)


def _run_rounds(
    runs: Mapping[str, Run],
    tokens: Sequence[int],
    samples: Mapping[str, _Samples],
    options: MeasureOptions,
    threads: int,
    advance: Callable[[float], None],
    clock: Callable[[], int],
) -> dict[str, ContentionReport]:
    names = list(runs)
    begin = clock()
    before = read_counters()
    for number in range(options.max_rounds):
        for name in names if number % 2 == 0 else reversed(names):
            _run_once(runs[name], tokens, samples[name], number, options.limits, clock)
        advance(1)
        elapsed = (clock() - begin) / 1e9
        done = number + 1
        if done < options.min_rounds or elapsed < options.min_seconds:
            continue
        if elapsed * (done + 1) / done > options.max_seconds or all(
            _is_narrow(collected, options.target_width) for collected in samples.values()
        ):
            break
    # the runs alternate within seconds, so that all of them share one report
    report = judge(before, read_counters(), threads=threads, cpus=os.cpu_count() or 1, limits=options.limits)
    return dict.fromkeys(names, report)


def _run_once(
    run: Run,
    tokens: Sequence[int],
    collected: _Samples,
    number: int,
    limits: ContentionLimits,
    clock: Callable[[], int],
) -> None:
    """One pass over the workload.

    It begins with a request that is not timed: the run before left its own weights in the caches, and with few
    requests a pass would measure little else than how they are replaced.
    """
    run(0)
    for request, length in enumerate(tokens):
        delay_before = read_run_delay_ns()
        begin = clock()
        run(request)
        duration_ns = clock() - begin
        delay_after = read_run_delay_ns()
        if delay_before is not None and delay_after is not None:
            waited = delay_after - delay_before
            if waited > limits.sample_delay_share * duration_ns:
                collected.flagged.append(len(collected.times_ms))
        collected.times_ms.append(max(duration_ns, 1) / 1e6)
        collected.rounds.append(number)
        collected.tokens.append(length)


def _is_narrow(collected: _Samples, width: float) -> bool:
    return relative_width(median_over_rounds_ci(collected.by_round)) <= width


def _measurement(
    collected: _Samples,
    known: Sequence[MeasurementWarning],
    options: MeasureOptions,
    contention: ContentionReport,
) -> Measurement:
    """Statistics and warnings of one run's samples, yet without a name."""
    warnings = list(known)
    if not collected.settled:
        warnings.append(MeasurementWarning.NOT_SETTLED)
    narrow_wanted = options.max_rounds > options.min_rounds
    if narrow_wanted and not _is_narrow(collected, options.target_width):
        warnings.append(MeasurementWarning.WIDE_INTERVAL)
    return Measurement.from_samples(
        "",
        collected.times_ms,
        rounds=collected.rounds,
        tokens=collected.tokens,
        flagged=collected.flagged,
        warmup_runs=collected.warmup_runs,
        contention=contention,
        warnings=warnings,
    )
