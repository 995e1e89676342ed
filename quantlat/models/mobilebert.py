"""MobileBERT's embeddings and block (Sun et al., ACL 2020, arXiv 2004.02984), with dropping and restoring of tokens.

:mod:`quantlat.models.bottleneck` draws the block. Tokens are dropped after attention, as in every layer of ours: the
rows that leave it are gathered from the block's input ``[b, k, H]`` and from the context ``[b, k, B]``, and the input
bottleneck, the output projection, the stacked feed-forwards and the output bottleneck are computed for those alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from quantlat.models.bottleneck import Bottleneck
from quantlat.models.elastic import ActiveDropout, Attention, ElasticLayer, Embeddings, activate
from quantlat.models.encoder_config import EncoderConfig

# transformers gives these two norms PyTorch's default epsilon, whatever layer_norm_eps says.
_DEFAULT_EPS = 1e-5


class NoNorm(nn.Module):
    """``x * weight + bias``, element by element: what MobileBERT has in place of LayerNorm."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size))

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden * self.weight + self.bias


def _norm(bottleneck: Bottleneck, size: int, eps: float) -> nn.Module:
    return NoNorm(size) if bottleneck.normalization == "no_norm" else nn.LayerNorm(size, eps=eps)


def _bottleneck(config: EncoderConfig) -> Bottleneck:
    assert config.bottleneck is not None
    return config.bottleneck


class MobileBertEmbeddings(Embeddings):
    """Narrow word embeddings, each with its neighbours' projected to ``H``, plus positions and token types.

    The neighbour of the last real token counts as zeros, as if the sequence ended there: in ``transformers`` it does
    so without padding, but with padding the last token sees the embedding of ``[PAD]``, and its logits depend
    on the other sequences of its batch.
    """

    def __init__(self, config: EncoderConfig) -> None:
        nn.Module.__init__(self)  # Embeddings' tables are all of one width
        bottleneck, size = _bottleneck(config), config.hidden_size
        self.trigram_input = bottleneck.trigram_input
        self.word = nn.Embedding(config.vocab_size, bottleneck.embedding_size)
        self.transform = nn.Linear(bottleneck.projected_size, size)
        self.position = nn.Embedding(config.max_positions, size)
        self.token_type = nn.Embedding(config.type_vocab_size, size) if config.type_vocab_size else None
        self.norm = _norm(bottleneck, size, _DEFAULT_EPS)  # type: ignore[assignment]
        self.dropout = ActiveDropout()

    def forward(self, input_ids: Tensor, token_type_ids: Tensor | None, mask: Tensor | None = None) -> Tensor:
        """``[b, n] -> [b, n, H]``; ``mask``, bool ``[b, n]``, says which tokens are real, ``None``: all are."""
        words: Tensor = self.word(input_ids)
        if self.trigram_input:
            real = words if mask is None else words * mask[..., None].to(words.dtype)
            framed = F.pad(real, (0, 0, 1, 1))
            words = torch.cat([framed[:, 2:], words, framed[:, :-2]], dim=-1)
        hidden: Tensor = self.transform(words)
        hidden = hidden + self.position(torch.arange(input_ids.size(1), device=input_ids.device))
        if self.token_type is not None:
            types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
            hidden = hidden + self.token_type(types)
        return self.dropout(self.norm(hidden))  # type: ignore[no-any-return]


class BottleneckAttention(Attention):
    """Self-attention inside a block: queries and keys of ``B``, values of ``H`` or ``B``."""

    def __init__(self, config: EncoderConfig) -> None:
        nn.Module.__init__(self)  # not Attention's, whose linears are all of one width
        bottleneck = _bottleneck(config)
        size = bottleneck.size
        self.num_heads, self.head_size = config.num_heads, config.head_size
        self.query, self.key = nn.Linear(size, size), nn.Linear(size, size)
        self.value = nn.Linear(size if bottleneck.bottlenecked_attention else config.hidden_size, size)
        self.output = nn.Linear(size, size)
        self.norm = _norm(bottleneck, size, config.layer_norm_eps)  # type: ignore[assignment]


class BottleneckFeedForward(nn.Module):
    """One of the stacked feed-forwards with its residual and norm: ``[b, l, B] -> [b, l, B]``."""

    def __init__(self, config: EncoderConfig, eps: float) -> None:
        super().__init__()
        bottleneck = _bottleneck(config)
        self.up = nn.Linear(bottleneck.size, config.intermediate_size)
        self.down = nn.Linear(config.intermediate_size, bottleneck.size)
        self.norm = _norm(bottleneck, bottleneck.size, eps)
        self.activation = config.activation

    def forward(self, hidden: Tensor) -> Tensor:
        raised = activate(self.up(hidden), self.activation)
        return self.norm(hidden + self.down(raised))  # type: ignore[no-any-return]


class Bottlenecks(nn.Module):
    """The linears between a block's ``H`` and its ``B``; ``shared`` serves queries and keys."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        bottleneck, wide, eps = _bottleneck(config), config.hidden_size, config.layer_norm_eps
        self.input = nn.Linear(wide, bottleneck.size)
        self.input_norm = _norm(bottleneck, bottleneck.size, eps)
        self.shared: nn.Linear | None = None
        if not bottleneck.bottlenecked_attention:
            self.shared = nn.Linear(wide, bottleneck.size)
            self.shared_norm = _norm(bottleneck, bottleneck.size, eps)
        self.output = nn.Linear(bottleneck.size, wide)
        self.output_norm = _norm(bottleneck, wide, eps)

    def narrow(self, hidden: Tensor) -> Tensor:
        """The block's own residual: ``[b, l, H] -> [b, l, B]``."""
        return self.input_norm(self.input(hidden))  # type: ignore[no-any-return]


class MobileBertLayer(ElasticLayer):
    """One block; what it does with tokens is inherited."""

    def __init__(self, config: EncoderConfig, layer: int = 0) -> None:
        nn.Module.__init__(self)  # ElasticLayer's parts are of one width
        bottleneck, eps = _bottleneck(config), config.layer_norm_eps
        self.bottleneck = Bottlenecks(config)
        self.attention = BottleneckAttention(config)
        self.stack = nn.ModuleList(BottleneckFeedForward(config, eps) for _ in range(bottleneck.feed_forwards - 1))
        self.feed_forward = BottleneckFeedForward(config, _DEFAULT_EPS)  # type: ignore[assignment]
        self.dropout = ActiveDropout()

    def project(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See :meth:`ElasticLayer.project`; ``hidden`` is the block's input ``[b, l, H]``."""
        attention, bottleneck = self.attention, self.bottleneck
        if bottleneck.shared is None:
            matched = values = bottleneck.narrow(hidden)  # again in `finish`, for kept rows: no checkpoint does this
        else:
            matched, values = bottleneck.shared_norm(bottleneck.shared(hidden)), hidden
        query, key = attention.heads(matched, attention.query), attention.heads(matched, attention.key)
        return query, key, attention.heads(values, attention.value)

    def finish(self, residual: Tensor, context: Tensor) -> Tensor:
        """The rest of the block for the rows that are left: ``[b, k, H]`` and ``[b, k, B]`` to ``[b, k, H]``."""
        attention, bottleneck = self.attention, self.bottleneck
        hidden = attention.norm(bottleneck.narrow(residual) + attention.output(context))
        for feed_forward in self.stack:
            hidden = feed_forward(hidden)
        hidden = bottleneck.output(self.feed_forward(hidden))
        return bottleneck.output_norm(residual + self.dropout(hidden))  # type: ignore[no-any-return]
