"""Stage ``student``: the initial student, a checkpoint or the teacher itself, with all or some of its layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from quantlat.errors import ModelError
from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import MIB, Stage, StageContext, StageOutcome
from quantlat.recipe import LoadedRecipe, Recipe
from quantlat.stages.artifacts import Seed, checkpoint_fingerprint, num_labels, read_model, write_model


class StudentStage(Stage):
    """Leaves ``model/`` in Hugging Face format."""

    name = "student"
    version = 2

    def part(self, recipe: Recipe) -> Sequence[BaseModel]:
        return [recipe.student, Seed(seed=recipe.seed)]

    def inputs(self, plan: Plan) -> Sequence[str]:
        if plan.recipe.student.model == "teacher":
            return ["teacher"]
        return [] if plan.recipe.task == "question-answering" else ["data"]  # a head for so many classes

    def outside(self, loaded: LoadedRecipe, *, offline: bool) -> Mapping[str, str]:
        return checkpoint_fingerprint(loaded.recipe.student.model)

    def needed_bytes(self, recipe: Recipe) -> int:
        return 1024 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        from quantlat.models import QAModel, load_checkpoint, select_layers

        recipe, options = context.recipe, context.recipe.student
        if options.model == "teacher":
            loaded = read_model(context.inputs["teacher"], task=recipe.task)
        else:
            loaded = load_checkpoint(
                options.model,
                task=recipe.task,
                num_labels=num_labels(context.inputs["data"]) if "data" in context.inputs else None,
                sha256=options.sha256,
                offline=context.offline,
                seed=recipe.seed,
            )
        if recipe.data.max_tokens > loaded.config.max_positions:
            raise ModelError(
                f"data.max_tokens is {recipe.data.max_tokens}, but {options.model} reads at most "
                f"{loaded.config.max_positions} tokens",
                "Lower data.max_tokens.",
            )
        model = select_layers(loaded.model, options.layers)
        if isinstance(model, QAModel):
            model.set_answer_weight(options.answer_weight)
        write_model(model, loaded.tokenizer, context.output, loaded.labels)
        parameters = sum(p.numel() for p in model.parameters())
        return StageOutcome(
            {
                "checkpoint": options.model,
                "layers": model.config.num_layers,
                "hidden_size": model.config.hidden_size,
                "parameters": parameters,
            }
        )
