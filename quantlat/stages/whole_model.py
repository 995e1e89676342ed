"""The whole model of a run, in fp32 and in INT8: what sub-networks of every width, depth and precision are cut from.

The stages after ``dynabert`` see the one sub-network that it deploys. A joint search needs the model behind it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from quantlat.errors import RecipeError
from quantlat.pipeline.store import Artifact, file_hash
from quantlat.progress import Progress
from quantlat.recipe import Recipe
from quantlat.stages.artifacts import MODEL, QUANTIZED, WHOLE_MODEL, newest_student, read_model, read_windows

if TYPE_CHECKING:
    from quantlat.models import LoadedModel
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.search.joint import Axis

_WEIGHTS = "model.safetensors"


def read_whole(inputs: Mapping[str, Artifact], recipe: Recipe, axes: Collection[Axis]) -> LoadedModel:
    """The fp32 model that all sub-networks are part of: DynaBERT's whole one, or the student where there is none.

    Raises:
        RecipeError: width or depth is to be searched, and the run has no dynabert stage.
    """
    from quantlat.models import load_folder

    if "dynabert" in inputs:
        return load_folder(inputs["dynabert"] / WHOLE_MODEL, task=recipe.task)
    asked = [axis for axis in ("width", "depth") if axis in axes]
    if asked:
        raise RecipeError(
            f"{' and '.join(asked)} cannot be searched: this run ({recipe.name}) has no dynabert stage, so its model "
            "was not trained to work with fewer heads, neurons or layers",
            "Add the stage (recipes/squad_dynabert.yaml has one), or search the axes retention and precision alone.",
        )
    return read_model(newest_student(inputs), task=recipe.task)


def quantize_whole(
    inputs: Mapping[str, Artifact],
    recipe: Recipe,
    whole: LoadedModel,
    *,
    calibration: Path,
    folder: Path,
    progress: Progress,
) -> QuantizedModel:
    """The whole model in INT8: the run's own where it deploys the whole model, else calibrated as the run's was.

    Args:
        calibration: the recipe's calibration file.
        folder: what is calibrated here is kept there, and read from there the next time.

    Raises:
        RecipeError: the recipe has no quantization stage.
    """
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.quantization.calibration import draw, load_calibration
    from quantlat.quantization.inc import calibrate_and_convert
    from quantlat.quantization.sensitivity import match_linears

    options = recipe.quantization
    if options is None:
        raise RecipeError("a joint search needs a model in INT8, and this recipe has no quantization stage")
    own = QuantizedModel.load(inputs["quantization"] / QUANTIZED)
    if own.config == whole.config:
        return own
    source = inputs["dynabert"] / WHOLE_MODEL / _WEIGHTS
    key = f"{file_hash(source)} {file_hash(calibration)} {options.fp32_linears}"
    kept = folder / f"int8-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    if kept.is_dir():
        return QuantizedModel.load(kept)
    progress.say(f"the run's INT8 model is the sub-network it deploys ({MODEL}/); calibrating the whole model")
    spec = load_calibration(calibration)
    windows = read_windows(inputs["data"], "calibration", recipe, whole.tokenizer)
    quantized = calibrate_and_convert(
        whole.model,
        draw(spec, windows.windows, layers=whole.config.num_layers),
        spec=spec,
        fp32_linears=match_linears(whole.model, options.fp32_linears),
        progress=progress,
    )
    folder.mkdir(parents=True, exist_ok=True)
    quantized.save(kept)
    return quantized
