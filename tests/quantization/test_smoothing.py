"""Smoothing moves outliers into the weights: the fp32 model stays the same, its INT8 form gets closer to it."""

from __future__ import annotations

import copy

import pytest
import torch

from quantlat.models import QAModel
from quantlat.quantization.artifact import QuantizedLinear, QuantizedModel
from quantlat.quantization.calibration import CalibrationSpec, draw
from quantlat.quantization.inc import calibrate_and_convert
from quantlat.quantization.reference import build_task_model
from quantlat.quantization.smoothing import SmoothedLinear, channel_maxima, smooth
from tests.quantization.tiny import CALIBRATION_WINDOWS, CONFIG, fp32_model, window

UP, DOWN = "encoder.layers.0.feed_forward.up", "encoder.layers.1.feed_forward.down"
SPEC = CalibrationSpec(name="outliers", windows=8, retention="none")
ITEMS = draw(SPEC, CALIBRATION_WINDOWS, layers=CONFIG.num_layers)


@pytest.fixture(scope="module")
def outliers() -> QAModel:
    """A model as MiniLM is: two channels of the feed-forward's input are thirty times larger than the others."""
    model = copy.deepcopy(fp32_model())
    norm = model.encoder.layers[0].attention.norm
    norm.weight.data[:2] *= 30.0  # type: ignore[union-attr,operator]
    return model


def logits(model: torch.nn.Module) -> torch.Tensor:
    ids = torch.from_numpy(window(60, seed=5).input_ids)[None]
    with torch.no_grad():
        return model(ids, torch.ones_like(ids))  # type: ignore[no-any-return]


def quantized(model: QAModel, smoothing: float) -> QuantizedModel:
    return calibrate_and_convert(model, ITEMS, spec=SPEC.model_copy(update={"smoothing": smoothing}))


def test_a_smoothed_model_computes_the_same_in_fp32(outliers: QAModel) -> None:
    model = copy.deepcopy(outliers)
    smooth(model, ITEMS, alpha=0.7)
    replaced = [name for name, module in model.named_modules() if isinstance(module, SmoothedLinear)]
    assert len(replaced) == 12 and UP in replaced and DOWN in replaced
    torch.testing.assert_close(logits(model), logits(outliers), atol=1e-4, rtol=1e-4)


def test_channels_become_even(outliers: QAModel) -> None:
    before = channel_maxima(outliers, ITEMS, [UP])[UP]
    model = copy.deepcopy(outliers)
    smooth(model, ITEMS, alpha=1.0)
    after = before * model.get_submodule(UP).multiplier  # type: ignore[operator]
    assert before.max() > 8 * before.median()
    torch.testing.assert_close(after, torch.full_like(after, float(after[0])), rtol=1e-4, atol=0)


def test_int8_comes_closer_to_fp32_when_smoothed(outliers: QAModel) -> None:
    expected = logits(outliers)
    plain, smoothed = (
        float((logits(build_task_model(quantized(outliers, alpha))) - expected).square().mean()) for alpha in (0.0, 0.7)
    )
    assert smoothed < 0.85 * plain


def test_query_key_and_value_stay_one_product(outliers: QAModel) -> None:
    linears = quantized(outliers, 0.9).linears
    query, *others = (linears[f"encoder.layers.1.attention.{part}"] for part in ("query", "key", "value"))
    assert isinstance(query, QuantizedLinear) and query.input_multiplier is not None
    for other in others:
        assert isinstance(other, QuantizedLinear) and other.input_multiplier is not None
        assert (other.input_scale, other.input_zero_point) == (query.input_scale, query.input_zero_point)
        assert (other.input_multiplier == query.input_multiplier).all()


def test_a_linear_that_stays_in_fp32_is_not_smoothed(outliers: QAModel) -> None:
    model = copy.deepcopy(outliers)
    smooth(model, ITEMS, alpha=0.7, skipped=frozenset({UP}))
    assert not isinstance(model.get_submodule(UP), SmoothedLinear)


def test_without_smoothing_no_linear_has_a_multiplier(outliers: QAModel) -> None:
    assert quantized(outliers, 0.0).smoothed_linears == ()
    assert UP in quantized(outliers, 0.7).smoothed_linears
