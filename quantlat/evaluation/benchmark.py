"""Benchmark of one quantised model in several runtimes, interleaved, and the roofline of the native engine.

All that is compared is measured in the same rounds of one process (:mod:`quantlat.latency.measure`), so
drift and neighbours meet all alike. The roofline sets each kernel of the engine against the INT8 dot products
that one core executes when it does nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from quantlat.errors import MeasurementError
from quantlat.latency.child import ChildContext, measure_in_child
from quantlat.latency.machine import MachineFacts, read_machine_facts
from quantlat.latency.measure import MeasureOptions, measure_interleaved
from quantlat.models.retention import RetentionConfig
from quantlat.progress import Progress, QuietProgress
from quantlat.quantization.artifact import QuantizedModel
from quantlat.runtimes.base import Config, Session, TokenBatch, TokenWindow, get_runtime

FULL = "full"


@dataclass(frozen=True, eq=False)
class PlainWindow:
    """A tokenised input without padding, int64 ``[n]`` each."""

    input_ids: np.ndarray[tuple[int], np.dtype[np.int64]]
    token_type_ids: np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True)
class BenchmarkCase:
    """Requests that are measured together.

    Attributes:
        tokens: length of each sequence, or the mean length of a workload.
        requests: batches of windows; one request is one batch.
    """

    tokens: int
    requests: tuple[tuple[TokenWindow, ...], ...]

    @property
    def batch(self) -> int:
        """Sequences of the largest request."""
        return max(len(request) for request in self.requests)


class BenchmarkRow(BaseModel):
    """One runtime on one case. ``n`` is the number of timed requests."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    runtime: str
    profile: str
    batch: int
    tokens: int
    threads: int
    median_ms: float
    ci_ms: tuple[float, float]
    n: int
    warnings: tuple[str, ...] = ()


class RooflineRow(BaseModel):
    """One kernel of the engine on one thread.

    Attributes:
        gmacs: multiply-accumulates per second, in 1e9; 0 for kernels that do something else.
        of_peak: the same as a share of the core's measured INT8 peak; ``None`` where that is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kernel: str
    rows: int
    microseconds: float
    gmacs: float
    of_peak: float | None


class BenchmarkResult(BaseModel):
    """What ``quantlat bench --json`` prints."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    machine: MachineFacts
    rows: tuple[BenchmarkRow, ...]
    int8_peak_gmacs: float | None = None
    roofline: tuple[RooflineRow, ...] = ()


def length_cases(lengths: Sequence[int], batch: int, *, vocab_size: int, seed: int = 0) -> tuple[BenchmarkCase, ...]:
    """One case for each length; the time of a run does not depend on what the tokens are."""
    rng = np.random.default_rng(seed)
    cases = []
    for n in lengths:
        windows = tuple(
            PlainWindow(rng.integers(0, vocab_size, n), np.zeros(n, np.int64)) for _ in range(max(1, batch))
        )
        cases.append(BenchmarkCase(n, (windows,)))
    return tuple(cases)


def workload_case(windows: Sequence[TokenWindow], batch: int) -> BenchmarkCase:
    """Windows of a task, sorted by length and cut into batches: the least padding for runtimes that pad."""
    if not windows:
        raise MeasurementError("a workload needs at least one window, got none")
    ordered = sorted(windows, key=lambda window: len(window.input_ids))
    requests = tuple(tuple(ordered[i : i + batch]) for i in range(0, len(ordered), batch))
    return BenchmarkCase(round(float(np.mean([len(window.input_ids) for window in ordered]))), requests)


def run_benchmark(
    model: QuantizedModel,
    cases: Sequence[BenchmarkCase],
    *,
    runtimes: Sequence[str],
    threads: int,
    profiles: Mapping[str, RetentionConfig | None],
    options: MeasureOptions | None = None,
    cache_dir: Path | None = None,
    machine: MachineFacts | None = None,
    progress: Progress | None = None,
) -> BenchmarkResult:
    """Measure every runtime and profile on every case.

    Args:
        profiles: retention configurations by name; ``None`` is the plain graph at full length.
        machine: facts of this machine; read when ``None``.

    Raises:
        RuntimeUnavailableError: a runtime cannot run here.
    """
    progress = progress or QuietProgress()
    machine = machine or read_machine_facts()
    sessions = {name: get_runtime(name).load(model, threads=threads, cache_dir=cache_dir) for name in runtimes}
    rows: list[BenchmarkRow] = []
    try:
        for case in cases:
            runs = {
                (name, profile): request_run(session, case, config)
                for name, session in sessions.items()
                for profile, config in profiles.items()
            }
            measured = measure_interleaved(
                {f"{name} {profile}": run for (name, profile), run in runs.items()},
                [sum(len(window.input_ids) for window in request) for request in case.requests],
                threads=threads,
                options=options,
                machine=machine,
                progress=progress,
            )
            for name, profile in runs:
                m = measured[f"{name} {profile}"]
                rows.append(
                    BenchmarkRow(
                        runtime=name,
                        profile=profile,
                        batch=case.batch,
                        tokens=case.tokens,
                        threads=threads,
                        median_ms=m.median_ms,
                        ci_ms=m.ci_ms,
                        n=len(m.samples_ms),
                        warnings=tuple(str(warning) for warning in m.warnings),
                    )
                )
    finally:
        for session in sessions.values():
            session.close()
    peak, roofline = (None, ()) if "native" not in runtimes else measure_roofline(model, [c.tokens for c in cases])
    return BenchmarkResult(machine=machine, rows=tuple(rows), int8_peak_gmacs=peak, roofline=roofline)


class BenchmarkJob(BaseModel):
    """A benchmark as plain data, for a child process (:func:`quantlat.latency.measure_in_child`).

    Attributes:
        model: folder of the quantised model.
        cases: for each case its ``tokens`` and its requests, each a batch of windows: (input ids, token types).
        profiles: retention ratios by name; ``None`` is the plain graph at full length.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: Path
    cases: tuple[tuple[int, tuple[tuple[tuple[tuple[int, ...], tuple[int, ...]], ...], ...]], ...]
    runtimes: tuple[str, ...]
    profiles: dict[str, tuple[float, ...] | None]
    min_rounds: int
    max_rounds: int


def run_benchmark_in_child(
    folder: Path,
    cases: Sequence[BenchmarkCase],
    *,
    runtimes: Sequence[str],
    threads: int,
    profiles: Mapping[str, RetentionConfig | None],
    options: MeasureOptions,
    progress: Progress | None = None,
) -> BenchmarkResult:
    """:func:`run_benchmark` of the model in ``folder``, in a process pinned to as many CPUs as threads.

    Of ``options`` the numbers of rounds count.
    """
    job = BenchmarkJob(
        model=folder.resolve(),
        cases=tuple((case.tokens, tuple(tuple(map(_ids, request)) for request in case.requests)) for case in cases),
        runtimes=tuple(runtimes),
        profiles={name: None if config is None else config.ratios for name, config in profiles.items()},
        min_rounds=options.min_rounds,
        max_rounds=options.max_rounds,
    )
    return measure_in_child(f"{__name__}:benchmark_job", job, BenchmarkResult, threads=threads, progress=progress)


def benchmark_job(job: str, context: ChildContext) -> BenchmarkResult:
    """In the child: load the model, measure, answer."""
    order = BenchmarkJob.model_validate_json(job)
    cases = [
        BenchmarkCase(
            tokens,
            tuple(
                tuple(PlainWindow(np.array(ids, np.int64), np.array(types, np.int64)) for ids, types in request)
                for request in requests
            ),
        )
        for tokens, requests in order.cases
    ]
    return run_benchmark(
        QuantizedModel.load(order.model),
        cases,
        runtimes=order.runtimes,
        threads=context.threads,
        profiles={name: None if ratios is None else RetentionConfig(ratios) for name, ratios in order.profiles.items()},
        options=MeasureOptions(min_rounds=order.min_rounds, max_rounds=order.max_rounds, attempts=2),
        machine=context.machine,
        progress=context.progress,
    )


def _ids(window: TokenWindow) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(map(int, window.input_ids)), tuple(map(int, window.token_type_ids))


def measure_roofline(
    model: QuantizedModel, rows: Sequence[int], *, repeats: int = 30
) -> tuple[float | None, tuple[RooflineRow, ...]]:
    """The core's INT8 peak in 1e9 multiply-accumulates per second, and every kernel of the engine against it.

    Raises:
        RuntimeUnavailableError: the engine was not built.
    """
    from quantlat.runtimes.native import kernel_timings

    c = model.config
    table: list[RooflineRow] = []
    peaks: list[float] = []
    for n in sorted(set(rows)):
        peak, timings = kernel_timings(n, c.hidden_size, c.intermediate_size, c.num_heads, repeats=repeats)
        peaks.append(peak)
        for kernel, macs, seconds in timings:
            share = macs / seconds / peak if peak and macs else None
            table.append(
                RooflineRow(
                    kernel=kernel,
                    rows=n,
                    microseconds=seconds * 1e6,
                    gmacs=macs / seconds / 1e9,
                    of_peak=share,
                )
            )
    best = max(peaks, default=0.0)
    return (best / 1e9 if best else None), tuple(table)


def request_run(session: Session, case: BenchmarkCase, config: Config) -> Callable[[int], object]:
    """What executes request number i of a case.

    Padding is part of what a runtime that needs it costs; the engine gets the windows as they are.
    """
    ragged = getattr(session, "run_windows", None)
    if ragged is not None:
        return lambda i: ragged(case.requests[i], config)
    padded = [TokenBatch.from_windows(request) for request in case.requests]
    return lambda i: session.run(padded[i], config)
