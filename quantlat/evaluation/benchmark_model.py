"""What ``quantlat bench`` runs where no run is at hand: models of well-known shapes, and the fp32 model of an INT8 one.

The time of a run does not depend on the values of the weights, so a shape is enough to compare runtimes.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from quantlat.errors import RecipeError
from quantlat.models.bottleneck import Bottleneck
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.heads import TaskModel, build_model
from quantlat.quantization.artifact import (
    CalibrationRecord,
    FloatArray,
    FloatLinear,
    LayerNormParameters,
    QuantizedEmbedding,
    QuantizedLinear,
    QuantizedModel,
)
from quantlat.quantization.layout import QUESTION_ANSWERING, layout_of
from quantlat.recipe.mistakes import suggestion

_uncased = partial(EncoderConfig, family="bert", vocab_size=30522, max_positions=512, type_vocab_size=2)
SHAPES = {
    "minilm-l6": _uncased(hidden_size=384, num_layers=6, num_heads=12, intermediate_size=1536),
    "minilm-l12": _uncased(hidden_size=384, num_layers=12, num_heads=12, intermediate_size=1536),
    "bert-base": _uncased(hidden_size=768, num_layers=12, num_heads=12, intermediate_size=3072),
    "mobilebert": _uncased(
        family="mobilebert",
        hidden_size=512,
        num_layers=24,
        num_heads=4,
        intermediate_size=512,
        activation="relu",
        bottleneck=Bottleneck(size=128, embedding_size=128),
    ),
}
"""Shapes of published encoders by name."""


def shape_model(shape: str, *, seed: int = 0) -> QuantizedModel:
    """A quantised question answering model of a shape of :data:`SHAPES` with random weights.

    Raises:
        RecipeError: no such shape.
    """
    if shape not in SHAPES:
        raise RecipeError(
            f"unknown shape {shape!r}{suggestion(shape, list(SHAPES))}", f"Known shapes: {', '.join(SHAPES)}"
        )
    return random_quantized(SHAPES[shape], seed=seed)


def random_quantized(config: EncoderConfig, *, seed: int = 0) -> QuantizedModel:
    """Random INT8 weights with scales that keep activations in the range of their quantiser."""
    rng = np.random.default_rng(seed)
    layout = layout_of(config, QUESTION_ANSWERING)
    linears: dict[str, QuantizedLinear | FloatLinear] = {}
    for name, (outputs, inputs) in layout.linears.items():
        weight = rng.integers(-127, 128, (outputs, inputs), dtype=np.int8)
        scale = np.full(outputs, 0.02 / inputs**0.5, np.float32)
        linears[name] = QuantizedLinear(weight, scale, np.zeros(outputs, np.float32), 0.03, 128)
    return QuantizedModel(
        config,
        QUESTION_ANSWERING,
        linears,
        {
            name: QuantizedEmbedding.from_float(rng.standard_normal(shape, np.float32))
            for name, shape in layout.embeddings.items()
        },
        {
            name: LayerNormParameters(np.ones(n, np.float32), np.zeros(n, np.float32))
            for name, n in layout.norms.items()
        },
        CalibrationRecord("random", 1, 1, 1, seed, "none", "minmax", 0.0, "random weights"),
    )


def dequantized(model: QuantizedModel) -> TaskModel:
    """The fp32 model whose weights are those of ``model``, for runtimes that quantise it in their own way."""
    floating = build_model(model.config, model.task)
    values: dict[str, FloatArray] = {}
    for name, linear in model.linears.items():
        values[f"{name}.weight"], values[f"{name}.bias"] = _float_weight(linear), linear.bias
    for name, table in model.embeddings.items():
        values[f"{name}.weight"] = table.dequantized()
    for name, norm in model.norms.items():
        values[f"{name}.weight"], values[f"{name}.bias"] = norm.weight, norm.bias
    floating.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in values.items()})
    return floating.eval().requires_grad_(False)


def _float_weight(linear: QuantizedLinear | FloatLinear) -> FloatArray:
    """What a smoothed linear multiplies its input with first belongs to its weight again."""
    if isinstance(linear, FloatLinear):
        return linear.weight
    weight = linear.dequantized_weight()
    return weight if linear.input_multiplier is None else weight * linear.input_multiplier
