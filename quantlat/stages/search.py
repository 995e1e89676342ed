"""Stage ``search``: find retention configurations by measured latency and measured accuracy of the INT8 model.

The same search serves ``quantlat search``, which asks a finished run another question without training anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import MIB, Metric, Stage, StageContext, StageOutcome
from quantlat.pipeline.store import Artifact, write_atomically
from quantlat.progress import Progress
from quantlat.recipe import Recipe
from quantlat.recipe.schema import SearchOptions
from quantlat.stages.artifacts import (
    QUANTIZED,
    STUDENT_STAGES,
    MetricPart,
    Seed,
    judged_by,
    newest_student,
    read_judged,
    read_model,
    search_points,
)
from quantlat.stages.search_record import (
    SEARCH_JSON,
    ProfileRecord,
    SearchRecord,
    latency_table_record,
    trial_record,
)

if TYPE_CHECKING:
    from quantlat.data import WindowSet
    from quantlat.models import LoadedModel
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.search import SearchResult, SessionEvaluator
    from quantlat.search.reference import Reference

BEST_JSON = "best_so_far.json"
JOURNAL = "trials.journal"
PROFILES = ("full", "balanced", "fast")
_AUTO_BATCHES = 6


@dataclass(frozen=True)
class SearchRequest:
    """A search over one run's INT8 model.

    Attributes:
        recipe: whose ``search`` part says how; it must have one.
        inputs: artefacts of the run by stage: data, quantization, the student stages, the teacher if it is the
            reference.
        journal: file that keeps the trials, unless the recipe names a storage.
        best_path: file for the best so far.
        batch: windows of one request.
        target_ms: latency of a request that takes the floor's place.
    """

    recipe: Recipe
    inputs: Mapping[str, Artifact]
    journal: Path
    best_path: Path
    progress: Progress
    batch: int = 1
    target_ms: float | None = None

    @property
    def options(self) -> SearchOptions:
        """The recipe's search part."""
        assert self.recipe.search is not None
        return self.recipe.search


class SearchStage(Stage):
    """Leaves ``search.json``: every trial, the front, and the profiles full, balanced and fast."""

    name = "search"
    version = 18

    def part(self, recipe: Recipe) -> Sequence[BaseModel] | None:
        if recipe.search is None:
            return None
        return [recipe.search, Seed(seed=recipe.seed), *MetricPart.of(recipe)]

    def inputs(self, plan: Plan) -> Sequence[str]:
        reference = ["teacher"] if plan.recipe.search and plan.recipe.search.reference == "teacher" else []
        reference = reference or judged_by(plan.recipe)
        return ["data", *reference, plan.last_of(*STUDENT_STAGES), "quantization"]

    def needed_bytes(self, recipe: Recipe) -> int:
        return 256 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        context.state_dir.mkdir(parents=True, exist_ok=True)
        record = search_model(
            SearchRequest(
                recipe=context.recipe,
                inputs=context.inputs,
                journal=context.state_dir / JOURNAL,
                best_path=context.run_dir / BEST_JSON,
                progress=context.progress,
            )
        )
        write_atomically(context.output / SEARCH_JSON, record.model_dump_json(indent=1))
        return StageOutcome(_metrics(record), floor_missed=floor_missed(record))


def search_model(request: SearchRequest) -> SearchRecord:
    """Search, say what was found, and give the record to be written."""
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.runtimes import get_runtime
    from quantlat.search import EvaluatorOptions, SessionEvaluator
    from quantlat.tasks import task_of

    recipe, options = request.recipe, request.options
    student = read_model(newest_student(request.inputs), task=recipe.task)
    windows = read_judged(request.inputs, "search", recipe, student.tokenizer, progress=request.progress)
    quantized = QuantizedModel.load(request.inputs["quantization"] / QUANTIZED)
    threads = options.threads or _usable_cores()
    runtime, timings = _choose_runtime(request, quantized, windows, threads)
    reference = _reference(request, student, windows)
    session = get_runtime(runtime).load(quantized, threads=threads)
    try:
        evaluator = SessionEvaluator(
            session,
            windows,
            student.config,
            reference,
            EvaluatorOptions(
                windows=options.windows,
                batch=request.batch,
                seed=recipe.seed,
                fewest_questions=task_of(recipe).fewest_examples,
            ),
        )
        signature = (
            f"{quantized.fingerprint[:16]} {runtime} {threads} threads {options.windows} windows batch {request.batch}"
        )
        result = _search(request, evaluator, student.config.num_layers, signature)
    finally:
        session.close()
    record = _record(request, result, runtime=runtime, threads=threads, timings=timings)
    _say(record, request.progress)
    return record


def _usable_cores() -> int:
    from quantlat.latency import read_machine_facts

    return read_machine_facts().usable_cores


def _choose_runtime(
    request: SearchRequest, quantized: QuantizedModel, windows: WindowSet, threads: int
) -> tuple[str, dict[str, float]]:
    """The recipe's runtime, or the fastest on a handful of windows spread over the lengths."""
    from quantlat.latency import Workload
    from quantlat.runtimes import TokenBatch, availability_for, get_runtime
    from quantlat.runtimes.auto import measure_runtimes
    from quantlat.search import RetentionSpace

    options = request.options
    if options.runtime != "auto":
        availability_for(get_runtime(options.runtime), quantized.config).require(options.runtime)
        return options.runtime, {}
    workload = Workload.from_windows(windows, _AUTO_BATCHES, seed=request.recipe.seed)
    batches = [TokenBatch.from_windows([windows.windows[i]]) for i in workload.indices]
    late = RetentionSpace(quantized.config.num_layers).late_profiles()[-1]
    choice = measure_runtimes(quantized, batches, threads=threads, config=late, progress=request.progress)
    timings = {timing.runtime: timing.total_ms / len(batches) for timing in choice.timings}
    shown = ", ".join(f"{name} {ms:.1f} ms" for name, ms in timings.items())
    request.progress.say(f"runtime: {choice.name}, the fastest here ({shown} per request)")
    return choice.name, timings


def _reference(request: SearchRequest, student: LoadedModel, windows: WindowSet) -> Reference:
    """What the fp32 full-length model that the floor refers to scores on the search examples."""
    from quantlat.evaluation.windows import model_logits
    from quantlat.search.reference import Reference
    from quantlat.tasks import task_of

    options = request.options
    artifact, model, own = newest_student(request.inputs), student, windows
    if options.reference == "teacher":
        artifact = request.inputs["teacher"]
        model = read_model(artifact, task=request.recipe.task)
        own = read_judged(request.inputs, "search", request.recipe, model.tokenizer, progress=request.progress)
    name = f"reference: fp32 {options.reference}"
    if task_of(request.recipe).scored_together:
        return Reference.of_texts(own, model_logits(model.model, own, progress=request.progress, name=name))
    return Reference(search_points(artifact, model.model, own, progress=request.progress, name=name))


def _search(request: SearchRequest, evaluator: SessionEvaluator, layers: int, signature: str) -> SearchResult:
    from quantlat.search import AccuracyFloor, RetentionSpace, run_search

    options = request.options
    return run_search(
        RetentionSpace(layers, ratio_step=options.ratio_step, min_ratio=options.min_ratio),
        evaluator,
        floor=AccuracyFloor(max_drop=options.max_drop, reference=f"fp32 full-length {options.reference}"),
        trials=options.trials,
        time_budget_s=options.time_budget,
        seed=request.recipe.seed,
        storage=options.storage or request.journal,
        progress=request.progress,
        best_path=request.best_path,
        population=options.population,
        sampler=options.sampler,
        patience=options.patience,
        target_ms=request.target_ms,
        name=request.recipe.name,
        signature=signature,
    )


def _record(
    request: SearchRequest, result: SearchResult, *, runtime: str, threads: int, timings: dict[str, float]
) -> SearchRecord:
    from quantlat.tasks import task_of

    options = request.options
    chosen = {name: getattr(result.profiles, name) for name in PROFILES}
    profiles = {
        name: ProfileRecord(
            ratios=candidate.config.ratios,
            macs_relative=candidate.macs_relative,
            candidate=next(i for i, c in enumerate(result.candidates) if c.config == candidate.config),
        )
        for name, candidate in chosen.items()
    }
    return SearchRecord(
        runtime=runtime,
        threads=threads,
        runtime_timings_ms=timings,
        reference=options.reference,
        reference_accuracy=result.reference_accuracy,
        max_drop=options.max_drop,
        missed_by=result.floor_missed_by,
        windows=options.windows,
        trials=result.trials,
        seconds=result.seconds,
        seed=result.seed,
        sampler=result.sampler,
        candidates=tuple(trial_record(candidate) for candidate in result.candidates),
        front=result.front,
        profiles=profiles,
        notes=result.profiles.notes,
        stopped_by=result.stopped_by,
        batch=request.batch,
        target_ms=result.target_ms,
        target_missed_by_ms=result.profiles.target_missed_by_ms,
        latency_table=latency_table_record(result),
        metric=task_of(request.recipe).metric.key,
    )


def _say(record: SearchRecord, progress: Progress) -> None:
    first: dict[tuple[float, ...], str] = {}
    for name, profile in record.profiles.items():
        if (same := first.setdefault(profile.ratios, name)) != name:
            progress.say(f"{name}: the same configuration as {same}")
            continue
        found = record.candidates[profile.candidate]
        ratios = ", ".join(f"{ratio:g}" for ratio in profile.ratios)
        progress.say(
            f"{name}: keeps ({ratios}) of the tokens, {found.latency_relative:.2f} of full-length time, "
            f"{found.macs_relative:.2f} of the work, {-found.drop:+.2f} {record.metric_name} points on the search split"
        )


def _metrics(record: SearchRecord) -> dict[str, Metric]:
    metrics: dict[str, Metric] = {
        "runtime": record.runtime,
        "threads": record.threads,
        "trials": record.trials,
        "trials_per_minute": round(60.0 * record.trials / record.seconds, 1),
    }
    if record.latency_table is not None:
        metrics["latency_table.mean_error"] = round(record.latency_table.mean_error, 4)
    for name, profile in record.profiles.items():
        found = record.candidates[profile.candidate]
        metrics[f"{name}.drop"] = round(found.drop, 3)
        metrics[f"{name}.latency_relative"] = round(found.latency_relative, 4)
        metrics[f"{name}.macs_relative"] = round(found.macs_relative, 4)
    return metrics


def floor_missed(record: SearchRecord) -> str | None:
    """By how much the floor was missed, in words; ``None`` when it holds."""
    if record.missed_by is None:
        return None
    nearest = ", ".join(f"{ratio:g}" for ratio in record.profiles["balanced"].ratios)
    return (
        f"the accuracy floor (at most {record.max_drop:g} {record.metric_name} points under the fp32 "
        f"{record.reference}) was missed by {record.missed_by:.2f}; nearest: balanced, which keeps ({nearest}) of the "
        "tokens"
    )
