"""Smoothing: outliers of activations move into the weights before the model is quantised.

SmoothQuant (Xiao et al. 2022, arXiv 2211.10438). A few channels of a layer's input and of its feed-forward's inner
activation are ten times larger than the rest (in MiniLM those of ``[SEP]``), and one scale per tensor has to cover
them. Multiplying channel ``j`` by ``m_j = max|W_j|^(1 - a) / max|X_j|^a`` and dividing the weight's column by it
changes nothing in fp32 and leaves INT8 a tensor of even channels. Q, K and V read one input and get one multiplier,
so they stay one product. What attention returns has no such outliers; a weaker ``a`` is best there.

What rounding activations adds to the logits is also what the runtimes disagree about: they round the same numbers, but
their sums differ in the last bit, and a value at the edge between two steps falls to either side.

Intel Neural Compressor's own SmoothQuant needs the archived IPEX, so this happens before INC sees the model. The
multiplier cannot be folded into the LayerNorm before it, because its output is also the residual; runtimes fuse it
with the quantisation that follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from quantlat.models.heads import TaskModel
from quantlat.quantization.calibration import CalibrationItem, CalibrationWindow
from quantlat.quantization.layout import layout_of

# Linears of a layer that share their input, and the share of ``alpha`` that suits them.
_GROUPS = (
    (("attention.query", "attention.key", "attention.value"), 1.0),
    (("attention.output",), 0.65),
    (("feed_forward.up",), 1.0),
    (("feed_forward.down",), 1.0),
)
# MobileBERT's: values and the shared bottleneck read the block's input, the input bottleneck its kept rows.
_BLOCK_GROUPS = (
    (("bottleneck.shared", "attention.value"), 1.0),
    (("attention.query", "attention.key"), 1.0),
    (("bottleneck.input",), 1.0),
    (("attention.output",), 0.65),
    (("feed_forward.up",), 1.0),
    (("feed_forward.down",), 1.0),
    (("bottleneck.output",), 1.0),
)
_LEAST = 1e-5  # a channel that never moves must not get an infinite multiplier


class SmoothedLinear(nn.Linear):
    """``linear(x * multiplier)`` with the weight's columns divided by ``multiplier`` ``[in]``."""

    multiplier: Tensor

    @classmethod
    def of(cls, linear: nn.Linear, multiplier: Tensor) -> SmoothedLinear:
        """The smoothed form of ``linear``; equal to it in exact arithmetic."""
        smoothed = cls(linear.in_features, linear.out_features)
        smoothed.weight = nn.Parameter(linear.weight.detach() / multiplier, requires_grad=False)
        smoothed.bias = nn.Parameter(linear.bias.detach(), requires_grad=False)
        smoothed.register_buffer("multiplier", multiplier)
        return smoothed

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input * self.multiplier, self.weight, self.bias)


def smooth(
    model: TaskModel,
    items: Sequence[CalibrationItem[CalibrationWindow]],
    *,
    alpha: float,
    skipped: frozenset[str] = frozenset(),
) -> None:
    """Replace the linears of ``model``'s layers by smoothed ones.

    Args:
        items: passes over which the largest activation of each channel is taken.
        alpha: in (0, 1]; the larger, the more of the outliers moves into the weights.
        skipped: linears to leave alone because they stay in fp32.
    """
    groups = [([name for name in names if name not in skipped], share) for names, share in _groups(model)]
    largest = channel_maxima(model, items, [names[0] for names, _ in groups if names])
    for names, share in groups:
        if names:
            _smooth_group(model, names, largest[names[0]], alpha * share)


def _groups(model: TaskModel) -> Iterator[tuple[list[str], float]]:
    """Full names of the linears that share an input, and their share of alpha."""
    known, bottleneck = set(layout_of(model.config, model.task).linears), model.config.bottleneck
    groups: tuple[tuple[tuple[str, ...], float], ...] = _GROUPS if bottleneck is None else _BLOCK_GROUPS
    if bottleneck is not None:
        stacked = [f"stack.{k}.{part}" for k in range(bottleneck.feed_forwards - 1) for part in ("up", "down")]
        groups = (*groups, *(((name,), 1.0) for name in stacked))
    for i in range(model.config.num_layers):
        for parts, share in groups:
            yield [name for part in parts if (name := f"encoder.layers.{i}.{part}") in known], share


def _smooth_group(model: TaskModel, names: Sequence[str], activation: Tensor, alpha: float) -> None:
    linears = [model.get_submodule(name) for name in names]
    assert all(isinstance(linear, nn.Linear) for linear in linears)
    weights = torch.stack([linear.weight.detach().abs().amax(0) for linear in linears])  # type: ignore[operator,union-attr]
    weight = weights.amax(0).clamp(min=_LEAST)
    multiplier = weight ** (1 - alpha) / activation.clamp(min=_LEAST) ** alpha
    multiplier = multiplier / multiplier.max()
    for name, linear in zip(names, linears, strict=True):
        parent, _, attribute = name.rpartition(".")
        setattr(model.get_submodule(parent), attribute, SmoothedLinear.of(linear, multiplier))  # type: ignore[arg-type]


def channel_maxima(
    model: TaskModel, items: Sequence[CalibrationItem[CalibrationWindow]], names: Sequence[str]
) -> dict[str, Tensor]:
    """Largest absolute value of each input channel of some linears, ``[in]`` by name."""
    largest: dict[str, Tensor] = {}

    def watch(name: str) -> torch.utils.hooks.RemovableHandle:
        def hook(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            found = arguments[0].abs().flatten(0, -2).amax(0)
            largest[name] = torch.maximum(largest[name], found) if name in largest else found

        return model.get_submodule(name).register_forward_pre_hook(hook)

    handles = [watch(name) for name in names]
    with torch.no_grad():
        for item in items:
            ids = torch.from_numpy(np.asarray(item.window.input_ids, np.int64))[None]
            types = torch.from_numpy(np.asarray(item.window.token_type_ids, np.int64))[None]
            lengths = None if item.lengths is None else torch.tensor(item.lengths)
            model(ids, torch.ones_like(ids), types, lengths)
    for handle in handles:
        handle.remove()
    return largest
