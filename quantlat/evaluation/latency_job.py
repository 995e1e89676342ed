"""What the process that measures latency and throughput is told, and what it answers: plain data, no models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from quantlat.evaluation.benchmark import PlainWindow
from quantlat.latency import Measurement, MeasureOptions
from quantlat.metrics import Interval

BATCHES = (8, 32)
_SHORTEST_S = 2.0  # of rounds, all contestants together: a few rounds of a tiny model are over in an instant
_MOST_ROUNDS = 200


class Request(BaseModel):
    """Token ids of one window, without padding."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    input_ids: tuple[int, ...]
    token_type_ids: tuple[int, ...]

    @property
    def window(self) -> PlainWindow:
        """The same as arrays."""
        return PlainWindow(np.array(self.input_ids, np.int64), np.array(self.token_type_ids, np.int64))


class Ending(BaseModel):
    """When the rounds of batch 1 end: at least so many, then as soon as every median is known, or time is up.

    Attributes:
        rounds: fewest rounds.
        budget_s: no round begins that would probably end after this; ``None``: exactly ``rounds`` rounds.
        width: relative width of the 95 % interval of the median at which it counts as known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    rounds: int
    budget_s: float | None = None
    width: float = 0.03

    @property
    def options(self) -> MeasureOptions:
        """The same for :func:`quantlat.latency.measure_interleaved`; what is disturbed is measured once more."""
        options = MeasureOptions.fixed(self.rounds)
        if self.budget_s is not None:
            options = MeasureOptions(
                min_rounds=self.rounds,
                max_rounds=max(self.rounds, _MOST_ROUNDS),
                min_seconds=min(_SHORTEST_S, self.budget_s),
                max_seconds=self.budget_s,
                target_width=self.width,
            )
        return replace(options, min_warmup=4, max_warmup=20, attempts=2)


class LatencyJob(BaseModel):
    """What the child measures.

    Attributes:
        teacher: folder of the fp32 teacher; ``None`` leaves its baselines out, as do ``student`` and ``nncf``.
        nncf: file of the student as NNCF quantised it.
        profiles: retention ratios by name; ``None`` is the plain graph at full length.
        requests: in the student's tokens, in the order in which they are sent.
        teacher_requests: the same in the teacher's.
        same_shape: one fp32 measurement holds for teacher and student.
        ending: when the rounds of batch 1 end.
        batches: batch sizes whose throughput is measured.
        graphs: folder for compiled graphs of the fp32 student, which the next process then need not make again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    quantized: Path
    teacher: Path | None = None
    student: Path | None = None
    nncf: Path | None = None
    profiles: dict[str, tuple[float, ...] | None]
    requests: tuple[Request, ...]
    teacher_requests: tuple[Request, ...]
    runtime: str
    max_tokens: int
    same_shape: bool
    ending: Ending
    batches: tuple[int, ...] = BATCHES
    graphs: Path | None = None


class Throughput(BaseModel):
    """Time of each batch of the whole workload, sorted by length; key as in the latencies."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str
    batch: int
    threads: int
    windows: int
    measurement: Measurement

    @property
    def windows_per_s(self) -> Interval:
        """Windows in a second, from the time of each round."""
        from quantlat.latency import rate_ci

        return rate_ci(self.measurement.by_round, self.windows)


class LatencyFindings(BaseModel):
    """What the child found; latencies of baselines, slowest by design first, then of profiles.

    Names of one contestant (profiles of one configuration, a teacher and a student of one shape) have one
    measurement. ``other_threads`` holds the latencies at other numbers of threads than that which serves, each from a
    child of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    latency: dict[str, Measurement]
    throughput: tuple[Throughput, ...]
    other_threads: dict[int, dict[str, Measurement]] = {}
