"""Divide the training part into fit / search / calibration without leaks.

The dev part belongs to the report alone (reference: Length-Adaptive Transformer, whose published search
selected its configurations on the dev set it then reported). Questions about one passage stay together: a
student that has seen the passage in training would look better in the search than it is. So do texts that occur more
than once, and pairs that share their first text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from quantlat.data.examples import Example
from quantlat.errors import DataError


@dataclass(frozen=True)
class TrainSplits:
    """Three parts that share no passage: training, configuration search, calibration."""

    fit: tuple[Example, ...]
    search: tuple[Example, ...]
    calibration: tuple[Example, ...]


def passage_key(example: Example) -> str:
    """What makes two passages, or two texts, the same: the words, whatever the white space."""
    return " ".join(example.group.split())


def split_train(examples: Sequence[Example], *, search: float, calibration: float, seed: int) -> TrainSplits:
    """Hold out whole passages of the training part for the search and for calibration.

    Passages are ordered by a hash of seed and text, so the result depends neither on the order of the file
    nor on the version of a random generator, and every article contributes to every part in expectation.

    Args:
        examples: the training part.
        search: share of the questions for the search, in [0, 1).
        calibration: share of the questions for calibration, in [0, 1).
        seed: chooses the passages.

    Raises:
        DataError: the shares leave nothing to train on, or there are fewer passages than parts.
    """
    if search < 0 or calibration < 0 or search + calibration >= 1:
        raise DataError(
            f"search ({search}) and calibration ({calibration}) shares must be >= 0 and sum to less than 1",
            "Set data.search_fraction and data.calibration_fraction, such as 0.08 and 0.04.",
        )
    sizes: dict[str, int] = {}
    keys = [passage_key(example) for example in examples]
    for key in keys:
        sizes[key] = sizes.get(key, 0) + 1
    needed = 1 + (search > 0) + (calibration > 0)
    if len(sizes) < needed:
        raise DataError(
            f"the training part has {len(sizes)} passage(s), but {needed} parts need at least one each",
            "Use more passages, or set the search or calibration share to 0.",
        )
    order = sorted(sizes, key=lambda key: hashlib.sha256(f"{seed}\n{key}".encode()).digest())
    part_of: dict[str, str] = {}
    for part, share in (("search", search), ("calibration", calibration)):
        reserve = 1 + (part == "search" and calibration > 0)  # passages the later parts still need
        _take(order, sizes, part_of, part, share * len(examples), reserve)
    parts: dict[str, list[Example]] = {"fit": [], "search": [], "calibration": []}
    for key, example in zip(keys, examples, strict=True):
        parts[part_of.get(key, "fit")].append(example)
    return TrainSplits(tuple(parts["fit"]), tuple(parts["search"]), tuple(parts["calibration"]))


def hold_out(
    examples: Sequence[Example], *, share: float, seed: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Divide a set into (rest, held-out) by passage, ``share`` of the questions held out; errors as above."""
    parts = split_train(examples, search=share, calibration=0.0, seed=seed)
    return parts.fit, parts.search


def _take(
    order: list[str], sizes: dict[str, int], part_of: dict[str, str], part: str, wanted: float, reserve: int
) -> None:
    """Give ``part`` the next free passages while another one brings it closer to ``wanted`` questions."""
    free = [key for key in order if key not in part_of]
    taken = 0
    for position, key in enumerate(free):
        short = wanted - taken
        if wanted <= 0 or len(free) - position <= reserve or (taken and short <= sizes[key] / 2):
            return
        part_of[key] = part
        taken += sizes[key]
