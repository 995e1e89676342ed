"""A MobileBERT of two blocks with random weights, and its quantised form (one INC calibration per process)."""

from __future__ import annotations

from functools import lru_cache

import torch

from quantlat.models import EncoderConfig, QAModel, build_model
from quantlat.models.bottleneck import Bottleneck
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.calibration import CalibrationSpec, draw
from quantlat.quantization.inc import calibrate_and_convert
from tests.quantization.tiny import CALIBRATION_WINDOWS

BLOCK = Bottleneck(size=32, embedding_size=24, feed_forwards=3)
CONFIG = EncoderConfig("mobilebert", 300, 64, 2, 2, 64, 512, 2, activation="relu", bottleneck=BLOCK)
SPEC = CalibrationSpec(name="tiny", windows=12, seed=3, retention="both")


@lru_cache(maxsize=1)
def fp32_model() -> QAModel:
    """Weights large enough that logits are of size one."""
    torch.manual_seed(1)
    model = build_model(CONFIG, "question-answering")
    assert isinstance(model, QAModel)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name or name.endswith("bias"):
                parameter.add_(torch.randn_like(parameter) * 0.1)
            else:
                parameter.mul_(20.0 if "embeddings" in name else 8.0)
    return model.eval().requires_grad_(False)


@lru_cache(maxsize=1)
def quantized_model() -> QuantizedModel:
    return calibrate_and_convert(fp32_model(), draw(SPEC, CALIBRATION_WINDOWS, layers=2), spec=SPEC)
