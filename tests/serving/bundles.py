"""A small real bundle: a random INT8 model of three layers in the native engine, its tokenizer, three profiles."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quantlat.deployment import AnswerRequest, BundleManifest, BundleProfile, Predictor
from quantlat.deployment.executors import NativeExecutor
from quantlat.deployment.golden import Golden, GoldenCase
from quantlat.deployment.manifest import (
    GOLDEN,
    MANIFEST,
    MODEL,
    FileEntry,
    LatencyPoint,
    Origin,
    ValidatedMachine,
    sha256_of,
)
from quantlat.models.encoder_config import EncoderConfig
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

PROFILES = {"full": (1.0, 1.0, 1.0), "balanced": (1.0, 0.7, 0.5), "fast": (0.6, 0.4, 0.2)}
LABELS = ("good", "bad", "neither")
_CONFIG = EncoderConfig(
    family="bert",
    vocab_size=1_500,
    hidden_size=64,
    num_layers=3,
    num_heads=2,
    intermediate_size=128,
    max_positions=256,
    type_vocab_size=2,
    num_labels=len(LABELS),
)


def random_model(task: str) -> QuantizedModel:
    """Weights drawn with a fixed seed, with guessed activation ranges; large enough for peaked attention."""
    config = replace(_CONFIG, num_labels=1) if task == "text-regression" else _CONFIG
    layout = layout_of(config, task)

    def draw(name: str, *shape: int) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(name.encode())).normal(0, 1, shape).astype(np.float32)

    def linear(name: str, out: int, width: int) -> QuantizedLinear:
        weight = draw(name, out, width) * 1.5 / np.sqrt(width)
        scale = (np.abs(weight).max(axis=1) / 127).astype(np.float32)
        return QuantizedLinear(
            np.rint(weight / scale[:, None]).astype(np.int8), scale, draw(name + "b", out) * 0.1, 0.03, 120
        )

    return QuantizedModel(
        config,
        task,
        {name: linear(name, *shape) for name, shape in layout.linears.items()},
        {name: QuantizedEmbedding.from_float(draw(name, *shape)) for name, shape in layout.embeddings.items()},
        {
            name: LayerNormParameters(np.ones(width, np.float32), np.zeros(width, np.float32))
            for name, width in layout.norms.items()
        },
        CalibrationRecord("none", 0, 0, 0, 0, "none", "minmax", 0.0, "random weights"),
    )


def write_tiny_bundle(folder: Path, task: str = "question-answering") -> Path:
    """Write the bundle; its golden inputs are what the engine itself answers here."""
    pytest.importorskip("quantlat.native._engine", reason="the native engine was not built")
    model, tokenizer = random_model(task), train_tokenizer("bert", _CONFIG.vocab_size)
    folder.mkdir(parents=True)
    model.save(folder / MODEL, tokenizer_json=tokenizer.json)
    manifest = _manifest(model, task)
    (folder / GOLDEN).write_text(_golden(manifest, model, tokenizer).model_dump_json())
    files = {
        path.relative_to(folder).as_posix(): FileEntry(bytes=path.stat().st_size, sha256=sha256_of(path))
        for path in folder.rglob("*")
        if path.is_file()
    }
    (folder / MANIFEST).write_text(manifest.model_copy(update={"files": files}).model_dump_json())
    return folder


def _manifest(model: QuantizedModel, task: str) -> BundleManifest:
    def table(share: float) -> tuple[LatencyPoint, ...]:
        return tuple(LatencyPoint(tokens=n, median_ms=0.05 * n * share, ci_ms=(0.0, 1.0), n=30) for n in (16, 64, 256))

    return BundleManifest(
        name="tiny",
        task=task,
        created="2026-11-25T00:00:00+00:00",
        quantlat="0",
        fingerprint=model.fingerprint,
        layers=_CONFIG.num_layers,
        labels=LABELS if task == "text-classification" else (),
        max_tokens=128,
        stride=32,
        max_question_tokens=32,
        threads=1,
        profiles=tuple(
            BundleProfile(name=name, ratios=ratios, latency_by_tokens={"native": table(sum(ratios) / len(ratios))})
            for name, ratios in PROFILES.items()
        ),
        machine=ValidatedMachine(cpu="any", isa=(), kernels="any", cores=1, fingerprint="any"),
        origin=Origin(model_licence="none: random weights", data="none", data_licence="none"),
        files={
            name: FileEntry(bytes=0, sha256="0" * 64)
            for name in (f"{MODEL}/quantized.json", f"{MODEL}/qparams.safetensors", f"{MODEL}/tokenizer.json", GOLDEN)
        },
    )


def _golden(manifest: BundleManifest, model: QuantizedModel, tokenizer: Tokenizer) -> Golden:
    text, context = "When was it built?", "The tower was built in 1889."
    pair: str | None = context
    with Predictor(manifest, tokenizer, NativeExecutor(model, 1), 1) as predictor:
        if manifest.task == "question-answering":
            prepared = predictor.prepare(AnswerRequest(text, context))
            rows, result = predictor.logits(prepared.windows, "full")[0], predictor.run([prepared], "full")[0].text
        elif manifest.task == "embedding":
            rows, result, pair = predictor.embed([text], profile="full"), "", None
        elif manifest.task == "text-regression":
            rows, result = np.array([[predictor.rate(text, context, profile="full").value]]), ""
        else:
            rows = predictor.logits([predictor.text_window(text, context)], "full")[0][None]
            result = str(predictor.classify(text, context, profile="full").index)
    logits = tuple(tuple(float(value) for value in row) for row in rows)
    spread = 1.0 if manifest.task == "text-regression" else None  # one number has no standard deviation
    return Golden(spread=spread, cases=(GoldenCase(text=text, context=pair, logits=logits, result=result),))
