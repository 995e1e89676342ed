"""Shape and family of an encoder, read from a Hugging Face ``config.json``.

One description serves BERT, MiniLM, RoBERTa and DistilBERT; the differences between them are four numbers
(token types, position offset, padding id, LayerNorm epsilon) and the names of their parameters
(:mod:`quantlat.models.parameter_names`). MobileBERT's blocks are described by one field more
(:mod:`quantlat.models.bottleneck`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from quantlat.errors import ModelError
from quantlat.models.bottleneck import Bottleneck

FAMILIES = ("bert", "roberta", "distilbert", "mobilebert")
ACTIVATIONS = ("gelu", "gelu_new", "relu")

MAX_ANSWER_WEIGHT = 8.0

_WIDTHS = ("layer_heads", "layer_neurons")

# Bounds on what an untrusted config.json may ask for; the largest encoders in use are well below them.
_BOUNDS = {
    "vocab_size": (8, 1_000_000),
    "hidden_size": (8, 8192),
    "num_layers": (1, 96),
    "num_heads": (1, 256),
    "intermediate_size": (8, 65536),
    "max_positions": (8, 32768),
    "type_vocab_size": (0, 64),
}


@dataclass(frozen=True)
class EncoderConfig:
    """Hyper-parameters of an encoder.

    Attributes:
        family: ``bert`` (also MiniLM), ``roberta``, ``distilbert`` or ``mobilebert``.
        max_positions: longest sequence in tokens that has position embeddings.
        type_vocab_size: number of token types; 0 when the family has none (DistilBERT).
        position_offset: index of the first position embedding (RoBERTa starts behind its padding id).
        num_labels: outputs of a classification head, 1 for ratings; 2 for other tasks.
        layer_heads: attention heads of each layer where they are fewer than ``num_heads``; empty: all of them. The
            size of a head stays ``hidden_size / num_heads``.
        layer_neurons: feed-forward neurons of each layer where they are fewer than ``intermediate_size``; empty: all.
        bottleneck: MobileBERT's blocks; ``None`` for the other families.
        answer_weight: say of the answer head in which tokens are dropped (question answering alone); 0: attention
            decides alone. See :func:`quantlat.models.elastic.significance`.
    """

    family: str
    vocab_size: int
    hidden_size: int
    num_layers: int
    num_heads: int
    intermediate_size: int
    max_positions: int
    type_vocab_size: int
    layer_norm_eps: float = 1e-12
    activation: str = "gelu"
    pad_token_id: int = 0
    position_offset: int = 0
    num_labels: int = 2
    layer_heads: tuple[int, ...] = ()
    layer_neurons: tuple[int, ...] = ()
    bottleneck: Bottleneck | None = None
    answer_weight: float = 0.0

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ModelError(
                f"unknown encoder family {self.family!r}; supported: {', '.join(FAMILIES)} (MiniLM is bert)"
            )
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise ModelError(f"encoder config: {name} must be an integer in [{low}, {high}], got {value!r}")
        if (self.family == "mobilebert") != (self.bottleneck is not None):
            raise ModelError(f"encoder config: bottleneck belongs to mobilebert, the family is {self.family!r}")
        if self.attention_size % self.num_heads:
            name = "hidden_size" if self.bottleneck is None else "the bottleneck's size"
            raise ModelError(
                f"encoder config: {name} {self.attention_size} is not a multiple of num_heads {self.num_heads}"
            )
        if self.activation not in ACTIVATIONS:
            raise ModelError(
                f"encoder config: activation {self.activation!r} is not supported; known: {', '.join(ACTIVATIONS)}"
            )
        if not 0.0 < float(self.layer_norm_eps) < 0.1:
            raise ModelError(f"encoder config: layer_norm_eps {self.layer_norm_eps!r} is out of (0, 0.1)")
        if not 0 <= self.pad_token_id < self.vocab_size:
            raise ModelError(f"encoder config: pad_token_id {self.pad_token_id} is outside the vocabulary")
        if not 0 <= self.position_offset <= 16:
            raise ModelError(f"encoder config: position_offset {self.position_offset} is out of [0, 16]")
        if not 1 <= self.num_labels <= 100_000:
            raise ModelError(f"encoder config: num_labels {self.num_labels} is out of [1, 100000]")
        if not isinstance(self.answer_weight, float) or not 0.0 <= self.answer_weight <= MAX_ANSWER_WEIGHT:
            raise ModelError(
                f"encoder config: answer_weight must be in [0, {MAX_ANSWER_WEIGHT:g}], got {self.answer_weight!r}"
            )
        if self.bottleneck is not None and (self.layer_heads or self.layer_neurons):
            raise ModelError("encoder config: MobileBERT's layers cannot be narrower than the encoder")
        self._check_widths("layer_heads", self.num_heads)
        self._check_widths("layer_neurons", self.intermediate_size)

    def _check_widths(self, name: str, most: int) -> None:
        widths = getattr(self, name)
        if not widths:
            return
        if not isinstance(widths, tuple) or len(widths) != self.num_layers:
            raise ModelError(f"encoder config: {name} must hold one number for each of {self.num_layers} layers")
        for i, width in enumerate(widths):
            if type(width) is not int or not 1 <= width <= most:
                raise ModelError(f"encoder config: {name} of layer {i + 1} must be in [1, {most}], got {width!r}")

    @property
    def attention_size(self) -> int:
        """Width of all attention heads together."""
        return self.hidden_size if self.bottleneck is None else self.bottleneck.size

    @property
    def head_size(self) -> int:
        """Width of one attention head."""
        return self.attention_size // self.num_heads

    @property
    def has_pooler(self) -> bool:
        """Whether a classification head has a linear and an activation before its classifier."""
        return self.bottleneck is None or self.bottleneck.has_pooler

    @property
    def heads(self) -> tuple[int, ...]:
        """Attention heads of each layer."""
        return self.layer_heads or (self.num_heads,) * self.num_layers

    @property
    def neurons(self) -> tuple[int, ...]:
        """Feed-forward neurons of each layer."""
        return self.layer_neurons or (self.intermediate_size,) * self.num_layers

    def attention_width(self, layer: int) -> int:
        """Columns of the layer's query, key, value and context: its heads times their size."""
        return self.heads[layer] * self.head_size

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; what has its default is left out of widths, bottleneck and answer weight."""
        values = asdict(self)
        for name in (*_WIDTHS, "bottleneck", "answer_weight"):
            if not values[name]:
                del values[name]
            elif name in _WIDTHS:
                values[name] = list(values[name])
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EncoderConfig:
        """Inverse of :meth:`to_dict`; raises :class:`ModelError` on unknown or missing keys."""
        fields: dict[str, Any] = dict(values)
        fields |= {name: tuple(values[name]) for name in _WIDTHS if isinstance(values.get(name), list)}
        if fields.get("bottleneck") is not None:
            fields["bottleneck"] = Bottleneck.from_dict(fields["bottleneck"])
        try:
            return cls(**fields)
        except TypeError as error:
            raise ModelError(f"encoder config: {error}") from None

    @classmethod
    def from_huggingface(cls, values: Mapping[str, Any], *, num_labels: int = 2) -> EncoderConfig:
        """Read the fields of a Hugging Face ``config.json``.

        Raises:
            ModelError: unknown ``model_type``, missing fields, or relative position embeddings.
        """
        family = values.get("model_type")
        if family not in FAMILIES:
            raise ModelError(
                f"config.json says model_type {family!r}; quantlat supports {', '.join(FAMILIES)} "
                "(MiniLM and TinyBERT checkpoints are bert)",
                "Pick a checkpoint of one of these families.",
            )
        kind = values.get("position_embedding_type", "absolute")
        if kind not in ("absolute", None):
            raise ModelError(f"config.json asks for {kind!r} position embeddings; only 'absolute' is supported")
        names = _DISTILBERT_NAMES if family == "distilbert" else _BERT_NAMES
        missing = [name for name in names.values() if name not in values]
        if missing:
            raise ModelError(f"config.json lacks {', '.join(missing)}", "The file is damaged or not an encoder's.")
        fields: dict[str, Any] = {ours: values[theirs] for ours, theirs in names.items()}
        pad = int(values.get("pad_token_id") or 0)
        if family == "roberta":
            fields["position_offset"] = pad + 1
            fields["max_positions"] -= pad + 1
        if family == "distilbert":
            fields["type_vocab_size"] = 0
        else:
            fields["type_vocab_size"] = values.get("type_vocab_size", 2)
        fields["layer_norm_eps"] = float(values.get("layer_norm_eps", 1e-12))
        for name in _WIDTHS:
            widths = values.get(f"quantlat_{name}", [])
            if not isinstance(widths, list):
                raise ModelError(f"config.json: quantlat_{name} must be a list of numbers, got {widths!r}")
            fields[name] = tuple(widths)
        weight = values.get("quantlat_answer_weight", 0.0)
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise ModelError(f"config.json: quantlat_answer_weight must be a number, got {weight!r}")
        fields["answer_weight"] = float(weight)
        if family == "mobilebert":
            fields["bottleneck"] = Bottleneck.from_huggingface(values, hidden_size=fields["hidden_size"])
        return cls(family=family, pad_token_id=pad, num_labels=num_labels, **fields)

    def to_huggingface(self, *, task: str, labels: Sequence[str] = ()) -> dict[str, Any]:
        """The ``config.json`` that makes ``transformers`` rebuild this encoder with a head for ``task``.

        Args:
            labels: names of the classes; those of Hugging Face, ``LABEL_0`` and so on, where there are none.
        """
        names = _DISTILBERT_NAMES if self.family == "distilbert" else _BERT_NAMES
        values: dict[str, Any] = {theirs: getattr(self, ours) for ours, theirs in names.items()}
        values["model_type"] = self.family
        values["architectures"] = [_CLASS_PREFIXES[self.family] + _CLASS_SUFFIXES[task]]
        values["pad_token_id"] = self.pad_token_id
        if self.family == "roberta":
            values["max_position_embeddings"] = self.max_positions + self.position_offset
        if self.family == "distilbert":
            values["sinusoidal_pos_embds"] = False
        else:
            values["type_vocab_size"] = self.type_vocab_size
            values["layer_norm_eps"] = self.layer_norm_eps
            values["position_embedding_type"] = "absolute"
        if self.bottleneck is not None:
            values |= self.bottleneck.to_huggingface()
        if task == "text-regression":
            values |= {"num_labels": 1, "problem_type": "regression", "id2label": {"0": "LABEL_0"}}
            values["label2id"] = {"LABEL_0": 0}
        if task == "text-classification":
            values["num_labels"] = self.num_labels
            classes = [labels[i] if i < len(labels) else f"LABEL_{i}" for i in range(self.num_labels)]
            values["id2label"] = {str(i): name for i, name in enumerate(classes)}
            values["label2id"] = {name: i for i, name in enumerate(classes)}
        for name in _WIDTHS:  # transformers ignores them and reads the zeros that layers are filled up with
            if getattr(self, name):
                values[f"quantlat_{name}"] = list(getattr(self, name))
        if self.answer_weight:
            values["quantlat_answer_weight"] = self.answer_weight
        values["dtype"] = "float32"
        return values


_BERT_NAMES = {
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "intermediate_size": "intermediate_size",
    "max_positions": "max_position_embeddings",
    "activation": "hidden_act",
}
_DISTILBERT_NAMES = {
    "vocab_size": "vocab_size",
    "hidden_size": "dim",
    "num_layers": "n_layers",
    "num_heads": "n_heads",
    "intermediate_size": "hidden_dim",
    "max_positions": "max_position_embeddings",
    "activation": "activation",
}
_CLASS_PREFIXES = {"bert": "Bert", "roberta": "Roberta", "distilbert": "DistilBert", "mobilebert": "MobileBert"}
_CLASS_SUFFIXES = {
    "question-answering": "ForQuestionAnswering",
    "text-classification": "ForSequenceClassification",
    "text-regression": "ForSequenceClassification",  # with one output, which transformers takes for a regression
    "embedding": "Model",
}
