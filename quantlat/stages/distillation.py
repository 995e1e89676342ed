"""Stage ``distillation``: TinyBERT's intermediate or MobileBERT's progressive step, then prediction distillation."""

from __future__ import annotations

from collections.abc import Sequence

from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import MIB, Stage, StageContext, StageOutcome
from quantlat.recipe import Recipe
from quantlat.recipe.schema import DistillationStage as Options
from quantlat.stages.artifacts import (
    SOFT_LABELS,
    options_for,
    read_model,
    read_windows,
    search_split_metrics,
    write_model,
    write_trainings,
)


class DistillationStage(Stage):
    """Leaves the distilled student as ``model/`` and ``trainings.json``."""

    name = "distillation"
    version = 1

    def part(self, recipe: Recipe) -> Options | None:
        return recipe.distillation

    def inputs(self, plan: Plan) -> Sequence[str]:
        return ["data", "teacher", "student", *(["soft_labels"] if "soft_labels" in plan else [])]

    def needed_bytes(self, recipe: Recipe) -> int:
        return 2048 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        from quantlat.training.alignment import require_same_tokens
        from quantlat.training.distillation import distill_intermediate, distill_prediction
        from quantlat.training.progressive import distill_progressively
        from quantlat.training.soft_labels import SoftLabels

        options = context.recipe.distillation
        assert options is not None
        student = read_model(context.inputs["student"], task=context.recipe.task)
        data = context.inputs["data"]
        windows = read_windows(data, "fit", context.recipe, student.tokenizer)
        results = {}
        if options.intermediate is not None or options.progressive is not None:
            step = "progressive" if options.intermediate is None else "intermediate"
            teacher = read_model(context.inputs["teacher"], task=context.recipe.task)
            require_same_tokens(student.tokenizer, teacher.tokenizer, step)
            folder, progress = context.state_dir / step, context.progress
            models = (student.model, teacher.model, windows.windows)
            if options.intermediate is not None:
                chosen = options_for(data, options.intermediate)
                results[step] = distill_intermediate(*models, chosen, state_dir=folder, progress=progress)
            elif options.progressive is not None:
                transfer = options_for(data, options.progressive)
                results[step] = distill_progressively(*models, transfer, state_dir=folder, progress=progress)
        if options.prediction is not None:
            results["prediction"] = distill_prediction(
                student.model,
                windows.windows,
                SoftLabels.load(context.inputs["soft_labels"] / SOFT_LABELS),
                options_for(data, options.prediction),
                state_dir=context.state_dir / "prediction",
                progress=context.progress,
            )
        write_model(student.model, student.tokenizer, context.output, student.labels)
        metrics = write_trainings(results, context.output)
        return StageOutcome(metrics | search_split_metrics(context, student.model, student.tokenizer))
