"""Which lengths the sub-networks of a LengthDrop step run with.

A sampler draws, for every sequence, how many of its *real* tokens leave each layer's attention. Two
strategies are in :data:`SAMPLERS`:

``length_drop``
    The Length-Adaptive Transformer's (Kim & Cho, arXiv 2010.07003): each layer keeps a uniform number between
    ``ceil((1 - p) · l)`` and all of the ``l`` tokens that reach it. The published code starts from the padded
    length and so learns to drop padding; here it starts from the real token count.
``late``
    Whole-depth profiles: nothing is dropped in the first layers, then the ratio falls to ``last``. Searched
    configurations look like this (reference configurations keep 70-95 % up to the middle and 9-13 % at the
    end), while chains of uniform drops hardly ever reach such ends.

The random numbers of one draw are shared by the sequences of a batch, as one configuration per pass is in the
paper: a batch computes as many rows as its longest sequence keeps, so 16 independent draws would cost nearly
the full length without teaching more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quantlat.errors import RecipeError
from quantlat.models.retention import MIN_TOKENS

Lengths = NDArray[np.int64]
_ROUNDING = 1e-9  # ceil(0.8 * 5) is 4, whatever 0.8 is in binary


class LengthSampler(Protocol):
    """Draws lengths for sequences of ``tokens`` (int64 ``[b]``) real tokens each.

    Both methods return int64 ``[b, layers]``, non-increasing along the layers, between 2 and the sequence's
    real token count (1 where a sequence has a single token).
    """

    def smallest(self, tokens: Lengths, layers: int) -> Lengths:
        """The smallest sub-network of the sandwich rule; no randomness."""

    def random(self, tokens: Lengths, layers: int, rng: np.random.Generator) -> Lengths:
        """A random sub-network."""


@dataclass(frozen=True)
class LengthDrop:
    """The paper's sampler; ``ratio`` is its p, the largest share of tokens one layer may drop."""

    ratio: float = 0.2

    def __post_init__(self) -> None:
        if not 0.0 < self.ratio < 1.0:
            raise RecipeError(f"length_drop_ratio must lie between 0 and 1, got {self.ratio}")

    def smallest(self, tokens: Lengths, layers: int) -> Lengths:
        """``l_i = ceil((1 - p) · l_{i-1})``."""
        return self._chain(tokens, np.zeros(layers))

    def random(self, tokens: Lengths, layers: int, rng: np.random.Generator) -> Lengths:
        """``l_i ~ U{ceil((1 - p) · l_{i-1}), …, l_{i-1}}``."""
        return self._chain(tokens, rng.random(layers))

    def _chain(self, tokens: Lengths, shares: NDArray[np.float64]) -> Lengths:
        """``shares`` in [0, 1) pick one of the allowed numbers of each layer, 0 the smallest."""
        left = np.asarray(tokens, dtype=np.int64)
        columns = []
        for share in shares:
            low = _at_least(np.ceil((1.0 - self.ratio) * left - _ROUNDING), left)
            left = low + (share * (left - low + 1)).astype(np.int64)
            columns.append(left)
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class LateDrop:
    """Profiles that keep everything up to ``onset`` and then fall to ``last``.

    With ``L`` layers, layer ``i`` (from 1) keeps the share ``1 - (1 - last) · x^power`` of the real tokens,
    where ``x = max(0, i/L - onset) / (1 - onset)``. ``power`` above 1 drops late, below 1 early. Ranges are
    uniform.

    Attributes:
        last: range of the last layer's ratio.
        onset: range of the share of the depth in which nothing is dropped.
        power: range of the exponent.
    """

    last: tuple[float, float] = (0.05, 0.6)
    onset: tuple[float, float] = (0.35, 0.75)
    power: tuple[float, float] = (0.5, 2.0)

    def __post_init__(self) -> None:
        _check_range("last", self.last, 0.0, 1.0)
        _check_range("onset", self.onset, 0.0, 0.95)
        _check_range("power", self.power, 0.05, 20.0)

    def smallest(self, tokens: Lengths, layers: int) -> Lengths:
        """The steepest fall to the smallest ``last`` from the middle of the range of onsets.

        With 6 layers ``(1, 1, 1, 0.52, 0.25, 0.05)``, about 68 % of the full work. On a MiniLM-L6 for SQuAD,
        profiles that also drop tokens in the first half lose several F1 points for the same saving, and training on
        them takes capacity from those that are used.
        """
        onset = sum(self.onset) / 2
        return _keep(tokens, self.profile(layers, last=self.last[0], onset=onset, power=self.power[0]))

    def random(self, tokens: Lengths, layers: int, rng: np.random.Generator) -> Lengths:
        """One profile for the batch."""
        last, onset, power = (rng.uniform(*bounds) for bounds in (self.last, self.onset, self.power))
        return _keep(tokens, self.profile(layers, last=last, onset=onset, power=power))

    @staticmethod
    def profile(layers: int, *, last: float, onset: float, power: float) -> tuple[float, ...]:
        """Ratios of the real tokens, one per layer."""
        depth = [max(0.0, (i + 1) / layers - onset) / (1.0 - onset) for i in range(layers)]
        return tuple(1.0 - (1.0 - last) * x**power for x in depth)


@dataclass(frozen=True)
class SubNetwork:
    """One pass besides the full one.

    Attributes:
        lengths: int64 ``[b, layers]``; values of skipped layers repeat what reaches them.
        skipped: layers left out (LayerDrop), counted from 0.
    """

    lengths: Lengths
    skipped: frozenset[int] = frozenset()


SAMPLERS: Mapping[str, Callable[[float], LengthSampler]] = {
    "length_drop": LengthDrop,
    "late": lambda _ratio: LateDrop(),
}
"""Name of a strategy -> its sampler for a ``length_drop_ratio``."""


def make_sampler(name: str, length_drop_ratio: float = 0.2) -> LengthSampler:
    """The sampler called ``name``.

    Raises:
        RecipeError: no such strategy.
    """
    if name not in SAMPLERS:
        raise RecipeError(f"unknown length sampler '{name}'; known: {', '.join(SAMPLERS)}")
    return SAMPLERS[name](length_drop_ratio)


def sub_networks(
    sampler: LengthSampler,
    tokens: Lengths,
    layers: int,
    rng: np.random.Generator,
    *,
    random_passes: int,
    layer_drop: float = 0.0,
    strength: float = 1.0,
) -> list[SubNetwork]:
    """The sandwich without its top slice: the smallest sub-network, then ``random_passes`` random ones.

    Args:
        tokens: real tokens of each sequence, int64 ``[b]``.
        layer_drop: probability that a pass skips a layer; one layer always stays.
        strength: in (0, 1]; scales every drop, for a curriculum that begins gently.
    """
    passes = []
    for number in range(1 + random_passes):
        kept = _kept_layers(layers, layer_drop, rng)
        active = len(kept)
        drawn = sampler.smallest(tokens, active) if number == 0 else sampler.random(tokens, active, rng)
        lengths = _weaken(drawn, tokens, strength)
        skipped = frozenset(range(layers)) - frozenset(kept)
        passes.append(SubNetwork(_spread(lengths, tokens, kept, layers), skipped))
    return passes


def _kept_layers(layers: int, layer_drop: float, rng: np.random.Generator) -> list[int]:
    if layer_drop <= 0.0:
        return list(range(layers))
    kept = np.flatnonzero(rng.random(layers) >= layer_drop)
    # All layers skipped would leave the bare embeddings, from which there is nothing to learn.
    return [int(i) for i in kept] or [int(rng.integers(layers))]


def _weaken(lengths: Lengths, tokens: Lengths, strength: float) -> Lengths:
    """Drop only ``strength`` of what ``lengths`` drop; order and bounds stay."""
    if strength >= 1.0:
        return lengths
    every = np.asarray(tokens, dtype=np.int64)[:, None]
    return np.asarray(np.ceil(every - strength * (every - lengths) - _ROUNDING), dtype=np.int64)


def _spread(lengths: Lengths, tokens: Lengths, kept: Sequence[int], layers: int) -> Lengths:
    """Lengths of the kept layers at their places; a skipped layer changes nothing."""
    if len(kept) == layers:
        return lengths
    columns, left = [], np.asarray(tokens, dtype=np.int64)
    places = {layer: column for column, layer in enumerate(kept)}
    for layer in range(layers):
        if layer in places:
            left = lengths[:, places[layer]]
        columns.append(left)
    return np.stack(columns, axis=1)


def _keep(tokens: Lengths, ratios: Sequence[float]) -> Lengths:
    """``max(2, ceil(r · n))``, as a retention configuration counts (never more than ``n``)."""
    every = np.asarray(tokens, dtype=np.int64)
    columns = [_at_least(np.ceil(ratio * every - _ROUNDING), every) for ratio in ratios]
    return np.stack(columns, axis=1)


def _at_least(wanted: NDArray[np.float64], available: Lengths) -> Lengths:
    return np.minimum(available, np.maximum(MIN_TOKENS, wanted.astype(np.int64)))


def _check_range(name: str, bounds: tuple[float, float], low: float, high: float) -> None:
    first, second = bounds
    if not (math.isfinite(first) and math.isfinite(second) and low <= first <= second <= high):
        raise RecipeError(f"late sampler: {name} must be a range within [{low:g}, {high:g}], got {bounds}")
