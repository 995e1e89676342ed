"""The fields by which MobileBERT differs from BERT (Sun et al., ACL 2020, arXiv 2004.02984): no torch in here.

A block reads and writes ``H`` wide states and works inside at ``B``, its bottleneck::

    x ─┬─ input bottleneck [H -> B] ──────────────────────────────────┐
       ├─ shared bottleneck [H -> B] ─ Q, K [B -> B] ─┬─ attention ─ O ┴ + ─ K times [B -> F -> B] ─ [B -> H] ─ + x
       └─ V [H -> B] ─────────────────────────────────┘

The same block with a wide bottleneck, one feed-forward and LayerNorm is the paper's teacher, IB-BERT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quantlat.errors import ModelError

NORMALIZATIONS = ("no_norm", "layer_norm")
# Ours -> Hugging Face's name and its default, which config.json may leave out.
_HUGGINGFACE: dict[str, tuple[str, Any]] = {
    "size": ("intra_bottleneck_size", 128),
    "embedding_size": ("embedding_size", 128),
    "feed_forwards": ("num_feedforward_networks", 4),
    "normalization": ("normalization_type", "no_norm"),
    "trigram_input": ("trigram_input", True),
    "bottlenecked_attention": ("use_bottleneck_attention", False),
    "has_pooler": ("classifier_activation", True),
}
_BOUNDS = {"size": (8, 8192), "embedding_size": (8, 8192), "feed_forwards": (1, 16)}


@dataclass(frozen=True)
class Bottleneck:
    """What ``config.json`` says of MobileBERT's blocks.

    Attributes:
        size: ``B``, the width inside a block.
        embedding_size: width of the word embeddings before they are projected to the hidden size.
        feed_forwards: ``K``, feed-forwards stacked in a block.
        normalization: ``no_norm`` (an element-wise gain and bias) or ``layer_norm``.
        trigram_input: a token's embedding is projected together with those of its neighbours.
        bottlenecked_attention: queries, keys and values all come from the input bottleneck; otherwise queries and keys
            come from a bottleneck that they share, and values from the block's input.
        has_pooler: a classification head has a linear and tanh before its classifier.
    """

    size: int
    embedding_size: int
    feed_forwards: int = 4
    normalization: str = "no_norm"
    trigram_input: bool = True
    bottlenecked_attention: bool = False
    has_pooler: bool = False

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ModelError(f"encoder config: {name} must be an integer in [{low}, {high}], got {value!r}")
        for name in ("trigram_input", "bottlenecked_attention", "has_pooler"):
            if not isinstance(getattr(self, name), bool):
                raise ModelError(f"encoder config: {name} must be true or false, got {getattr(self, name)!r}")
        if self.normalization not in NORMALIZATIONS:
            raise ModelError(
                f"encoder config: normalization {self.normalization!r} is not supported; "
                f"known: {', '.join(NORMALIZATIONS)}"
            )

    @property
    def projected_size(self) -> int:
        """Width of what the embeddings project to the hidden size."""
        return self.embedding_size * (3 if self.trigram_input else 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Bottleneck:
        """Inverse of :meth:`to_dict`; raises :class:`ModelError` on anything else."""
        if not isinstance(values, Mapping):
            raise ModelError(f"encoder config: bottleneck must be a JSON object, got {type(values).__name__}")
        try:
            return cls(**values)
        except TypeError as error:
            raise ModelError(f"encoder config: bottleneck: {error}") from None

    @classmethod
    def from_huggingface(cls, values: Mapping[str, Any], *, hidden_size: int) -> Bottleneck:
        """Read the fields of a MobileBERT ``config.json``.

        Raises:
            ModelError: a variant that no published checkpoint uses, or fields that do not fit each other.
        """
        if not values.get("use_bottleneck", True):
            raise ModelError(
                "config.json says use_bottleneck: false; MobileBERT without bottlenecks is not supported",
                "Pick a checkpoint with bottlenecks, such as google/mobilebert-uncased.",
            )
        fields = {ours: values.get(theirs, default) for ours, (theirs, default) in _HUGGINGFACE.items()}
        shared = values.get("key_query_shared_bottleneck", True)
        if not shared and not fields["bottlenecked_attention"]:
            raise ModelError(
                "config.json says key_query_shared_bottleneck: false and use_bottleneck_attention: false; one of the "
                "two has to say where queries and keys come from"
            )
        bottleneck = cls(**fields)
        if not bottleneck.trigram_input and bottleneck.embedding_size == hidden_size:
            raise ModelError(
                "config.json says trigram_input: false with embeddings as wide as the hidden states, which leaves "
                "MobileBERT's embedding projection unused; that is not supported"
            )
        return bottleneck

    def to_huggingface(self) -> dict[str, Any]:
        """The fields of ``config.json`` that ``transformers`` wants for these blocks."""
        values = {theirs: getattr(self, ours) for ours, (theirs, _) in _HUGGINGFACE.items()}
        values["use_bottleneck"] = True
        # transformers makes the shared bottleneck's weights even where they are not used; without it, it does not.
        values["key_query_shared_bottleneck"] = not self.bottlenecked_attention
        values["true_hidden_size"] = self.size
        return values

    def layer_macs(
        self, hidden: int, intermediate: int, before: int, after: int, *, row_restricted: bool = False
    ) -> int:
        """Multiply-accumulates of one block that gets ``before`` rows and keeps ``after``.

        Per row: shared bottleneck ``H*B``, queries and keys ``2*B^2``, values ``H*B``, output ``B^2``, input
        bottleneck ``H*B``, feed-forwards ``2*K*B*F``, output bottleneck ``B*H``; and scores and context
        ``2*before^2*B`` for the sequence. Attention belongs to the rows before dropping; ``row_restricted`` counts its
        context and output for kept rows alone.
        """
        b = self.size
        projections = 3 * b * b if self.bottlenecked_attention else 2 * hidden * b + 2 * b * b
        finished = b * b  # the output projection
        rest = 2 * self.feed_forwards * b * intermediate + hidden * b
        # Attention that reads the input bottleneck needs it for every row.
        if self.bottlenecked_attention:
            projections += hidden * b
        else:
            rest += hidden * b
        context_rows = after if row_restricted else before
        attention = before * projections + before * before * b + context_rows * (before * b + finished)
        return attention + after * rest
