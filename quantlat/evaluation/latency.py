"""Latency and throughput of a run's models on dev requests, measured in a child process.

The job is plain data: folders of models, token ids of requests, ratios of profiles. The child loads the sessions
itself, so that nothing else lives in the process that measures (:mod:`quantlat.latency.child`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from quantlat.errors import RuntimeUnavailableError
from quantlat.evaluation.benchmark import BenchmarkCase, request_run, workload_case
from quantlat.evaluation.latency_job import LatencyFindings, LatencyJob, Request, Throughput
from quantlat.latency import ChildContext, Measurement, MeasureOptions, int8_warnings, measure_interleaved
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.runtimes.base import Session, TokenBatch, get_runtime

TEACHER_PADDED = "teacher-fp32-padded"
TEACHER = "teacher-fp32"
STUDENT_PADDED = "student-fp32-padded"
STUDENT = "student-fp32"
STUDENT_RUNTIME = "student-fp32-runtime"
NNCF = "student-int8-nncf"
_REFERENCE = "pytorch"
_PROFILE = "profile"
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
        """The session that runs a baseline; every profile has the same one, :data:`_PROFILE`."""
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
        if key == _PROFILE:
            from quantlat.quantization.artifact import QuantizedModel

            return get_runtime(job.runtime).load(QuantizedModel.load(job.quantized), threads=threads)
        from quantlat.models import load_folder

        folder = job.teacher if key == TEACHER else job.student
        assert folder is not None
        runtime = float_runtime(job.runtime) if key == STUDENT_RUNTIME else _REFERENCE
        model = load_folder(folder, task=job.task).model
        # inductor's graphs, also of fp32 models, take minutes and are kept for good in the user's cache
        graphs = None if runtime == "inductor" else job.graphs
        return get_runtime(runtime).load(model, threads=threads, cache_dir=graphs)


@dataclass(frozen=True)
class _Contestant:
    """What is executed, whatever it is called: equal ones are one contestant, measured once.

    Attributes:
        session: name for :meth:`_Sessions.of`; the teacher's runs the requests in its own tokens.
        padded: to the window's maximum.
        config: of a profile; ``None`` is the plain graph at full length.
    """

    session: str
    padded: bool = False
    config: ElasticConfig | None = None


def _contestants(job: LatencyJob) -> dict[str, _Contestant]:
    """Every baseline and profile of the job, slowest by design first."""
    found: dict[str, _Contestant] = {}
    student = job.student is not None
    # One fp32 measurement holds for a teacher and a student of one shape.
    fp32 = TEACHER if job.same_shape and job.teacher is not None else STUDENT
    if job.teacher is not None:
        found[TEACHER_PADDED] = _Contestant(TEACHER, _pads(job.teacher_requests, job.max_tokens))
        found[TEACHER] = _Contestant(TEACHER)
        if student:  # padding is only compared with the padded teacher
            theirs = job.teacher_requests if fp32 == TEACHER else job.requests
            found[STUDENT_PADDED] = _Contestant(fp32, _pads(theirs, job.max_tokens))
    if student:
        found[STUDENT] = _Contestant(fp32)
        if job.runtime != _REFERENCE:
            found[STUDENT_RUNTIME] = _Contestant(STUDENT_RUNTIME)
    if job.nncf is not None:
        found[NNCF] = _Contestant(NNCF)
    return found | {_profile_key(name): _Contestant(_PROFILE, config=c) for name, c in _configs(job).items()}


def _pads(requests: Sequence[Request], tokens: int) -> bool:
    """Whether padding to so many tokens changes any request."""
    return any(len(request.input_ids) < tokens for request in requests)


def _latencies(job: LatencyJob, sessions: _Sessions, context: ChildContext) -> dict[str, Measurement]:
    own = [TokenBatch.from_windows([request.window]) for request in job.requests]
    theirs = [TokenBatch.from_windows([request.window]) for request in job.teacher_requests]

    def run(contestant: _Contestant) -> Callable[[int], object]:
        batches = theirs if contestant.session == TEACHER else own
        if contestant.padded:
            batches = [_padded(batch, job.max_tokens) for batch in batches]
        return _run(sessions.of(contestant.session), batches, contestant.config)

    contestants = _contestants(job)
    if STUDENT_RUNTIME in contestants:
        try:
            sessions.of(STUDENT_RUNTIME)
        except RuntimeUnavailableError as error:
            context.progress.warn(f"the fp32 student is not timed in the deployed runtime: {error.message}")
            del contestants[STUDENT_RUNTIME]
    tokens = [len(request.input_ids) for request in job.requests]
    return _doubt_slow_int8(_measure_each_once(contestants, run, tokens, job.ending.options, context))


def _measure_each_once(
    contestants: Mapping[str, _Contestant],
    run: Callable[[_Contestant], Callable[[int], object]],
    tokens: Sequence[int],
    options: MeasureOptions,
    context: ChildContext,
) -> dict[str, Measurement]:
    """Interleave what differs; names of equal contestants share one measurement, named by the first of them."""
    first: dict[_Contestant, str] = {}
    for key, contestant in contestants.items():
        first.setdefault(contestant, key)
    measured = measure_interleaved(
        {key: run(contestant) for contestant, key in first.items()},
        tokens,
        threads=context.threads,
        options=options,
        machine=context.machine,
        progress=context.progress,
    )
    return {key: measured[first[contestant]] for key, contestant in contestants.items()}


def _throughputs(job: LatencyJob, sessions: _Sessions, context: ChildContext) -> Iterator[Throughput]:
    """The whole workload in batches of similar length, baselines (c) and (d) beside the INT8 profiles."""
    windows = [request.window for request in job.requests]
    baselines = [key for key, here in ((STUDENT, job.student), (NNCF, job.nncf)) if here is not None]
    contestants = {key: _Contestant(key) for key in baselines} | {
        _profile_key(name): _Contestant(_PROFILE, config=config)
        for name, config in _configs(job).items()
        if name in _THROUGHPUT_PROFILES
    }
    for batch in job.batches:
        if len(windows) < batch:
            continue  # a batch that is never full says nothing about this size
        case = workload_case(windows, batch)

        def run(contestant: _Contestant, case: BenchmarkCase = case) -> Callable[[int], object]:
            return request_run(sessions.of(contestant.session), case, contestant.config)

        tokens = [sum(len(window.input_ids) for window in request) for request in case.requests]
        for key, found in _measure_each_once(contestants, run, tokens, _THROUGHPUT, context).items():
            yield Throughput(key=key, batch=batch, threads=context.threads, windows=len(windows), measurement=found)


def _configs(job: LatencyJob) -> Mapping[str, ElasticConfig | None]:
    return {
        name: None if ratios is None else ElasticConfig(RetentionConfig(ratios))
        for name, ratios in job.profiles.items()
    }


def _profile_key(name: str) -> str:
    return f"profile:{name}"


def _doubt_slow_int8(measured: dict[str, Measurement]) -> dict[str, Measurement]:
    """Mark INT8 at full length where it is slower than the same student in fp32; its other names, too."""
    fp32 = measured.get(STUDENT_RUNTIME, measured.get(STUDENT))
    full = [measured[key] for key in (NNCF, _profile_key("full")) if key in measured]
    if fp32 is None:
        return measured
    return {
        key: found.with_warnings(*int8_warnings(found, fp32)) if any(found is one for one in full) else found
        for key, found in measured.items()
    }


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
