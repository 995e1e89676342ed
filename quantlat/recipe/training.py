"""Options of one training step, and the ``teacher`` and ``student`` parts of a recipe."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from quantlat.recipe.base import Count, ModelReference, Part

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class TrainOptions(Part):
    """How one training loop runs; the defaults are those of distillation on a CPU."""

    epochs: Annotated[int | float, Field(gt=0, le=1000)]
    """May be a fraction: 0.5 stops half-way through the data."""
    learning_rate: Annotated[float, Field(gt=0, lt=1)]
    batch_size: Count = 16
    warmup_ratio: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the steps in which the learning rate rises linearly; it falls linearly afterwards."""
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """0 by default: on a CPU, dropout's random numbers cost more than the forward pass."""
    freeze_embeddings: bool = True
    seed: int = 42
    """In a recipe: the recipe's seed where this is not given."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    max_steps: Count | None = None
    """Stop after so many optimiser steps even if the epochs are not over."""


class TeacherOptions(Part):
    """The model whose answers the student learns; fine-tuned first unless ``train`` is null."""

    model: ModelReference
    sha256: Sha256 | None = None
    """Expected SHA-256 of the weight file in lower-case hexadecimal; a different file is refused."""
    train: TrainOptions | None = None
    """null: the checkpoint already has a head for the task and is used as it is."""


class StudentOptions(Part):
    """The model that will be deployed, before training."""

    model: ModelReference = "teacher"
    """A model reference, or ``teacher``: a copy of the fine-tuned teacher."""
    sha256: Sha256 | None = None
    layers: Count | Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False)] | None = None
    """null: all layers; a number: so many, evenly spaced; a list: these layers, counted from 0."""
    answer_weight: Annotated[float, Field(ge=0, le=8)] = 1.0
    """Question answering: say of the answer head in which tokens are dropped. A token's significance is the attention
    it receives times its probability to begin or end the answer to this power; 0 is the papers' rule, attention
    alone."""

    @model_validator(mode="after")
    def _layers_ascend(self) -> Self:
        if isinstance(self.layers, tuple) and (not self.layers or list(self.layers) != sorted(set(self.layers))):
            raise ValueError(f"layers: must be ascending and without repeats, got {list(self.layers)}")
        return self
