"""An elastic encoder with a task head: span question answering or sequence classification."""

from __future__ import annotations

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
        return self.qa_outputs(  # type: ignore[no-any-return]
            self.encoder(input_ids, attention_mask, token_type_ids, lengths, skipped, whole_layers)
        )


class ClassificationModel(nn.Module):
    """Class logits from the restored ``[CLS]`` state: ``[b, n] -> [b, classes]``.

    The families differ in the activation between the two layers: tanh for BERT (its pooler) and RoBERTa, ReLU for
    DistilBERT.
    """

    task = TEXT_CLASSIFICATION

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = ElasticEncoder(config)
        self.pooler = nn.Linear(config.hidden_size, config.hidden_size)
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
        first = self.encoder(input_ids, attention_mask, token_type_ids, lengths, skipped, whole_layers)[:, 0]
        pooled = self.pooler(first)
        pooled = torch.relu(pooled) if self.config.family == "distilbert" else torch.tanh(pooled)
        return self.classifier(pooled)  # type: ignore[no-any-return]


TaskModel = QAModel | ClassificationModel


def build_model(config: EncoderConfig, task: str) -> TaskModel:
    """A model with fresh weights (normal, standard deviation 0.02, as BERT's)."""
    model: TaskModel = QAModel(config) if task == QUESTION_ANSWERING else ClassificationModel(config)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
    return model
