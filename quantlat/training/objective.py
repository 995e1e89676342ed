"""What the logits of each task are trained against; the steps of the loop know no task beyond this.

Span logits are two distributions over the real tokens of a window, class logits are one over the classes. A rating is
a number. Embeddings are points, and have no labels.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from quantlat.data.batching import Batch
from quantlat.errors import ModelError
from quantlat.models import ClassificationModel, EmbeddingModel, QAModel, RegressionModel
from quantlat.training.losses import (
    class_cross_entropy,
    embedding_distance,
    forward_kl,
    span_cross_entropy,
    squared_error,
)


class Objective(Protocol):
    """Loss against labels and against soft labels."""

    def hard_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Mean cross-entropy with the labels of the batch, or squared distance from its ratings, a scalar.

        Raises:
            ModelError: the task has no labels.
        """

    def divergence(self, logits: Tensor, target: Tensor, batch: Batch, temperature: float) -> Tensor:
        """How far the logits are from other ones of the same windows, a scalar that is 0 where they agree."""

    def rows(self, tokens: int) -> int:
        """Rows of logits of a window of ``tokens`` real tokens."""

    def columns(self, model: nn.Module) -> int:
        """Logits in a row."""


class SpanObjective:
    """BERT's question answering (Devlin et al., arXiv 1810.04805): first and last token of the answer."""

    def hard_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return span_cross_entropy(logits, batch.starts, batch.ends, batch.attention_mask)

    def divergence(self, logits: Tensor, target: Tensor, batch: Batch, temperature: float) -> Tensor:
        return forward_kl(logits, target, batch.attention_mask, temperature)

    def rows(self, tokens: int) -> int:
        return tokens

    def columns(self, model: nn.Module) -> int:
        return 2


class ClassObjective:
    """The class of a text or of a pair of texts."""

    def hard_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return class_cross_entropy(logits, batch.labels)

    def divergence(self, logits: Tensor, target: Tensor, batch: Batch, temperature: float) -> Tensor:
        return forward_kl(logits, target, None, temperature)

    def rows(self, tokens: int) -> int:
        return 1

    def columns(self, model: nn.Module) -> int:
        assert isinstance(model, ClassificationModel)
        return model.config.num_labels


class RatingObjective:
    """The number of a text or of a pair of texts; temperatures, which are those of distributions, say nothing here."""

    def hard_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return squared_error(logits, batch.labels)

    def divergence(self, logits: Tensor, target: Tensor, batch: Batch, temperature: float) -> Tensor:
        return squared_error(logits, target)

    def rows(self, tokens: int) -> int:
        return 1

    def columns(self, model: nn.Module) -> int:
        return 1


class EmbeddingObjective:
    """A text's place among others; temperatures, which are those of distributions, say nothing here."""

    def hard_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        raise ModelError("embeddings have no labels to be trained with", "Set hard_label_weight to 0.")

    def divergence(self, logits: Tensor, target: Tensor, batch: Batch, temperature: float) -> Tensor:
        return embedding_distance(logits, target)

    def rows(self, tokens: int) -> int:
        return 1

    def columns(self, model: nn.Module) -> int:
        assert isinstance(model, EmbeddingModel)
        return model.config.hidden_size


def objective_of(model: nn.Module) -> Objective:
    """The objective of a task model.

    Raises:
        ModelError: the model has no head of a known task.
    """
    if isinstance(model, QAModel):
        return SpanObjective()
    if isinstance(model, RegressionModel):
        return RatingObjective()
    if isinstance(model, ClassificationModel):
        return ClassObjective()
    if isinstance(model, EmbeddingModel):
        return EmbeddingObjective()
    raise ModelError(f"{type(model).__name__} has no head that could be trained")
