"""An elastic encoder with a task head: span question answering or sequence classification."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from quantlat.models.elastic import ElasticEncoder
from quantlat.models.encoder_config import EncoderConfig

QUESTION_ANSWERING = "question-answering"
TEXT_CLASSIFICATION = "text-classification"
TASKS = (QUESTION_ANSWERING, TEXT_CLASSIFICATION)


class QAModel(nn.Module):
    """Start and end logits for every token, on restored states: ``[b, n] -> [b, n, 2]``."""

    task = QUESTION_ANSWERING

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = ElasticEncoder(config)
        self.qa_outputs = nn.Linear(config.hidden_size, 2)

    @property
    def config(self) -> EncoderConfig:
        """Shape of the encoder."""
        return self.encoder.config

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        lengths: Tensor | None = None,
        skipped: frozenset[int] = frozenset(),
        whole_layers: int = 0,
    ) -> Tensor:
        return self.head(self.encoder(input_ids, attention_mask, token_type_ids, lengths, skipped, whole_layers))

    def head(self, hidden: Tensor) -> Tensor:
        """Logits ``[b, n, 2]`` of restored states ``[b, n, H]``."""
        return self.qa_outputs(hidden)  # type: ignore[no-any-return]


class ClassificationModel(nn.Module):
    """Class logits from the restored ``[CLS]`` state: ``[b, n] -> [b, classes]``.

    The families differ in the activation between the two layers: tanh for BERT (its pooler) and RoBERTa, ReLU for
    DistilBERT. Published MobileBERT checkpoints have no first layer.
    """

    task = TEXT_CLASSIFICATION

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = ElasticEncoder(config)
        self.pooler = nn.Linear(config.hidden_size, config.hidden_size) if config.has_pooler else None
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)

    @property
    def config(self) -> EncoderConfig:
        """Shape of the encoder."""
        return self.encoder.config

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        lengths: Tensor | None = None,
        skipped: frozenset[int] = frozenset(),
        whole_layers: int = 0,
    ) -> Tensor:
        return self.head(self.encoder(input_ids, attention_mask, token_type_ids, lengths, skipped, whole_layers))

    def head(self, hidden: Tensor) -> Tensor:
        """Logits ``[b, classes]`` of states ``[b, n, H]``, of which ``[CLS]`` alone is read; it is never dropped."""
        pooled = hidden[:, 0]
        if self.pooler is not None:
            pooled = self.pooler(pooled)
            pooled = torch.relu(pooled) if self.config.family == "distilbert" else torch.tanh(pooled)
        return self.classifier(pooled)  # type: ignore[no-any-return]


TaskModel = QAModel | ClassificationModel


def order_classes(model: ClassificationModel, names: Sequence[str], wanted: Sequence[str]) -> bool:
    """Put the classes of a fine-tuned head, called ``names``, into the order ``wanted``, in place.

    Published checkpoints of one task number its classes differently. Case is ignored.

    Returns:
        Whether both name the same classes; the head is left as it is where they do not.
    """
    have, want = ([name.lower() for name in these] for these in (names, wanted))
    if sorted(have) != sorted(want) or len(set(have)) != len(have):
        return False
    order = torch.tensor([have.index(name) for name in want])
    with torch.no_grad():
        model.classifier.weight.copy_(model.classifier.weight[order].clone())
        model.classifier.bias.copy_(model.classifier.bias[order].clone())
    return True


def build_model(config: EncoderConfig, task: str) -> TaskModel:
    """A model with fresh weights (normal, standard deviation 0.02, as BERT's)."""
    model: TaskModel = QAModel(config) if task == QUESTION_ANSWERING else ClassificationModel(config)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
    return model
