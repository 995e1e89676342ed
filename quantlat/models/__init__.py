"""Encoders: the elastic model, its heads, retention configurations, MACs, checkpoints in and out.

What needs PyTorch is imported when it is first asked for, so that a bundle runs without it.
"""

import importlib
from typing import TYPE_CHECKING, Any

from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.macs import macs, mean_relative_macs
from quantlat.models.retention import ElasticConfig, RetentionConfig, batch_lengths
from quantlat.models.subnetwork import WidthConfig, kept_layers, narrow_config
from quantlat.models.tokenizer import Tokenizer

if TYPE_CHECKING:
    from quantlat.models.checkpoint import (
        LoadedModel,
        load_checkpoint,
        load_folder,
        save_huggingface,
        select_layers,
    )
    from quantlat.models.elastic import ElasticEncoder, Observation
    from quantlat.models.heads import (
        ClassificationModel,
        EmbeddingModel,
        QAModel,
        RegressionModel,
        TaskModel,
        build_model,
        order_classes,
    )
    from quantlat.models.rewiring import extract, rewire

__all__ = [
    "ClassificationModel",
    "ElasticConfig",
    "ElasticEncoder",
    "EmbeddingModel",
    "EncoderConfig",
    "LoadedModel",
    "Observation",
    "QAModel",
    "RegressionModel",
    "RetentionConfig",
    "TaskModel",
    "Tokenizer",
    "WidthConfig",
    "batch_lengths",
    "build_model",
    "extract",
    "kept_layers",
    "load_checkpoint",
    "load_folder",
    "macs",
    "mean_relative_macs",
    "narrow_config",
    "order_classes",
    "rewire",
    "save_huggingface",
    "select_layers",
]

_OF_TORCH = {
    "checkpoint": ("LoadedModel", "load_checkpoint", "load_folder", "save_huggingface", "select_layers"),
    "elastic": ("ElasticEncoder", "Observation"),
    "heads": (
        "ClassificationModel",
        "EmbeddingModel",
        "QAModel",
        "RegressionModel",
        "TaskModel",
        "build_model",
        "order_classes",
    ),
    "rewiring": ("extract", "rewire"),
}


def __getattr__(name: str) -> Any:
    for module, names in _OF_TORCH.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
