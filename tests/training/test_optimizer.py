from __future__ import annotations

import pytest
import torch
from torch import nn

from quantlat.recipe.schema import TrainOptions
from quantlat.training.optimizer import (
    build_optimizer,
    learning_rate_factor,
    optimizer_tensors,
    restore_optimizer,
)


def test_the_learning_rate_rises_linearly_and_falls_linearly() -> None:
    factors = [learning_rate_factor(step, 10, 0.2) for step in range(10)]
    assert factors == pytest.approx([0.5, 1.0, 1.0, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])


def test_without_warm_up_it_starts_at_its_peak() -> None:
    assert learning_rate_factor(0, 4, 0.0) == 1.0
    assert learning_rate_factor(3, 4, 0.0) == 0.25


def test_a_warm_up_over_everything_never_divides_by_zero() -> None:
    assert [learning_rate_factor(step, 2, 1.0) for step in range(2)] == [0.5, 1.0]


def test_only_matrices_decay() -> None:
    layer = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(1.0)
    options = TrainOptions(epochs=1, learning_rate=0.1, weight_decay=0.5)
    optimizer = build_optimizer(dict(layer.named_parameters()), options)
    for parameter in layer.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert layer[0].weight[0, 0].item() == pytest.approx(1 - 0.1 * 0.5)
    assert layer[0].bias[0].item() == layer[1].weight[0].item() == layer[1].bias[0].item() == 1.0


def test_a_restored_optimizer_makes_the_same_next_step() -> None:
    generator = torch.Generator().manual_seed(0)
    options = TrainOptions(epochs=1, learning_rate=0.1)
    gradients = [torch.randn(3, 3, generator=generator) for _ in range(3)]
    parameters = {"used": nn.Parameter(torch.ones(3, 3)), "unused": nn.Parameter(torch.ones(2))}
    optimizer = build_optimizer(parameters, options)
    for gradient in gradients[:2]:
        parameters["used"].grad = gradient
        optimizer.step()
    saved = {name: tensor.clone() for name, tensor in optimizer_tensors(optimizer, parameters).items()}
    assert set(saved) == {"exp_avg/used", "exp_avg_sq/used", "step/used"}
    copies = {name: nn.Parameter(p.detach().clone()) for name, p in parameters.items()}
    other = build_optimizer(copies, options)
    restore_optimizer(other, copies, saved)
    for one, group in ((optimizer, parameters), (other, copies)):
        group["used"].grad = gradients[2].clone()
        one.step()
    assert torch.equal(parameters["used"], copies["used"])


def test_moments_of_another_shape_are_refused() -> None:
    parameters = {"weight": nn.Parameter(torch.ones(3, 3))}
    optimizer = build_optimizer(parameters, TrainOptions(epochs=1, learning_rate=0.1))
    moments = {f"{moment}/weight": torch.zeros(2, 2) for moment in ("exp_avg", "exp_avg_sq", "step")}
    with pytest.raises(ValueError, match="weight"):
        restore_optimizer(optimizer, parameters, moments)
