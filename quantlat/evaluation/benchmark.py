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

from quantlat.allocator import keep_freed_memory
from quantlat.errors import MeasurementError
from quantlat.latency.machine import MachineFacts, read_machine_facts
from quantlat.latency.measure import MeasureOptions, measure_interleaved
from quantlat.latency.measurement import Measurement
from quantlat.models.macs import mean_relative_macs
from quantlat.models.retention import RetentionConfig
from quantlat.progress import Progress, QuietProgress
from quantlat.quantization.artifact import QuantizedModel
from quantlat.runtimes import nncf_baseline
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


class Saving(BaseModel):
    """Work and time of a profile relative to the same runtime at full length.

    Attributes:
        macs: multiply-accumulates relative to full length, by the formula of :mod:`quantlat.models.macs`.
        time: median latency relative to full length.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    runtime: str
    profile: str
    batch: int
    tokens: int
    macs: float
    time: float

    @property
    def kept(self) -> float | None:
        """Time saved for each share of the work saved: 1 when all of it became time; ``None`` if none was saved."""
        return (1.0 - self.time) / (1.0 - self.macs) if self.macs < 1.0 else None


class BenchmarkResult(BaseModel):
    """What ``quantlat bench --json`` prints."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    machine: MachineFacts
    rows: tuple[BenchmarkRow, ...]
    savings: tuple[Saving, ...] = ()
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
    padded_batch: int | None = None,
    options: MeasureOptions | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> BenchmarkResult:
    """Measure every runtime and profile on every case.

    Args:
        profiles: retention configurations by name; ``None`` is the plain graph at full length.
        padded_batch: runtimes that pad execute a request as batches of this many sequences at most, sorted by
            length; ``None``: as one.

    Raises:
        RuntimeUnavailableError: a runtime cannot run here.
    """
    progress = progress or QuietProgress()
    keep_freed_memory()  # as every measurement, and as runtimes that have a process of their own
    machine = read_machine_facts()
    sessions = {name: _load(name, model, threads, cache_dir) for name in runtimes}
    rows: list[BenchmarkRow] = []
    try:
        for case in cases:
            runs = {
                (name, profile): request_run(session, case, config, padded_batch)
                for name, session in sessions.items()
                for profile, config in profiles.items()
                if config is None or name != nncf_baseline.NAME
            }
            measured = measure_interleaved(
                {f"{name} {profile}": run for (name, profile), run in runs.items()},
                [sum(len(window.input_ids) for window in request) for request in case.requests],
                threads=threads,
                options=options,
                machine=machine,
                progress=progress,
            )
            rows += [_row(name, profile, case, threads, measured[f"{name} {profile}"]) for name, profile in runs]
    finally:
        for session in sessions.values():
            session.close()
    peak, roofline = (None, ()) if "native" not in runtimes else measure_roofline(model, [c.tokens for c in cases])
    return BenchmarkResult(
        machine=machine,
        rows=tuple(rows),
        savings=savings(model, cases, profiles, rows),
        int8_peak_gmacs=peak,
        roofline=roofline,
    )


def _row(runtime: str, profile: str, case: BenchmarkCase, threads: int, measured: Measurement) -> BenchmarkRow:
    return BenchmarkRow(
        runtime=runtime,
        profile=profile,
        batch=case.batch,
        tokens=case.tokens,
        threads=threads,
        median_ms=measured.median_ms,
        ci_ms=measured.ci_ms,
        n=len(measured.samples_ms),
        warnings=tuple(str(warning) for warning in measured.warnings),
    )


def savings(
    model: QuantizedModel,
    cases: Sequence[BenchmarkCase],
    profiles: Mapping[str, RetentionConfig | None],
    rows: Sequence[BenchmarkRow],
) -> tuple[Saving, ...]:
    """Work and time of every row that drops tokens, relative to the row of its runtime and case that does not."""
    work: dict[tuple[int, int, str], float] = {}
    for case in cases:
        tokens = [len(window.input_ids) for request in case.requests for window in request]
        for name, config in profiles.items():
            if config is not None:
                lengths = [config.lengths(n) for n in tokens]
                work[case.tokens, case.batch, name] = mean_relative_macs(model.config, tokens, lengths)
    full = {(row.runtime, row.tokens, row.batch): row.median_ms for row in rows if profiles[row.profile] is None}
    return tuple(
        Saving(
            runtime=row.runtime,
            profile=row.profile,
            batch=row.batch,
            tokens=row.tokens,
            macs=work[row.tokens, row.batch, row.profile],
            time=row.median_ms / full[row.runtime, row.tokens, row.batch],
        )
        for row in rows
        if profiles[row.profile] is not None and (row.runtime, row.tokens, row.batch) in full
    )


def measure_roofline(
    model: QuantizedModel, rows: Sequence[int], *, repeats: int = 30
) -> tuple[float | None, tuple[RooflineRow, ...]]:
    """The core's INT8 peak in 1e9 multiply-accumulates per second, and every kernel of the engine against it.

    Raises:
        RuntimeUnavailableError: the engine was not built.
    """
    from quantlat.runtimes.native import kernel_timings

    c = model.config
    measured = [
        (n, *kernel_timings(n, c.hidden_size, c.intermediate_size, c.num_heads, repeats=repeats))
        for n in sorted(set(rows))
    ]
    peak = max((peak for _, peak, _ in measured), default=0.0)
    table = tuple(
        RooflineRow(
            kernel=kernel,
            rows=n,
            microseconds=seconds * 1e6,
            gmacs=macs / seconds / 1e9,
            of_peak=macs / seconds / peak if peak and macs else None,
        )
        for n, _, timings in measured
        for kernel, macs, seconds in timings
    )
    return (peak / 1e9 if peak else None), table


def _load(name: str, model: QuantizedModel, threads: int, cache_dir: Path | None) -> Session:
    """A session of a runtime, or of the baseline that quantises the fp32 model in its own way."""
    if name != nncf_baseline.NAME:
        return get_runtime(name).load(model, threads=threads, cache_dir=cache_dir)
    nncf_baseline.availability().require(name)
    from quantlat.evaluation.benchmark_model import dequantized

    rng = np.random.default_rng(0)
    longest = min(128, model.config.max_positions)
    windows = [PlainWindow(rng.integers(0, model.config.vocab_size, longest), np.zeros(longest, np.int64))] * 4
    return nncf_baseline.NncfSession(dequantized(model), windows, threads=threads)


def request_run(
    session: Session, case: BenchmarkCase, config: Config, padded_batch: int | None = None
) -> Callable[[int], object]:
    """What executes request number i of a case.

    Padding is part of what a runtime that needs it costs; the engine gets the windows as they are.
    """
    ragged = getattr(session, "run_windows", None)
    if ragged is not None:
        return lambda i: ragged(case.requests[i], config)
    padded = [_padded_batches(request, padded_batch or len(request)) for request in case.requests]
    return lambda i: [session.run(batch, config) for batch in padded[i]]


def _padded_batches(request: Sequence[TokenWindow], size: int) -> list[TokenBatch]:
    ordered = sorted(request, key=lambda window: len(window.input_ids))
    return [TokenBatch.from_windows(ordered[i : i + size]) for i in range(0, len(ordered), size)]
