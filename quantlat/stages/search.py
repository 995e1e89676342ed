"""Stage ``search``: find retention configurations by measured latency and measured accuracy of the INT8 model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import MIB, Metric, Stage, StageContext, StageOutcome
from quantlat.pipeline.store import write_atomically
from quantlat.recipe import Recipe
from quantlat.stages.artifacts import QUANTIZED, Seed, newest_student, read_model, read_windows
from quantlat.stages.search_record import SEARCH_JSON, ProfileRecord, SearchRecord, TrialRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from quantlat.data import WindowSet
    from quantlat.models import LoadedModel
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.search import Candidate, SearchResult, SessionEvaluator

BEST_JSON = "best_so_far.json"
PROFILES = ("full", "balanced", "fast")
_AUTO_BATCHES = 6


class SearchStage(Stage):
    """Leaves ``search.json``: every trial, the front, and the profiles full, balanced and fast."""

    name = "search"
    version = 3

    def part(self, recipe: Recipe) -> Sequence[BaseModel] | None:
        return None if recipe.search is None else [recipe.search, Seed(seed=recipe.seed)]

    def inputs(self, plan: Plan) -> Sequence[str]:
        reference = ["teacher"] if plan.recipe.search and plan.recipe.search.reference == "teacher" else []
        return ["data", *reference, plan.last_of("student", "distillation", "length_drop"), "quantization"]

    def needed_bytes(self, recipe: Recipe) -> int:
        return 256 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        from quantlat.quantization.artifact import QuantizedModel
        from quantlat.runtimes import get_runtime
        from quantlat.search import EvaluatorOptions, SessionEvaluator

        recipe, options = context.recipe, context.recipe.search
        assert options is not None
        student = read_model(newest_student(context.inputs), task=recipe.task)
        windows = read_windows(context.inputs["data"], "search", recipe, student.tokenizer)
        quantized = QuantizedModel.load(context.inputs["quantization"] / QUANTIZED)
        threads = options.threads or _usable_cores()
        runtime, timings = _choose_runtime(context, quantized, windows, threads)
        reference = _reference_scores(context, student, windows)
        session = get_runtime(runtime).load(quantized, threads=threads)
        try:
            evaluator = SessionEvaluator(
                session,
                windows,
                student.config,
                reference,
                EvaluatorOptions(windows=options.windows, seed=recipe.seed),
            )
            signature = f"{quantized.fingerprint[:16]} {runtime} {threads} threads {options.windows} windows"
            result = _search(context, evaluator, student.config.num_layers, signature)
        finally:
            session.close()
        record = _record(
            context,
            result,
            runtime=runtime,
            threads=threads,
            timings=timings,
        )
        write_atomically(context.output / SEARCH_JSON, record.model_dump_json(indent=1))
        return _outcome(context, record)


def _usable_cores() -> int:
    from quantlat.latency import read_machine_facts

    return read_machine_facts().usable_cores


def _choose_runtime(
    context: StageContext, quantized: QuantizedModel, windows: WindowSet, threads: int
) -> tuple[str, dict[str, float]]:
    """The recipe's runtime, or the fastest on a handful of windows spread over the lengths."""
    from quantlat.latency import Workload
    from quantlat.runtimes import TokenBatch, get_runtime
    from quantlat.runtimes.auto import measure_runtimes
    from quantlat.search import RetentionSpace

    options = context.recipe.search
    assert options is not None
    if options.runtime != "auto":
        get_runtime(options.runtime).availability().require(options.runtime)
        return options.runtime, {}
    workload = Workload.from_windows(windows, _AUTO_BATCHES, seed=context.recipe.seed)
    batches = [TokenBatch.from_windows([windows.windows[i]]) for i in workload.indices]
    late = RetentionSpace(quantized.config.num_layers).late_profiles()[-1]
    choice = measure_runtimes(quantized, batches, threads=threads, config=late, progress=context.progress)
    timings = {timing.runtime: timing.total_ms / len(batches) for timing in choice.timings}
    shown = ", ".join(f"{name} {ms:.1f} ms" for name, ms in timings.items())
    context.progress.say(f"runtime: {choice.name}, the fastest here ({shown} per request)")
    return choice.name, timings


def _reference_scores(context: StageContext, student: LoadedModel, windows: WindowSet) -> NDArray[np.float64]:
    """F1 of every search question by the fp32 full-length model that the floor refers to."""
    from quantlat.evaluation import evaluate_model

    options = context.recipe.search
    assert options is not None
    model, own = student, windows
    if options.reference == "teacher":
        model = read_model(context.inputs["teacher"], task=context.recipe.task)
        own = read_windows(context.inputs["data"], "search", context.recipe, model.tokenizer)
    result = evaluate_model(model.model, own, progress=context.progress, name=f"reference: fp32 {options.reference}")
    return result.score.f1_per_question


def _search(context: StageContext, evaluator: SessionEvaluator, layers: int, signature: str) -> SearchResult:
    from quantlat.search import AccuracyFloor, RetentionSpace, run_search

    options = context.recipe.search
    assert options is not None
    context.state_dir.mkdir(parents=True, exist_ok=True)
    return run_search(
        RetentionSpace(layers, ratio_step=options.ratio_step, min_ratio=options.min_ratio),
        evaluator,
        floor=AccuracyFloor(max_drop=options.max_drop, reference=f"fp32 full-length {options.reference}"),
        trials=options.trials,
        time_budget_s=options.time_budget,
        seed=context.recipe.seed,
        storage=options.storage or context.state_dir / "trials.journal",
        progress=context.progress,
        best_path=context.run_dir / BEST_JSON,
        population=options.population,
        name=context.recipe.name,
        signature=signature,
    )


def _record(
    context: StageContext, result: SearchResult, *, runtime: str, threads: int, timings: dict[str, float]
) -> SearchRecord:
    options = context.recipe.search
    assert options is not None
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
        candidates=tuple(_trial(candidate) for candidate in result.candidates),
        front=result.front,
        profiles=profiles,
        notes=result.profiles.notes,
    )


def _trial(candidate: Candidate) -> TrialRecord:
    return TrialRecord(
        ratios=candidate.config.ratios,
        accuracy=candidate.accuracy,
        accuracy_ci=candidate.accuracy_ci,
        drop=candidate.drop,
        drop_ci=candidate.drop_ci,
        questions=candidate.questions,
        latency_ms=candidate.latency_ms,
        latency_ci_ms=candidate.latency_ci_ms,
        latency_relative=candidate.latency_relative,
        macs_relative=candidate.macs_relative,
        stage=candidate.stage,
    )


def _outcome(context: StageContext, record: SearchRecord) -> StageOutcome:
    metrics: dict[str, Metric] = {
        "runtime": record.runtime,
        "threads": record.threads,
        "trials": record.trials,
        "trials_per_minute": round(60.0 * record.trials / record.seconds, 1),
    }
    for name, profile in record.profiles.items():
        found = record.candidates[profile.candidate]
        metrics[f"{name}.drop"] = round(found.drop, 3)
        metrics[f"{name}.latency_relative"] = round(found.latency_relative, 4)
        metrics[f"{name}.macs_relative"] = round(found.macs_relative, 4)
        ratios = ", ".join(f"{ratio:g}" for ratio in profile.ratios)
        context.progress.say(
            f"{name}: keeps ({ratios}) of the tokens, {found.latency_relative:.2f} of full-length time, "
            f"{found.macs_relative:.2f} of the work, {-found.drop:+.2f} F1 on the search split"
        )
    missed = None
    if record.missed_by is not None:
        nearest = ", ".join(f"{ratio:g}" for ratio in record.profiles["balanced"].ratios)
        missed = (
            f"the accuracy floor (at most {record.max_drop:g} F1 under the fp32 {record.reference}) was missed by "
            f"{record.missed_by:.2f} F1; nearest: balanced, which keeps ({nearest}) of the tokens"
        )
    return StageOutcome(metrics, floor_missed=missed)
