"""The joint space: which tokens, heads, neurons and layers of one model run, and in which precision.

A point of it is an :class:`~quantlat.models.retention.ElasticConfig`. The search changes it as a *genome*, one entry
for each layer of the whole model on every axis, so that layers can come back with what they had:

- ``retention``: a ratio on the grid of :class:`~quantlat.search.space.RetentionSpace`;
- ``width``: heads on a grid of multipliers, and neurons in the same proportion (DynaBERT's rule);
- ``depth``: whether the layer runs;
- ``precision``: whether its linears run in fp32 instead of INT8.

An axis that is not searched stays at the whole model in INT8 at full length. Many genomes mean the same model (the
width of a layer that does not run is nobody's business); :meth:`JointSpace.config` gives all of them one
configuration, so that equal ones compare equal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from quantlat.errors import RecipeError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.models.subnetwork import WidthConfig
from quantlat.search.joint.seeds import first_genomes
from quantlat.search.space import RetentionSpace

Axis = Literal["retention", "width", "depth", "precision"]
AXES: tuple[Axis, ...] = get_args(Axis)
_INT8 = 0.3  # what INT8 gives up of a layer on the scale where 1 is the layer itself
_SWAP, _SHIFT_ALL, _SECOND = 0.3, 0.5, 0.25


@dataclass(frozen=True)
class Genome:
    """One entry for each layer of the whole model.

    Attributes:
        ratios: retention, non-increasing.
        heads: attention heads kept.
        runs: False where the layer is left out.
        fp32: True where it runs in fp32.
    """

    ratios: tuple[float, ...]
    heads: tuple[int, ...]
    runs: tuple[bool, ...]
    fp32: tuple[bool, ...]


@dataclass(frozen=True)
class JointSpace:
    """Configurations of a whole model of ``encoder``.

    Attributes:
        axes: what may change.
        ratio_step, min_ratio: grid of the retention.
        widths: multipliers that were trained; the smallest bounds the grid, and the search begins with them.
        width_step: distance of neighbouring multipliers.
        depths: the same for the share of layers that run.

    Raises:
        RecipeError: no axis, an unknown one or one twice; multipliers outside (0, 1].
    """

    encoder: EncoderConfig
    axes: tuple[Axis, ...] = AXES
    ratio_step: float = 0.05
    min_ratio: float = 0.05
    widths: tuple[float, ...] = (0.75, 0.5)
    width_step: float = 0.125
    depths: tuple[float, ...] = (0.75, 0.5)

    def __post_init__(self) -> None:
        if not self.axes or len(set(self.axes)) != len(self.axes) or not set(self.axes) <= set(AXES):
            raise RecipeError(
                f"a joint search needs axes, each once, got {list(self.axes)}", f"Axes: {', '.join(AXES)}."
            )
        if not (0.0 < self.width_step <= 1.0 and all(0.0 < m <= 1.0 for m in (*self.widths, *self.depths))):
            raise RecipeError("width_step and the multipliers of widths and depths must be in (0, 1]")
        if self.encoder.bottleneck is not None and {"width", "depth"} & set(self.axes):
            raise RecipeError(f"{self.encoder.family} models have no sub-networks of other widths or depths")

    @property
    def layers(self) -> int:
        """Layers of the whole model."""
        return self.encoder.num_layers

    @cached_property
    def retention(self) -> RetentionSpace:
        """The space of the retention axis."""
        return RetentionSpace(self.layers, ratio_step=self.ratio_step, min_ratio=self.min_ratio)

    @cached_property
    def heads(self) -> tuple[tuple[int, ...], ...]:
        """Numbers of heads that each layer may keep, ascending; the last is all of them."""
        smallest = min((1.0, *self.widths))
        steps = math.floor((1.0 - smallest) / self.width_step + 1e-9)
        multipliers = [*self.widths, smallest, *(1.0 - i * self.width_step for i in range(steps + 1))]
        rows = [WidthConfig.uniform(self.encoder, multiplier).heads for multiplier in multipliers]
        return tuple(tuple(sorted(set(column))) for column in zip(*rows, strict=True))

    @cached_property
    def fewest_layers(self) -> int:
        """Layers that run at least."""
        return max(1, math.floor(min((1.0, *self.depths)) * self.layers + 0.5))

    @cached_property
    def whole(self) -> Genome:
        """The whole model in INT8 at full length."""
        layers = self.layers
        return Genome((1.0,) * layers, self.encoder.heads, (True,) * layers, (False,) * layers)

    @cached_property
    def full(self) -> ElasticConfig:
        """Configuration of the whole model in INT8 at full length."""
        return self.config(self.whole)

    @cached_property
    def full_fp32(self) -> ElasticConfig:
        """Configuration of the whole model in fp32 at full length: what all costs are relative to."""
        return self.config(replace(self.whole, fp32=(True,) * self.layers))

    def config(self, genome: Genome) -> ElasticConfig:
        """The one configuration of every genome that means the same model."""
        running = [i for i, runs in enumerate(genome.runs) if runs]
        # a ratio of a layer that does not run may have bridged a step that is larger than the grid allows
        ratios = self.retention.repair(_carried([r if i in running else None for i, r in enumerate(genome.ratios)]))
        kept = tuple(ratios.ratios[i] for i in running)
        most = self.encoder.heads
        shares = [genome.heads[i] / most[i] if i in running else 1.0 for i in range(self.layers)]
        return ElasticConfig(
            retention=None if kept[-1] == 1.0 else RetentionConfig(kept),
            width=None if min(shares) == 1.0 else WidthConfig.of_multipliers(self.encoder, shares),
            layers=None if len(running) == self.layers else tuple(running),
            fp32_layers=tuple(i for i in running if genome.fp32[i]),
        )

    def genome(self, config: ElasticConfig) -> Genome:
        """A genome of a configuration; layers that do not run have what the one before keeps, in full width."""
        running = range(self.layers) if config.layers is None else config.layers
        kept: list[float | None] = [None] * self.layers
        for place, layer in enumerate(running):
            kept[layer] = 1.0 if config.retention is None else config.retention.ratios[place]
        return Genome(
            tuple(_carried(kept)),
            self.encoder.heads if config.width is None else config.width.heads,
            tuple(i in running for i in range(self.layers)),
            tuple(i in config.fp32_layers for i in range(self.layers)),
        )

    def contains(self, config: ElasticConfig) -> bool:
        """Whether this is a configuration of the space, in the form that :meth:`config` gives it."""
        genome, whole = self.genome(config), self.whole
        fixed = {"retention": "ratios", "width": "heads", "depth": "runs", "precision": "fp32"}
        return (
            config == self.config(genome)
            and all(heads in allowed for heads, allowed in zip(genome.heads, self.heads, strict=True))
            and sum(genome.runs) >= self.fewest_layers
            and all(getattr(genome, fixed[a]) == getattr(whole, fixed[a]) for a in AXES if a not in self.axes)
        )

    def first_generation(self, count: int, rng: np.random.Generator) -> tuple[ElasticConfig, ...]:
        """Where a search starts: the whole model, what was trained on each axis, and combinations of these.

        Fewer than ``count`` where the space has no more. With retention alone these are the first configurations of
        :class:`RetentionSpace`.
        """
        if self.axes == ("retention",):
            first = self.retention.first_generation(count, rng)
            return tuple(self.config(replace(self.whole, ratios=config.ratios)) for config in first)
        chosen = dict.fromkeys(self.config(genome) for genome in first_genomes(self))
        seeds = list(chosen)[:count]
        chosen = dict.fromkeys(seeds)
        for _ in range(50 * count):
            if len(chosen) >= count:
                break
            chosen.setdefault(self.neighbour(seeds[int(rng.integers(len(seeds)))], rng))
        return tuple(chosen)

    def random(self, rng: np.random.Generator) -> ElasticConfig:
        """Some axes anywhere, the others at the whole model: everything at random at once is always broken."""
        genome, axes = self.whole, self._some_axes(rng)
        if "retention" in axes:
            genome = replace(genome, ratios=self.retention.random(rng).ratios)
        if "width" in axes:
            shares = np.full(self.layers, rng.random()) if rng.random() < _SHIFT_ALL else rng.random(self.layers)
            heads = (allowed[int(x * len(allowed))] for x, allowed in zip(shares, self.heads, strict=True))
            genome = replace(genome, heads=tuple(heads))
        if "depth" in axes:
            count = int(rng.integers(self.fewest_layers, self.layers + 1))
            running = rng.permutation(self.layers)[:count].tolist()
            genome = replace(genome, runs=tuple(i in running for i in range(self.layers)))
        if "precision" in axes:
            genome = replace(genome, fp32=tuple((rng.random(self.layers) < rng.random()).tolist()))
        return self.config(genome)

    def neighbour(self, config: ElasticConfig, rng: np.random.Generator, *, reach: int = 3) -> ElasticConfig:
        """A mutation: some axes move, by up to ``reach`` grid steps or by a layer or two."""
        genome, axes = self.genome(config), self._some_axes(rng)
        if "retention" in axes:
            moved = self.retention.neighbour(self.retention.repair(genome.ratios), rng, reach=reach)
            genome = replace(genome, ratios=moved.ratios)
        if "width" in axes:
            genome = replace(genome, heads=self._moved_heads(genome.heads, rng, reach))
        if "depth" in axes:
            genome = replace(genome, runs=self._moved_layers(genome.runs, rng))
        if "precision" in axes:
            fp32, running = list(genome.fp32), np.flatnonzero(genome.runs)
            for i in rng.choice(running, min(len(running), 1 + int(rng.random() < _SECOND)), replace=False):
                fp32[int(i)] = not fp32[int(i)]
            genome = replace(genome, fp32=tuple(fp32))
        return self.config(genome)

    def between(self, first: ElasticConfig, second: ElasticConfig, rng: np.random.Generator) -> ElasticConfig:
        """A crossover: mean retention, layers of one parent, width and precision of either in each layer."""
        one, other = self.genome(first), self.genome(second)
        mean = (np.array(one.ratios) + np.array(other.ratios)) / 2
        mine = rng.random(self.layers) < 0.5
        precise = rng.random(self.layers) < 0.5
        return self.config(
            Genome(
                self.retention.repair(mean.tolist()).ratios,
                tuple(a if m else b for a, b, m in zip(one.heads, other.heads, mine, strict=True)),
                one.runs if rng.random() < 0.5 else other.runs,
                tuple(a if p else b for a, b, p in zip(one.fp32, other.fp32, precise, strict=True)),
            )
        )

    def given_up(self, configs: Sequence[ElasticConfig]) -> NDArray[np.float64]:
        """What each layer gives up on each axis, ``[n, axes * layers]``: features of the accuracy surrogate."""
        return np.array([self._given_up(self.genome(config)) for config in configs])

    def _given_up(self, genome: Genome) -> NDArray[np.float64]:
        runs = np.array(genome.runs)
        features: dict[Axis, NDArray[np.float64]] = {
            "retention": 1.0 - np.array(genome.ratios),
            "width": 1.0 - np.array(genome.heads) / np.array(self.encoder.heads),
            "depth": 1.0 - runs,
            "precision": _INT8 * (runs & ~np.array(genome.fp32)),
        }
        return np.concatenate([features[axis] for axis in self.axes])

    def _some_axes(self, rng: np.random.Generator) -> tuple[Axis, ...]:
        """Each axis with probability one half, one at least."""
        drawn = rng.random(len(self.axes)) < 0.5
        if not drawn.any():
            drawn[int(rng.integers(len(self.axes)))] = True
        return tuple(axis for axis, moves in zip(self.axes, drawn, strict=True) if moves)

    def _moved_heads(self, heads: Sequence[int], rng: np.random.Generator, reach: int) -> tuple[int, ...]:
        """All layers a step narrower or wider, or about half of them by up to ``reach`` steps."""
        if rng.random() < _SHIFT_ALL:
            moves = np.full(self.layers, rng.choice((-1, 1)))
        else:
            moves = rng.integers(-reach, reach + 1, self.layers) * (rng.random(self.layers) < 0.5)
        moved = []
        for now, allowed, move in zip(heads, self.heads, moves, strict=True):
            place = int(np.searchsorted(allowed, now)) + int(move)
            moved.append(allowed[min(max(place, 0), len(allowed) - 1)])
        return tuple(moved)

    def _moved_layers(self, runs: Sequence[bool], rng: np.random.Generator) -> tuple[bool, ...]:
        """One layer out or back, or one in another's place."""
        after, running, left = list(runs), np.flatnonzero(runs), np.flatnonzero(~np.array(runs))
        if len(left) and rng.random() < _SWAP:
            after[int(rng.choice(running))], after[int(rng.choice(left))] = False, True
            return tuple(after)
        movable = left if len(running) <= self.fewest_layers else np.arange(self.layers)
        if len(movable):
            chosen = int(rng.choice(movable))
            after[chosen] = not after[chosen]
        return tuple(after)


def _carried(ratios: Sequence[float | None]) -> list[float]:
    """Missing ratios are those of the layer before, 1 at the beginning."""
    filled, before = [], 1.0
    for ratio in ratios:
        before = before if ratio is None else ratio
        filled.append(before)
    return filled


def parse_axes(text: str) -> tuple[Axis, ...]:
    """Axes of ``retention,width``, in the order of :data:`AXES`.

    Raises:
        RecipeError: an unknown axis, one twice, or none.
    """
    named = [part.strip() for part in text.split(",") if part.strip()]
    if not named or len(set(named)) != len(named) or not set(named) <= set(AXES):
        raise RecipeError(
            f"axes are names separated by commas, each once, got {text!r}", f"Axes: {', '.join(AXES)}; or all of them."
        )
    return tuple(axis for axis in AXES if axis in named)
