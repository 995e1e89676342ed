"""Bundles of a two-layer encoder with random INT8 weights, made without calibration in a second or two."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from quantlat.deployment.manifest import BundleProfile, Origin
from quantlat.deployment.writer import BundleSource, WrittenBundle, write_bundle
from quantlat.latency.measure import MeasureOptions
from quantlat.models import EncoderConfig
from quantlat.models.random_tokenizer import train_tokenizer
from quantlat.models.tokenizer import Tokenizer
from quantlat.quantization.artifact import (
    CalibrationRecord,
    LayerNormParameters,
    QuantizedEmbedding,
    QuantizedLinear,
    QuantizedModel,
)
from quantlat.quantization.layout import layout_of

LAYERS = 2
QUICK = MeasureOptions(min_rounds=1, max_rounds=1, min_warmup=0, max_warmup=0)
PASSAGE = (
    "The lighthouse on the northern cape was built in 1871 by Ada Moreau. Ships from nine harbours paid for it, and "
    "its lamp was lit with whale oil until the railway brought coal."
)
QUESTIONS = ("Who built the lighthouse?", "When was it built?", "What was the lamp lit with?")


@lru_cache(maxsize=1)
def tokenizer() -> Tokenizer:
    return train_tokenizer("bert", 600)


@lru_cache(maxsize=4)
def model(task: str) -> QuantizedModel:
    """Random weights of a size that makes logits differ; activations have about unit variance behind LayerNorm."""
    config = EncoderConfig(
        family="bert",
        vocab_size=tokenizer().vocab_size,
        hidden_size=64,
        num_layers=LAYERS,
        num_heads=2,
        intermediate_size=128,
        max_positions=128,
        type_vocab_size=2,
        num_labels={"question-answering": 2, "text-regression": 1}.get(task, 3),
    )
    rng, layout = np.random.default_rng(5), layout_of(config, task)

    def linear(outputs: int, inputs: int) -> QuantizedLinear:
        weight = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        scale = np.full(outputs, 3.0 / (127 * np.sqrt(inputs)), np.float32)
        return QuantizedLinear(weight, scale, rng.normal(0, 0.1, outputs).astype(np.float32), 8.0 / 255, 128)

    return QuantizedModel(
        config=config,
        task=task,
        linears={name: linear(*shape) for name, shape in layout.linears.items()},
        embeddings={
            name: QuantizedEmbedding.from_float(rng.normal(0, 1, shape).astype(np.float32))
            for name, shape in layout.embeddings.items()
        },
        norms={
            name: LayerNormParameters(np.ones(width, np.float32), np.zeros(width, np.float32))
            for name, width in layout.norms.items()
        },
        calibration=CalibrationRecord("none", 0, 0, 0, 0, "none", "minmax", 0.0, "random numbers"),
    )


def source(task: str = "question-answering", *, openvino: bool = False, docker: bool = False) -> BundleSource:
    questions = task == "question-answering"
    second = None if task == "embedding" else "Whale oil."
    return BundleSource(
        name="tiny",
        model=model(task),
        tokenizer_json=tokenizer().json,
        profiles=(
            BundleProfile(name="fast", ratios=(0.5, 0.25)),
            BundleProfile(name="full", ratios=(1.0, 1.0), accuracy=80.0),
        ),
        golden=tuple((q, PASSAGE) for q in QUESTIONS) if questions else ((PASSAGE, None), ("Coal.", second)),
        origin=Origin(model_licence="none (random)", data="none", data_licence="none"),
        labels=("red", "green", "blue") if task == "text-classification" else (),
        max_tokens=64,
        stride=16,
        max_question_tokens=24,
        threads=1,
        licences={"quantlat.txt": "Apache-2.0"},
        openvino=openvino,
        docker=docker,
        measuring=QUICK,
    )


def write(out: Path, task: str = "question-answering", **options: bool) -> WrittenBundle:
    return write_bundle(source(task, **options), out)
