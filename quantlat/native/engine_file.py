"""Writes a quantised model as the engine's model file: weights packed for its kernels, ready to be mapped.

The format is that of ``model_file.h``; this is the other half. A weight ``[out, in]`` is padded to blocks
of 32 outputs and steps of 4 bytes of input, and stored ``[out / 32][steps][32][4 bytes]``, the order in which
the kernels read it.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from quantlat.errors import StorageError
from quantlat.quantization.artifact import (
    FloatLinear,
    LayerNormParameters,
    QuantizedEmbedding,
    QuantizedLinear,
    QuantizedModel,
)
from quantlat.quantization.layout import head_linears

MAGIC = b"QLENGINE"
VERSION = 4
_COLUMNS = 32
_ALIGNMENT = 64
_HEADER_BYTES = 128
# to the engine a rating is a class head with one output
_TASKS = {"question-answering": 0, "text-classification": 1, "text-regression": 1, "embedding": 2}
_ACTIVATIONS = {"gelu": 0, "gelu_new": 1, "relu": 2}

Linear = QuantizedLinear | FloatLinear
Array = npt.NDArray[np.generic]


def pack_weight(weight: Array) -> Array:
    """``[out, in]`` int8 or fp32 -> ``[out / 32, steps, 32, 4 / itemsize]``, padded with zeros."""
    outputs, inputs = weight.shape
    group = 4 // weight.dtype.itemsize
    blocks, steps = -(-outputs // _COLUMNS), -(-inputs // group)
    padded = np.zeros((blocks * _COLUMNS, steps * group), weight.dtype)
    padded[:outputs, :inputs] = weight
    return np.ascontiguousarray(padded.reshape(blocks, _COLUMNS, steps, group).transpose(0, 2, 1, 3))


def write_engine_file(model: QuantizedModel, path: Path) -> None:
    """Write ``model`` to ``path``.

    Raises:
        StorageError: no space or no permission.
    """
    try:
        path.write_bytes(engine_bytes(model))
    except OSError as error:
        raise StorageError(f"cannot write the engine's model file {path}: {error}", "Free some space.") from None


def engine_bytes(model: QuantizedModel) -> bytes:
    """The file's content."""
    records: list[bytes] = []
    sections: list[Array] = []
    for name in ("word", "position", "token_type"):
        if f"encoder.embeddings.{name}" in model.embeddings:
            sections += _table(model.embeddings[f"encoder.embeddings.{name}"])
    sections += _norm(model.norms["encoder.embeddings.norm"])
    for i in range(model.config.num_layers):
        layer = f"encoder.layers.{i}"
        parts = [model.linears[f"{layer}.attention.{part}"] for part in ("query", "key", "value")]
        fused = _fuse(parts)
        records += [_record(part, fused is not None) for part in parts]
        for linear in parts if fused is None else [fused]:
            sections += _linear(linear)
        for name in (
            "attention.output",
            "attention.norm",
            "feed_forward.up",
            "feed_forward.down",
            "feed_forward.norm",
        ):
            if name.endswith("norm"):
                sections += _norm(model.norms[f"{layer}.{name}"])
            else:
                records.append(_record(model.linears[f"{layer}.{name}"], False))
                sections += _linear(model.linears[f"{layer}.{name}"])
    for name in head_linears(model.config, model.task):
        records.append(_record(model.linears[name], False))
        sections += _linear(model.linears[name])
    if _answer_weight(model):
        sections.append(np.ascontiguousarray(model.answer_head(), np.float32))
    return _assemble(model, b"".join(records), sections)


def _assemble(model: QuantizedModel, records: bytes, sections: Sequence[Array]) -> bytes:
    c = model.config
    widths = b"".join(struct.pack("<2i", *pair) for pair in zip(c.heads, c.neurons, strict=True))
    chunks: list[bytes] = [widths, records]
    size = _HEADER_BYTES + len(widths) + len(records)
    for array in sections:
        gap = -size % _ALIGNMENT
        data = array.tobytes()
        chunks += [bytes(gap), data]
        size += gap + len(data)
    fields = (
        _TASKS[model.task],
        c.vocab_size,
        c.hidden_size,
        c.num_layers,
        c.num_heads,
        c.intermediate_size,
        c.max_positions,
        c.type_vocab_size,
        c.position_offset,
        _ACTIVATIONS[c.activation],
        c.num_labels,
        int(c.family == "distilbert"),
    )
    checked = struct.pack("<Q12iff", size, *fields, c.layer_norm_eps, _answer_weight(model))
    checked = checked.ljust(_HEADER_BYTES - 16, b"\0")
    body = b"".join([checked, *chunks])
    return MAGIC + struct.pack("<II", VERSION, zlib.crc32(body)) + body


def _answer_weight(model: QuantizedModel) -> float:
    return model.config.answer_weight if model.task == "question-answering" else 0.0


def _record(linear: Linear, fused: bool) -> bytes:
    if isinstance(linear, FloatLinear):
        return struct.pack("<IiII", 0, 0, int(fused), 0)
    return struct.pack("<IiII", 1, linear.input_zero_point, int(fused), 0)


def _fuse(parts: Sequence[Linear]) -> Linear | None:
    """One linear that computes Q, K and V, if all three read the same quantised input (or all fp32)."""
    weight, bias = np.concatenate([p.weight for p in parts]), np.concatenate([p.bias for p in parts])
    if all(isinstance(p, FloatLinear) for p in parts):
        return FloatLinear(weight, bias)
    quantized = [p for p in parts if isinstance(p, QuantizedLinear)]
    if len(quantized) < len(parts):
        return None
    first = quantized[0]
    steps = _inverse_step(first)
    if any(p.input_zero_point != first.input_zero_point or (_inverse_step(p) != steps).any() for p in quantized):
        return None
    scale = np.concatenate([p.weight_scale for p in quantized])
    return QuantizedLinear(weight, scale, bias, first.input_scale, first.input_zero_point, first.input_multiplier)


def _linear(linear: Linear) -> Iterator[Array]:
    yield pack_weight(linear.weight)
    if isinstance(linear, FloatLinear):
        yield _columns(np.ones_like(linear.bias))
        yield _columns(linear.bias)
        return
    yield _columns((linear.weight_scale * np.float32(linear.input_scale)).astype(np.float32))
    yield _columns(linear.bias)
    yield _columns(-linear.input_zero_point * linear.weight.sum(axis=1, dtype=np.int32))
    yield _columns(_inverse_step(linear))


def _inverse_step(linear: QuantizedLinear) -> Array:
    """What each input is multiplied with to become an integer, fp32 ``[in]``: its smoothing over the scale."""
    one = np.ones(linear.weight.shape[1], np.float32)
    multiplier = one if linear.input_multiplier is None else linear.input_multiplier
    return (multiplier * (np.float32(1.0) / np.float32(linear.input_scale))).astype(np.float32)


def _columns(values: Array) -> Array:
    padded = np.zeros(-(-len(values) // _COLUMNS) * _COLUMNS, values.dtype)
    padded[: len(values)] = values
    return padded


def _table(table: QuantizedEmbedding) -> Iterator[Array]:
    yield np.ascontiguousarray(table.weight)
    yield table.weight_scale


def _norm(norm: LayerNormParameters) -> Iterator[Array]:
    yield norm.weight
    yield norm.bias


def temporary_engine_file(model: QuantizedModel) -> int:
    """A file descriptor of ``model`` as an anonymous in-memory file; the caller closes it."""
    descriptor = os.memfd_create("quantlat-engine", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(engine_bytes(model))
    except OSError as error:
        os.close(descriptor)
        raise StorageError(f"cannot hold the engine's model in memory: {error}") from None
    return descriptor
