"""What the logits of each task are trained against; the steps of the loop know no task beyond this.

Span logits are two distributions over the real tokens of a window, class logits are one over the classes.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from quantlat.data.batching import Batch
from quantlat.errors import ModelError
from quantlat.models import ClassificationModel, QAModel
from quantlat.training.losses import class_cross_entropy, span_cross_entropy


class Objective(Protocol):
    """Loss against labels, and the candidates of soft ones."""

    def hard_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Mean cross-entropy with the labels of the batch, a scalar."""

    def candidates(self, batch: Batch) -> Tensor | None:
        """``[b, n]``, nonzero where a distribution may have probability; ``None``: everywhere."""

    def rows(self, tokens: int) -> int:
        """Rows of logits of a window of ``tokens`` real tokens."""

    def columns(self, model: nn.Module) -> int:
        """Logits in a row."""


class SpanObjective:
    """BERT's question answering (Devlin et al., arXiv 1810.04805): first and last token of the answer."""

    def hard_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return span_cross_entropy(logits, batch.starts, batch.ends, batch.attention_mask)

    def candidates(self, batch: Batch) -> Tensor | None:
        return batch.attention_mask

    def rows(self, tokens: int) -> int:
        return tokens

    def columns(self, model: nn.Module) -> int:
        return 2


class ClassObjective:
    """The class of a text or of a pair of texts."""

    def hard_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return class_cross_entropy(logits, batch.labels)

    def candidates(self, batch: Batch) -> Tensor | None:
        return None

    def rows(self, tokens: int) -> int:
        return 1

    def columns(self, model: nn.Module) -> int:
        assert isinstance(model, ClassificationModel)
        return model.config.num_labels


def objective_of(model: nn.Module) -> Objective:
    """The objective of a task model.

    Raises:
        ModelError: the model has no head of a known task.
    """
    if isinstance(model, QAModel):
        return SpanObjective()
    if isinstance(model, ClassificationModel):
        return ClassObjective()
    raise ModelError(f"{type(model).__name__} has no head that could be trained")
