"""The quantised model's files survive a round trip, and no damage to them goes unnoticed or crashes the reader."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from quantlat.errors import ModelError, StorageError
from quantlat.quantization.artifact import QuantizedModel
from tests.quantization.tiny import CONFIG, fp32_model, quantized_model

Tensors = dict[str, np.ndarray[Any, Any]]
WEIGHT = "encoder.layers.1.feed_forward.up"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    quantized_model().save(tmp_path, tokenizer_json="{}")
    return tmp_path


def edit_json(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "quantized.json"
    description = json.loads(path.read_text())
    change(description)
    path.write_text(json.dumps(description))


def edit_tensors(folder: Path, change: Callable[[Tensors], object]) -> None:
    """Change tensors as somebody would who knows the format: the checksum is made to fit."""
    path = folder / "qparams.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    refresh_checksum(folder)


def refresh_checksum(folder: Path) -> None:
    digest = hashlib.sha256((folder / "qparams.safetensors").read_bytes()).hexdigest()
    edit_json(folder, lambda description: description.update(qparams_sha256=digest))


def test_a_saved_model_loads_with_every_number_unchanged(folder: Path) -> None:
    model = QuantizedModel.load(folder)
    assert model.fingerprint == quantized_model().fingerprint
    assert (model.config, model.task) == (CONFIG, "question-answering")
    assert model.calibration == quantized_model().calibration
    assert (folder / "tokenizer.json").read_text() == "{}"


def test_the_file_is_about_a_quarter_of_fp32(folder: Path) -> None:
    fp32_bytes = sum(4 * parameter.numel() for parameter in fp32_model().parameters())
    model = quantized_model()
    assert model.float_size_mib == pytest.approx(fp32_bytes / 2**20)
    assert (folder / "qparams.safetensors").stat().st_size < 0.32 * fp32_bytes
    assert model.size_mib < 0.30 * model.float_size_mib


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere/quantized\.json does not exist"):
        QuantizedModel.load(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write the quantised model"):
        quantized_model().save(tmp_path / "file")


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 500, 5000, 60_000, -1])
def test_a_truncated_tensor_file_is_refused(folder: Path, cut: int) -> None:
    path = folder / "qparams.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelError, match=r"qparams\.safetensors"):
        QuantizedModel.load(folder)
    refresh_checksum(folder)
    with pytest.raises(ModelError, match=r"qparams\.safetensors"):
        QuantizedModel.load(folder)


@pytest.mark.parametrize("cut", [0, 1, 40, 200, -3])
def test_a_truncated_description_is_refused(folder: Path, cut: int) -> None:
    path = folder / "quantized.json"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelError, match=r"quantized\.json"):
        QuantizedModel.load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format="other"), "format"),
        (lambda d: d.update(format_version=2), "format version 2; this quantlat reads version 1"),
        (lambda d: d.update(surprise=1), "surprise"),
        (lambda d: d.pop("calibration"), "calibration"),
        (lambda d: d.update(task="translation"), "task 'translation' is unknown"),
        (lambda d: d["fp32_linears"].append("encoder.layers.9.out"), r"encoder\.layers\.9\.out"),
        (lambda d: d["smoothed_linears"].append("encoder.layers.9.out"), r"encoder\.layers\.9\.out"),
        (lambda d: d["smoothed_linears"].pop(), r"qparams\.safetensors has \d+ bytes"),
        (lambda d: d["fp32_linears"].append(WEIGHT), "is in fp32 and cannot be smoothed"),
        (lambda d: d["config"].update(hidden_size="64"), "hidden_size"),
        (lambda d: d["config"].update(hidden_size=2**40), "hidden_size"),
        (lambda d: d["config"].update(hidden_size=128), r"qparams\.safetensors has \d+ bytes"),
        (lambda d: d["config"].update(num_layers=0), "num_layers"),
        (lambda d: d["config"].update(layer_norm_eps="tiny"), "encoder config"),
        (lambda d: d["config"].pop("num_heads"), "num_heads"),
        (lambda d: d["config"].update(vocab_size=10**9), "vocab_size"),
        (lambda d: d["calibration"].update(windows=-1), "windows"),
        (lambda d: d.update(qparams_sha256="0" * 64), "does not match the checksum"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    edit_json(folder, change)
    with pytest.raises(ModelError, match=message):
        QuantizedModel.load(folder)


def with_value(name: str, value: float) -> Callable[[Tensors], object]:
    def change(tensors: Tensors) -> None:
        tensors[name] = tensors[name].copy()
        tensors[name].flat[0] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_value(f"{WEIGHT}.weight_scale", float("nan")), "NaN or infinite"),
        (with_value(f"{WEIGHT}.weight_scale", float("inf")), "NaN or infinite"),
        (with_value(f"{WEIGHT}.weight_scale", 0.0), "must be in"),
        (with_value(f"{WEIGHT}.weight_scale", -0.01), "must be in"),
        (with_value(f"{WEIGHT}.input_scale", 1e38), "must be in"),
        (with_value("encoder.embeddings.word.weight_scale", -1.0), "must be in"),
        (with_value(f"{WEIGHT}.input_multiplier", -0.5), "must be in"),
        (with_value(f"{WEIGHT}.input_multiplier", float("nan")), "NaN or infinite"),
        (with_value(f"{WEIGHT}.bias", float("nan")), "NaN or infinite"),
        (with_value("encoder.embeddings.norm.weight", float("inf")), "NaN or infinite"),
        (lambda t: t.pop(f"{WEIGHT}.bias"), r"qparams\.safetensors has \d+ bytes"),
        (lambda t: t.update(extra=np.zeros(3, np.float32)), r"qparams\.safetensors has \d+ bytes"),
        (lambda t: t.update({f"{WEIGHT}.other": t.pop(f"{WEIGHT}.bias")}), "lacks .*bias"),
        (
            lambda t: t.update({f"{WEIGHT}.input_zero_point": t[f"{WEIGHT}.input_zero_point"].astype(np.int8)}),
            r"input_zero_point is I8 \[1\], expected U8 \[1\]",
        ),
        (
            lambda t: t.update({f"{WEIGHT}.weight": np.ascontiguousarray(t[f"{WEIGHT}.weight"].T)}),
            r"is I8 \[64, 128\], expected I8 \[128, 64\]",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_refused(folder: Path, change: Callable[[Tensors], object], message: str) -> None:
    edit_tensors(folder, change)
    with pytest.raises(ModelError, match=message):
        QuantizedModel.load(folder)


def test_a_header_that_claims_to_be_huge_is_refused_before_it_is_read(folder: Path) -> None:
    path = folder / "qparams.safetensors"
    path.write_bytes((1 << 60).to_bytes(8, "little") + path.read_bytes()[8:])
    with pytest.raises(ModelError, match="no safetensors header of at most"):
        QuantizedModel.load(folder)


def test_a_description_larger_than_any_real_one_is_refused(folder: Path) -> None:
    (folder / "quantized.json").write_text('{"a": "' + "x" * (1 << 20) + '"}')
    with pytest.raises(ModelError, match="larger than 1048576 bytes"):
        QuantizedModel.load(folder)


def test_deeply_nested_json_is_refused(folder: Path) -> None:
    (folder / "quantized.json").write_text("[" * 100_000)
    with pytest.raises(ModelError, match="not valid JSON"):
        QuantizedModel.load(folder)


@pytest.mark.parametrize("seed", range(120))
def test_no_changed_byte_is_accepted_and_none_crashes_the_reader(folder: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = folder / ("qparams.safetensors" if seed % 2 else "quantized.json")
    data = bytearray(path.read_bytes())
    header = 8 + int.from_bytes(data[:8], "little") if seed % 2 else len(data)
    place = int(rng.integers(0, header if seed % 4 < 3 else len(data)))
    data[place] ^= 1 << int(rng.integers(0, 8))
    path.write_bytes(data)
    if seed % 2:  # the checksum sees every change; an attacker would make it fit
        with pytest.raises(ModelError):
            QuantizedModel.load(folder)
        refresh_checksum(folder)
    with contextlib.suppress(ModelError):
        QuantizedModel.load(folder)
