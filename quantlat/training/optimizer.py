"""AdamW (Loshchilov & Hutter, arXiv 1711.05101) with a linear schedule, as BERT is fine-tuned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from quantlat.recipe.schema import TrainOptions

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


def learning_rate_factor(step: int, total: int, warmup_ratio: float) -> float:
    """Share of the peak learning rate at ``step`` (from 0) of ``total``.

    Rises linearly over ``ceil(warmup_ratio · total)`` steps to 1, then falls linearly and would be 0 at
    ``total``.
    """
    warmup = math.ceil(warmup_ratio * total)
    if step < warmup:
        return (step + 1) / warmup
    return (total - step) / max(1, total - warmup)


class Schedule(Protocol):
    """Learning rates over the steps, as shares of the peak rate; parameters may differ in theirs."""

    def group_of(self, name: str) -> int:
        """Which parameters share their rate with the one called ``name``."""

    def factor(self, group: int, step: int, total: int) -> float:
        """Share of the peak rate that ``group`` has at ``step`` (from 0) of ``total``."""


@dataclass(frozen=True)
class LinearSchedule:
    """:func:`learning_rate_factor` for all parameters."""

    warmup_ratio: float

    def group_of(self, name: str) -> int:
        return 0

    def factor(self, group: int, step: int, total: int) -> float:
        return learning_rate_factor(step, total, self.warmup_ratio)


def build_optimizer(
    parameters: Mapping[str, nn.Parameter], options: TrainOptions, schedule: Schedule | None = None
) -> torch.optim.AdamW:
    """AdamW over ``parameters``; biases and norms (vectors) are not decayed.

    The fused implementation is one pass over the weights; where a device has none, the multi-tensor one is
    used.
    """
    members: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        group = schedule.group_of(name) if schedule is not None else 0
        members.setdefault((group, parameter.dim() > 1), []).append(parameter)
    groups = [
        {"params": chosen, "weight_decay": options.weight_decay if decays else 0.0, "schedule_group": group}
        for (group, decays), chosen in sorted(members.items(), key=lambda item: (item[0][0], not item[0][1]))
    ]
    try:
        return torch.optim.AdamW(groups, lr=options.learning_rate, eps=1e-8, fused=True)
    except RuntimeError:
        return torch.optim.AdamW(groups, lr=options.learning_rate, eps=1e-8, foreach=True)


def set_rates(optimizer: torch.optim.Optimizer, schedule: Schedule, *, peak: float, step: int, total: int) -> None:
    """Give every group of parameters its learning rate at ``step``."""
    for group in optimizer.param_groups:
        group["lr"] = peak * schedule.factor(group["schedule_group"], step, total)


def optimizer_tensors(optimizer: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter]) -> dict[str, Tensor]:
    """AdamW's moments and step counts by ``moment/parameter``; parameters without a gradient so far have none."""
    tensors = {}
    for name, parameter in parameters.items():
        state = optimizer.state.get(parameter, {})
        for moment in _MOMENTS:
            if moment in state:
                tensors[f"{moment}/{name}"] = torch.as_tensor(state[moment])
    return tensors


def restore_optimizer(
    optimizer: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter], tensors: Mapping[str, Tensor]
) -> None:
    """Inverse of :func:`optimizer_tensors`.

    Raises:
        KeyError, ValueError: a moment is missing or of another shape.
    """
    names = {id(parameter): name for name, parameter in parameters.items()}
    state: dict[int, dict[str, Tensor]] = {}
    order = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for index, parameter in enumerate(order):
        name = names[id(parameter)]
        if f"step/{name}" not in tensors:
            continue
        state[index] = {moment: tensors[f"{moment}/{name}"] for moment in _MOMENTS}
        if any(state[index][moment].shape != parameter.shape for moment in _MOMENTS[:2]):
            raise ValueError(f"optimiser state of {name} has another shape")
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
