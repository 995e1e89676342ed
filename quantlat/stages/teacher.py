"""Stage ``teacher``: fine-tune the teacher, or take a checkpoint that already has a head for the task as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

from quantlat.errors import ModelError
from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import MIB, Metric, Stage, StageContext, StageOutcome
from quantlat.progress import Progress
from quantlat.recipe import LoadedRecipe, Recipe
from quantlat.stages.artifacts import (
    Seed,
    checkpoint_fingerprint,
    judged_by,
    options_for,
    read_data_card,
    read_windows,
    search_split_metrics,
    write_model,
    write_trainings,
)

if TYPE_CHECKING:
    from quantlat.models import LoadedModel


class TeacherStage(Stage):
    """Leaves ``model/`` in Hugging Face format and ``trainings.json``."""

    name = "teacher"
    version = 1

    def part(self, recipe: Recipe) -> Sequence[BaseModel]:
        return [recipe.teacher, Seed(seed=recipe.seed)]

    def inputs(self, plan: Plan) -> Sequence[str]:
        return ["data"]

    def outside(self, loaded: LoadedRecipe, *, offline: bool) -> Mapping[str, str]:
        return checkpoint_fingerprint(loaded.recipe.teacher.model)

    def needed_bytes(self, recipe: Recipe) -> int:
        return 2048 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        from quantlat.models import load_checkpoint
        from quantlat.training.teacher import finetune_teacher

        recipe, options = context.recipe, context.recipe.teacher
        labels = read_data_card(context.inputs["data"]).labels
        loaded = load_checkpoint(
            options.model,
            task=recipe.task,
            num_labels=len(labels) or None,
            sha256=options.sha256,
            offline=context.offline,
            seed=recipe.seed,
        )
        metrics: dict[str, Metric] = {"checkpoint": options.model}
        results = {}
        if loaded.has_task_head:
            if recipe.task != "embedding":  # which has no head and is never fine-tuned
                context.progress.say(f"{options.model} already has a head for {recipe.task}: fine-tuning is skipped")
            metrics["fine_tuned"] = "before"
            _match_classes(loaded, labels, context.progress)
        elif options.train is None:
            raise ModelError(
                f"teacher.train is null, but {options.model} has no {recipe.task} head",
                "Give a fine-tuned checkpoint, or let the recipe fine-tune it: teacher.train: {epochs: 3, ...}.",
            )
        else:
            windows = read_windows(context.inputs["data"], "fit", recipe, loaded.tokenizer)
            results["teacher"] = finetune_teacher(
                loaded.model,
                windows.windows,
                options_for(context.inputs["data"], options.train),
                state_dir=context.state_dir,
                progress=context.progress,
            )
            metrics["fine_tuned"] = "here"
        write_model(loaded.model, loaded.tokenizer, context.output, labels)
        metrics |= write_trainings(results, context.output)
        if not judged_by(recipe):  # what others are judged by would be compared with itself
            metrics |= search_split_metrics(context, loaded.model, loaded.tokenizer)
        return StageOutcome(metrics)


def _match_classes(loaded: LoadedModel, labels: Sequence[str], progress: Progress) -> None:
    """A checkpoint that was fine-tuned elsewhere may number the classes in another order than the data."""
    from quantlat.models import ClassificationModel, order_classes

    if isinstance(loaded.model, ClassificationModel) and not order_classes(loaded.model, loaded.labels, labels):
        named = ", ".join(loaded.labels) or "no names"
        progress.warn(
            f"{loaded.source} names its classes otherwise ({named}) than the data ({', '.join(labels)}); they are "
            "taken in the order of their numbers: look at the accuracy on the search split"
        )
