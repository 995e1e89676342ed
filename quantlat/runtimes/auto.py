"""``runtime: auto``: the fastest runtime for this model on this machine, found by measuring, never by rule."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from quantlat.errors import RuntimeUnavailableError
from quantlat.models.macs import mean_relative_macs
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.progress import Progress, QuietProgress
from quantlat.runtimes.base import Config, Session, TokenBatch, availability_for, get_runtime, runtime_names

if TYPE_CHECKING:
    from quantlat.models.heads import TaskModel
    from quantlat.quantization.artifact import QuantizedModel


_NOT_BY_DEFAULT = ("pytorch", "inductor", "ipex")


@dataclass(frozen=True)
class RuntimeTiming:
    """Sum over the batches of the median time per batch, in ms."""

    runtime: str
    total_ms: float


@dataclass(frozen=True)
class RuntimeChoice:
    """Result of :func:`measure_runtimes`: timings, fastest first, and why others were not measured."""

    timings: tuple[RuntimeTiming, ...]
    skipped: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The fastest runtime."""
        return self.timings[0].runtime


def pick_runtime(
    model: TaskModel | QuantizedModel,
    batches: Sequence[TokenBatch],
    *,
    threads: int,
    config: Config = None,
    cache_dir: Path | None = None,
) -> str:
    """Name of the fastest usable runtime; see :func:`measure_runtimes`."""
    return measure_runtimes(model, batches, threads=threads, config=config, cache_dir=cache_dir).name


def measure_runtimes(
    model: TaskModel | QuantizedModel,
    batches: Sequence[TokenBatch],
    *,
    threads: int,
    config: Config = None,
    candidates: Sequence[str] | None = None,
    rounds: int = 5,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> RuntimeChoice:
    """Time every usable runtime on the same batches, interleaved batch by batch so that drift meets all alike.

    Full length is timed first. A runtime is also timed with dropped tokens where that can still make it the fastest:
    a configuration saves at most the time of the multiply-accumulates that it removes, so one whose full length
    already takes longer than that allows needs no second graph, whose compilation takes up to half a minute.

    Args:
        batches: a handful that represents the workload.
        config: a configuration to time beside full length; a runtime counts with the faster of the two, since that
            is what a user would run. General runtimes lose or gain very different amounts by dropping tokens.
        candidates: names to consider; by default all but eager PyTorch, which has no INT8 kernels, inductor, which
            compiles for minutes where the others take seconds, and IPEX, which nobody maintains (name them to have
            them considered).

    Raises:
        RuntimeUnavailableError: none of the candidates can run here, or there is no batch.
    """
    if not batches:
        raise RuntimeUnavailableError("picking a runtime needs at least one batch to measure with, got none")
    sessions, skipped = _load(model, batches, threads, candidates, cache_dir, progress or QuietProgress())
    if not sessions:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped)
        raise RuntimeUnavailableError(f"no runtime can run here ({reasons})", "quantlat doctor says what to install.")
    try:
        totals = _time(sessions, batches, None, rounds)
        if config is not None:
            reach = min(totals.values()) / _relative_macs(model, batches, config)
            hopeful = {name: sessions[name] for name, total in totals.items() if total < reach}
            for name, total in _time(hopeful, batches, config, rounds).items():
                totals[name] = min(totals[name], total)
    finally:
        for session in sessions.values():
            session.close()
    timings = (RuntimeTiming(name, total) for name, total in totals.items())
    return RuntimeChoice(tuple(sorted(timings, key=lambda timing: timing.total_ms)), tuple(skipped))


def _load(
    model: TaskModel | QuantizedModel,
    batches: Sequence[TokenBatch],
    threads: int,
    candidates: Sequence[str] | None,
    cache_dir: Path | None,
    progress: Progress,
) -> tuple[dict[str, Session], list[tuple[str, str]]]:
    """A session for each usable candidate, its plain graph compiled and warm, and why others have none."""
    sessions: dict[str, Session] = {}
    skipped: list[tuple[str, str]] = []
    names = candidates or [name for name in runtime_names() if name not in _NOT_BY_DEFAULT]
    with progress.task("compiling for each runtime", len(names), unit="runtime") as task:
        for name in names:
            runtime = get_runtime(name)
            availability = availability_for(runtime, model.config)
            if not availability.usable:
                skipped.append((name, availability.reason))
                continue
            sessions[name] = runtime.load(model, threads=threads, cache_dir=cache_dir)
            for batch in batches:
                sessions[name].run(batch, None)
            task.advance(1)
    return sessions, skipped


def _relative_macs(model: TaskModel | QuantizedModel, batches: Sequence[TokenBatch], config: Config) -> float:
    """Least share of the work that ``config`` leaves: what an implementation on kept rows alone would compute."""
    shape = model.config
    tokens = [int(n) for batch in batches for n in batch.real_tokens]
    elastic = ElasticConfig(config) if isinstance(config, RetentionConfig) else config or ElasticConfig()
    kept = [elastic.lengths(n, shape.num_layers) for n in tokens]
    return mean_relative_macs(shape, tokens, kept, row_restricted=True)


def _time(
    sessions: Mapping[str, Session], batches: Sequence[TokenBatch], config: Config, rounds: int
) -> dict[str, float]:
    """Sum over the batches of the median time of each, in ms, for each session; the first round warms up."""
    samples: dict[tuple[str, int], list[float]] = {}
    for round_ in range(rounds + 1):
        for index, batch in enumerate(batches):
            for name in list(sessions)[:: 1 if round_ % 2 == 0 else -1]:
                start = time.perf_counter()
                sessions[name].run(batch, config)
                if round_ > 0:
                    samples.setdefault((name, index), []).append((time.perf_counter() - start) * 1e3)
    return {name: sum(median(samples[name, index]) for index in range(len(batches))) for name in sessions}
