"""What the report measures on dev questions: accuracy of every model in every runtime, latency side by side.

This is the only place that reads the dev split of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from quantlat.evaluation.latency import CHILD_FUNCTION, NNCF, STUDENT, TEACHER, float_runtime
from quantlat.evaluation.latency_job import Ending, LatencyFindings, LatencyJob, Request, Throughput
from quantlat.evaluation.windows import EvaluationResult, evaluate_model, evaluate_session
from quantlat.latency import Measurement, Workload, measure_in_child, read_machine_facts
from quantlat.progress import Progress
from quantlat.runtimes.base import availability_for, get_runtime

if TYPE_CHECKING:
    from quantlat.data.windows import Window, WindowSet
    from quantlat.models import ElasticConfig, EncoderConfig, LoadedModel
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.runtimes.nncf_baseline import NncfSession

__all__ = [
    "NNCF",
    "STUDENT",
    "TEACHER",
    "Contestants",
    "Ending",
    "LatencyFindings",
    "ModelFolders",
    "RuntimeAccuracy",
    "UnusedRuntime",
    "float_accuracy",
    "float_runtime",
    "measure_latency",
    "nncf_baseline",
    "runtime_accuracy",
]

_REFERENCE = "pytorch"
_COMPARED_PROFILES = ("full", "balanced")
_ROUNDS_BESIDE = 3  # of latency at other numbers of threads, which the headline does not rest on


@dataclass(frozen=True)
class ModelFolders:
    """Where the models lie, for the processes that measure them.

    Attributes:
        scratch: a folder of this report alone, for what is made once and used by several of them.
    """

    teacher: Path
    student: Path
    quantized: Path
    scratch: Path


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
    folders: ModelFolders

    @property
    def same_shape(self) -> bool:
        """Whether teacher and student are equally large, so that one fp32 measurement holds for both."""
        return replace(_full_length(self.teacher), vocab_size=8) == replace(_full_length(self.student), vocab_size=8)

    @property
    def same_model(self) -> bool:
        """Whether the student is the teacher, number by number: nothing has trained it."""
        import torch

        theirs, own = self.teacher.model.state_dict(), self.student.model.state_dict()
        if _full_length(self.teacher) != _full_length(self.student) or self.teacher_windows is not self.windows:
            return False
        return theirs.keys() == own.keys() and all(torch.equal(theirs[name], own[name]) for name in own)


def _full_length(loaded: LoadedModel) -> EncoderConfig:
    """Shape of a model without what says which tokens are dropped: at full length none are."""
    return replace(loaded.config, answer_weight=0.0)


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
    """Full-length fp32 accuracy of teacher and student; of one model under both names, one evaluation."""
    found = {
        TEACHER: evaluate_model(
            contestants.teacher.model, contestants.teacher_windows, progress=progress, name="dev: teacher fp32"
        )
    }
    if contestants.same_model:
        return found | {STUDENT: found[TEACHER]}
    found[STUDENT] = evaluate_model(
        contestants.student.model, contestants.windows, progress=progress, name="dev: student fp32"
    )
    return found


def nncf_baseline(contestants: Contestants, progress: Progress) -> NncfSession | None:
    """Baseline (d), ready to run; ``None``, with a remark, where NNCF is not installed."""
    from quantlat.runtimes.nncf_baseline import NncfSession, availability

    found = availability()
    if not found.usable:
        progress.say(f"baseline (d), OpenVINO INT8 by NNCF, is left out: {found.reason} ({found.install})")
        return None
    progress.say("baseline (d): quantising the student with NNCF")
    return NncfSession(
        contestants.student.model,
        contestants.calibration,
        threads=contestants.threads,
        cache_dir=contestants.folders.scratch,
    )


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
        availability = availability_for(get_runtime(name), contestants.quantized.config)
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
    ending: Ending,
    max_tokens: int,
    baselines: bool,
    seed: int,
    progress: Progress,
    nncf: NncfSession | None = None,
) -> LatencyFindings:
    """Time every profile in ``runtime`` and the fp32 baselines on one workload of dev windows, interleaved.

    Then measure throughput in batches, and do the same with one thread and with all cores, there without the
    teacher. Each number of threads has a child process of its own, pinned to as many cores. Keys are the baselines'
    names and ``profile:NAME``.
    """
    machine, folders = read_machine_facts(), contestants.folders
    job = _job(contestants, runtime, requests=requests, ending=ending, max_tokens=max_tokens, seed=seed)
    if baselines:
        job = job.model_copy(update={"teacher": folders.teacher, "student": folders.student})
    if nncf is not None:
        job = job.model_copy(update={"nncf": nncf.save(folders.scratch / "nncf.xml")})
    threads = sorted({1, machine.usable_cores, contestants.threads}, key=lambda n: (n != contestants.threads, n))
    beside = job.model_copy(update={"teacher": None, "same_shape": False, "ending": _beside(ending)})
    latency: dict[int, dict[str, Measurement]] = {}
    throughput: list[Throughput] = []
    for n in threads:
        found = measure_in_child(
            CHILD_FUNCTION,
            job if n == contestants.threads else beside,
            LatencyFindings,
            threads=n,
            machine=machine,
            progress=progress,
        )
        latency[n] = found.latency
        throughput += found.throughput if n in (1, machine.usable_cores) else ()
    serving = latency.pop(contestants.threads)
    return LatencyFindings(latency=serving, throughput=tuple(throughput), other_threads=latency)


def _beside(ending: Ending) -> Ending:
    """Less time for what the headline does not rest on."""
    budget = None if ending.budget_s is None else ending.budget_s / 2.0
    return ending.model_copy(update={"rounds": min(ending.rounds, _ROUNDS_BESIDE), "budget_s": budget})


def _job(
    contestants: Contestants, runtime: str, *, requests: int, ending: Ending, max_tokens: int, seed: int
) -> LatencyJob:
    """What is measured, without the baselines."""
    windows = contestants.windows.windows
    workload = Workload.from_windows(contestants.windows, requests, seed=seed)
    chosen = [windows[i] for i in workload.indices]
    if len(contestants.teacher_windows) == len(windows):
        theirs = [contestants.teacher_windows.windows[i] for i in workload.indices]
    else:  # another tokenizer cut other windows: match by length rank
        theirs = _equal_ranks(contestants.teacher_windows.windows, len(chosen))
    ratios = {
        name: None if config is None or config.retention is None else config.retention.ratios
        for name, config in contestants.profiles.items()
    }
    return LatencyJob(
        task=contestants.quantized.task,
        quantized=contestants.folders.quantized,
        profiles=ratios,
        requests=tuple(_request(window) for window in chosen),
        teacher_requests=tuple(_request(window) for window in theirs),
        runtime=runtime,
        max_tokens=max_tokens,
        same_shape=contestants.same_shape,
        ending=ending,
        graphs=contestants.folders.scratch,
    )


def _request(window: Window) -> Request:
    return Request(input_ids=tuple(map(int, window.input_ids)), token_type_ids=tuple(map(int, window.token_type_ids)))


def _equal_ranks(windows: Sequence[Window], n: int) -> list[Window]:
    by_length = sorted(windows, key=lambda window: window.length)
    return [by_length[int((i + 0.5) * len(by_length) / n)] for i in range(n)]
