"""Quantised models of any shape with random weights: what arithmetic is compared on, without a calibration."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.heads import build_model
from quantlat.quantization.artifact import (
    CalibrationRecord,
    FloatLinear,
    LayerNormParameters,
    QuantizedEmbedding,
    QuantizedLinear,
    QuantizedModel,
)
from quantlat.quantization.layout import layout_of


@lru_cache(maxsize=4)
def random_model(
    config: EncoderConfig, task: str = "question-answering", fp32: frozenset[str] = frozenset()
) -> QuantizedModel:
    """Ranges are guessed, which is good enough; linears in ``fp32`` stay there, those that go down are smoothed."""
    torch.manual_seed(3)
    model = build_model(config, task).eval()
    weights = {name: p.detach().numpy() for name, p in model.named_parameters()}
    rng = np.random.default_rng(4)
    linears: dict[str, QuantizedLinear | FloatLinear] = {}
    layout = layout_of(config, task)
    for name in layout.linears:
        weight = weights[f"{name}.weight"] * 3
        bias = rng.normal(0, 0.1, len(weight)).astype(np.float32)
        if name in fp32:
            linears[name] = FloatLinear(weight, bias)
            continue
        scale = np.abs(weight).max(axis=1) / 127
        smoothing = rng.uniform(0.8, 1.25, weight.shape[1]).astype(np.float32) if name.endswith("down") else None
        integers = np.rint(weight / scale[:, None]).astype(np.int8)
        linears[name] = QuantizedLinear(integers, scale, bias, 0.03, 120, smoothing)
    return QuantizedModel(
        config,
        task,
        linears,
        {name: QuantizedEmbedding.from_float(weights[f"{name}.weight"] * 50) for name in layout.embeddings},
        {
            name: LayerNormParameters(np.ones(n, np.float32), rng.normal(0, 0.1, n).astype(np.float32))
            for name, n in layout.norms.items()
        },
        CalibrationRecord("random", 1, 1, 1, 0, "none", "minmax", 0.0, "test"),
    )
