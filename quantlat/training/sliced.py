"""Passes of sub-networks on the weights of the one model they are slices of.

A sub-network is a dense model of its own shape whose parameters are views of the whole model's: products are as small
as they will be when it is deployed, and gradients arrive in the whole model.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from quantlat.data.batching import Batch
from quantlat.models import TaskModel, build_model
from quantlat.models.elastic import Survivors, padding_bias, restore_rows
from quantlat.models.retention import ElasticConfig
from quantlat.models.rewiring import parameter_views


@dataclass(frozen=True)
class PassResult:
    """What a pass leaves.

    Attributes:
        logits: ``[b, n, 2]`` of spans, ``[b, classes]`` of classes.
        states: embeddings and the output of each layer that ran, ``[b, n, H]``; empty where tokens were dropped.
    """

    logits: Tensor
    states: tuple[Tensor, ...]


class SubnetworkPasses:
    """Runs sub-networks of ``model``; the shape of each is built once and holds no weights."""

    def __init__(self, model: TaskModel) -> None:
        self.model = model
        self._shapes: dict[ElasticConfig, _Pass] = {}

    def run(self, elastic: ElasticConfig, batch: Batch, lengths: Tensor | None = None) -> PassResult:
        """One pass.

        Args:
            elastic: width and layers; its retention plays no part.
            lengths: int64 ``[b, layers that run]``, rows that leave each layer's attention; ``None``: all.
        """
        network = elastic.network
        if network.is_whole_network:
            logits, *states = _run(self.model, batch, lengths)
            return PassResult(logits, tuple(states))
        if network not in self._shapes:
            with torch.device("meta"):
                self._shapes[network] = _Pass(build_model(network.encoder(self.model.config), self.model.task))
        shape = self._shapes[network]
        shape.train(self.model.training)
        shape.model.encoder.set_dropout(self.model.encoder.embeddings.dropout.rate)
        views = parameter_views(self.model, shape.model, network)
        named = {f"model.{name}": view for name, view in views.items()}
        logits, *states = functional_call(shape, named, (batch, lengths))
        return PassResult(logits, tuple(states))


class _Pass(nn.Module):
    """A model whose ``forward`` is :func:`_run`, for ``functional_call``."""

    def __init__(self, model: TaskModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch, lengths: Tensor | None) -> tuple[Tensor, ...]:
        return _run(self.model, batch, lengths)


def _run(model: TaskModel, batch: Batch, lengths: Tensor | None) -> tuple[Tensor, ...]:
    """Logits, and at full length the embeddings and every layer's output."""
    encoder, mask = model.encoder, batch.attention_mask.to(torch.bool)
    states = [encoder.embeddings(batch.input_ids, batch.token_type_ids)]
    if lengths is None:
        bias = padding_bias(mask, states[0].dtype)
        for layer in encoder.layers:
            states.append(layer(states[-1], bias))
        return (model.head(states[-1], mask), *states)
    b, n = mask.shape
    rows = Survivors(states[0], mask, torch.arange(n, device=mask.device).expand(b, n))
    restored = F.pad(states[0], (0, 0, 0, 1))  # the last row takes what shorter sequences must not keep
    for i, layer in enumerate(encoder.layers):
        rows = layer.drop(rows, lengths[:, i], scorer=model.scorer)  # type: ignore[operator]
        restored = restore_rows(restored, rows)
    return (model.head(restored[:, :n], mask),)
