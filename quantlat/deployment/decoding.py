"""From the logits of a request's windows to its answer, its confidence and the fate of its tokens.

The span is the one :mod:`quantlat.metrics.spans` would choose, so that a bundle answers exactly as the report was
scored. Its confidence is the softmax of its start times the softmax of its end over the passage tokens of all windows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantlat.data.windows import Window
from quantlat.deployment.requests import TokenTrace
from quantlat.errors import ModelError
from quantlat.metrics.spans import best_span, passage_range

Floats = NDArray[np.float64]


def decode(context: str, windows: Sequence[Window], logits: Sequence[NDArray[np.float32]]) -> tuple[int, int, float]:
    """``(start, end, score)``: characters of the context and probability; ``(0, 0, 0.0)`` without passage tokens.

    Raises:
        ModelError: a logit is not a number.
    """
    best: tuple[float, int, int] | None = None
    starts: list[Floats] = []
    ends: list[Floats] = []
    for window, output in zip(windows, logits, strict=True):
        low, high = passage_range(window)
        if low == high:
            continue
        inside = np.asarray(output[low:high], np.float64)
        starts.append(inside[:, 0])
        ends.append(inside[:, 1])
        value, first, last = best_span(starts[-1], ends[-1])
        if np.isnan(value):
            raise ModelError("the model's logits are not numbers (NaN)", "Run `quantlat selfcheck` on the bundle.")
        if best is None or value > best[0]:
            best = (value, int(window.offsets[low + first, 0]), int(window.offsets[low + last, 1]))
    if best is None:
        return 0, 0, 0.0
    value, start, end = best
    start, end = _strip(context, start, end)
    score = float(np.exp(value - _log_sum(starts) - _log_sum(ends)))
    return start, end, min(max(score, 0.0), 1.0)


def trace_of(windows: Sequence[Window], exits: Sequence[NDArray[np.int64]]) -> tuple[TokenTrace, ...]:
    """The layer at which each token of the passage was dropped, in the order of the passage."""
    fate: dict[tuple[int, int], int] = {}
    for window, left in zip(windows, exits, strict=True):
        low, high = passage_range(window)
        for position in range(low, high):
            start, end = (int(offset) for offset in window.offsets[position])
            fate[start, end] = max(fate.get((start, end), 0), int(left[position]))
    return tuple(TokenTrace(start, end, layer) for (start, end), layer in sorted(fate.items()))


def softmax(logits: NDArray[np.float32]) -> Floats:
    """Probabilities of one row of logits."""
    shifted = np.exp(np.asarray(logits, np.float64) - np.max(logits))
    probabilities: Floats = shifted / shifted.sum()
    return probabilities


def _strip(context: str, start: int, end: int) -> tuple[int, int]:
    """Without white space at both ends: some tokenizers count the space before a word as part of it."""
    text = context[start:end]
    return start + len(text) - len(text.lstrip()), end - (len(text) - len(text.rstrip())) if text.strip() else start


def _log_sum(parts: Sequence[Floats]) -> float:
    values = np.concatenate(parts)
    largest = values.max()
    return float(largest + np.log(np.exp(values - largest).sum()))
