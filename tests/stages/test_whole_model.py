"""Sub-networks are cut from the whole model, whatever part of it the run deploys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quantlat.data.embedded import generate
from quantlat.errors import RecipeError
from quantlat.models import ElasticConfig, LoadedModel, WidthConfig, extract, load_checkpoint, save_huggingface
from quantlat.progress import QuietProgress
from quantlat.quantization.artifact import QuantizedModel
from quantlat.recipe import Recipe, load_recipe
from quantlat.stages.whole_model import quantize_whole, read_whole
from quantlat.tasks import get_task
from tests.native.random_model import random_model

ROOT = Path(__file__).parents[2]
CALIBRATION = "name: tiny\nwindows: 6\nlength_strata: [64, 128]\n"


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe(ROOT / "recipes/squad_dynabert.yaml").recipe


@pytest.fixture(scope="module")
def whole() -> LoadedModel:
    return load_checkpoint("random:bert-2x128", seed=5)


@pytest.fixture
def run(tmp_path: Path, whole: LoadedModel) -> dict[str, Any]:
    """Folders as a run leaves them that deploys half the width; paths stand for artefacts."""
    half = ElasticConfig(width=WidthConfig.uniform(whole.config, 0.5))
    save_huggingface(whole.model, whole.tokenizer, tmp_path / "dynabert/whole")
    save_huggingface(extract(whole.model, half), whole.tokenizer, tmp_path / "dynabert/model")
    random_model(whole.config).subnetwork(half).save(tmp_path / "quantization/quantized")
    (tmp_path / "data").mkdir()
    task = get_task("question-answering")
    task.write(generate(16, 8, 3)[0], tmp_path / "data" / task.split_file("calibration"))
    (tmp_path / "tiny.yaml").write_text(CALIBRATION)
    return {name: tmp_path / name for name in ("data", "dynabert", "quantization")}


def _quantized(run: dict[str, Any], recipe: Recipe, model: LoadedModel) -> QuantizedModel:
    folder = run["data"].parent
    return quantize_whole(
        run, recipe, model, calibration=folder / "tiny.yaml", folder=folder / "kept", progress=QuietProgress()
    )


def test_the_whole_model_is_read_and_calibrated_once_where_the_run_deploys_a_part(
    run: dict[str, Any], recipe: Recipe, whole: LoadedModel
) -> None:
    model = read_whole(run, recipe, ("width",))
    assert model.config == whole.config
    quantized = _quantized(run, recipe, model)
    assert quantized.config == whole.config and len(quantized.int8_linears) == 13
    (kept,) = (run["data"].parent / "kept").iterdir()
    before = kept.stat().st_mtime_ns
    assert _quantized(run, recipe, model).fingerprint == quantized.fingerprint
    assert kept.stat().st_mtime_ns == before


def test_the_run_s_own_int8_model_is_used_where_it_is_the_whole_one(
    run: dict[str, Any], recipe: Recipe, whole: LoadedModel
) -> None:
    own = random_model(whole.config)
    own.save(run["quantization"].parent / "full/quantized")
    run["quantization"] = run["quantization"].parent / "full"
    assert _quantized(run, recipe, read_whole(run, recipe, ("width",))).fingerprint == own.fingerprint
    assert not (run["data"].parent / "kept").exists()


def test_without_a_dynabert_stage_only_retention_and_precision_can_be_searched(
    run: dict[str, Any], recipe: Recipe, whole: LoadedModel
) -> None:
    save_huggingface(whole.model, whole.tokenizer, run["data"].parent / "student/model")
    plain = {"student": run["data"].parent / "student", "quantization": run["quantization"]}
    assert read_whole(plain, recipe, ("retention", "precision")).config == whole.config  # type: ignore[arg-type]
    with pytest.raises(
        RecipeError, match=r"width and depth cannot be searched: this run .* has no dynabert stage"
    ) as error:
        read_whole(plain, recipe, ("width", "depth", "retention"))  # type: ignore[arg-type]
    assert "squad_dynabert.yaml" in str(error.value.hint)
