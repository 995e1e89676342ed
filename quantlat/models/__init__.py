"""Encoders: the elastic model, its heads, retention configurations, MACs, checkpoints in and out."""

from quantlat.models.checkpoint import (
    LoadedModel,
    load_checkpoint,
    load_folder,
    save_huggingface,
    select_layers,
)
from quantlat.models.elastic import ElasticEncoder, Observation
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.heads import ClassificationModel, QAModel, TaskModel, build_model
from quantlat.models.macs import macs, mean_relative_macs
from quantlat.models.retention import ElasticConfig, RetentionConfig, batch_lengths
from quantlat.models.tokenizer import Tokenizer

__all__ = [
    "ClassificationModel",
    "ElasticConfig",
    "ElasticEncoder",
    "EncoderConfig",
    "LoadedModel",
    "Observation",
    "QAModel",
    "RetentionConfig",
    "TaskModel",
    "Tokenizer",
    "batch_lengths",
    "build_model",
    "load_checkpoint",
    "load_folder",
    "macs",
    "mean_relative_macs",
    "save_huggingface",
    "select_layers",
]
