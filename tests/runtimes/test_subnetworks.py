"""Slices of one INT8 artefact: the same numbers in every runtime, as dense smaller products."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quantlat.errors import RecipeError, RuntimeUnavailableError
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.models.subnetwork import WidthConfig
from quantlat.quantization.artifact import FloatLinear, QuantizedLinear, QuantizedModel
from quantlat.quantization.layout import layout_of
from quantlat.quantization.sensitivity import with_fp32 as trained_fp32
from quantlat.quantization.subnetwork import with_fp32
from quantlat.runtimes.base import TokenBatch, get_runtime
from quantlat.runtimes.native import NativeRuntime
from quantlat.runtimes.subnetworks import SubnetworkSession
from tests.native.random_model import random_model
from tests.quantization.tiny import CONFIG, fp32_model, quantized_model, window

NARROW = ElasticConfig(width=WidthConfig((1, 2), (48, 100)))
SHALLOW = ElasticConfig(width=WidthConfig((2, 1), (128, 33)), layers=(1,))
BATCH = TokenBatch.from_windows([window(40), window(23)])


def with_zeros(model: QuantizedModel, heads: tuple[int, ...], neurons: tuple[int, ...]) -> QuantizedModel:
    """The whole model whose left-out heads and neurons reach nothing."""
    linears = dict(model.linears)
    for i in range(model.config.num_layers):
        for name, kept in (("attention.output", heads[i] * 32), ("feed_forward.down", neurons[i])):
            linear = linears[f"encoder.layers.{i}.{name}"]
            weight = linear.weight.copy()
            weight[:, kept:] = 0
            linears[f"encoder.layers.{i}.{name}"] = replace(linear, weight=weight)  # type: ignore[arg-type]
    return replace(model, linears=linears)


def run(runtime: str, model: QuantizedModel, config: ElasticConfig | None, folder: Path) -> np.ndarray:
    session = get_runtime(runtime).load(model, threads=1, cache_dir=folder)
    try:
        return session.run(BATCH, config)[BATCH.attention_mask.astype(bool)]
    finally:
        session.close()


def test_a_sub_network_is_a_smaller_artefact_with_the_same_scales(tmp_path: Path) -> None:
    whole, narrow = quantized_model(), quantized_model().subnetwork(NARROW)
    name = "encoder.layers.0.feed_forward.up"
    cut, full = narrow.linears[name], whole.linears[name]
    assert isinstance(cut, QuantizedLinear) and isinstance(full, QuantizedLinear)
    np.testing.assert_array_equal(cut.weight, full.weight[:48])
    np.testing.assert_array_equal(cut.weight_scale, full.weight_scale[:48])
    assert (cut.input_scale, cut.input_zero_point) == (full.input_scale, full.input_zero_point)
    assert narrow.size_mib < whole.size_mib and narrow.fingerprint != whole.fingerprint
    narrow.save(tmp_path)
    assert QuantizedModel.load(tmp_path).fingerprint == narrow.fingerprint
    assert whole.subnetwork(ElasticConfig()) is whole


def test_its_logits_are_those_of_the_whole_one_without_the_rest(tmp_path: Path) -> None:
    expected = run("pytorch", with_zeros(quantized_model(), (1, 2), (48, 100)), None, tmp_path)
    actual = run("pytorch", quantized_model().subnetwork(NARROW), None, tmp_path)
    assert np.abs(actual - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("runtime", "network"),
    [("native", NARROW), ("native", SHALLOW), ("openvino", NARROW), ("onnxruntime", NARROW)],
    ids=["native-narrow", "native-shallow", "openvino", "onnxruntime"],
)
def test_every_runtime_runs_it(runtime: str, network: ElasticConfig, tmp_path: Path) -> None:
    availability = get_runtime(runtime).availability()
    if not availability.usable:
        pytest.skip(availability.reason)
    small = quantized_model().subnetwork(network)
    retention = ElasticConfig(RetentionConfig((0.7, 0.3)[-small.config.num_layers :]))
    for config in (None, retention):
        expected = run("pytorch", small, config, tmp_path)
        actual = run(runtime, small, config, tmp_path)
        assert np.sqrt(np.square(actual - expected).mean()) < 0.05 * expected.std()


@pytest.mark.parametrize("fp32", [frozenset(), frozenset({"encoder.layers.0.attention.output"})], ids=["int8", "mixed"])
@pytest.mark.parametrize("hidden", [40, 128])
def test_the_engine_runs_layers_of_different_widths(hidden: int, fp32: frozenset[str], tmp_path: Path) -> None:
    """Heads of 20 lie row by row in the engine, heads of 32 block by block; neurons fill no whole block."""
    if not NativeRuntime().availability().usable:
        pytest.skip("the native engine was not built")
    config = replace(CONFIG, hidden_size=hidden, num_heads=hidden // 20 if hidden == 40 else 4, num_layers=3)
    heads = (1, 2, 1) if hidden == 40 else (3, 1, 4)
    model = random_model(replace(config, layer_heads=heads, layer_neurons=(5, 128, 70)), fp32=fp32)
    for retention in (None, ElasticConfig(RetentionConfig((0.9, 0.6, 0.3)))):
        expected = run("pytorch", model, retention, tmp_path)
        actual = run("native", model, retention, tmp_path)
        assert np.sqrt(np.square(actual - expected).mean()) < 0.03 * expected.std()


def test_one_session_runs_every_sub_network(tmp_path: Path) -> None:
    model = quantized_model()
    session = SubnetworkSession(get_runtime("pytorch"), model, threads=1, cache_dir=tmp_path, loaded=2)
    dropping = replace(NARROW, retention=RetentionConfig((0.7, 0.3)))
    np.testing.assert_array_equal(
        session.run(BATCH, dropping),
        get_runtime("pytorch").load(model.subnetwork(NARROW), threads=1).run(BATCH, dropping.retention),
    )
    for config in (None, NARROW, SHALLOW):
        session.run(BATCH, config)
    assert session.loaded == (NARROW, SHALLOW)
    session.close()
    with pytest.raises(RuntimeUnavailableError, match="closed"):
        session.run(BATCH)


@pytest.mark.parametrize("runtime", ["pytorch", "native"])
def test_a_session_refuses_to_be_another_network(runtime: str, tmp_path: Path) -> None:
    if not get_runtime(runtime).availability().usable:
        pytest.skip("the native engine was not built")
    with pytest.raises(RecipeError, match="one dense network"):
        run(runtime, quantized_model(), NARROW, tmp_path)


def test_linears_go_back_to_fp32_with_the_weights_they_stand_for() -> None:
    name = "encoder.layers.1.feed_forward.down"
    model = with_fp32(quantized_model(), [name])
    linear, before = model.linears[name], quantized_model().linears[name]
    assert isinstance(linear, FloatLinear) and isinstance(before, QuantizedLinear)
    multiplier = 1.0 if before.input_multiplier is None else before.input_multiplier
    np.testing.assert_array_equal(linear.weight, before.dequantized_weight() * multiplier)
    assert model.fp32_linears == (*quantized_model().fp32_linears, name)
    with pytest.raises(RecipeError, match="no linear"):
        with_fp32(quantized_model(), ["encoder.layers.7.attention.query"])


def test_layers_in_fp32_have_the_weights_that_were_trained(tmp_path: Path) -> None:
    names = layout_of(CONFIG, "question-answering").linears
    floating = trained_fp32(quantized_model(), fp32_model(), tuple(names))
    mixed = ElasticConfig(width=NARROW.width, fp32_layers=(1,))
    small = quantized_model().subnetwork(mixed, floating)
    for name in names:
        in_fp32 = name.startswith("encoder.layers.1.")
        assert isinstance(small.linears[name], FloatLinear) == in_fp32, name
    name = "encoder.layers.1.feed_forward.up"
    weight = fp32_model().get_submodule(name).weight.numpy()[:100]  # type: ignore[union-attr,operator]
    np.testing.assert_array_equal(small.linears[name].weight, weight)
    session = SubnetworkSession(
        get_runtime("pytorch"), quantized_model(), floating=floating, threads=1, cache_dir=tmp_path
    )
    np.testing.assert_array_equal(
        session.run(BATCH, mixed), get_runtime("pytorch").load(small, threads=1, cache_dir=tmp_path).run(BATCH)
    )
    all_fp32 = session.run(BATCH, ElasticConfig(fp32_layers=(0, 1)))[BATCH.attention_mask.astype(bool)]
    int8 = session.run(BATCH)[BATCH.attention_mask.astype(bool)]
    expected = run("pytorch", floating, None, tmp_path)
    assert np.abs(all_fp32 - expected).mean() < np.abs(int8 - expected).mean()
    session.close()


def test_layers_in_fp32_need_the_trained_weights_of_the_same_model() -> None:
    with pytest.raises(RecipeError, match="no longer holds their trained weights"):
        quantized_model().subnetwork(ElasticConfig(fp32_layers=(0,)))
    with pytest.raises(RecipeError, match="another shape"):
        quantized_model().subnetwork(ElasticConfig(fp32_layers=(0,)), quantized_model().subnetwork(NARROW))
    for wrong in ({"fp32_layers": (1, 0)}, {"fp32_layers": (0,), "layers": (1,)}):
        with pytest.raises(RecipeError, match="layers in fp32"):
            ElasticConfig(**wrong)
