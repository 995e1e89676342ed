"""Latency and throughput of a run's models on dev requests, measured in a child process.

The job is plain data: folders of models, token ids of requests, ratios of profiles. The child loads the sessions
itself, so that nothing else lives in the process that measures (:mod:`quantlat.latency.child`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from quantlat.errors import RuntimeUnavailableError
from quantlat.evaluation.benchmark import PlainWindow, request_run, workload_case
from quantlat.latency import ChildContext, Measurement, MeasureOptions, int8_warnings, measure_interleaved
from quantlat.metrics import Interval
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.runtimes.base import Session, TokenBatch, get_runtime

TEACHER_PADDED = "teacher-fp32-padded"
TEACHER = "teacher-fp32"
STUDENT_PADDED = "student-fp32-padded"
STUDENT = "student-fp32"
STUDENT_RUNTIME = "student-fp32-runtime"
NNCF = "student-int8-nncf"
BATCHES = (8, 32)
_REFERENCE = "pytorch"
_SHORTEST_S = 2.0  # of rounds, all contestants together: a few rounds of a tiny model are over in an instant
_MOST_ROUNDS = 200
CHILD_FUNCTION = f"{__name__}:measure"
_THROUGHPUT_PROFILES = ("full", "balanced")
_THROUGHPUT = MeasureOptions(  # rounds until six seconds are used, however narrow the medians are
    min_rounds=3,
    max_rounds=8,
    min_seconds=6.0,
    max_seconds=8.0,
    target_width=math.inf,
    min_warmup=1,
    max_warmup=1,  # of a whole batch, in sessions that single requests have warmed up
)


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
    """What the child found; latencies in the order of :func:`_in_order`.

    ``other_threads`` holds the latencies at other numbers of threads than that which serves, each from a child of
    its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    latency: dict[str, Measurement]
    throughput: tuple[Throughput, ...]
    other_threads: dict[int, dict[str, Measurement]] = {}


def measure(job: str, context: ChildContext) -> LatencyFindings:
    """In the child: load the sessions, measure, answer."""
    order = LatencyJob.model_validate_json(job)
    with ExitStack() as stack:
        sessions = _Sessions(order, context.threads, stack)
        latency = _latencies(order, sessions, context)
        throughput = tuple(_throughputs(order, sessions, context))
    return LatencyFindings(latency=latency, throughput=throughput)


class _Sessions:
    """The sessions of a job, each loaded when it is first asked for, so that throughput needs no teacher."""

    def __init__(self, job: LatencyJob, threads: int, stack: ExitStack) -> None:
        self._job, self._threads, self._stack = job, threads, stack
        self._loaded: dict[str, Session] = {}

    def of(self, key: str) -> Session:
        """The session that runs a baseline; every profile has the same one, called ``profile``."""
        if key not in self._loaded:
            session = self._load(key)
            self._stack.callback(session.close)
            self._loaded[key] = session
        return self._loaded[key]

    def _load(self, key: str) -> Session:
        job, threads = self._job, self._threads
        if key == NNCF:
            from quantlat.runtimes.nncf_baseline import NncfSession

            assert job.nncf is not None
            return NncfSession.from_file(job.nncf, threads=threads)
        if key == "profile":
            from quantlat.quantization.artifact import QuantizedModel

            return get_runtime(job.runtime).load(QuantizedModel.load(job.quantized), threads=threads)
        from quantlat.models import load_folder

        folder = job.teacher if key == TEACHER else job.student
        assert folder is not None
        runtime = float_runtime(job.runtime) if key == STUDENT_RUNTIME else _REFERENCE
        return get_runtime(runtime).load(load_folder(folder, task=job.task).model, threads=threads)


def _latencies(job: LatencyJob, sessions: _Sessions, context: ChildContext) -> dict[str, Measurement]:
    own = [TokenBatch.from_windows([request.window]) for request in job.requests]
    theirs = [TokenBatch.from_windows([request.window]) for request in job.teacher_requests]
    runs: dict[str, Callable[[int], object]] = {}
    if job.teacher is not None:
        runs[TEACHER_PADDED] = _run(sessions.of(TEACHER), [_padded(batch, job.max_tokens) for batch in theirs])
        runs[TEACHER] = _run(sessions.of(TEACHER), theirs)
    if job.student is not None:
        if not job.same_shape:
            if job.teacher is not None:  # padding is only compared with the padded teacher
                runs[STUDENT_PADDED] = _run(sessions.of(STUDENT), [_padded(batch, job.max_tokens) for batch in own])
            runs[STUDENT] = _run(sessions.of(STUDENT), own)
        if job.runtime != _REFERENCE:
            try:
                runs[STUDENT_RUNTIME] = _run(sessions.of(STUDENT_RUNTIME), own)
            except RuntimeUnavailableError as error:
                context.progress.warn(f"the fp32 student is not timed in the deployed runtime: {error.message}")
    if job.nncf is not None:
        runs[NNCF] = _run(sessions.of(NNCF), own)
    for profile, config in _configs(job).items():
        runs[f"profile:{profile}"] = _run(sessions.of("profile"), own, config)
    measured = measure_interleaved(
        runs,
        [len(request.input_ids) for request in job.requests],
        threads=context.threads,
        options=job.ending.options,
        machine=context.machine,
        progress=context.progress,
    )
    return _doubt_slow_int8(_in_order(measured, same_shape=job.same_shape and job.teacher is not None))


def _throughputs(job: LatencyJob, sessions: _Sessions, context: ChildContext) -> Iterator[Throughput]:
    """The whole workload in batches of similar length, baselines (c) and (d) beside the INT8 profiles."""
    windows = [request.window for request in job.requests]
    configs = {name: config for name, config in _configs(job).items() if name in _THROUGHPUT_PROFILES}
    for batch in job.batches:
        if len(windows) < batch:
            continue  # a batch that is never full says nothing about this size
        case = workload_case(windows, batch)
        baselines = [key for key, here in ((STUDENT, job.student), (NNCF, job.nncf)) if here is not None]
        runs = {key: request_run(sessions.of(key), case, None) for key in baselines}
        for name, config in configs.items():
            runs[f"profile:{name}"] = request_run(sessions.of("profile"), case, config)
        tokens = [sum(len(window.input_ids) for window in request) for request in case.requests]
        measured = measure_interleaved(
            runs,
            tokens,
            threads=context.threads,
            options=_THROUGHPUT,
            machine=context.machine,
            progress=context.progress,
        )
        for key, found in measured.items():
            yield Throughput(key=key, batch=batch, threads=context.threads, windows=len(windows), measurement=found)


def _configs(job: LatencyJob) -> Mapping[str, ElasticConfig | None]:
    return {
        name: None if ratios is None else ElasticConfig(RetentionConfig(ratios))
        for name, ratios in job.profiles.items()
    }


def _doubt_slow_int8(measured: dict[str, Measurement]) -> dict[str, Measurement]:
    """Mark INT8 at full length where it is slower than the same student in fp32."""
    fp32 = measured.get(STUDENT_RUNTIME, measured.get(STUDENT))
    for key in (NNCF, "profile:full"):
        if key in measured and fp32 is not None:
            measured[key] = measured[key].with_warnings(*int8_warnings(measured[key], fp32))
    return measured


def _in_order(measured: dict[str, Measurement], *, same_shape: bool) -> dict[str, Measurement]:
    """Slowest by design first; a student of the teacher's shape shares its fp32 measurements."""
    if same_shape:
        measured[STUDENT_PADDED], measured[STUDENT] = measured[TEACHER_PADDED], measured[TEACHER]
    order = (TEACHER_PADDED, TEACHER, STUDENT_PADDED, STUDENT, STUDENT_RUNTIME, NNCF)
    names = [name for name in order if name in measured]
    return {name: measured[name] for name in [*names, *(name for name in measured if name not in order)]}


def float_runtime(runtime: str) -> str:
    """Where the fp32 student runs as baseline of a profile in ``runtime``: the native engine has INT8 kernels only."""
    return "openvino" if runtime == "native" else runtime


def _run(
    session: Session, batches: Sequence[TokenBatch], config: ElasticConfig | None = None
) -> Callable[[int], object]:
    return lambda request: session.run(batches[request], config)


def _padded(batch: TokenBatch, tokens: int) -> TokenBatch:
    """The same batch padded to ``tokens`` columns, as the published measurements pad to the window's maximum."""
    missing = tokens - batch.input_ids.shape[1]
    if missing <= 0:
        return batch
    width = ((0, 0), (0, missing))
    return TokenBatch(
        np.pad(batch.input_ids, width), np.pad(batch.attention_mask, width), np.pad(batch.token_type_ids, width)
    )
