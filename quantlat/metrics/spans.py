"""From start and end logits to the text of an answer (n-best span search of the BERT SQuAD scripts).

In each window the ``n_best`` most likely starts are paired with the ``n_best`` most likely ends; of the pairs
that lie in the passage, do not end before they start and are not too long, the one with the largest sum of
logits wins, over all windows of a question. The text is cut from the original passage by character offsets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantlat.data.examples import QAExample
from quantlat.data.windows import Window
from quantlat.errors import ModelError


def best_spans(
    examples: Sequence[QAExample],
    windows: Sequence[Window],
    start_logits: Sequence[NDArray[np.floating]],
    end_logits: Sequence[NDArray[np.floating]],
    *,
    n_best: int = 20,
    max_answer_tokens: int = 30,
) -> dict[str, str]:
    """Answer every question.

    Args:
        examples: what ``Window.example_index`` counts in.
        windows: windows of the examples.
        start_logits: for each window, float [n] or longer (what is behind the real tokens is ignored).
        end_logits: likewise.
        n_best: starts and ends considered in each window.
        max_answer_tokens: longest answer.

    Returns:
        Text by question id; an empty text where a question has no window with passage tokens.

    Raises:
        ModelError: a logit of a passage token is not a number.
    """
    best: dict[int, tuple[float, int, int]] = {}
    for window, starts, ends in zip(windows, start_logits, end_logits, strict=True):
        low, high = passage_range(window)
        if low == high:
            continue
        value, start, end = best_span(
            np.asarray(starts[low:high], dtype=np.float64),
            np.asarray(ends[low:high], dtype=np.float64),
            n_best,
            max_answer_tokens,
        )
        if np.isnan(value):
            raise ModelError(
                f"the logits of question {examples[window.example_index].id!r} are not numbers (NaN)",
                "The model is damaged or was trained with too large a learning rate.",
            )
        if window.example_index not in best or value > best[window.example_index][0]:
            first, last = window.offsets[low + start, 0], window.offsets[low + end, 1]
            best[window.example_index] = (value, int(first), int(last))
    answers = {}
    for index, example in enumerate(examples):
        _, first, last = best.get(index, (0.0, 0, 0))
        answers[example.id] = example.context[first:last].strip()
    return answers


def passage_range(window: Window) -> tuple[int, int]:
    """First position of the passage tokens and the one behind the last; they are one stretch, maybe empty."""
    inside = window.offsets[:, 0] >= 0
    count = int(np.count_nonzero(inside))
    low = int(inside.argmax()) if count else 0
    return low, low + count


def best_span(
    starts: NDArray[np.float64], ends: NDArray[np.float64], n_best: int = 20, max_tokens: int = 30
) -> tuple[float, int, int]:
    """(sum of logits, start, end) of the best pair; the value is NaN where any logit is."""
    if np.isnan(starts).any() or np.isnan(ends).any():
        return float("nan"), 0, 0
    value, start, end = _best_pair(starts, ends, _largest(starts, n_best), _largest(ends, n_best), max_tokens)
    if value == -np.inf:  # every one of the best ends lies before, or far behind, the best starts: look at all
        every = np.arange(len(starts))
        value, start, end = _best_pair(starts, ends, every, every, max_tokens)
    return value, start, end


def _best_pair(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    start_places: NDArray[np.intp],
    end_places: NDArray[np.intp],
    max_tokens: int,
) -> tuple[float, int, int]:
    extra = end_places[None, :] - start_places[:, None]
    sums = starts[start_places][:, None] + ends[end_places][None, :]
    sums[(extra < 0) | (extra >= max_tokens)] = -np.inf
    row, column = divmod(int(sums.argmax()), sums.shape[1])
    return float(sums[row, column]), int(start_places[row]), int(end_places[column])


def _largest(values: NDArray[np.float64], n: int) -> NDArray[np.intp]:
    """Places of the n largest values, in ascending order of place, so that ties go to the earlier span."""
    if n >= len(values):
        return np.arange(len(values))
    return np.sort(np.argpartition(values, -n)[-n:])
