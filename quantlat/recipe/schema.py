"""The shape of a recipe: everything a run does, as one validated, frozen object.

``load.py`` reads it from YAML. Other rooms read these models and never parse YAML themselves. Every part is
re-exported here, so that ``from quantlat.recipe.schema import TrainOptions`` works.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from quantlat.recipe.base import Count, Duration, ModelReference, Part, Weight
from quantlat.recipe.data import (
    Columns,
    DataOptions,
    DataSource,
    EmbeddedSource,
    EmbeddedTextsSource,
    FilesSource,
    HubSource,
    is_none,
)
from quantlat.recipe.stages import (
    STAGE_ORDER,
    DeployedSubnetwork,
    DistillationStage,
    DynaBertStage,
    IntermediateDistillation,
    LengthDropStage,
    PredictionDistillation,
    ProgressiveDistillation,
    QuantizationStage,
    SensitivityOptions,
    StageOptions,
    SubnetworkTraining,
)
from quantlat.recipe.training import StudentOptions, TeacherOptions, TrainOptions

__all__ = [
    "Columns",
    "DataOptions",
    "DataSource",
    "DeployedSubnetwork",
    "DistillationStage",
    "DynaBertStage",
    "EmbeddedSource",
    "EmbeddedTextsSource",
    "FilesSource",
    "HubSource",
    "IntermediateDistillation",
    "LengthDropStage",
    "ModelReference",
    "Part",
    "PredictionDistillation",
    "ProgressiveDistillation",
    "QuantizationStage",
    "Recipe",
    "ReportOptions",
    "RuntimeName",
    "SearchOptions",
    "SensitivityOptions",
    "StageOptions",
    "StudentOptions",
    "SubnetworkTraining",
    "TeacherOptions",
    "TrainOptions",
]

RuntimeName = Literal["pytorch", "native", "inductor", "openvino", "onnxruntime", "ipex"]
TaskName = Literal["question-answering", "text-classification", "text-regression", "embedding"]
MetricName = Literal["f1", "accuracy", "matthews", "spearman"]
_TEXT_TASKS = ("text-classification", "text-regression", "embedding")
METRICS_OF_TASKS: Mapping[TaskName, tuple[MetricName, ...]] = {
    "question-answering": ("f1",),
    "text-classification": ("accuracy", "matthews", "f1"),
    "text-regression": ("spearman",),
    "embedding": ("spearman",),
}
_QUESTIONS_ONLY = {"stride": 0, "max_question_tokens": 8}  # what stands there for texts, which are not cut up
_TRAINED_KEYS = ("train", "intermediate", "progressive", "prediction", "width", "depth")


class SearchOptions(Part):
    """The search over retention configurations: accuracy and latency measured on the INT8 artefact."""

    runtime: Literal["auto", RuntimeName] = "auto"
    """auto: the fastest usable runtime on this machine."""
    threads: Count | None = None
    """null: every core this process may use."""
    trials: Count = 60
    time_budget: Duration = 600.0
    sampler: Literal["guided", "nsga2", "evolutionary", "random"] = "guided"
    """guided: predicted latency and a model of the accuracy choose what is measured; evolutionary: the published
    search; nsga2 and random for comparison."""
    patience: Count | None = 30
    """Trials without progress after which the search ends; null: only trials and time end it."""
    population: Annotated[int, Field(ge=4)] = 16
    """Configurations that the search begins with."""
    ratio_step: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    min_ratio: Annotated[float, Field(gt=0, le=1)] = 0.1
    windows: Annotated[int, Field(ge=8)] = 400
    """Most windows of the search split on which a configuration is measured; all are on a sixth, a third goes on."""
    reference: Literal["student", "teacher"] = "student"
    """The fp32 full-length model that the accuracy floor refers to."""
    max_drop: Weight = 1.0
    """Points of the metric (F1, accuracy, correlation) that ``balanced`` may lose against the reference."""
    storage: str | None = None
    """Any optuna storage URL, shared by several machines; null: a journal file in the run folder."""


class ReportOptions(Part):
    """What the final report measures and draws."""

    runtimes: tuple[RuntimeName, ...] = Field(
        default=("pytorch", "native", "inductor", "openvino", "onnxruntime", "ipex"), min_length=1, strict=False
    )
    """Runtimes that are measured; one that cannot run here is named in the report with its reason."""
    baselines: bool = True
    latency_windows: Annotated[int, Field(ge=4)] = 60
    """Requests of each round; every model runs all of them."""
    rounds: Count = 5
    """Fewest rounds. More follow until every median is known to ``latency_width``, or ``latency_budget`` is used."""
    latency_width: Annotated[float, Field(gt=0, le=1)] = 0.03
    """Width of the 95 % interval of a median latency, relative to it, at which it counts as known."""
    latency_budget: Duration = 60.0
    """Time for the rounds with the number of threads that serves; half of it for every other number of threads."""
    figures: tuple[Literal["png", "svg"], ...] = Field(default=("png", "svg"), strict=False)


class Recipe(Part):
    """One run: data, teacher, student, the stages in order, the search and the report."""

    recipe_version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
    """Lower-case letters, digits, ``_ . -``; names the run and report folders."""
    task: TaskName = "question-answering"
    metric: MetricName | None = Field(None, exclude_if=is_none)
    """What models are judged by; null: f1 of questions, accuracy of classes, spearman of ratings and embeddings.
    Classes may also be judged by matthews (CoLA) or f1 (MRPC, QQP: of the second class; of more than two, the mean)."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    data: DataOptions
    teacher: TeacherOptions
    student: StudentOptions = StudentOptions()
    stages: tuple[StageOptions, ...] = Field(min_length=1, strict=False)
    search: SearchOptions | None = None
    report: ReportOptions = ReportOptions()
    package: None = None

    @model_validator(mode="before")
    @classmethod
    def _spread_seed(cls, data: Any) -> Any:
        """Hand the recipe's seed to every training step that names none of its own."""
        if not isinstance(data, Mapping) or not isinstance(data.get("seed"), int):
            return data
        spread = dict(data)
        if isinstance(spread.get("teacher"), Mapping):
            spread["teacher"] = _with_seed(spread["teacher"], data["seed"])
        if isinstance(spread.get("stages"), list | tuple):
            spread["stages"] = [
                _with_seed(stage, data["seed"]) if isinstance(stage, Mapping) else stage for stage in spread["stages"]
            ]
        return spread

    @model_validator(mode="before")
    @classmethod
    def _without_questions(cls, data: Any) -> Any:
        """Texts are windows of their own: how passages are cut up says nothing about them."""
        if not isinstance(data, Mapping) or data.get("task") not in _TEXT_TASKS:
            return data
        options = data.get("data")
        if not isinstance(options, Mapping):
            return data
        for key, value in _QUESTIONS_ONLY.items():
            if options.get(key, value) != value:
                raise ValueError(f"data.{key}: is about questions and their passages; leave it out for {data['task']}")
        return {**data, "data": {**options, **_QUESTIONS_ONLY}}

    @model_validator(mode="before")
    @classmethod
    def _without_labels(cls, data: Any) -> Any:
        """Embeddings have no labels to be fine-tuned or trained with; the teacher is the measure of everything."""
        if not isinstance(data, Mapping) or data.get("task") != "embedding":
            return data
        teacher, stages = data.get("teacher"), data.get("stages")
        if isinstance(teacher, Mapping) and teacher.get("train") is not None:
            raise ValueError("teacher.train: embeddings have no labels to fine-tune with; leave it out")
        if not isinstance(stages, list | tuple):
            return data
        return {**data, "stages": [_unlabelled(stage) for stage in stages]}

    @model_validator(mode="after")
    def _metric_fits_the_task(self) -> Self:
        known = METRICS_OF_TASKS[self.task]
        if self.metric is not None and self.metric not in known:
            raise ValueError(f"metric: {self.task} is judged by {' or '.join(known)}, not by {self.metric}")
        return self

    @model_validator(mode="after")
    def _sources_fit_the_task(self) -> Self:
        texts = self.task in _TEXT_TASKS
        wrong = "embedded" if texts else "embedded-texts"
        for number, source in enumerate(self.data.sources):
            where = f"data.sources[{number}]"
            if source.kind == wrong:
                right = "embedded-texts" if texts else "embedded"
                raise ValueError(f"{where}: kind {wrong} has no data for {self.task}; it is {right} you want")
            if not texts and isinstance(source, FilesSource | HubSource) and source.columns is not None:
                raise ValueError(f"{where}: columns are those of texts (task: {' or '.join(_TEXT_TASKS)})")
            if texts and isinstance(source, HubSource) and "dataset" not in source.model_fields_set:
                raise ValueError(f"{where}: name the dataset, such as dataset: nyu-mll/glue with subset: sst2")
        return self

    @model_validator(mode="after")
    def _stages_in_order(self) -> Self:
        kinds = [stage.kind for stage in self.stages]
        for kind in kinds:
            if kinds.count(kind) > 1:
                raise ValueError(f"stages: '{kind}' is listed {kinds.count(kind)} times, but may come once")
        if kinds != sorted(kinds, key=STAGE_ORDER.index):
            raise ValueError(
                f"stages: the order must be {', '.join(STAGE_ORDER)} (any may be left out), got "
                f"{', '.join(kinds)}; distillation would undo LengthDrop training, and an INT8 model is not "
                "trained further"
            )
        if self.search is not None and "quantization" not in kinds:
            raise ValueError("search: needs a quantization stage, because it measures the INT8 artefact")
        return self

    @property
    def distillation(self) -> DistillationStage | None:
        """The distillation stage, if the recipe has one."""
        return next((stage for stage in self.stages if isinstance(stage, DistillationStage)), None)

    @property
    def length_drop(self) -> LengthDropStage | None:
        """The LengthDrop stage, if the recipe has one."""
        return next((stage for stage in self.stages if isinstance(stage, LengthDropStage)), None)

    @property
    def dynabert(self) -> DynaBertStage | None:
        """The DynaBERT stage, if the recipe has one."""
        return next((stage for stage in self.stages if isinstance(stage, DynaBertStage)), None)

    @property
    def quantization(self) -> QuantizationStage | None:
        """The quantisation stage, if the recipe has one."""
        return next((stage for stage in self.stages if isinstance(stage, QuantizationStage)), None)


def _unlabelled(stage: Any) -> Any:
    """A stage's options with no weight on labels.

    Raises:
        ValueError: one is given, or the stage cannot do without.
    """
    if not isinstance(stage, Mapping):
        return stage
    if stage.get("kind") == "dynabert":
        raise ValueError("stages.dynabert: ranks heads and neurons by a loss on labels, which embeddings do not have")
    for name, part in ((stage.get("kind"), stage), ("distillation.prediction", stage.get("prediction"))):
        if isinstance(part, Mapping) and part.get("hard_label_weight"):
            raise ValueError(f"stages.{name}.hard_label_weight: embeddings have no labels; leave it out")
    return {**stage, "hard_label_weight": 0.0} if stage.get("kind") == "length_drop" else stage


def _with_seed(part: Mapping[str, Any], seed: int) -> dict[str, Any]:
    filled = dict(part)
    for key in _TRAINED_KEYS:
        if isinstance(filled.get(key), Mapping):
            filled[key] = {"seed": seed, **filled[key]}
    return filled
