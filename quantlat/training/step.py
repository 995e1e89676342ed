"""What the training loop and the work of one optimiser step have to do with each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from quantlat.data.batching import Batch
from quantlat.training.device import Execution


@dataclass
class StepContext:
    """What a step may use besides the model and its batch.

    Attributes:
        step: optimiser steps done before this one.
        total: optimiser steps of the whole training.
    """

    step: int
    total: int
    seed: int
    execution: Execution
    weight: float = 1.0
    loss: Tensor | None = None

    def rng(self) -> np.random.Generator:
        """A generator that depends on the seed and the step alone."""
        return np.random.default_rng([self.seed, self.step])

    def backward(self, loss: Tensor, shared: Sequence[tuple[Tensor, Tensor]] = ()) -> None:
        """Add the gradient of ``loss`` (a scalar) to this optimiser step's and free its graph.

        A step with several passes calls it after each, so that their activations are not all held at once.

        Args:
            shared: states of this pass and the gradients that passes branching off them have left there.
        """
        weighted = loss * self.weight if self.weight != 1.0 else loss
        with self.execution.autocast(enabled=False):
            torch.autograd.backward(
                [weighted, *(state for state, _ in shared)], [None, *(gradient for _, gradient in shared)]
            )
        self.loss = loss.detach() if self.loss is None else self.loss + loss.detach()


Step = Callable[[nn.Module, Batch, StepContext], Mapping[str, Tensor]]
"""Runs the passes of one optimiser step, calls ``context.backward`` for each, and returns the names and
(detached)
values of the parts of its loss, the same names at every step."""
