"""Stage ``teacher``: fine-tune the teacher, or take a checkpoint that already answers questions as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from quantlat.errors import ModelError
from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import MIB, Metric, Stage, StageContext, StageOutcome
from quantlat.recipe import LoadedRecipe, Recipe
from quantlat.stages.artifacts import (
    Seed,
    checkpoint_fingerprint,
    options_for,
    read_windows,
    search_split_metrics,
    write_model,
    write_trainings,
)


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
        loaded = load_checkpoint(
            options.model, task=recipe.task, sha256=options.sha256, offline=context.offline, seed=recipe.seed
        )
        metrics: dict[str, Metric] = {"checkpoint": options.model}
        results = {}
        if loaded.has_task_head:
            context.progress.say(f"{options.model} already answers questions: fine-tuning is skipped")
            metrics["fine_tuned"] = "before"
        elif options.train is None:
            raise ModelError(
                f"teacher.train is null, but {options.model} has no question-answering head",
                "Give a fine-tuned checkpoint, or let the recipe fine-tune it: teacher.train: {epochs: 3, ...}.",
            )
        else:
            windows = read_windows(context.inputs["data"], "fit", recipe, loaded.tokenizer)
            results["teacher"] = finetune_teacher(
                loaded.model,  # type: ignore[arg-type]
                windows.windows,
                options_for(context.inputs["data"], options.train),
                state_dir=context.state_dir,
                progress=context.progress,
            )
            metrics["fine_tuned"] = "here"
        write_model(loaded.model, loaded.tokenizer, context.output)
        metrics |= write_trainings(results, context.output)
        metrics |= search_split_metrics(context, loaded.model, loaded.tokenizer)
        return StageOutcome(metrics)
