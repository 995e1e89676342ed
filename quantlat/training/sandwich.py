"""The passes of a sandwich, with what they have in common computed once.

Up to the first layer that drops a token or is skipped, a sub-network computes exactly what the full pass
computed. So it branches off there::

    full        embeddings ─ layer 1 ─ layer 2 ─ layer 3 ─ layer 4 ─ layer 5 ─ layer 6 ─ head
    smallest                                 └─ layer 4 ─ layer 5 ─ layer 6 ─ head
    random                         └─ layer 3 ─ layer 4 ─ layer 5 ─ layer 6 ─ head

A branch starts at a detached copy of the shared state and is differentiated at once; the gradient it leaves there is
handed to the full pass, whose own backward pass runs last and carries the gradients of all of them through
the shared layers together. The sum is the gradient of separate passes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from quantlat.data.batching import Batch, shape_class
from quantlat.models import TaskModel
from quantlat.models.elastic import Survivors, padding_bias, restore_rows
from quantlat.training.length_sampling import Lengths, SubNetwork


def shared_layers(passed: SubNetwork, tokens: Lengths) -> int:
    """How many layers ``passed`` has in common with the full pass over sequences of ``tokens`` real tokens."""
    layers = passed.lengths.shape[1]
    whole = (passed.lengths == tokens[:, None]).all(axis=0)
    return next((i for i in range(layers) if i in passed.skipped or not whole[i]), layers)


@dataclass
class Sandwich:
    """One full pass and the branches off it.

    Attributes:
        model: runs the passes.
        mask: bool ``[b, n]``, real tokens.
        states: embeddings and the output of each layer of the full pass, ``[b, n, H]``.
        logits: of the full pass, as of the model's head.
        tokens: int64 ``[b]``, real tokens.
    """

    model: TaskModel
    mask: Tensor
    states: tuple[Tensor, ...]
    logits: Tensor
    tokens: Lengths
    _leaves: dict[int, Tensor] = field(default_factory=dict)

    @classmethod
    def start(cls, model: TaskModel, batch: Batch, tokens: Lengths) -> Sandwich:
        """Run the full pass."""
        encoder, mask = model.encoder, batch.attention_mask.to(torch.bool)
        states = [encoder.embeddings(batch.input_ids, batch.token_type_ids, mask)]
        bias = padding_bias(mask, states[0].dtype)
        for layer in encoder.layers:
            states.append(layer(states[-1], bias))
        return cls(model, mask, tuple(states), model.head(states[-1], mask), tokens)

    def branch(self, passed: SubNetwork) -> Tensor | None:
        """Logits of a sub-network, shaped like ``logits``; ``None`` when it is the full network."""
        first = shared_layers(passed, self.tokens)
        if first == len(self.states) - 1:
            return None
        lengths = torch.from_numpy(passed.lengths).to(self.mask.device)
        hidden = self._leaf(first)
        b, n = self.mask.shape
        rows = Survivors(hidden, self.mask, torch.arange(n, device=self.mask.device).expand(b, n))
        restored = F.pad(hidden, (0, 0, 0, 1))  # the last row takes what shorter sequences must not keep
        for i, layer in enumerate(self.model.encoder.layers):
            if i >= first and i not in passed.skipped:
                computed = shape_class(int(passed.lengths[:, i].max()))
                rows = layer.drop(rows, lengths[:, i], computed, self.model.scorer)  # type: ignore[operator]
                restored = restore_rows(restored, rows)
        logits: Tensor = self.model.head(restored[:, :n], self.mask)
        return logits

    def gradients(self) -> list[tuple[Tensor, Tensor]]:
        """Shared states and what the branches' backward passes have left for them so far."""
        return [(self.states[i], leaf.grad) for i, leaf in self._leaves.items() if leaf.grad is not None]

    def _leaf(self, layer: int) -> Tensor:
        """Where branches behind ``layer`` shared layers start; they add their gradients up there."""
        if layer not in self._leaves:
            state = self.states[layer]
            # Frozen embeddings want no gradient, and then neither does a branch that starts at them.
            self._leaves[layer] = state.detach().requires_grad_(state.requires_grad)
        return self._leaves[layer]
