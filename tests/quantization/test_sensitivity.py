"""Sensitive linears are found by measuring, and go back to fp32 until the criterion holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from quantlat.errors import ModelError
from quantlat.models.heads import TaskModel
from quantlat.quantization.artifact import QuantizedLinear, QuantizedModel
from quantlat.quantization.sensitivity import choose_fp32_linears, match_linears, rank_linears
from tests.quantization.tiny import fp32_model, quantized_model, window

BROKEN = "encoder.layers.0.feed_forward.down"
WINDOWS = [window(24, seed=50), window(40, seed=51)]


@pytest.fixture(scope="module")
def damaged() -> QuantizedModel:
    """One linear whose input range is far too small, as a bad calibration leaves it."""
    linear = quantized_model().linears[BROKEN]
    assert isinstance(linear, QuantizedLinear)
    broken = replace(linear, input_scale=linear.input_scale / 50)
    return replace(quantized_model(), linears={**quantized_model().linears, BROKEN: broken})


def similarity(model: TaskModel) -> float:
    """A stand-in for F1: minus the logits' distance from fp32's."""
    ids = torch.from_numpy(window(40, seed=51).input_ids)[None]
    with torch.no_grad():
        difference = model(ids, torch.ones_like(ids)) - fp32_model()(ids, torch.ones_like(ids))
    return -float(difference.square().mean())


def test_the_damaged_linear_is_ranked_first(damaged: QuantizedModel) -> None:
    ranking = rank_linears(damaged, fp32_model(), WINDOWS)
    assert len(ranking) == 13 and ranking[0].name == BROKEN
    assert ranking[0].logit_mse > 10 * ranking[1].logit_mse
    errors = [entry.logit_mse for entry in ranking]
    assert errors == sorted(errors, reverse=True) and np.isfinite(errors).all()


def test_the_damaged_linear_alone_goes_back_to_fp32(damaged: QuantizedModel) -> None:
    floor = 2 * similarity_of(quantized_model())
    result = choose_fp32_linears(damaged, fp32_model(), WINDOWS, evaluate=similarity, floor=floor, max_fp32_linears=4)
    assert result.reached and result.model.fp32_linears == (BROKEN,)
    assert [step.fp32_linears for step in result.steps] == [(), (BROKEN,)]
    assert result.steps[0].score < floor <= result.steps[1].score


def similarity_of(model: QuantizedModel) -> float:
    from quantlat.quantization.reference import build_task_model

    return similarity(build_task_model(model))


def test_nothing_is_ranked_when_the_criterion_already_holds() -> None:
    result = choose_fp32_linears(
        quantized_model(), fp32_model(), WINDOWS, evaluate=similarity, floor=-1e9, max_fp32_linears=4
    )
    assert result.reached and result.model is quantized_model() and not result.ranking and len(result.steps) == 1


def test_an_unreachable_floor_ends_with_the_best_try(damaged: QuantizedModel) -> None:
    result = choose_fp32_linears(damaged, fp32_model(), WINDOWS, evaluate=similarity, floor=1.0, max_fp32_linears=2)
    best = max(result.steps, key=lambda step: step.score)
    assert not result.reached and len(result.steps) == 3
    assert set(result.model.fp32_linears) == set(best.fp32_linears)


def test_patterns_select_linears_and_a_pattern_without_a_match_is_refused() -> None:
    assert match_linears(fp32_model(), ["qa_outputs", "*.0.feed_forward.*"]) == {
        "qa_outputs",
        "encoder.layers.0.feed_forward.up",
        "encoder.layers.0.feed_forward.down",
    }
    with pytest.raises(ModelError, match=r"no linear matches '\*\.atention\.\*'"):
        match_linears(fp32_model(), ["*.atention.*"])
