"""Find what ``quantlat evaluate`` needs in a run folder."""

from __future__ import annotations

from pathlib import Path

from quantlat.errors import StorageError
from quantlat.evaluation.run import EvaluatedModel, RunEvaluation, evaluate_quantized
from quantlat.pipeline.record import open_run
from quantlat.pipeline.search import read_search
from quantlat.progress import Progress
from quantlat.stages.artifacts import MODEL, QUANTIZED, judged_by, read_data_card
from quantlat.tasks import task_of

DEFAULT_PROFILE = "balanced"


def run_evaluation(
    run_dir: Path, *, data: Path | None, runtime: str | None, profile: str | None, progress: Progress
) -> RunEvaluation:
    """Evaluate the INT8 model of a run.

    Args:
        data: file of the task's format; ``None``: the run's dev split.
        runtime: ``None``: the runtime of the run's search.
        profile: ``None``: balanced; ``NAME:PROFILE`` is a profile of what ``quantlat search`` left under that name.

    Raises:
        StorageError: the run has no finished search.
        RecipeError: no such profile.
        RuntimeUnavailableError: the runtime is unknown or cannot run here.
    """
    stored = open_run(run_dir)
    needed = ("data", *judged_by(stored.recipe), "quantization", "search")
    missing = [stage for stage in needed if stage not in stored.record.stages]
    if missing:
        raise StorageError(
            f"{run_dir} has no finished {missing[0]} stage", f"Finish it: quantlat run {stored.record.recipe_file}"
        )
    which, _, name = (profile or DEFAULT_PROFILE).rpartition(":")
    search = read_search(stored, which or None)
    data_artifact = stored.artifact("data")
    model = EvaluatedModel(
        folder=stored.artifact("quantization") / QUANTIZED,
        dev=data_artifact / task_of(stored.recipe).split_file("dev"),
        options=stored.recipe.data,
        labels=read_data_card(data_artifact).labels,
        metric=stored.recipe.metric,
        teacher=stored.artifact("teacher") / MODEL if judged_by(stored.recipe) else None,
    )
    return evaluate_quantized(
        model,
        search.profile(name).ratios,
        profile=profile or DEFAULT_PROFILE,
        runtime=runtime or search.runtime,
        threads=search.threads,
        data=data,
        progress=progress,
    )
