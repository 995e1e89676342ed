"""Multiply-accumulates of an encoder under a retention configuration.

``MAC(l) = sum_i 4*l_{i-1}*H*A_i + 2*l_{i-1}^2*A_i + 2*l_i*H*F_i`` with ``A_i`` columns in the heads of layer ``i``
(all of them: ``H``), ``F_i`` neurons and ``l_0 = n``: attention of layer ``i`` still sees the
rows of the layer before, its feed-forward only the kept ones (Length-Adaptive Transformer, Kim & Cho 2021).
The formula reproduces the published search log of QuaLA-MiniLM within 0.1 %; the "GFLOPs" there are these
multiply-accumulates, not twice their number. Embeddings and heads are not counted. MobileBERT's blocks have a
formula of their own (:meth:`quantlat.models.bottleneck.Bottleneck.layer_macs`).
"""

from __future__ import annotations

from collections.abc import Sequence

from quantlat.models.encoder_config import EncoderConfig


def macs(
    config: EncoderConfig, n_tokens: int, lengths: Sequence[int] | None = None, *, row_restricted: bool = False
) -> int:
    """Multiply-accumulates for one sequence of ``n_tokens`` real tokens.

    Args:
        lengths: rows kept by each layer; ``None`` keeps all.
        row_restricted: count what an implementation needs that computes the attention output, the output
            projection and what follows only for kept rows (identical results, less work):
            ``3*l_{i-1}*H*A + l_{i-1}^2*A + l_i*l_{i-1}*A + l_i*H*A + 2*l_i*H*F``.

    Raises:
        ValueError: ``lengths`` has not one entry per layer, or a layer keeps more rows than it gets.
    """
    h = config.hidden_size
    kept = (n_tokens,) * config.num_layers if lengths is None else tuple(lengths)
    if len(kept) != config.num_layers:
        raise ValueError(f"expected {config.num_layers} lengths, got {len(kept)}")
    total, before = 0, n_tokens
    for i, after in enumerate(kept):
        if not 1 <= after <= before:
            raise ValueError(f"layer {i + 1} cannot keep {after} of {before} rows")
        if config.bottleneck is not None:
            total += config.bottleneck.layer_macs(
                h, config.intermediate_size, before, after, row_restricted=row_restricted
            )
            before = after
            continue
        a, f = config.attention_width(i), config.neurons[i]
        if row_restricted:
            attention = 3 * before * h * a + before * before * a + after * before * a + after * h * a
        else:
            attention = 4 * before * h * a + 2 * before * before * a
        total += attention + 2 * after * h * f
        before = after
    return total


def mean_relative_macs(
    config: EncoderConfig,
    tokens: Sequence[int],
    lengths: Sequence[Sequence[int]],
    *,
    row_restricted: bool = False,
) -> float:
    """Work of a configuration on a workload, relative to the un-padded full-length model (1.0 = no saving).

    Args:
        tokens: real token count of each sequence.
        lengths: rows kept per layer, one vector for each sequence.
    """
    done = sum(macs(config, n, kept, row_restricted=row_restricted) for n, kept in zip(tokens, lengths, strict=True))
    return done / sum(macs(config, n) for n in tokens)
