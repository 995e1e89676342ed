"""Stage ``dynabert``: adaptive width and depth, and the choice of the sub-network that is deployed."""

from __future__ import annotations

from collections.abc import Sequence

from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import MIB, Metric, Stage, StageContext, StageOutcome
from quantlat.recipe import Recipe
from quantlat.recipe.schema import DynaBertStage as Options
from quantlat.stages.artifacts import (
    STUDENT_STAGES,
    WHOLE_MODEL,
    newest_student,
    options_for,
    read_model,
    read_windows,
    search_split_metrics,
    write_model,
    write_trainings,
)


class DynaBertStage(Stage):
    """Leaves the whole rewired model as ``whole/``, the sub-network to deploy as ``model/``, ``trainings.json``."""

    name = "dynabert"
    version = 1

    def part(self, recipe: Recipe) -> Options | None:
        return recipe.dynabert

    def inputs(self, plan: Plan) -> Sequence[str]:
        return ["data", plan.last_of(*(name for name in STUDENT_STAGES if name != self.name))]

    def needed_bytes(self, recipe: Recipe) -> int:
        return 3072 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        from quantlat.models import extract, save_huggingface
        from quantlat.training.dynabert import network_of, train_dynabert

        options = context.recipe.dynabert
        assert options is not None
        student = read_model(newest_student(context.inputs), task=context.recipe.task)
        data = context.inputs["data"]
        trainings = {
            name: training and options_for(data, training)
            for name, training in (("width", options.width), ("depth", options.depth))
        }
        results = train_dynabert(
            student.model,
            read_windows(data, "fit", context.recipe, student.tokenizer).windows,
            options.model_copy(update=trainings),
            state_dir=context.state_dir,
            progress=context.progress,
            seed=context.recipe.seed,
        )
        whole = student.model.to("cpu")
        save_huggingface(whole, student.tokenizer, context.output / WHOLE_MODEL, labels=student.labels)
        chosen = network_of(whole.config, options.deploy.width, options.deploy.depth)
        deployed = whole if chosen.is_whole_network else extract(whole, chosen)
        write_model(deployed, student.tokenizer, context.output, student.labels)
        metrics: dict[str, Metric] = dict(write_trainings(results, context.output))
        metrics |= {"width": options.deploy.width, "depth": options.deploy.depth}
        return StageOutcome(metrics | search_split_metrics(context, deployed, student.tokenizer))
