"""A MobileBERT through INC, the artefact's files and the runtimes that can run its blocks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from quantlat.errors import ModelError, RuntimeUnavailableError
from quantlat.models import EncoderConfig, RetentionConfig, build_model
from quantlat.models.bottleneck import Bottleneck
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.coverage import artifact_coverage
from quantlat.quantization.layer_error import layer_errors
from quantlat.quantization.layout import layout_of
from quantlat.quantization.sensitivity import rank_linears, with_fp32
from quantlat.runtimes.auto import measure_runtimes
from quantlat.runtimes.base import TokenBatch, availability_for, get_runtime
from tests.quantization.tiny import window
from tests.quantization.tiny_mobilebert import CONFIG, fp32_model, quantized_model

BATCH = TokenBatch.from_windows([window(n, seed=7) for n in (40, 17)])
FALLING = RetentionConfig((0.8, 0.4))


@pytest.mark.parametrize("task", ["question-answering", "text-classification"])
@pytest.mark.parametrize("bottlenecked", [False, True])
def test_the_layout_names_every_parameter(task: str, bottlenecked: bool) -> None:
    block = Bottleneck(32, 24, 3, bottlenecked_attention=bottlenecked, has_pooler=bottlenecked)
    config = EncoderConfig("mobilebert", 300, 64, 2, 2, 48, 512, 2, num_labels=5, bottleneck=block)
    layout, shapes = layout_of(config, task), {}
    for name, shape in (layout.linears | layout.embeddings).items():
        shapes[f"{name}.weight"] = shape
    for name, (outputs, _) in layout.linears.items():
        shapes[f"{name}.bias"] = (outputs,)
    for name, width in layout.norms.items():
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)
    state = build_model(config, task).state_dict()
    assert shapes == {name: tuple(tensor.shape) for name, tensor in state.items()}


def test_inc_quantises_every_linear_and_the_files_give_it_back(tmp_path: Path) -> None:
    quantized = quantized_model()
    assert len(quantized.int8_linears) == 1 + 2 * (7 + 6) + 1 and quantized.fp32_linears == ()
    assert len(quantized.smoothed_linears) == 2 * 13  # all of both layers
    quantized.save(tmp_path)
    loaded = QuantizedModel.load(tmp_path)
    assert loaded.config == CONFIG and loaded.fingerprint == quantized.fingerprint
    assert artifact_coverage(loaded).int8_linear_macs == 1.0


def test_a_changed_bottleneck_is_noticed(tmp_path: Path) -> None:
    quantized_model().save(tmp_path)
    path = tmp_path / "quantized.json"
    description = json.loads(path.read_text())
    description["config"]["bottleneck"]["size"] = 64
    path.write_text(json.dumps(description))
    with pytest.raises(ModelError, match="imply"):
        QuantizedModel.load(tmp_path)
    description["config"]["bottleneck"]["size"] = 0
    path.write_text(json.dumps(description))
    with pytest.raises(ModelError, match="size must be an integer"):
        QuantizedModel.load(tmp_path)


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_the_runtimes_give_the_reference_numbers(name: str, tmp_path: Path) -> None:
    runtime = get_runtime(name)
    if not runtime.availability().usable:
        pytest.skip(runtime.availability().reason)
    reference = get_runtime("pytorch").load(quantized_model(), threads=1)
    session = runtime.load(quantized_model(), threads=1, cache_dir=tmp_path)
    real = BATCH.attention_mask.astype(bool)
    for config in (None, FALLING):
        expected = reference.run(BATCH, config)[real]
        errors = np.sort(np.abs(session.run(BATCH, config)[real] - expected).max(axis=1))
        # next to a tie, rounding may swap two tokens at the edge of being dropped
        assert errors[: -1 if config is None else -4].max() < 0.1 * expected.std()
    alone = TokenBatch.from_windows([window(17, seed=7)])
    np.testing.assert_allclose(session.run(alone)[0], session.run(BATCH)[1, :17], atol=0.1 * expected.std())
    session.close()


@pytest.mark.parametrize("name", ["native", "ipex"])
def test_runtimes_with_layers_of_their_own_refuse_and_name_the_others(name: str) -> None:
    found = availability_for(get_runtime(name), CONFIG)
    assert not found.usable and "mobilebert" in found.reason
    with pytest.raises(RuntimeUnavailableError, match="does not run mobilebert") as caught:
        get_runtime(name).load(quantized_model(), threads=1)
    assert "openvino, onnxruntime" in str(caught.value)


def test_auto_passes_over_what_cannot_run_it(tmp_path: Path) -> None:
    choice = measure_runtimes(
        quantized_model(), [BATCH], threads=1, candidates=("native", "pytorch"), rounds=1, cache_dir=tmp_path
    )
    assert choice.name == "pytorch" and [name for name, _ in choice.skipped] == ["native"]


def test_the_error_of_each_layer_falls_where_its_linears_are_in_fp32() -> None:
    windows = [window(n, seed=n) for n in (20, 33)]
    errors = layer_errors(quantized_model(), fp32_model(), windows)
    assert [error.layer for error in errors] == [0, 1, 2]
    assert 0.001 < errors[0].relative_error < errors[2].relative_error < 0.5
    assert all(error.largest > error.rms > 0 for error in errors)
    states = fp32_model().encoder.observe(*(torch.from_numpy(a)[None] for a in _arrays(33))).hidden_states
    assert layer_errors(quantized_model(), fp32_model(), windows[1:])[1].largest == float(states[1].abs().max())
    first = [name for name in quantized_model().int8_linears if "embeddings" in name or ".layers.0." in name]
    better = layer_errors(with_fp32(quantized_model(), fp32_model(), first), fp32_model(), windows)
    assert better[1].relative_error < 0.3 * errors[1].relative_error


def _arrays(tokens: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chosen = window(tokens, seed=tokens)
    return chosen.input_ids, np.ones_like(chosen.input_ids), chosen.token_type_ids


def test_the_sensitivity_ranking_covers_the_bottlenecks() -> None:
    ranking = rank_linears(quantized_model(), fp32_model(), [window(24)])
    assert len(ranking) == len(quantized_model().int8_linears)
    assert {"encoder.embeddings.transform", "encoder.layers.1.bottleneck.output"} <= {entry.name for entry in ranking}
