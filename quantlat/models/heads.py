"""An elastic encoder with a task head: span question answering, a text's class, its rating or its embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from quantlat.errors import ModelError
from quantlat.models.elastic import ElasticEncoder, Scorer
from quantlat.models.encoder_config import EncoderConfig

QUESTION_ANSWERING = "question-answering"
TEXT_CLASSIFICATION = "text-classification"
TEXT_REGRESSION = "text-regression"
EMBEDDING = "embedding"
TASKS = (QUESTION_ANSWERING, TEXT_CLASSIFICATION, TEXT_REGRESSION, EMBEDDING)
_PADDING = -1e4  # logit of padding: its exponential is zero in every runtime


class QAModel(nn.Module):
    """Start and end logits for every token, on restored states: ``[b, n] -> [b, n, 2]``."""

    task = QUESTION_ANSWERING

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = ElasticEncoder(config)
        self.qa_outputs = nn.Linear(config.hidden_size, 2)
        # The head's weight [2, H] in fp32 where `qa_outputs` is not a plain linear (a quantised model).
        self.answer_head: Tensor | None
        self.register_buffer("answer_head", None, persistent=False)

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
        hidden = self.encoder(input_ids, attention_mask, token_type_ids, lengths, skipped, whole_layers, self.scorer)
        return self.head(hidden, attention_mask)

    def head(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits ``[b, n, 2]`` of restored states ``[b, n, H]``."""
        return self.qa_outputs(hidden)  # type: ignore[no-any-return]

    def set_answer_weight(self, weight: float) -> None:
        """Change the head's say in which tokens are dropped; 0 takes it away."""
        self.encoder.config = replace(self.encoder.config, answer_weight=float(weight))

    @property
    def scorer(self) -> Scorer | None:
        """What speaks for a token besides the attention it receives; ``None``: nothing (``answer_weight`` 0)."""
        return self.answer_scores if self.config.answer_weight > 0.0 else None

    def answer_scores(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """How likely the head thinks an answer begins or ends at a token, by states ``[b, l, H]``: ``[b, l]``.

        ``w * max(log p_start, log p_end)`` over the tokens that are left, with ``w`` the ``answer_weight``. LengthDrop
        trains the head on the states at which tokens leave, so its opinion of a middle layer is worth hearing.
        """
        # No gradient comes this way: tokens are chosen, not weighed.
        weight = (self.qa_outputs.weight if self.answer_head is None else self.answer_head).detach()
        # A product, not a linear: no tool quantises it. The head's bias is the same for all tokens.
        logits = torch.matmul(hidden.detach(), weight.t().to(hidden.dtype)).float()
        logits = logits.masked_fill(~mask[..., None], _PADDING)
        return self.config.answer_weight * logits.log_softmax(1).amax(-1)


class ClassificationModel(nn.Module):
    """Class logits from the restored ``[CLS]`` state: ``[b, n] -> [b, classes]``.

    The families differ in the activation between the two layers: tanh for BERT (its pooler) and RoBERTa, ReLU for
    DistilBERT. Published MobileBERT checkpoints have no first layer.
    """

    task = TEXT_CLASSIFICATION
    scorer: Scorer | None = None  # attention alone says which tokens are dropped

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
        hidden = self.encoder(input_ids, attention_mask, token_type_ids, lengths, skipped, whole_layers)
        return self.head(hidden, attention_mask)

    def head(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits ``[b, classes]`` of states ``[b, n, H]``, of which ``[CLS]`` alone is read; it is never dropped."""
        pooled = hidden[:, 0]
        if self.pooler is not None:
            pooled = self.pooler(pooled)
            pooled = torch.relu(pooled) if self.config.family == "distilbert" else torch.tanh(pooled)
        return self.classifier(pooled)  # type: ignore[no-any-return]


class RegressionModel(ClassificationModel):
    """The rating of a text or of a pair of texts, in the units of the labels: ``[b, n] -> [b, 1]``.

    A classifier's head with one output, as for BERT on STS-B (Devlin et al., arXiv 1810.04805, section 4.1).
    """

    task = TEXT_REGRESSION

    def __init__(self, config: EncoderConfig) -> None:
        if config.num_labels != 1:
            raise ModelError(f"a rating is one number, but this head has {config.num_labels} outputs")
        super().__init__(config)


class EmbeddingModel(nn.Module):
    """A text as one vector of length 1: the mean over the restored states of its real tokens, ``[b, n] -> [b, H]``.

    The pooling of Sentence-BERT (Reimers and Gurevych 2019, arXiv 1908.10084, section 3); the cosine of two texts is
    the product of their vectors. A token that was dropped takes part with the deepest state that it reached.
    """

    task = EMBEDDING
    scorer: Scorer | None = None  # attention alone says which tokens are dropped

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = ElasticEncoder(config)

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
        hidden = self.encoder(input_ids, attention_mask, token_type_ids, lengths, skipped, whole_layers)
        return self.head(hidden, attention_mask)

    def head(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """Embeddings ``[b, H]`` of restored states ``[b, n, H]``; ``attention_mask`` ``[b, n]``."""
        mask = attention_mask.to(hidden.dtype)
        total = torch.matmul(mask[:, None, :], hidden)[:, 0]
        mean = total / mask.sum(1, keepdim=True).clamp(min=1.0)
        # As torch.nn.functional.normalize, spelt out: every exporter knows these operators.
        return mean / mean.pow(2).sum(1, keepdim=True).sqrt().clamp(min=1e-12)


TaskModel = QAModel | ClassificationModel | EmbeddingModel
"""``head(hidden [b, n, H], attention_mask [b, n])`` of each gives its logits; see the classes."""

_MODELS: dict[str, type[QAModel] | type[ClassificationModel] | type[EmbeddingModel]] = {
    QUESTION_ANSWERING: QAModel,
    TEXT_CLASSIFICATION: ClassificationModel,
    TEXT_REGRESSION: RegressionModel,
    EMBEDDING: EmbeddingModel,
}


def logits_shape(config: EncoderConfig, task: str, sequences: int, tokens: int) -> tuple[int, ...]:
    """Shape of a batch's logits: ``[b, n, 2]``, ``[b, classes]``, ``[b, 1]`` for ratings, or ``[b, H]``."""
    if task == QUESTION_ANSWERING:
        return (sequences, tokens, 2)
    return (sequences, config.hidden_size if task == EMBEDDING else config.num_labels)


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
    model: TaskModel = _MODELS[task](config)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
    return model
