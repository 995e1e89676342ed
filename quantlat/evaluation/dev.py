"""What the report measures on dev questions: accuracy of every model in every runtime, latency side by side.

This is the only place that reads the dev split of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from quantlat.allocator import keep_freed_memory
from quantlat.errors import RuntimeUnavailableError
from quantlat.evaluation.windows import EvaluationResult, evaluate_model, evaluate_session
from quantlat.latency import Measurement, MeasureOptions, Workload, measure_interleaved
from quantlat.progress import Progress
from quantlat.runtimes.base import Session, TokenBatch, get_runtime

if TYPE_CHECKING:
    from quantlat.data.windows import Window, WindowSet
    from quantlat.models import ElasticConfig, LoadedModel
    from quantlat.quantization.artifact import QuantizedModel

TEACHER_PADDED = "teacher-fp32-padded"
TEACHER = "teacher-fp32"
STUDENT_PADDED = "student-fp32-padded"
STUDENT = "student-fp32"
STUDENT_RUNTIME = "student-fp32-runtime"
NNCF = "student-int8-nncf"
_REFERENCE = "pytorch"
_COMPARED_PROFILES = ("full", "balanced")


@dataclass(frozen=True)
class Contestants:
    """The models of a run that are compared on dev.

    Attributes:
        profiles: configuration of each profile; ``None`` runs the plain graph at full length.
        teacher_windows: dev windows in the teacher's tokens; the student's where both read alike.
        calibration: windows that quantisation may look at.
    """

    teacher: LoadedModel
    student: LoadedModel
    quantized: QuantizedModel
    profiles: Mapping[str, ElasticConfig | None]
    windows: WindowSet
    teacher_windows: WindowSet
    calibration: Sequence[Window]
    threads: int

    @property
    def same_shape(self) -> bool:
        """Whether teacher and student are equally large, so that one fp32 measurement holds for both."""
        return replace(self.teacher.config, vocab_size=8) == replace(self.student.config, vocab_size=8)


@dataclass(frozen=True)
class RuntimeAccuracy:
    """Dev accuracy of one profile in one runtime."""

    runtime: str
    profile: str
    result: EvaluationResult


@dataclass(frozen=True)
class UnusedRuntime:
    """A runtime that the recipe names and that cannot run here."""

    name: str
    reason: str


def float_accuracy(contestants: Contestants, progress: Progress) -> dict[str, EvaluationResult]:
    """Full-length fp32 accuracy of teacher and student."""
    found = {
        TEACHER: evaluate_model(
            contestants.teacher.model, contestants.teacher_windows, progress=progress, name="dev: teacher fp32"
        )
    }
    found[STUDENT] = evaluate_model(
        contestants.student.model, contestants.windows, progress=progress, name="dev: student fp32"
    )
    return found


def nncf_baseline(contestants: Contestants, progress: Progress) -> Session | None:
    """Baseline (d), ready to run; ``None``, with a remark, where NNCF is not installed."""
    from quantlat.runtimes.nncf_baseline import NncfSession, availability

    found = availability()
    if not found.usable:
        progress.say(f"baseline (d), OpenVINO INT8 by NNCF, is left out: {found.reason} ({found.install})")
        return None
    progress.say("baseline (d): quantising the student with NNCF")
    return NncfSession(contestants.student.model, contestants.calibration, threads=contestants.threads)


def runtime_accuracy(
    contestants: Contestants, chosen: str, runtimes: Sequence[str], progress: Progress
) -> tuple[list[RuntimeAccuracy], list[UnusedRuntime]]:
    """INT8 accuracy of every profile in the ``chosen`` runtime, and of full and balanced in the other ones.

    Eager PyTorch, the reference of the others, runs in batches of similar length: it has no INT8 kernels, and one
    window at a time would take minutes. Runtimes that cannot run here are returned with why.
    """
    rows: list[RuntimeAccuracy] = []
    unused: list[UnusedRuntime] = []
    for name in dict.fromkeys([chosen, *runtimes]):
        runtime = get_runtime(name)
        availability = runtime.availability()
        if not availability.usable:
            unused.append(UnusedRuntime(name, availability.reason))
            progress.warn(f"{name} is left out: {availability.reason}")
            continue
        profiles = {
            profile: config
            for profile, config in contestants.profiles.items()
            if name == chosen or profile in _COMPARED_PROFILES
        }
        with _evaluator(contestants, name, progress) as evaluate:
            # Equal configurations need one pass: with every floor met, balanced may be fast, or full.
            done: dict[ElasticConfig | None, EvaluationResult] = {}
            for profile, config in profiles.items():
                if config not in done:
                    done[config] = evaluate(config, f"dev: {name}, {profile}")
                rows.append(RuntimeAccuracy(name, profile, done[config]))
    return rows, unused


@contextmanager
def _evaluator(
    contestants: Contestants, runtime: str, progress: Progress
) -> Iterator[Callable[[ElasticConfig | None, str], EvaluationResult]]:
    """What answers all dev windows under a configuration, by a name for the progress bar."""
    if runtime == _REFERENCE:
        from quantlat.quantization.reference import build_task_model

        model = build_task_model(contestants.quantized)
        yield lambda config, name: evaluate_model(model, contestants.windows, config, progress=progress, name=name)
        return
    session = get_runtime(runtime).load(contestants.quantized, threads=contestants.threads)
    try:
        yield lambda config, name: evaluate_session(session, contestants.windows, config, progress=progress, name=name)
    finally:
        session.close()


def measure_latency(
    contestants: Contestants,
    runtime: str,
    *,
    requests: int,
    rounds: int,
    max_tokens: int,
    baselines: bool,
    seed: int,
    progress: Progress,
    nncf: Session | None = None,
) -> dict[str, Measurement]:
    """Time every profile in ``runtime`` and the fp32 baselines on one workload of dev windows, interleaved.

    Keys are the baselines' names above and ``profile:NAME``.
    """
    keep_freed_memory()
    windows = contestants.windows.windows
    workload = Workload.from_windows(contestants.windows, requests, seed=seed)
    chosen = [windows[i] for i in workload.indices]
    teacher_chosen = [contestants.teacher_windows.windows[i] for i in workload.indices]
    if len(contestants.teacher_windows) != len(windows):  # another tokenizer cut other windows: match by length rank
        teacher_chosen = _equal_ranks(contestants.teacher_windows.windows, len(chosen))
    with ExitStack() as stack:
        runs: dict[str, Callable[[int], object]] = {}
        if baselines:
            runs |= _baseline_runs(contestants, runtime, chosen, teacher_chosen, max_tokens, stack)
        if nncf is not None:
            runs[NNCF] = _run(nncf, [TokenBatch.from_windows([window]) for window in chosen])
        session = get_runtime(runtime).load(contestants.quantized, threads=contestants.threads)
        stack.callback(session.close)
        batches = [TokenBatch.from_windows([window]) for window in chosen]
        for profile, config in contestants.profiles.items():
            runs[f"profile:{profile}"] = _run(session, batches, config)
        measured = measure_interleaved(
            runs,
            workload.tokens,
            threads=contestants.threads,
            options=replace(MeasureOptions.fixed(rounds), min_warmup=4, max_warmup=20),
            progress=progress,
        )
    return _in_order(measured, same_shape=baselines and contestants.same_shape)


def _in_order(measured: dict[str, Measurement], *, same_shape: bool) -> dict[str, Measurement]:
    """Slowest by design first; a student of the teacher's shape shares its fp32 measurements."""
    if same_shape:
        measured[STUDENT_PADDED], measured[STUDENT] = measured[TEACHER_PADDED], measured[TEACHER]
    order = (TEACHER_PADDED, TEACHER, STUDENT_PADDED, STUDENT, STUDENT_RUNTIME, NNCF)
    names = [name for name in order if name in measured]
    return {name: measured[name] for name in [*names, *(name for name in measured if name not in order)]}


def _baseline_runs(
    contestants: Contestants,
    runtime: str,
    chosen: Sequence[Window],
    teacher_chosen: Sequence[Window],
    max_tokens: int,
    stack: ExitStack,
) -> dict[str, Callable[[int], object]]:
    own = [TokenBatch.from_windows([window]) for window in chosen]
    theirs = [TokenBatch.from_windows([window]) for window in teacher_chosen]
    teacher = get_runtime("pytorch").load(contestants.teacher.model, threads=contestants.threads)
    stack.callback(teacher.close)
    runs = {
        TEACHER_PADDED: _run(teacher, [_padded(batch, max_tokens) for batch in theirs]),
        TEACHER: _run(teacher, theirs),
    }
    if not contestants.same_shape:
        student = get_runtime("pytorch").load(contestants.student.model, threads=contestants.threads)
        stack.callback(student.close)
        runs[STUDENT_PADDED] = _run(student, [_padded(batch, max_tokens) for batch in own])
        runs[STUDENT] = _run(student, own)
    if runtime != _REFERENCE:
        try:
            compiled = get_runtime(float_runtime(runtime)).load(contestants.student.model, threads=contestants.threads)
        except RuntimeUnavailableError:
            return runs
        stack.callback(compiled.close)
        runs[STUDENT_RUNTIME] = _run(compiled, own)
    return runs


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


def _equal_ranks(windows: Sequence[Window], n: int) -> list[Window]:
    by_length = sorted(windows, key=lambda window: window.length)
    return [by_length[int((i + 0.5) * len(by_length) / n)] for i in range(n)]
