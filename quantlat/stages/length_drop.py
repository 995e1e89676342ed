"""Stage ``length_drop``: LengthDrop training of the student."""

from __future__ import annotations

from collections.abc import Sequence

from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import MIB, Stage, StageContext, StageOutcome
from quantlat.recipe import Recipe
from quantlat.recipe.schema import LengthDropStage as Options
from quantlat.stages.artifacts import (
    SOFT_LABELS,
    judged_by,
    newest_student,
    options_for,
    read_model,
    read_windows,
    search_split_metrics,
    write_model,
    write_trainings,
)


class LengthDropStage(Stage):
    """Leaves the length-adaptive student as ``model/`` and ``trainings.json``."""

    name = "length_drop"
    version = 1

    def part(self, recipe: Recipe) -> Options | None:
        return recipe.length_drop

    def inputs(self, plan: Plan) -> Sequence[str]:
        labels = ["soft_labels"] if "soft_labels" in plan else []
        return list(dict.fromkeys(["data", *judged_by(plan.recipe), plan.last_of("student", "distillation"), *labels]))

    def needed_bytes(self, recipe: Recipe) -> int:
        return 2048 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        from quantlat.training.length_drop import train_length_drop
        from quantlat.training.soft_labels import SoftLabels

        options = context.recipe.length_drop
        assert options is not None
        student = read_model(newest_student(context.inputs), task=context.recipe.task)
        data = context.inputs["data"]
        options = options.model_copy(update={"train": options_for(data, options.train)})
        windows = read_windows(data, "fit", context.recipe, student.tokenizer)
        labels = None
        if options.teacher_weight > 0.0 and "soft_labels" in context.inputs:
            labels = SoftLabels.load(context.inputs["soft_labels"] / SOFT_LABELS)
        result = train_length_drop(
            student.model,
            windows.windows,
            options,
            labels=labels,
            state_dir=context.state_dir,
            progress=context.progress,
        )
        write_model(student.model, student.tokenizer, context.output, student.labels)
        metrics = write_trainings({"length_drop": result}, context.output)
        return StageOutcome(metrics | search_split_metrics(context, student.model, student.tokenizer))
