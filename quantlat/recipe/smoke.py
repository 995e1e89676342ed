"""The smoke version of a recipe: every stage, in under a minute, on a model that knows nothing.

It answers "will this recipe run through on this machine?" before hours are spent; its numbers mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from quantlat.recipe.schema import (
    DataSource,
    DistillationStage,
    DynaBertStage,
    EmbeddedSource,
    EmbeddedTextsSource,
    LengthDropStage,
    QuantizationStage,
    Recipe,
    StageOptions,
    TrainOptions,
)

Options = TypeVar("Options", bound=TrainOptions)

SMOKE_MODEL = "random:bert-2x128"
SMOKE_MOBILEBERT = "random:mobilebert-2x128"
SMOKE_SUFFIX = "-smoke"
_EXAMPLES = 16
_STEPS = 2


def smoke_recipe(recipe: Recipe) -> Recipe:
    """The same stages with random 2-layer models, 16 generated examples per split, 2 steps, few trials."""
    data = recipe.data.model_copy(
        update={
            "sources": (_smoke_source(recipe),),
            "search_fraction": 0.25,
            "calibration_fraction": 0.25,
            "max_train_examples": None,
        }
    )
    teacher_train = recipe.teacher.train or TrainOptions(epochs=1, learning_rate=1e-4)
    same_model = recipe.student.model == "teacher"
    # MobileBERT's blocks are what a smoke run of its recipe should try; the name is all that tells them here.
    model = SMOKE_MOBILEBERT if "mobilebert" in recipe.student.model.lower() else SMOKE_MODEL
    student = {"sha256": None, "layers": None, **({} if same_model else {"model": model})}
    search = recipe.search and recipe.search.model_copy(
        update={
            "trials": 4,
            "population": 4,
            "windows": 8,
            "time_budget": 20.0,
            "max_drop": 100.0,
            "storage": None,
        }
    )
    return recipe.model_copy(
        update={
            "name": recipe.name[: 64 - len(SMOKE_SUFFIX)] + SMOKE_SUFFIX,
            "data": data,
            "teacher": recipe.teacher.model_copy(
                update={
                    "model": SMOKE_MODEL,
                    "sha256": None,
                    "train": None if recipe.task == "embedding" else _short(teacher_train),
                }
            ),
            "student": recipe.student.model_copy(update=student),
            "stages": tuple(_smoke_stage(stage) for stage in recipe.stages),
            "search": search,
            "report": recipe.report.model_copy(update={"latency_windows": 4, "rounds": 2, "latency_budget": 1.0}),
        }
    )


def without_effect(recipe: Recipe, overrides: Sequence[str]) -> list[str]:
    """Those of ``overrides`` (``key=value``, applied to ``recipe``) that the smoke version replaces."""
    smoke = smoke_recipe(recipe)
    keys = {override: override.partition("=")[0].strip().split(".") for override in overrides}
    return [override for override, key in keys.items() if _value(recipe, key) != _value(smoke, key)]


def _value(recipe: Recipe, key: Sequence[str]) -> object:
    """What a recipe holds under a dotted key, whose stages go by their kind or number; ``None``: nothing."""
    at: Any = recipe
    for part in key:
        if isinstance(at, tuple):
            named = [item for i, item in enumerate(at) if part in (str(i), getattr(item, "kind", None))]
            at = named[0] if named else None
        else:
            at = getattr(at, part, None)
    return at  # type: ignore[no-any-return]


def _smoke_source(recipe: Recipe) -> EmbeddedSource | EmbeddedTextsSource:
    """Generated data of the recipe's kind."""
    if recipe.task == "question-answering":
        return EmbeddedSource(train_questions=3 * _EXAMPLES, dev_questions=_EXAMPLES)
    pairs = any(_is_pairs(source) for source in recipe.data.sources)
    return EmbeddedTextsSource(pairs=pairs, train_texts=3 * _EXAMPLES, dev_texts=_EXAMPLES)


def _is_pairs(source: DataSource) -> bool:
    if isinstance(source, EmbeddedTextsSource):
        return source.pairs
    if isinstance(source, EmbeddedSource) or source.columns is None:
        return False
    return source.columns.text_pair is not None


def _short(options: Options) -> Options:
    return options.model_copy(update={"epochs": 1, "max_steps": _STEPS, "batch_size": 8})


def _smoke_stage(stage: StageOptions) -> StageOptions:
    if isinstance(stage, DistillationStage):
        uniform = {"layer_map": "uniform"}
        progressive = stage.progressive and _short(stage.progressive).model_copy(
            update={**uniform, "copy_from_teacher": False}
        )
        return stage.model_copy(
            update={
                "intermediate": stage.intermediate and _short(stage.intermediate).model_copy(update=uniform),
                "progressive": progressive,
                "prediction": stage.prediction and _short(stage.prediction),
            }
        )
    if isinstance(stage, LengthDropStage):
        return stage.model_copy(update={"train": _short(stage.train)})
    if isinstance(stage, DynaBertStage):
        trainings = {"width": stage.width and _short(stage.width), "depth": stage.depth and _short(stage.depth)}
        return stage.model_copy(update={**trainings, "importance_windows": 4})
    if isinstance(stage, QuantizationStage):
        sensitivity = stage.sensitivity.model_copy(
            update={"windows": 4, "max_fp32_linears": min(1, stage.sensitivity.max_fp32_linears)}
        )
        return stage.model_copy(update={"sensitivity": sensitivity})
    return stage
