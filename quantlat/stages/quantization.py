"""Stage ``quantization``: INT8 post-training quantisation through Intel Neural Compressor."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import BaseModel

from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import Metric, Stage, StageContext, StageOutcome
from quantlat.pipeline.store import file_hash, write_atomically
from quantlat.recipe import LoadedRecipe, Recipe
from quantlat.stages.artifacts import (
    QUANTIZED,
    STUDENT_STAGES,
    MetricPart,
    Seed,
    judged_by,
    newest_student,
    read_judged,
    read_model,
    read_windows,
    search_points,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from quantlat.models import LoadedModel, TaskModel
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.quantization.coverage import Coverage


LAYER_ERRORS = "layer_errors.json"
_ERROR_WINDOWS = 16


class QuantizationStage(Stage):
    """Leaves the quantised model, its only copy, as ``quantized/``, and the error of each layer beside it."""

    name = "quantization"
    version = 4

    def part(self, recipe: Recipe) -> Sequence[BaseModel] | None:
        if recipe.quantization is None:
            return None
        return [recipe.quantization, Seed(seed=recipe.seed), *MetricPart.of(recipe)]

    def inputs(self, plan: Plan) -> Sequence[str]:
        return list(dict.fromkeys(["data", *judged_by(plan.recipe), plan.last_of(*STUDENT_STAGES)]))

    def outside(self, loaded: LoadedRecipe, *, offline: bool) -> Mapping[str, str]:
        options = loaded.recipe.quantization
        assert options is not None
        return {options.calibration: file_hash(loaded.resolve(options.calibration))}

    def run(self, context: StageContext) -> StageOutcome:
        from quantlat.quantization.calibration import draw, load_calibration
        from quantlat.quantization.coverage import artifact_coverage
        from quantlat.quantization.inc import calibrate_and_convert
        from quantlat.quantization.layer_error import layer_errors
        from quantlat.quantization.sensitivity import match_linears

        recipe, options = context.recipe, context.recipe.quantization
        assert options is not None
        student = read_model(newest_student(context.inputs), task=recipe.task)
        spec = load_calibration(context.loaded.resolve(options.calibration))
        if context.smoke:
            spec = spec.model_copy(update={"windows": min(spec.windows, 8)})
        windows = read_windows(context.inputs["data"], "calibration", recipe, student.tokenizer)
        named = match_linears(student.model, options.fp32_linears)
        quantized = calibrate_and_convert(
            student.model,
            draw(spec, windows.windows, layers=student.config.num_layers),
            spec=spec,
            fp32_linears=named,
            progress=context.progress,
        )
        metrics: dict[str, Metric] = {}
        if options.sensitivity.enabled:
            quantized, metrics = _settle_precision(context, student, quantized)
        quantized.save(context.output / QUANTIZED, tokenizer_json=student.tokenizer.json)
        watched = windows.sample(min(len(windows), _ERROR_WINDOWS), seed=recipe.seed).windows
        errors = layer_errors(quantized, student.model, watched)
        write_atomically(context.output / LAYER_ERRORS, json.dumps([asdict(error) for error in errors], indent=1))
        worst = max(errors, key=lambda error: error.relative_error)
        context.progress.say(
            f"INT8 error of the layers' outputs: {errors[-1].relative_error:.1%} of their size behind the last layer, "
            f"at most {worst.relative_error:.1%} (layer {worst.layer}); each layer is in {LAYER_ERRORS}"
        )
        coverage = artifact_coverage(quantized)
        _say_coverage(context, coverage)
        return StageOutcome(
            metrics
            | {
                "largest_layer_error": round(worst.relative_error, 5),
                "calibration": spec.name,
                "calibration_windows": quantized.calibration.windows,
                "fp32_mib": round(coverage.float_size_mib, 2),
                "int8_mib": round(coverage.size_mib, 2),
                "int8_linears": coverage.int8_linears,
                "linears": coverage.linears,
                "int8_share_of_macs": round(coverage.int8_macs, 4),
                "fp32_linears": ", ".join(coverage.fp32_names) or "none",
                "tool": quantized.calibration.tool,
            }
        )


def _settle_precision(
    context: StageContext, student: LoadedModel, quantized: QuantizedModel
) -> tuple[QuantizedModel, dict[str, Metric]]:
    """Put the most sensitive linears back to fp32 where INT8 costs more accuracy than the recipe allows."""
    import numpy as np

    from quantlat.evaluation import evaluate_model
    from quantlat.quantization.sensitivity import choose_fp32_linears
    from quantlat.tasks import task_of

    options = context.recipe.quantization
    assert options is not None
    limits, metric = options.sensitivity, task_of(context.recipe).metric
    data = context.inputs["data"]
    judged = read_judged(
        context.inputs, "search", context.recipe, student.tokenizer, progress=context.progress, sample=limits.windows
    )
    ranked_on = read_windows(data, "calibration", context.recipe, student.tokenizer)
    ranked_on = ranked_on.sample(min(limits.windows, 24), seed=context.recipe.seed)

    def scores(model: TaskModel, name: str) -> NDArray[np.float64]:
        return evaluate_model(model, judged, progress=context.progress, name=name).score.per_example

    reference = search_points(
        newest_student(context.inputs), student.model, judged, progress=context.progress, name="accuracy of fp32"
    )
    measured: list[float] = []

    def at_best(model: TaskModel) -> float:
        """Points with one standard error of its paired difference on top: a loss within the noise moves no linear."""
        own = scores(model, "accuracy of INT8")
        measured.append(float(own.mean()))
        return measured[-1] + float(np.std(own - reference, ddof=1) / np.sqrt(len(own)))

    before = float(reference.mean())
    result = choose_fp32_linears(
        quantized,
        student.model,
        ranked_on.windows,
        evaluate=at_best,
        floor=before - limits.max_drop,
        max_fp32_linears=limits.max_fp32_linears,
        progress=context.progress,
    )
    chosen = len(measured) - 1 if result.reached else int(np.argmax([step.score for step in result.steps]))
    after = measured[chosen]
    context.progress.say(
        f"INT8 at full length: {metric.name} {after:.2f} against {before:.2f} in fp32 on "
        f"{len(judged)} windows of the search split"
    )
    if not result.reached:
        context.progress.warn(
            f"INT8 loses {before - after:.2f} {metric.name} points, more than the {limits.max_drop:g} allowed, with "
            f"{len(result.steps) - 1} sensitive linears in fp32; the best of the tries is used"
        )
    return result.model, {
        f"search_{metric.key}_fp32": round(before, 3),
        f"search_{metric.key}_int8": round(after, 3),
    }


def _say_coverage(context: StageContext, coverage: Coverage) -> None:
    context.progress.say(
        f"INT8: {coverage.int8_linears} of {coverage.linears} linears, {coverage.int8_macs:.0%} of the "
        f"multiply-accumulates at {coverage.tokens} tokens; parameters {coverage.float_size_mib:.1f} MiB in fp32, "
        f"{coverage.size_mib:.1f} MiB now"
    )
