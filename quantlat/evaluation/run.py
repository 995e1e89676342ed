"""Evaluate the INT8 model of a finished run: any runtime, any profile, any SQuAD-format file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quantlat.data import make_windows, read_squad
from quantlat.errors import DataError
from quantlat.evaluation.windows import evaluate_session
from quantlat.metrics import bootstrap_mean
from quantlat.models.tokenizer import Tokenizer
from quantlat.progress import Progress
from quantlat.quantization.artifact import QuantizedModel
from quantlat.runtimes import get_runtime


@dataclass(frozen=True)
class RunEvaluation:
    """What ``quantlat evaluate`` prints.

    Attributes:
        metrics: ``f1`` and ``em`` in points.
        n: questions.
        f1_ci: 95 % bootstrap interval of F1 over passages (questions, where there are few passages).
        data: the file, or ``dev split of the run``.
        ratios: share of the real tokens that each layer keeps.
        latency_mean_ms, latency_median_ms: of one window at batch 1, as they came; not an interleaved measurement.
    """

    metrics: Mapping[str, float]
    n: int
    runtime: str
    profile: str
    data: str
    f1_ci: tuple[float, float]
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
        folder: of the quantised model, with its tokenizer.
        dev: the run's dev split in SQuAD format.
    """

    folder: Path
    dev: Path
    max_tokens: int
    stride: int
    max_question_tokens: int


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
    """Answer every question of ``data`` (default: the run's dev split) and score the answers.

    Raises:
        DataError: the file holds no question.
        RuntimeUnavailableError: the runtime cannot run here.
    """
    from quantlat.models.retention import ElasticConfig, RetentionConfig

    quantized = QuantizedModel.load(model.folder)
    tokenizer = Tokenizer.from_folder(model.folder, family=quantized.config.family)
    squad = read_squad(data or model.dev)
    if not squad.examples:
        raise DataError(f"{data or model.dev} holds no usable question", "Give a file in SQuAD's JSON format.")
    if not squad.issues.clean:
        progress.warn(f"data issues: {squad.issues.summary()}")
    windows = make_windows(
        squad.examples,
        tokenizer,
        max_tokens=model.max_tokens,
        stride=model.stride,
        max_question_tokens=model.max_question_tokens,
    )
    retention = RetentionConfig(ratios)
    config = None if retention.is_full else ElasticConfig(retention)
    chosen = get_runtime(runtime)
    chosen.availability().require(runtime)
    session = chosen.load(quantized, threads=threads)
    try:
        result = evaluate_session(session, windows, config, progress=progress, name=f"{runtime}, {profile}")
    finally:
        session.close()
    passages = [example.context for example in squad.examples]
    groups = passages if len(set(passages)) >= 20 else None
    interval = bootstrap_mean(result.score.f1_per_question, seed=0, groups=groups)
    return RunEvaluation(
        metrics={"f1": result.score.f1, "em": result.score.em},
        n=result.score.n,
        runtime=runtime,
        profile=profile,
        data=str(data) if data is not None else "dev split of the run",
        f1_ci=(max(interval.low, 0.0), min(interval.high, 100.0)),
        ratios=ratios,
        threads=threads,
        windows=len(windows),
        tokens_mean=float(windows.report.tokens_mean),
        latency_mean_ms=float(result.latencies_ms.mean()),
        latency_median_ms=float(sorted(result.latencies_ms)[len(windows) // 2]),
    )
