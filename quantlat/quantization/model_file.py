"""The quantised model's files: ``quantized.json`` (what it is) and ``qparams.safetensors`` (the numbers).

``quantized.json`` holds the encoder's configuration, the task, which linears are in fp32 and which are smoothed, and
how the model was calibrated. ``qparams.safetensors`` holds, for each module of
:func:`quantlat.quantization.layout.layout_of`:

===============  ==========================================================================================
INT8 linear      ``.weight`` I8 [out, in], ``.weight_scale`` F32 [out], ``.bias`` F32 [out],
                 ``.input_scale`` F32 [1], ``.input_zero_point`` U8 [1],
                 ``.input_multiplier`` F32 [in] when smoothed
fp32 linear      ``.weight`` F32 [out, in], ``.bias`` F32 [out]
embedding        ``.weight`` I8 [rows, width], ``.weight_scale`` F32 [rows]
LayerNorm        ``.weight`` F32 [width], ``.bias`` F32 [width]
===============  ==========================================================================================

A reader trusts nothing: sizes are bounded before a byte is parsed, names, types and shapes are compared with what
the configuration implies, and every number is checked before it is used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from quantlat.errors import ModelError, StorageError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.quantization.artifact import (
    CalibrationRecord,
    FloatLinear,
    LayerNormParameters,
    QuantizedEmbedding,
    QuantizedLinear,
    QuantizedModel,
)
from quantlat.quantization.layout import TASKS, Layout, layout_of

DESCRIPTION_FILE = "quantized.json"
TENSOR_FILE = "qparams.safetensors"
FORMAT: Literal["quantlat-int8"] = "quantlat-int8"
FORMAT_VERSION = 1

_MAX_JSON_BYTES = 1 << 20
_MAX_HEADER_BYTES = 1 << 22
_SCALE_RANGE = (1e-30, 1e30)  # beyond it products with 255 * 127 * 65536 could overflow fp32
_MEND = "The file is damaged or was changed: quantise the model again, or copy it again from where it came."

Array = npt.NDArray[Any]
_Text = Annotated[str, Field(max_length=200)]
_Names = Annotated[list[_Text], Field(max_length=1024)]
_Natural = Annotated[int, Field(ge=0, le=1 << 53)]


class _Calibration(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: _Text
    windows: _Natural
    passes: _Natural
    tokens: _Natural
    seed: int
    retention: _Text
    observer: _Text
    smoothing: Annotated[float, Field(ge=0, le=1)]
    tool: _Text


class _Description(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    format: Literal["quantlat-int8"]
    format_version: int
    task: _Text
    config: dict[
        str,
        str | int | float | Annotated[list[int], Field(max_length=96)] | dict[str, str | int | float | bool],
    ]
    fp32_linears: _Names
    smoothed_linears: _Names
    calibration: _Calibration
    qparams_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def write(model: QuantizedModel, folder: Path, *, tokenizer_json: str | None) -> None:
    """See :meth:`QuantizedModel.save`."""
    tensors = {name: np.ascontiguousarray(array) for name, array in model.tensors().items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, folder / TENSOR_FILE, metadata={"format": FORMAT, "version": str(FORMAT_VERSION)})
        description = _Description(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            task=model.task,
            config=model.config.to_dict(),
            fp32_linears=list(model.fp32_linears),
            smoothed_linears=list(model.smoothed_linears),
            calibration=_Calibration(**vars(model.calibration)),
            qparams_sha256=_sha256(folder / TENSOR_FILE),
        )
        text = json.dumps(description.model_dump(), indent=2) + "\n"
        (folder / DESCRIPTION_FILE).write_text(text, encoding="utf-8")
        if tokenizer_json is not None:
            (folder / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")
    except (OSError, SafetensorError) as error:
        raise StorageError(
            f"cannot write the quantised model to {folder}: {error}",
            "Free space or choose a folder you may write to.",
        ) from None


def read(folder: Path) -> QuantizedModel:
    """See :meth:`QuantizedModel.load`."""
    folder = Path(folder)
    description = _read_description(folder / DESCRIPTION_FILE)
    try:
        config = EncoderConfig.from_dict(description.config)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{folder / DESCRIPTION_FILE}: encoder config: {error}", _MEND) from None
    layout = layout_of(config, description.task)
    _check_names(folder / DESCRIPTION_FILE, description, layout)
    tensors = _read_tensors(folder / TENSOR_FILE, layout, description)
    return _assemble(config, description, layout, tensors)


def _check_names(path: Path, description: _Description, layout: Layout) -> None:
    named = {"fp32_linears": description.fp32_linears, "smoothed_linears": description.smoothed_linears}
    for key, names in named.items():
        unknown = sorted(set(names) - set(layout.linears))
        if unknown:
            raise ModelError(f"{path}: {key} names {unknown[0]!r}, which the model has not", _MEND)
    both = sorted(set(description.fp32_linears) & set(description.smoothed_linears))
    if both:
        raise ModelError(f"{path}: {both[0]!r} is in fp32 and cannot be smoothed", _MEND)


def _read_description(path: Path) -> _Description:
    data = _read_bounded(path, _MAX_JSON_BYTES)
    try:
        raw = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not valid JSON: {error}", _MEND) from None
    if isinstance(raw, dict) and raw.get("format") == FORMAT and raw.get("format_version") != FORMAT_VERSION:
        raise ModelError(
            f"{path} has format version {raw.get('format_version')!r}; this quantlat reads version {FORMAT_VERSION}",
            "Quantise the model again with this version of quantlat.",
        )
    try:
        description = _Description.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise ModelError(f"{path}: {where}: {first['msg']}", _MEND) from None
    if description.task not in TASKS:
        raise ModelError(f"{path}: task {description.task!r} is unknown; known: {', '.join(TASKS)}", _MEND)
    return description


def _read_bounded(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise ModelError(
            f"{path} does not exist; a quantised model is a folder with {DESCRIPTION_FILE} and {TENSOR_FILE}",
            "Give the folder that the quantization stage wrote.",
        ) from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error}") from None
    if len(data) > limit:
        raise ModelError(f"{path} is larger than {limit} bytes; refusing to read it", _MEND)
    return data


def _expected_tensors(layout: Layout, description: _Description) -> dict[str, tuple[str, tuple[int, ...]]]:
    """``(safetensors type, shape)`` of every tensor a file must hold."""
    fp32_linears, smoothed = set(description.fp32_linears), set(description.smoothed_linears)
    wanted: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, (outputs, inputs) in layout.linears.items():
        int8 = name not in fp32_linears
        wanted[f"{name}.weight"] = ("I8" if int8 else "F32", (outputs, inputs))
        wanted[f"{name}.bias"] = ("F32", (outputs,))
        if int8:
            wanted[f"{name}.weight_scale"] = ("F32", (outputs,))
            wanted[f"{name}.input_scale"] = ("F32", (1,))
            wanted[f"{name}.input_zero_point"] = ("U8", (1,))
        if name in smoothed:
            wanted[f"{name}.input_multiplier"] = ("F32", (inputs,))
    for name, (rows, width) in layout.embeddings.items():
        wanted[f"{name}.weight"] = ("I8", (rows, width))
        wanted[f"{name}.weight_scale"] = ("F32", (rows,))
    for name, width in layout.norms.items():
        wanted[f"{name}.weight"] = wanted[f"{name}.bias"] = ("F32", (width,))
    return wanted


def _read_tensors(path: Path, layout: Layout, description: _Description) -> dict[str, Array]:
    wanted = _expected_tensors(layout, description)
    _check_size(path, wanted)
    try:
        with safe_open(path, framework="numpy") as file:
            _check_header(path, file, wanted)
            tensors: dict[str, Array] = {name: file.get_tensor(name) for name in wanted}
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path} is not a readable safetensors file: {error}", _MEND) from None
    for name, array in tensors.items():
        _check_numbers(path, name, array)
    if _sha256(path) != description.qparams_sha256:
        raise ModelError(f"{path} does not match the checksum in {DESCRIPTION_FILE}", _MEND)
    return tensors


def _check_size(path: Path, wanted: Mapping[str, tuple[str, tuple[int, ...]]]) -> None:
    """The file must be as long as its header and the expected tensors; compared before anything is parsed."""
    width = {"I8": 1, "U8": 1, "F32": 4}
    payload = sum(width[kind] * int(np.prod(shape, dtype=np.int64)) for kind, shape in wanted.values())
    head = _read_prefix(path)
    size = path.stat().st_size
    header = int.from_bytes(head, "little")
    if len(head) < 8 or header > _MAX_HEADER_BYTES:
        raise ModelError(f"{path} has no safetensors header of at most {_MAX_HEADER_BYTES} bytes", _MEND)
    if size != 8 + header + payload:
        raise ModelError(
            f"{path} has {size} bytes; its header and the model's configuration imply {8 + header + payload}", _MEND
        )


def _read_prefix(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(8)
    except FileNotFoundError:
        raise ModelError(f"{path} does not exist", _MEND) from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error}") from None


def _check_header(path: Path, file: Any, wanted: Mapping[str, tuple[str, tuple[int, ...]]]) -> None:
    names = set(file.keys())
    if names != set(wanted):
        extra, missing = sorted(names - set(wanted)), sorted(set(wanted) - names)
        what = f"lacks {missing[0]!r}" if missing else f"holds {extra[0]!r}, which the model has not"
        raise ModelError(f"{path} {what} ({len(missing)} tensors missing, {len(extra)} too many)", _MEND)
    for name, (kind, shape) in wanted.items():
        view = file.get_slice(name)
        found = (view.get_dtype(), tuple(view.get_shape()))
        if found != (kind, shape):
            raise ModelError(f"{path}: {name} is {found[0]} {list(found[1])}, expected {kind} {list(shape)}", _MEND)


def _check_numbers(path: Path, name: str, array: Array) -> None:
    if array.dtype != np.float32:
        return  # every int8 and uint8 value is a valid weight or zero point
    if not np.isfinite(array).all():
        raise ModelError(f"{path}: {name} holds NaN or infinite values", _MEND)
    low, high = _SCALE_RANGE
    if name.endswith(("_scale", "_multiplier")) and not ((array >= low) & (array <= high)).all():
        raise ModelError(f"{path}: {name} must be in [{low:g}, {high:g}], got {array.min():g}", _MEND)


def _assemble(
    config: EncoderConfig, description: _Description, layout: Layout, tensors: Mapping[str, Array]
) -> QuantizedModel:
    linears: dict[str, QuantizedLinear | FloatLinear] = {}
    for name in layout.linears:
        weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
        if name in description.fp32_linears:
            linears[name] = FloatLinear(weight, bias)
            continue
        linears[name] = QuantizedLinear(
            weight=weight,
            weight_scale=tensors[f"{name}.weight_scale"],
            bias=bias,
            input_scale=float(tensors[f"{name}.input_scale"][0]),
            input_zero_point=int(tensors[f"{name}.input_zero_point"][0]),
            input_multiplier=tensors.get(f"{name}.input_multiplier"),
        )
    return QuantizedModel(
        config=config,
        task=description.task,
        linears=linears,
        embeddings={
            name: QuantizedEmbedding(tensors[f"{name}.weight"], tensors[f"{name}.weight_scale"])
            for name in layout.embeddings
        },
        norms={name: LayerNormParameters(tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in layout.norms},
        calibration=CalibrationRecord(**description.calibration.model_dump()),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
