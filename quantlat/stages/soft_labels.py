"""Stage ``soft_labels``: the teacher's logits for every training window, computed once for all that follows."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import MIB, Stage, StageContext, StageOutcome
from quantlat.recipe import Recipe
from quantlat.recipe.schema import DataOptions
from quantlat.stages.artifacts import SOFT_LABELS, read_model, read_windows


class SoftLabelsStage(Stage):
    """Leaves ``soft_labels.safetensors``, in the order of the student's windows of the fit split."""

    name = "soft_labels"
    version = 1

    def part(self, recipe: Recipe) -> DataOptions | BaseModel | None:  # type: ignore[override]
        distillation, length_drop = recipe.distillation, recipe.length_drop
        wanted = (distillation is not None and distillation.prediction is not None) or (
            length_drop is not None and length_drop.teacher_weight > 0.0
        )
        return recipe.data if wanted else None

    def inputs(self, plan: Plan) -> Sequence[str]:
        return ["data", "teacher", "student"]

    def needed_bytes(self, recipe: Recipe) -> int:
        return 512 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        from quantlat.training.alignment import soft_labels_for_student

        task = context.recipe.task
        teacher = read_model(context.inputs["teacher"], task=task)
        student = read_model(context.inputs["student"], task=task)
        windows = read_windows(context.inputs["data"], "fit", context.recipe, student.tokenizer)
        labels = soft_labels_for_student(
            teacher.model,
            teacher.tokenizer,
            student.tokenizer,
            windows,
            state_dir=context.state_dir,
            progress=context.progress,
        )
        labels.save(context.output / SOFT_LABELS)
        return StageOutcome({"windows": len(windows), "tokens_per_second": round(labels.tokens_per_second, 1)})
