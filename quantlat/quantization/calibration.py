"""Which inputs Intel Neural Compressor sees when it measures activation ranges.

A calibration file (``calibration/*.yaml``) declares size, seed, length strata and whether tokens are also dropped:
ranges of the later layers change when only significant tokens reach them, so a model that will run with retention
configurations should be calibrated with and without them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from quantlat.errors import DataError
from quantlat.recipe.base import Count, Part

_SMALLEST_KEEP = 0.8  # LengthDrop's bound: a layer keeps at least this share of what reaches it


class CalibrationWindow(Protocol):
    """What calibration needs of a window: ids without padding, one dimension."""

    @property
    def input_ids(self) -> npt.NDArray[np.int64]: ...

    @property
    def token_type_ids(self) -> npt.NDArray[np.int64]: ...


class CalibrationSpec(Part):
    """A calibration set as declared in a file."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    windows: Annotated[int, Field(ge=1, le=100_000)] = 64
    """How many different windows are drawn."""
    seed: Annotated[int, Field(ge=0)] = 7
    length_strata: Annotated[tuple[Count, ...], Field(strict=False)] = ()
    """Upper bounds in tokens, ascending; the same number of windows is drawn from each stratum while it lasts.
    Empty: windows are drawn as they come."""
    retention: Literal["none", "both"] = "both"
    """``both``: every window runs at full length and once with dropped tokens."""
    observer: Literal["minmax", "moving_average", "kl"] = "minmax"
    """How the range of an activation follows from the passes: smallest and largest value of all; INC's moving averages
    of a pass's minimum and maximum; INC's histogram with least error."""
    smoothing: Annotated[float, Field(ge=0, le=1)] = 0.9
    """How much of the outliers of activations moves into the weights before INC sees them (the alpha of
    SmoothQuant); 0 leaves the model as it is."""

    @field_validator("length_strata")
    @classmethod
    def _ascending(cls, bounds: tuple[int, ...]) -> tuple[int, ...]:
        if list(bounds) != sorted(set(bounds)):
            raise ValueError(f"length_strata must ascend, got {list(bounds)}")
        return bounds


W = TypeVar("W", bound=CalibrationWindow)


@dataclass(frozen=True)
class CalibrationItem(Generic[W]):
    """One forward pass: a window, and how many rows leave each layer (``None``: all)."""

    window: W
    lengths: tuple[int, ...] | None


def load_calibration(path: Path) -> CalibrationSpec:
    """Read a calibration file.

    Raises:
        RecipeError: missing file, not YAML, or keys and values that do not fit; all mistakes at once.
    """
    from quantlat.recipe.load import load_part

    return load_part(path, CalibrationSpec)


def draw(spec: CalibrationSpec, windows: Sequence[W], *, layers: int) -> list[CalibrationItem[W]]:
    """The forward passes of a calibration, the same for the same spec and windows.

    Raises:
        DataError: there is no window to draw from.
    """
    if not windows:
        raise DataError("there is no window to calibrate with", "Raise calibration_fraction in the recipe.")
    rng = np.random.default_rng(spec.seed)
    lengths = np.array([len(window.input_ids) for window in windows])
    chosen = _draw_stratified(rng, lengths, spec)
    items: list[CalibrationItem[W]] = []
    for index in chosen:
        items.append(CalibrationItem(windows[index], None))
        if spec.retention == "both":
            items.append(CalibrationItem(windows[index], _random_lengths(rng, int(lengths[index]), layers)))
    return items


def _draw_stratified(rng: np.random.Generator, lengths: npt.NDArray[np.int64], spec: CalibrationSpec) -> list[int]:
    """Take from the strata in turn until enough windows are drawn or all are used."""
    bounds = np.array(spec.length_strata, dtype=np.int64)
    stratum = np.searchsorted(bounds, lengths, side="left")
    order = rng.permutation(len(lengths))
    queues = [order[stratum[order] == s].tolist() for s in range(len(bounds) + 1)]
    chosen: list[int] = []
    while len(chosen) < spec.windows and any(queues):
        for queue in queues:
            if queue and len(chosen) < spec.windows:
                chosen.append(int(queue.pop(0)))
    return chosen


def _random_lengths(rng: np.random.Generator, n: int, layers: int) -> tuple[int, ...]:
    """LengthDrop's random sub-network: each layer keeps between 80 and 100 % of what reaches it."""
    kept, lengths = n, []
    for _ in range(layers):
        kept = int(rng.integers(max(min(2, n), math.ceil(_SMALLEST_KEEP * kept)), kept + 1))
        lengths.append(kept)
    return tuple(lengths)
