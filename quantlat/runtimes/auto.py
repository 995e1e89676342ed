"""``runtime: auto``: the fastest runtime for this model on this machine, found by measuring, never by rule."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from quantlat.errors import RuntimeUnavailableError
from quantlat.progress import Progress, QuietProgress
from quantlat.runtimes.base import Config, Session, TokenBatch, get_runtime, runtime_names

if TYPE_CHECKING:
    from quantlat.models.heads import TaskModel
    from quantlat.quantization.artifact import QuantizedModel


_NOT_BY_DEFAULT = ("pytorch", "inductor")


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

    Args:
        batches: a handful that represents the workload.
        config: a configuration to time beside full length; a runtime counts with the faster of the two, since that
            is what a user would run. General runtimes lose or gain very different amounts by dropping tokens.
        candidates: names to consider; by default all but eager PyTorch, which has no INT8 kernels, and inductor, which
            compiles for minutes where the others take seconds (name it to have it considered).

    Raises:
        RuntimeUnavailableError: none of the candidates can run here, or there is no batch.
    """
    if not batches:
        raise RuntimeUnavailableError("picking a runtime needs at least one batch to measure with, got none")
    sessions: dict[str, Session] = {}
    skipped: list[tuple[str, str]] = []
    names = candidates or [name for name in runtime_names() if name not in _NOT_BY_DEFAULT]
    with (progress or QuietProgress()).task("compiling for each runtime", len(names), unit="runtime") as task:
        for name in names:
            runtime = get_runtime(name)
            availability = runtime.availability()
            if not availability.usable:
                skipped.append((name, availability.reason))
                continue
            session = runtime.load(model, threads=threads, cache_dir=cache_dir)
            for batch in batches:
                for choice in _configs(config):
                    session.run(batch, choice)
            sessions[name] = session
            task.advance(1)
    if not sessions:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped)
        raise RuntimeUnavailableError(f"no runtime can run here ({reasons})", "quantlat doctor says what to install.")
    timings = _time(sessions, batches, config, rounds)
    for session in sessions.values():
        session.close()
    return RuntimeChoice(timings, tuple(skipped))


def _configs(config: Config) -> tuple[Config, ...]:
    return (None,) if config is None else (None, config)


def _time(
    sessions: dict[str, Session], batches: Sequence[TokenBatch], config: Config, rounds: int
) -> tuple[RuntimeTiming, ...]:
    configs = _configs(config)
    samples: dict[tuple[str, int, int], list[float]] = {}
    for round_ in range(rounds):
        for index, batch in enumerate(batches):
            order = list(sessions)[:: 1 if round_ % 2 == 0 else -1]
            for name in order:
                for number, choice in enumerate(configs):
                    start = time.perf_counter()
                    sessions[name].run(batch, choice)
                    samples.setdefault((name, index, number), []).append((time.perf_counter() - start) * 1e3)

    def total(name: str, number: int) -> float:
        return sum(median(samples[name, index, number]) for index in range(len(batches)))

    totals = [RuntimeTiming(name, min(total(name, n) for n in range(len(configs)))) for name in sessions]
    return tuple(sorted(totals, key=lambda timing: timing.total_ms))
