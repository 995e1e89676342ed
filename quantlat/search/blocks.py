"""Parts of a search split: whole questions with all their windows, so that each part has a score of its
own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.errors import MeasurementError

if TYPE_CHECKING:
    from quantlat.data.windows import Window, WindowSet


@dataclass(frozen=True)
class Block:
    """Whole questions with all their windows.

    Attributes:
        questions: their positions in the search split.
    """

    windows: WindowSet
    questions: NDArray[np.int64]


def reference_points(scores: ArrayLike, search_set: WindowSet) -> NDArray[np.float64]:
    """Points of the reference model on every question, ``[questions]``.

    Raises:
        MeasurementError: they do not fit the questions.
    """
    points = np.asarray(scores, dtype=np.float64).ravel()
    if len(points) != len(search_set.examples):
        raise MeasurementError(
            f"the reference must be scored on the search split: it has {len(search_set.examples)} questions, "
            f"the scores are of {len(points)}"
        )
    return points


def passage_numbers(search_set: WindowSet) -> NDArray[np.int64]:
    """Which passage each question belongs to, counted from 0, ``[questions]``."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(example.group, len(numbers)) for example in search_set.examples], np.int64)


def cut_blocks(
    search_set: WindowSet, order: NDArray[np.int64], sizes: Sequence[int], *, fewest: int = 1
) -> list[Block]:
    """Cut the questions, in this order, into blocks.

    Args:
        order: positions of all questions of the set.
        sizes: windows of the first blocks in turn, the last one also of all others; the last block may be smaller.
        fewest: questions of a block; the one before takes up a rest of fewer.
    """
    windows_of = np.bincount([window.example_index for window in search_set.windows], minlength=len(order))
    blocks: list[Block] = []
    begin, held = 0, 0
    for end, question in enumerate(order, start=1):
        held += int(windows_of[question])
        full = held >= sizes[min(len(blocks), len(sizes) - 1)] and end - begin >= fewest
        if (full and len(order) - end >= fewest) or end == len(order):
            chosen = np.sort(order[begin:end])
            blocks.append(Block(search_set.part(chosen.tolist()), chosen))
            begin, held = end, 0
    return blocks


def split_block(block: Block, windows: int, *, fewest: int = 1) -> list[Block]:
    """A block as several, each of about so many windows and at least ``fewest`` questions."""
    order = np.arange(len(block.questions))
    parts = cut_blocks(block.windows, order, (windows,), fewest=fewest)
    return [Block(part.windows, block.questions[part.questions]) for part in parts]


def shortest_middle_longest(windows: Sequence[Window]) -> list[Window]:
    """Up to three windows that show a runtime the lengths to come."""
    order = np.argsort([window.length for window in windows], kind="stable")
    return [windows[i] for i in sorted({int(order[0]), int(order[len(order) // 2]), int(order[-1])})]
