"""INC's numbers arrive unchanged: the reference execution equals INC's converted graph."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from quantlat.errors import ModelError
from quantlat.quantization.artifact import QuantizedLinear
from quantlat.quantization.calibration import draw
from quantlat.quantization.inc import calibrate_and_convert, convert
from quantlat.quantization.reference import build_module, build_task_model
from quantlat.quantization.sensitivity import with_fp32
from quantlat.quantization.smoothing import smooth
from tests.quantization.tiny import CALIBRATION_WINDOWS, CONFIG, SPEC, fp32_model, quantized_model, window

ITEMS = draw(SPEC, CALIBRATION_WINDOWS, layers=CONFIG.num_layers)


def inputs(tokens: int, lengths: tuple[int, ...]) -> tuple[torch.Tensor, ...]:
    tiny = window(tokens, seed=99)
    ids, types = torch.from_numpy(tiny.input_ids)[None], torch.from_numpy(tiny.token_type_ids)[None]
    return ids, torch.ones_like(ids), types, torch.tensor(lengths)


@pytest.fixture(scope="module")
def converted() -> torch.fx.GraphModule:
    """INC's graph of the smoothed model whose embeddings are already rounded to int8."""
    model = copy.deepcopy(fp32_model())
    for name, table in quantized_model().embeddings.items():
        model.get_submodule(name).weight.data = torch.from_numpy(table.dequantized())
    smooth(model, ITEMS, alpha=SPEC.smoothing)
    return convert(model, ITEMS, observer=SPEC.observer)


@pytest.mark.parametrize("form", ["folded", "dequantize", "multiply"])
@pytest.mark.parametrize("lengths", [(40, 40), (31, 9), (2, 2)])
def test_the_reference_equals_incs_converted_graph(
    converted: torch.fx.GraphModule, form: str, lengths: tuple[int, ...]
) -> None:
    elastic = build_module(quantized_model(), elastic=True, form=form)  # type: ignore[arg-type]
    arguments = inputs(40, lengths)
    with torch.no_grad():
        difference = (elastic(*arguments) - converted(*arguments)).abs().max()
    assert difference <= 1e-5


def test_int8_logits_are_near_fp32_logits_but_not_equal_to_them() -> None:
    *arguments, _ = inputs(64, (64, 64))
    with torch.no_grad():
        expected = fp32_model()(*arguments)
        error = (build_task_model(quantized_model())(*arguments) - expected).square().mean().sqrt() / expected.std()
    assert 0.001 < error < 0.25


def test_weights_are_symmetric_per_channel_and_use_the_whole_range() -> None:
    model, floating = quantized_model(), fp32_model()
    for name, linear in model.linears.items():
        assert isinstance(linear, QuantizedLinear)
        weight = floating.get_submodule(name).weight.numpy()  # type: ignore[union-attr]
        if linear.input_multiplier is not None:
            weight = weight / linear.input_multiplier
        assert linear.weight.shape == weight.shape and linear.weight_scale.shape == (weight.shape[0],)
        assert np.abs(linear.weight.astype(int)).max(axis=1).min() >= 127
        # the largest weight of a row may be half a step beyond 127 steps
        assert (np.abs(linear.dequantized_weight() - weight) <= 0.51 * linear.weight_scale[:, None]).all()


def test_query_key_and_value_share_the_scale_of_their_input() -> None:
    linears = quantized_model().linears
    scales = {
        (linear.input_scale, linear.input_zero_point)
        for part in ("query", "key", "value")
        if isinstance(linear := linears[f"encoder.layers.1.attention.{part}"], QuantizedLinear)
    }
    assert len(scales) == 1


def test_named_linears_stay_fp32_and_change_no_other_scale() -> None:
    names = frozenset({"qa_outputs", "encoder.layers.0.feed_forward.down"})
    model = calibrate_and_convert(fp32_model(), ITEMS, spec=SPEC, fp32_linears=names)
    assert set(model.fp32_linears) == names
    expected = with_fp32(quantized_model(), fp32_model(), sorted(names)).tensors()
    actual = model.tensors()
    assert set(actual) == set(expected)
    for name, array in actual.items():
        if array.dtype == np.float32:
            np.testing.assert_allclose(array, expected[name], rtol=1e-4, atol=1e-7, err_msg=name)
        else:
            np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_an_unknown_linear_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ModelError, match=r"no linear 'encoder\.layers\.7\.out'") as caught:
        calibrate_and_convert(fp32_model(), ITEMS, spec=SPEC, fp32_linears=frozenset({"encoder.layers.7.out"}))
    assert "encoder.layers.1.feed_forward.up" in str(caught.value)


def test_the_fp32_model_is_not_changed() -> None:
    before = {name: value.clone() for name, value in fp32_model().state_dict().items()}
    calibrate_and_convert(fp32_model(), ITEMS[:2], spec=SPEC)
    assert all(torch.equal(value, before[name]) for name, value in fp32_model().state_dict().items())


def test_the_record_says_what_was_observed() -> None:
    record = quantized_model().calibration
    assert (record.name, record.windows, record.passes, record.retention) == ("tiny", 12, 24, "both")
    assert record.tokens == sum(len(item.window.input_ids) for item in ITEMS)
    assert record.tool.startswith("Intel Neural Compressor 3.")


def _ranges(observer: str) -> dict[str, float]:
    """How far the scale of each linear's input reaches."""
    model = calibrate_and_convert(
        fp32_model(), ITEMS, spec=SPEC.model_copy(update={"observer": observer, "smoothing": 0})
    )
    return {name: 255 * x.input_scale for name, x in model.linears.items() if isinstance(x, QuantizedLinear)}


def test_ranges_reach_from_the_smallest_to_the_largest_value_of_all_passes() -> None:
    floating, seen = copy.deepcopy(fp32_model()), dict[str, list[torch.Tensor]]()
    for name, table in quantized_model().embeddings.items():
        floating.get_submodule(name).weight.data = torch.from_numpy(table.dequantized())
    extremes, averages = _ranges("minmax"), _ranges("moving_average")
    for name in extremes:
        floating.get_submodule(name).register_forward_pre_hook(
            lambda _, given, name=name: seen.setdefault(name, []).append(torch.stack(given[0].aminmax()))
        )
    for item in ITEMS:
        ids = torch.from_numpy(item.window.input_ids)[None]
        types = torch.from_numpy(item.window.token_type_ids)[None]
        with torch.no_grad():
            floating(ids, torch.ones_like(ids), types, torch.tensor(item.lengths or (ids.size(1),) * CONFIG.num_layers))
    for name, found in seen.items():
        low, high = torch.stack(found).T
        assert extremes[name] == pytest.approx(float(high.max() - low.min()), rel=1e-3), name
        assert averages[name] < extremes[name], name
