"""Evaluate the INT8 model of a finished run: any runtime, any profile, any file of the task's format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quantlat.data import TextIssues
from quantlat.evaluation.windows import evaluate_session
from quantlat.metrics import bootstrap_mean
from quantlat.models.tokenizer import Tokenizer
from quantlat.progress import Progress
from quantlat.quantization.artifact import QuantizedModel
from quantlat.recipe.schema import DataOptions
from quantlat.runtimes import get_runtime
from quantlat.tasks import ReadExamples, Task, get_task


@dataclass(frozen=True)
class RunEvaluation:
    """What ``quantlat evaluate`` prints.

    Attributes:
        metrics: ``f1`` and ``em`` of questions, else the recipe's metric by its key, such as ``accuracy``, in points.
        metric: the one that the interval is of.
        n: questions or texts.
        metric_ci: its 95 % bootstrap interval over passages (over questions or texts, where there are few of them).
        data: the file, or ``dev split of the run``.
        ratios: share of the real tokens that each layer keeps.
        latency_mean_ms, latency_median_ms: of one window at batch 1, as they came; not an interleaved measurement.
    """

    metrics: Mapping[str, float]
    n: int
    runtime: str
    profile: str
    data: str
    metric: str
    metric_ci: tuple[float, float]
    ratios: tuple[float, ...]
    threads: int
    windows: int
    tokens_mean: float
    latency_mean_ms: float
    latency_median_ms: float


@dataclass(frozen=True)
class EvaluatedModel:
    """What of a run is needed to evaluate it.

    Attributes:
        metric: key of what it is judged by; ``None``: the task's usual one.
        teacher: folder of the fp32 model that embeddings are compared with.
        folder: of the quantised model, with its tokenizer.
        dev: the run's dev split.
        options: of the recipe, how examples become windows.
        labels: names of the classes; empty for questions.
    """

    folder: Path
    dev: Path
    options: DataOptions
    labels: tuple[str, ...] = ()
    metric: str | None = None
    teacher: Path | None = None


def evaluate_quantized(
    model: EvaluatedModel,
    ratios: tuple[float, ...],
    *,
    profile: str,
    runtime: str,
    threads: int,
    data: Path | None,
    progress: Progress,
) -> RunEvaluation:
    """Ask the model every example of ``data`` (default: the run's dev split) and score what it says.

    Raises:
        DataError: the file holds no example of the task.
        RuntimeUnavailableError: the runtime cannot run here.
    """
    from quantlat.evaluation.references import with_references
    from quantlat.models import load_folder
    from quantlat.models.retention import ElasticConfig, RetentionConfig

    quantized = QuantizedModel.load(model.folder)
    tokenizer = Tokenizer.from_folder(model.folder, family=quantized.config.family)
    task = get_task(quantized.task, model.metric)
    found = _read(model, task, data)
    if not found.issues.clean:
        progress.warn(f"data issues: {found.issues.summary()}")
    windows = task.windows(found.examples, tokenizer, model.options)
    if task.needs_reference and model.teacher is not None:
        windows = with_references(windows, load_folder(model.teacher, task=task.name), model.options, progress=progress)
    retention = RetentionConfig(ratios)
    config = None if retention.is_full else ElasticConfig(retention)
    chosen = get_runtime(runtime)
    chosen.availability().require(runtime)
    session = chosen.load(quantized, threads=threads)
    try:
        result = evaluate_session(session, windows, config, progress=progress, name=f"{runtime}, {profile}")
    finally:
        session.close()
    passages = [example.group for example in found.examples]
    groups = passages if len(set(passages)) >= 20 else None
    interval = bootstrap_mean(result.score.per_example, seed=0, groups=groups)
    exact = result.score.exact_per_example
    return RunEvaluation(
        metrics={task.metric.key: result.score.points} | ({} if exact is None else {"em": float(exact.mean())}),
        n=result.score.n,
        runtime=runtime,
        profile=profile,
        data=str(data) if data is not None else "dev split of the run",
        metric=task.metric.key,
        metric_ci=(max(interval.low, task.metric.lowest), min(interval.high, 100.0)),
        ratios=ratios,
        threads=threads,
        windows=len(windows),
        tokens_mean=float(windows.report.tokens_mean),
        latency_mean_ms=float(result.latencies_ms.mean()),
        latency_median_ms=float(sorted(result.latencies_ms)[len(windows) // 2]),
    )


def _read(model: EvaluatedModel, task: Task, data: Path | None) -> ReadExamples:
    if data is not None:
        return task.read_foreign(data, model.labels, model.options)
    examples = task.read(model.dev)
    return ReadExamples(examples, TextIssues(len(examples)))
