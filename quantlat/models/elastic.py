"""The elastic encoder: a BERT-family encoder whose layers can drop tokens and restore them at the end.

Length-Adaptive Transformer with Drop-and-Restore (Kim & Cho, ACL 2021), with the defects of the published code
mended: padding queries do not vote on significance, ``[CLS]`` always stays, kept rows keep their order, and what
follows the attention probabilities is computed for kept rows only::

    X [b, l, H] -> Q, K, V -> P = softmax(Q K^T) [b, h, l, l]
                   significance s [b, l] = sum of P over heads and real query rows (times what an answer head thinks)
                   keep = the k most significant tokens, in their order
                   Z = norm(X[keep] + O((P V)[keep]));  X' = norm(Z + FFN(Z)) [b, k, H]
    restored[positions of X'] = X'       every position ends with the deepest state it reached

One module serves training, the fp32 reference and export. ``lengths`` is a run-time tensor, so one exported
graph runs every retention configuration.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from quantlat.models.encoder_config import EncoderConfig

_NEVER = -1e9  # significance of padding: below every real token's, a sum of probabilities or its logarithm
_LEAST_RECEIVED = 1e-9  # attention below this counts as this, so that its logarithm is finite

Scorer = Callable[[Tensor, Tensor], Tensor]
"""States ``[b, l, H]``, mask ``[b, l]`` -> what is added to the logarithm of each token's significance ``[b, l]``."""


class ActiveDropout(nn.Module):
    """Dropout that draws no random numbers when its rate is zero (they cost more than the forward pass on CPU)."""

    def __init__(self) -> None:
        super().__init__()
        self.rate = 0.0

    def forward(self, hidden: Tensor) -> Tensor:
        return F.dropout(hidden, self.rate) if self.training and self.rate > 0.0 else hidden


class Embeddings(nn.Module):
    """Sum of word, position and token-type embeddings, normalised: ``[b, n] -> [b, n, H]``."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.position_offset = config.position_offset
        self.word = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position = nn.Embedding(config.max_positions + config.position_offset, config.hidden_size)
        types = config.type_vocab_size
        self.token_type = nn.Embedding(types, config.hidden_size) if types else None
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = ActiveDropout()

    def forward(self, input_ids: Tensor, token_type_ids: Tensor | None, mask: Tensor | None = None) -> Tensor:
        """``mask``, bool ``[b, n]``, is for embeddings that look at neighbours: real tokens must not see padding."""
        positions = torch.arange(input_ids.size(1), device=input_ids.device) + self.position_offset
        hidden: Tensor = self.word(input_ids) + self.position(positions)
        if self.token_type is not None:
            if token_type_ids is None:
                hidden = hidden + self.token_type.weight[0]
            else:
                hidden = hidden + self.token_type(token_type_ids)
        return self.dropout(self.norm(hidden))  # type: ignore[no-any-return]


class Attention(nn.Module):
    """Multi-head self-attention without its residual and norm."""

    def __init__(self, config: EncoderConfig, layer: int = 0) -> None:
        super().__init__()
        size, width = config.hidden_size, config.attention_width(layer)
        self.num_heads, self.head_size = config.heads[layer], config.head_size
        self.query, self.key, self.value = (nn.Linear(size, width) for _ in range(3))
        self.output = nn.Linear(width, size)
        self.norm = nn.LayerNorm(size, eps=config.layer_norm_eps)

    def heads(self, hidden: Tensor, project: nn.Module) -> Tensor:
        """``[b, l, H] -> [b, heads, l, head_size]``."""
        b, n = hidden.shape[:2]
        projected: Tensor = project(hidden)
        return projected.view(b, n, self.num_heads, self.head_size).transpose(1, 2)

    def merge(self, context: Tensor) -> Tensor:
        """``[b, heads, l, head_size] -> [b, l, heads * head_size]``."""
        b, _, n, _ = context.shape
        return context.transpose(1, 2).reshape(b, n, self.num_heads * self.head_size)

    def scores(self, query: Tensor, key: Tensor, bias: Tensor) -> Tensor:
        """Unnormalised attention scores ``[b, heads, l, l]`` with padding keys masked by ``bias`` ``[b, 1, 1, l]``."""
        return torch.matmul(query * (1.0 / math.sqrt(self.head_size)), key.transpose(-1, -2)) + bias


class FeedForward(nn.Module):
    """Position-wise feed-forward without its residual and norm."""

    def __init__(self, config: EncoderConfig, layer: int = 0) -> None:
        super().__init__()
        self.up = nn.Linear(config.hidden_size, config.neurons[layer])
        self.down = nn.Linear(config.neurons[layer], config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.activation = config.activation

    def forward(self, hidden: Tensor) -> Tensor:
        return self.down(activate(self.up(hidden), self.activation))  # type: ignore[no-any-return]


def activate(hidden: Tensor, activation: str) -> Tensor:
    """One of :data:`quantlat.models.encoder_config.ACTIVATIONS`."""
    if activation == "relu":
        return F.relu(hidden)
    return F.gelu(hidden, approximate="tanh" if activation == "gelu_new" else "none")


@dataclass(frozen=True)
class Survivors:
    """The rows that are still alive between two layers.

    Attributes:
        hidden: their states ``[b, l, H]``.
        mask: which of them are real tokens ``[b, l]`` (bool).
        positions: their places in the input ``[b, l]``; ``n`` (one past the end) for rows to be thrown away.
    """

    hidden: Tensor
    mask: Tensor
    positions: Tensor


class ElasticLayer(nn.Module):
    """One transformer layer (post-norm), with and without dropping tokens; ``layer`` is its place in the encoder."""

    def __init__(self, config: EncoderConfig, layer: int = 0) -> None:
        super().__init__()
        self.attention = Attention(config, layer)
        self.feed_forward = FeedForward(config, layer)
        self.dropout = ActiveDropout()

    def project(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of ``[b, l, H]``, each ``[b, heads, l, head_size]``."""
        attention = self.attention
        query, key = attention.heads(hidden, attention.query), attention.heads(hidden, attention.key)
        return query, key, attention.heads(hidden, attention.value)

    def finish(self, residual: Tensor, context: Tensor) -> Tensor:
        """Output projection, norms and feed-forward on the rows that are left (``[b, k, H]``, ``[b, k, width]``)."""
        attention, ffn = self.attention, self.feed_forward
        hidden = attention.norm(residual + self.dropout(attention.output(context)))
        return ffn.norm(hidden + self.dropout(ffn(hidden)))  # type: ignore[no-any-return]

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        """Full length: ``[b, n, H] -> [b, n, H]``; ``bias`` ``[b, 1, 1, n]`` is 0 or very negative for padding."""
        attention = self.attention
        query, key, value = self.project(hidden)
        if self.training and query.dtype == torch.bfloat16:
            # The fused kernel's bf16 backward takes 2.8 times as long on CPU as the products written out.
            context = torch.matmul(attention.scores(query, key, bias).softmax(-1), value)
        else:
            context = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.finish(hidden, attention.merge(context))

    def observe(self, hidden: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`forward`, and the unnormalised attention scores ``[b, heads, n, n]`` beside it."""
        attention = self.attention
        query, key, value = self.project(hidden)
        scores = attention.scores(query, key, bias)
        return self.finish(hidden, attention.merge(torch.matmul(scores.softmax(-1), value))), scores

    def drop(
        self, rows: Survivors, keep: Tensor, computed: int | None = None, scorer: Scorer | None = None
    ) -> Survivors:
        """Run the layer and let only the most significant rows leave its attention.

        Args:
            rows: ``l`` rows per sequence.
            keep: how many stay, at least 2: int64 scalar for the whole batch, or ``[b]``, one number for each sequence.
            computed: with one number for each sequence, rows to compute for all of them, at least the largest number;
                what a sequence does not keep is filled up with rows that count for nothing. ``None``: the largest.
            scorer: has a say in which rows are significant, by the states that enter the layer; ``None``: attention
                alone decides.
        """
        attention = self.attention
        bias = padding_bias(rows.mask, rows.hidden.dtype)
        query, key, value = self.project(rows.hidden)
        probabilities = attention.scores(query, key, bias).softmax(-1)
        added = None if scorer is None else scorer(rows.hidden, rows.mask)
        scores = significance(probabilities, rows.mask, added)
        chosen, valid = select_rows(scores, keep, rows.hidden.size(1), computed)
        # Gathering context rows [b, k, H] moves far less memory than gathering probabilities [b, heads, k, l];
        # here that outweighs the products of rows that are then dropped.
        context = attention.merge(torch.matmul(probabilities, value))
        hidden = self.finish(take_rows(rows.hidden, chosen), take_rows(context, chosen))
        mask, positions = rows.mask.gather(1, chosen), rows.positions.gather(1, chosen)
        if valid is not None:
            mask = mask & valid
            positions = positions.masked_fill(~valid, _PAST_END)
        return Survivors(hidden, mask, positions)


_PAST_END = 1 << 30  # replaced by the scratch row's index when states are restored


def padding_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Additive attention bias ``[b, 1, 1, l]`` from a bool mask ``[b, l]``: 0 for real keys, -1e4 for padding.

    -1e4 and not the type's minimum: it survives fp16 and INT8 runtimes, and exp(-1e4) is zero in all of them.
    """
    return ((~mask).to(dtype) * -1e4)[:, None, None, :]


def significance(probabilities: Tensor, mask: Tensor, added: Tensor | None = None) -> Tensor:
    """Attention each token receives, summed over heads and *real* query rows: ``[b, h, l, l] -> [b, l]``.

    Padding keys get a value below every real token; the first token (``[CLS]``) gets one above, so it stays.

    Args:
        added: ``[b, l]``, what else speaks for a token; the result is then the logarithm of the attention plus this.
            Question answering puts the head's own opinion here (:meth:`quantlat.models.heads.QAModel.answer_scores`):
            attention says what a layer reads, not where the answer is, and an answer that is dropped early is lost.
    """
    voters = mask.to(probabilities.dtype)[:, None, :]
    received = torch.matmul(voters, probabilities.sum(1)).squeeze(1)
    if added is not None:
        received = received.clamp(min=_LEAST_RECEIVED).log() + added
    received = received.masked_fill(~mask, _NEVER)
    return torch.cat([torch.full_like(received[:, :1], math.inf), received[:, 1:]], dim=1)


def select_rows(
    scores: Tensor, keep: Tensor, available: int, computed: int | None = None
) -> tuple[Tensor, Tensor | None]:
    """Indices of the most significant rows, in ascending order, and which of them count.

    Returns:
        ``[b, k]`` int64 and, when ``keep`` has one number per sequence, a bool ``[b, k]``: ``k`` is ``computed`` or the
        largest of the numbers, sequences that keep fewer rows are filled up with rows marked ``False``.
    """
    if keep.dim() == 0:
        k: int = keep.item()  # type: ignore[assignment]  # stays symbolic when exported
        torch._check(k >= 2)  # type: ignore[no-untyped-call]
        torch._check(k <= available)  # type: ignore[no-untyped-call]
        return scores.topk(k, dim=1, sorted=False).indices.sort(dim=1).values, None
    k = min(int(keep.max().item()) if computed is None else computed, available)
    ranked = scores.topk(k, dim=1, sorted=True).indices
    counted = torch.arange(k, device=keep.device)[None, :] < keep[:, None]
    order = torch.where(counted, ranked, available).sort(dim=1).values
    return order.clamp(max=available - 1), order < available


def _keeps_everything(keep: Tensor, mask: Tensor) -> bool:
    """Whether no real token is dropped. Always False while a graph is traced: the answer depends on the request."""
    if torch.compiler.is_compiling():
        return False
    return bool((keep >= mask.sum(1)).all()) if keep.dim() else bool(keep >= mask.size(1))


def take_rows(hidden: Tensor, chosen: Tensor) -> Tensor:
    """``[b, l, H]``, ``[b, k]`` -> ``[b, k, H]``.

    As a selection of whole rows of ``[b * l, H]``: runtimes copy rows, where they walk through the elements of a gather
    one by one.
    """
    b, n, width = hidden.shape
    return hidden.reshape(b * n, width).index_select(0, _flat_rows(chosen, n)).view(b, chosen.size(1), width)


def restore_rows(restored: Tensor, rows: Survivors) -> Tensor:
    """Write the survivors' states over their positions in ``restored`` ``[b, n (+1 scratch row), H]``."""
    b, n, width = restored.shape
    index = _flat_rows(rows.positions.clamp(max=n - 1), n)
    written = restored.reshape(b * n, width).index_put((index,), rows.hidden.reshape(-1, width))
    return written.view(b, n, width)


def _flat_rows(chosen: Tensor, n: int) -> Tensor:
    """Row numbers ``[b, k]`` of sequences of ``n`` rows as row numbers ``[b * k]`` of all sequences in one."""
    first = torch.arange(chosen.size(0), device=chosen.device) * n
    return (chosen + first[:, None]).flatten()


@dataclass(frozen=True)
class Observation:
    """What distillation compares: embeddings and each layer's output ``[b, n, H]``, scores ``[b, heads, n, n]``."""

    hidden_states: tuple[Tensor, ...]
    scores: tuple[Tensor, ...]


class ElasticEncoder(nn.Module):
    """Embeddings and a stack of elastic layers; see the module docstring."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        embeddings, layer = _parts(config)
        self.embeddings = embeddings(config)
        self.layers = nn.ModuleList(layer(config, i) for i in range(config.num_layers))

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        lengths: Tensor | None = None,
        skipped: frozenset[int] = frozenset(),
        whole_layers: int = 0,
        scorer: Scorer | None = None,
    ) -> Tensor:
        """Final (restored) states ``[b, n, H]``.

        Args:
            input_ids: int64 ``[b, n]``, padding on the right.
            attention_mask: int64 or bool ``[b, n]``, nonzero for real tokens.
            token_type_ids: int64 ``[b, n]``.
            lengths: rows that leave each layer's attention, int64 ``[layers]`` for the whole batch or
                ``[b, layers]`` for each sequence; non-increasing, at most ``n``. ``None`` runs at full length.
            skipped: layers left out (LayerDrop); rows pass them unchanged.
            whole_layers: so many first layers keep every row whatever ``lengths`` say; an exported graph then has
                fused attention in them.
            scorer: the head's say in which rows are dropped, as of :meth:`ElasticLayer.drop`.
        """
        mask = attention_mask.to(torch.bool)
        hidden = self.embeddings(input_ids, token_type_ids, mask)
        if lengths is not None:
            return self._forward_elastic(hidden, mask, lengths, skipped, whole_layers, scorer)
        bias = padding_bias(mask, hidden.dtype)
        for i, layer in enumerate(self.layers):
            if i not in skipped:
                hidden = layer(hidden, bias)
        return hidden  # type: ignore[no-any-return]

    def _forward_elastic(
        self,
        hidden: Tensor,
        mask: Tensor,
        lengths: Tensor,
        skipped: frozenset[int],
        whole_layers: int,
        scorer: Scorer | None,
    ) -> Tensor:
        b, n = mask.shape
        per_sequence = lengths.dim() == 2
        rows = Survivors(hidden, mask, torch.arange(n, device=mask.device).expand(b, n))
        restored: Tensor | None = None  # nothing was dropped yet: the rows are the restored states
        for i, layer in enumerate(self.layers):
            if i in skipped:
                continue
            keep = lengths[:, i] if per_sequence else lengths[i]
            if i < whole_layers or (restored is None and _keeps_everything(keep, mask)):
                rows = replace(rows, hidden=layer(rows.hidden, padding_bias(mask, rows.hidden.dtype)))
                continue
            if restored is None:
                # A scratch row takes what sequences of a mixed batch must not keep; one configuration needs none.
                restored = F.pad(rows.hidden, (0, 0, 0, 1)) if per_sequence else rows.hidden
            rows = layer.drop(rows, keep, scorer=scorer)  # type: ignore[operator]
            restored = restore_rows(restored, rows)
        return rows.hidden if restored is None else restored[:, :n]

    def observe(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Observation:
        """Full-length pass that keeps every hidden state and every attention score matrix."""
        mask = attention_mask.to(torch.bool)
        hidden = self.embeddings(input_ids, token_type_ids, mask)
        bias = padding_bias(mask, hidden.dtype)
        states, scores = [hidden], []
        for layer in self.layers:
            hidden, score = layer.observe(hidden, bias)  # type: ignore[operator]
            states.append(hidden)
            scores.append(score)
        return Observation(tuple(states), tuple(scores))

    def observe_layer(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None, number: int
    ) -> tuple[Tensor, Tensor]:
        """Output ``[b, n, H]`` and attention scores ``[b, heads, n, n]`` of layer ``number`` (from 1).

        The full-length pass ends there; the layers above are not computed.
        """
        mask = attention_mask.to(torch.bool)
        hidden = self.embeddings(input_ids, token_type_ids, mask)
        bias = padding_bias(mask, hidden.dtype)
        for layer in self.layers[: number - 1]:
            hidden = layer(hidden, bias)
        return self.layers[number - 1].observe(hidden, bias)  # type: ignore[no-any-return,operator]

    def set_dropout(self, rate: float) -> None:
        """Use ``rate`` in every dropout of the encoder; 0 costs nothing."""
        for module in self.modules():
            if isinstance(module, ActiveDropout):
                module.rate = rate


def _parts(config: EncoderConfig) -> tuple[type[Embeddings], type[ElasticLayer]]:
    """Embeddings and layer of a family."""
    if config.bottleneck is None:
        return Embeddings, ElasticLayer
    from quantlat.models.mobilebert import MobileBertEmbeddings, MobileBertLayer  # which builds upon this module

    return MobileBertEmbeddings, MobileBertLayer
