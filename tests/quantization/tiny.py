"""A two-layer encoder with two heads of 32, its windows, and its quantised form (one INC calibration per process)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from quantlat.models import EncoderConfig, QAModel, build_model
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.calibration import CalibrationSpec, draw
from quantlat.quantization.inc import calibrate_and_convert
from quantlat.runtimes.base import IdArray

CONFIG = EncoderConfig(
    family="bert",
    vocab_size=300,
    hidden_size=64,
    num_layers=2,
    num_heads=2,
    intermediate_size=128,
    max_positions=512,
    type_vocab_size=2,
    answer_weight=1.0,
)
SPEC = CalibrationSpec(name="tiny", windows=12, seed=3, length_strata=(32, 64), retention="both")


@dataclass(frozen=True, eq=False)
class TinyWindow:
    input_ids: IdArray
    token_type_ids: IdArray


def window(tokens: int, seed: int = 0) -> TinyWindow:
    """Random ids; the second half has token type 1, as a passage behind its question."""
    ids = np.random.default_rng([seed, tokens]).integers(5, CONFIG.vocab_size, tokens)
    return TinyWindow(ids, (np.arange(tokens) >= tokens // 2).astype(np.int64))


CALIBRATION_WINDOWS = tuple(window(n, seed=n) for n in range(8, 128, 5))


@lru_cache(maxsize=1)
def fp32_model() -> QAModel:
    """Weights large enough that attention is peaked and logits are of size one."""
    torch.manual_seed(11)
    model = build_model(CONFIG, "question-answering")
    assert isinstance(model, QAModel)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2 and "embeddings" not in name:
                parameter.mul_(8.0)
            elif "norm" in name or name.endswith("bias"):
                parameter.add_(torch.randn_like(parameter) * 0.1)
            else:
                parameter.mul_(20.0)
    return model.eval().requires_grad_(False)


@lru_cache(maxsize=1)
def quantized_model() -> QuantizedModel:
    items = draw(SPEC, CALIBRATION_WINDOWS, layers=CONFIG.num_layers)
    return calibrate_and_convert(fp32_model(), items, spec=SPEC)
