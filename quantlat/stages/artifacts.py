"""How stages leave things in their artefacts and find them again: splits, models, training records.

Stages never import each other; this file is the vocabulary of the files they exchange.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict

from quantlat.pipeline.stage import Metric, StageContext
from quantlat.pipeline.store import Artifact, file_hash, write_atomically
from quantlat.progress import Progress
from quantlat.recipe import Recipe
from quantlat.recipe.schema import TrainOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from quantlat.data import Example, TaskData, WindowSet
    from quantlat.models import LoadedModel, TaskModel, Tokenizer
    from quantlat.training.loop import TrainResult

Options = TypeVar("Options", bound=TrainOptions)

SPLITS = ("fit", "search", "calibration", "dev")
MODEL = "model"
QUANTIZED = "quantized"
SOFT_LABELS = "soft_labels.safetensors"
TRAININGS = "trainings.json"
POINTS = "search_points.json"
_PROGRESS_WINDOWS = 256  # enough to see how a training went; what is decided is decided on the whole split
STUDENT_STAGES = ("student", "distillation", "length_drop", "dynabert")
WHOLE_MODEL = "whole"


class Seed(BaseModel):
    """The recipe's seed, for stages whose result depends on it."""

    model_config = ConfigDict(frozen=True)
    seed: int


class MetricPart(BaseModel):
    """The metric, for stages whose result depends on it."""

    model_config = ConfigDict(frozen=True)
    metric: str

    @classmethod
    def of(cls, recipe: Recipe) -> tuple[MetricPart, ...]:
        """Nothing where the recipe names none, so that runs from before there was a choice keep their keys."""
        return () if recipe.metric is None else (cls(metric=recipe.metric),)


class TaskPart(BaseModel):
    """The task, for stages whose result depends on it."""

    model_config = ConfigDict(frozen=True)
    task: str

    @classmethod
    def of(cls, recipe: Recipe) -> tuple[TaskPart, ...]:
        """Nothing for question answering, so that runs from before there were other tasks keep their keys."""
        return () if recipe.task == "question-answering" else (cls(task=recipe.task),)


class DataCard(BaseModel):
    """What the report says about the data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    kind: str
    notice: str | None
    licence: str
    fingerprint: str
    tried: tuple[str, ...]
    issues: dict[str, int]
    questions: dict[str, int]
    passages: dict[str, int]
    training_share: float = 1.0
    labels: tuple[str, ...] = ()


def write_data(
    task_data: TaskData, splits: Mapping[str, Sequence[Example]], folder: Path, *, task: str = "question-answering"
) -> DataCard:
    """Write every split in the task's format and the data card beside them."""
    from quantlat.tasks import get_task

    kind = get_task(task)
    for name, examples in splits.items():
        kind.write(examples, folder / kind.split_file(name))
    card = DataCard(
        name=task_data.name,
        description=task_data.description,
        kind=task_data.kind,
        notice=task_data.notice,
        licence=task_data.licence,
        fingerprint=task_data.fingerprint,
        tried=task_data.tried,
        issues={name: n for name, n in asdict(task_data.issues).items() if isinstance(n, int) and n},
        questions={name: len(examples) for name, examples in splits.items()},
        passages={name: len({e.group for e in examples}) for name, examples in splits.items()},
        training_share=task_data.training_share,
        labels=task_data.labels,
    )
    write_atomically(folder / "data.json", card.model_dump_json(indent=2))
    return card


def read_data_card(artifact: Artifact) -> DataCard:
    """The data card of a data artefact."""
    return DataCard.model_validate_json((artifact / "data.json").read_text(encoding="utf-8"))


def options_for(artifact: Artifact, options: Options) -> Options:
    """The recipe's options of a training, with as many epochs as the data needs."""
    share = read_data_card(artifact).training_share
    return options if share == 1.0 else options.model_copy(update={"epochs": options.epochs * share})


def read_windows(artifact: Artifact, split: str, recipe: Recipe, tokenizer: Tokenizer) -> WindowSet:
    """One split of the data artefact, windowed with a model's tokenizer."""
    from quantlat.tasks import task_of

    task = task_of(recipe)
    return task.windows(read_split(artifact, split, recipe.task), tokenizer, recipe.data)


def read_judged(
    inputs: Mapping[str, Artifact],
    split: str,
    recipe: Recipe,
    tokenizer: Tokenizer,
    *,
    progress: Progress,
    sample: int | None = None,
) -> WindowSet:
    """One split's windows, ready to be scored: with the teacher's embeddings where the task is judged by them.

    Args:
        inputs: the data artefact, and the teacher's where :func:`judged_by` names it.
        sample: about so many windows of it, drawn with the recipe's seed.
    """
    from quantlat.evaluation.references import with_references

    windows = read_windows(inputs["data"], split, recipe, tokenizer)
    if sample is not None:
        windows = windows.sample(sample, seed=recipe.seed)
    if not judged_by(recipe):
        return windows
    return with_references(windows, read_model(inputs["teacher"], task=recipe.task), recipe.data, progress=progress)


def judged_by(recipe: Recipe) -> list[str]:
    """Stages beside ``data`` that must be finished before a model of this recipe's task can be scored."""
    from quantlat.tasks import task_of

    return ["teacher"] if task_of(recipe).needs_reference else []


def read_split(artifact: Artifact, split: str, task: str) -> tuple[Example, ...]:
    """The examples of one split of the data artefact."""
    from quantlat.tasks import get_task

    kind = get_task(task)
    return kind.read(artifact / kind.split_file(split))


def num_labels(artifact: Artifact) -> int | None:
    """Classes of the data artefact's texts; ``None`` for questions."""
    return len(read_data_card(artifact).labels) or None


def write_model(model: TaskModel, tokenizer: Tokenizer, folder: Path, labels: Sequence[str] = ()) -> None:
    """Leave a model in Hugging Face format."""
    from quantlat.models import save_huggingface

    save_huggingface(model.to("cpu"), tokenizer, folder / MODEL, labels=labels)


def read_model(artifact: Artifact, *, task: str) -> LoadedModel:
    """The model of a teacher, student, distillation or LengthDrop artefact."""
    from quantlat.models import load_folder

    return load_folder(artifact / MODEL, task=task)


def newest_student(inputs: Mapping[str, Artifact]) -> Artifact:
    """The artefact of whichever student stage came last."""
    return next(inputs[name] for name in reversed(STUDENT_STAGES) if name in inputs)


def search_points(
    artifact: Artifact, model: TaskModel, windows: WindowSet, *, progress: Progress, name: str
) -> NDArray[np.float64]:
    """Full-length points of an artefact's model on search examples; what its stage has evaluated is not done again."""
    from quantlat.evaluation.known_points import KnownPoints, points_per_example

    file = artifact / POINTS
    known = KnownPoints.model_validate_json(file.read_text(encoding="utf-8")) if file.is_file() else None
    return points_per_example(model, windows, known, progress=progress, name=name)


def checkpoint_fingerprint(reference: str) -> dict[str, str]:
    """Hash of a local checkpoint's weights, so that a replaced file is noticed; nothing for other references."""
    weights = Path(reference).expanduser() / "model.safetensors"
    return {"checkpoint": file_hash(weights)} if ":" not in reference and weights.is_file() else {}


def write_trainings(results: Mapping[str, TrainResult], folder: Path) -> dict[str, Metric]:
    """Leave speed and loss curve of every training; returns what the manifest shows of them."""
    records: dict[str, Any] = {}
    metrics: dict[str, Metric] = {}
    for name, result in results.items():
        record = asdict(result)
        records[name] = record
        prefix = f"{name}." if len(results) > 1 else ""
        metrics[f"{prefix}steps"] = result.steps
        metrics[f"{prefix}tokens_per_second"] = round(result.tokens_per_second, 1)
        metrics[f"{prefix}padding_waste"] = round(result.padding_waste, 4)
        metrics[f"{prefix}train_seconds"] = round(result.seconds, 1)
        metrics[f"{prefix}precision"] = result.precision
        final = result.loss_curve.points()
        if final:
            metrics[f"{prefix}final_loss"] = round(final[-1][1], 4)
    write_atomically(folder / TRAININGS, json.dumps(records))
    return metrics


def search_split_metrics(context: StageContext, model: TaskModel, tokenizer: Tokenizer) -> dict[str, Metric]:
    """The task's metric on the search split: a training's worth is known before the report, and dev stays untouched.

    The points of single examples are left in the artefact, for :func:`search_points`.
    """
    from quantlat.evaluation import evaluate_model
    from quantlat.evaluation.known_points import KnownPoints
    from quantlat.tasks import get_task

    windows = read_judged(
        context.inputs, "search", context.recipe, tokenizer, progress=context.progress, sample=_PROGRESS_WINDOWS
    )
    result = evaluate_model(model.to("cpu"), windows, progress=context.progress, name="search-split accuracy")
    write_atomically(context.output / POINTS, KnownPoints.of(model, windows, result).model_dump_json())
    seen = f"{len(windows)} windows of the search split"
    metric, score = get_task(windows.task, windows.metric).metric, result.score
    found = {f"search_{metric.key}": round(score.points, 3)}
    exact = ""
    if score.exact_per_example is not None:
        em = float(score.exact_per_example.mean())
        found["search_em"], exact = round(em, 3), f", EM {em:.2f}"
    context.progress.say(f"{metric.title} {score.points:.2f}{exact} on {seen}")
    return dict(found)
