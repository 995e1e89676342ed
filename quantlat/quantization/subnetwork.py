"""Sub-networks of a quantised model: slices of its INT8 weights, with the scales that were calibrated once.

A row of a weight keeps its scale, and an activation keeps its own: dropping columns of a product changes neither. So a
sub-network needs no calibration of its own, and any number of them share one artefact
(:mod:`quantlat.models.subnetwork` says which slices). Linears that are in fp32 stay so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from quantlat.errors import RecipeError
from quantlat.models.retention import ElasticConfig
from quantlat.models.subnetwork import check_layers, parent_name
from quantlat.quantization.artifact import FloatLinear, QuantizedLinear, QuantizedModel
from quantlat.quantization.layout import layout_of


def cut(model: QuantizedModel, elastic: ElasticConfig, floating: QuantizedModel | None = None) -> QuantizedModel:
    """See :meth:`QuantizedModel.subnetwork`."""
    if elastic.is_whole_network:
        return model
    if elastic.fp32_layers:
        model = mixed_precision(model, floating, elastic.fp32_layers)
    config, layers = elastic.encoder(model.config), check_layers(model.config, elastic.layers)
    layout = layout_of(config, model.task)
    return replace(
        model,
        config=config,
        linears={
            name: _cut_linear(model.linears[parent_name(name, layers)], *shape)
            for name, shape in layout.linears.items()
        },
        norms={name: model.norms[parent_name(name, layers)] for name in layout.norms},
    )


def mixed_precision(
    model: QuantizedModel, floating: QuantizedModel | None, fp32_layers: Sequence[int]
) -> QuantizedModel:
    """``model`` with every linear of the layers ``fp32_layers`` taken from ``floating``.

    Args:
        floating: the same model with its trained weights in fp32
            (:func:`quantlat.quantization.sensitivity.with_fp32` over all linears).

    Raises:
        RecipeError: it is not given, is another model, or the model has no such layer.
    """
    if floating is None:
        raise RecipeError(
            f"layers {list(fp32_layers)} are to run in fp32, and the INT8 model no longer holds their trained weights",
            "Give the same model in fp32 as well (floating).",
        )
    if floating.config != model.config or floating.task != model.task:
        raise RecipeError("the fp32 weights are of a model of another shape than the INT8 ones")
    check_layers(model.config, fp32_layers)
    prefixes = tuple(f"encoder.layers.{layer}." for layer in fp32_layers)
    linears = {name: floating.linears[name] if name.startswith(prefixes) else x for name, x in model.linears.items()}
    return replace(model, linears=linears)


def with_fp32(model: QuantizedModel, names: Collection[str]) -> QuantizedModel:
    """``model`` with the linears ``names`` executed in fp32, on the values that their INT8 weights stand for.

    What returns is the precision of their input and product; the rounding of the weight stays, because the artefact no
    longer holds the weight as it was trained. A sensitivity ranking (:mod:`quantlat.quantization.sensitivity`) keeps
    the trained weights instead.

    Raises:
        RecipeError: the model has no such linear.
    """
    unknown = sorted(set(names) - set(model.linears))
    if unknown:
        raise RecipeError(f"the model has no linear {unknown[0]!r}", "Names are those of quantized.json.")
    return replace(model, linears={name: _as_float(x) if name in names else x for name, x in model.linears.items()})


def _as_float(linear: QuantizedLinear | FloatLinear) -> FloatLinear:
    if isinstance(linear, FloatLinear):
        return linear
    weight = linear.dequantized_weight()
    return FloatLinear(weight if linear.input_multiplier is None else weight * linear.input_multiplier, linear.bias)


def _cut_linear(linear: QuantizedLinear | FloatLinear, outputs: int, inputs: int) -> QuantizedLinear | FloatLinear:
    if linear.weight.shape == (outputs, inputs):
        return linear
    bias = linear.bias[:outputs].copy()
    if isinstance(linear, FloatLinear):
        return FloatLinear(np.ascontiguousarray(linear.weight[:outputs, :inputs]), bias)
    multiplier = linear.input_multiplier
    return replace(
        linear,
        weight=np.ascontiguousarray(linear.weight[:outputs, :inputs]),
        bias=bias,
        weight_scale=linear.weight_scale[:outputs].copy(),
        input_multiplier=None if multiplier is None else multiplier[:inputs].copy(),
    )
