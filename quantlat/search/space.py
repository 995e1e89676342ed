"""The retention configurations that a search may propose: non-increasing ratios on a grid.

A configuration is written as *decrements*: layer i gives up ``d_i >= 0`` grid steps more than the layer
before, ``r_i = max(r_min, 1 - step * (d_1 + ... + d_i))``. Every vector of decrements is a valid
configuration, so that a sampler never proposes one that has to be thrown away, and exchanging decrements
between two parents (crossover) exchanges what their layers do.

Where a model was trained to drop late, the best configurations keep everything up to the last layers and
give up most of the tokens in one of them, so a decrement may be large; random vectors draw small ones,
because large ones collapse to the smallest ratio within two layers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from quantlat.errors import RecipeError
from quantlat.models.retention import RetentionConfig
from quantlat.search.surrogate import given_up

_EPSILON = 1e-9
_LARGEST_DECREMENT = 0.9
_RANDOM_DECREMENT = 0.3  # no published configuration gives up more at one layer
SMALLEST_RATE = 0.8
"""Constant rate of the smallest sub-network that LengthDrop trains with its usual ratio of 0.2."""


@dataclass(frozen=True)
class RetentionSpace:
    """Grid of retention configurations for a model.

    Attributes:
        layers: layers of the model.
        ratio_step: distance of neighbouring ratios.
        min_ratio: smallest ratio; the grid counts down from 1, so the smallest one used may be a little
            above.
        largest_decrement: most that one layer may give up, as a ratio. Where layers are too few to reach
            ``min_ratio`` with it, twice the even share of each layer is allowed.
    """

    layers: int
    ratio_step: float = 0.05
    min_ratio: float = 0.1
    largest_decrement: float = _LARGEST_DECREMENT

    def __post_init__(self) -> None:
        if self.layers < 1:
            raise RecipeError(f"a retention space needs at least one layer, got {self.layers}")
        for name in ("ratio_step", "min_ratio", "largest_decrement"):
            value = getattr(self, name)
            if not 0.0 < value <= 1.0:
                raise RecipeError(f"{name} must be in (0, 1], got {value!r}")

    @cached_property
    def levels(self) -> int:
        """Grid steps from ratio 1 down to the smallest."""
        return math.floor((1.0 - self.min_ratio) / self.ratio_step + _EPSILON)

    @cached_property
    def max_decrement(self) -> int:
        """Most grid steps that one layer may give up."""
        even_share = math.ceil(2 * self.levels / self.layers)
        return min(self.levels, max(1, round(self.largest_decrement / self.ratio_step), even_share))

    @cached_property
    def size(self) -> int:
        """Number of different configurations."""
        ways = {0: 1}
        for _ in range(self.layers):
            after: dict[int, int] = {}
            for level, count in ways.items():
                for reached in range(level, min(level + self.max_decrement, self.levels) + 1):
                    after[reached] = after.get(reached, 0) + count
            ways = after
        return sum(ways.values())

    @cached_property
    def full(self) -> RetentionConfig:
        """Nothing is dropped."""
        return RetentionConfig.full(self.layers)

    def config(self, decrements: Sequence[int]) -> RetentionConfig:
        """The configuration of a vector of decrements, one for each layer, in grid steps."""
        return self._at(np.minimum(self.levels, np.cumsum(decrements)).tolist())

    def decrements(self, config: RetentionConfig) -> tuple[int, ...]:
        """Inverse of :meth:`config`.

        Raises:
            RecipeError: the configuration is not on this grid; :meth:`repair` moves it there.
        """
        if self.repair(config.ratios) != config:
            raise RecipeError(
                f"the retention configuration {config} is not in the search space: {self.layers} layers, step "
                f"{self.ratio_step:g}, smallest ratio {self.min_ratio:g}, at most "
                f"{self.max_decrement * self.ratio_step:g} less at each layer"
            )
        return tuple(int(d) for d in np.diff([0, *self._levels_of(config)]))

    def repair(self, ratios: Sequence[float]) -> RetentionConfig:
        """The configuration of the grid that is near to any ratios: rounded, clipped, made non-increasing.

        Raises:
            RecipeError: not one ratio for each layer.
        """
        if len(ratios) != self.layers:
            raise RecipeError(f"expected {self.layers} retention ratios, got {len(ratios)}")
        reached, before = [], 0
        for ratio in ratios:
            wanted = round((1.0 - float(ratio)) / self.ratio_step)
            before = min(max(wanted, before), before + self.max_decrement, self.levels)
            reached.append(before)
        return self._at(reached)

    def random(self, rng: np.random.Generator) -> RetentionConfig:
        """A configuration with uniformly drawn decrements of moderate size."""
        even_share = math.ceil(2 * self.levels / self.layers)
        largest = min(self.max_decrement, max(1, round(_RANDOM_DECREMENT / self.ratio_step), even_share))
        return self.config(rng.integers(0, largest + 1, self.layers).tolist())

    def neighbour(self, config: RetentionConfig, rng: np.random.Generator, *, reach: int = 3) -> RetentionConfig:
        """A configuration near ``config``: about half of its ratios moved by up to ``reach`` steps."""
        moves = rng.integers(-reach, reach + 1, self.layers) * (rng.random(self.layers) < 0.5)
        ratios = np.asarray(config.ratios) - moves * self.ratio_step
        return self.repair(np.clip(ratios, 0.0, 1.0).tolist())

    def between(self, first: RetentionConfig, second: RetentionConfig, rng: np.random.Generator) -> RetentionConfig:
        """The mean of two, layer by layer; nothing is drawn."""
        return self.repair(((np.array(first.ratios) + np.array(second.ratios)) / 2).tolist())

    def given_up(self, configs: Sequence[RetentionConfig]) -> NDArray[np.float64]:
        """See :func:`quantlat.search.surrogate.given_up`."""
        return given_up(configs)

    def constant_rates(self, count: int, *, smallest_rate: float = SMALLEST_RATE) -> tuple[RetentionConfig, ...]:
        """Configurations in which each layer keeps the same share of the layer before, from full to smallest.

        Their mean ratios are evenly spaced (Kim & Cho find the rate by bisection). The smallest is the
        sub-network that LengthDrop trains as such; nothing shorter was seen in training.

        Returns:
            Full first; fewer than ``count`` where neighbours fall on the same grid point.
        """
        smallest = _mean_ratio(smallest_rate, self.layers)
        targets = np.linspace(1.0, smallest, max(2, count))
        rates = [_rate_for(target, self.layers, smallest_rate) for target in targets]
        configs = [self.repair(RetentionConfig.constant_rate(rate, self.layers).ratios) for rate in rates]
        return tuple(dict.fromkeys([self.full, *configs]))

    def late_profiles(self) -> tuple[RetentionConfig, ...]:
        """Configurations that keep everything in the first layers and then fall to a last ratio, mildest first.

        These are the shapes that LengthDrop training with the ``late`` sampler prepares: layer ``i`` of ``L`` keeps
        ``1 - (1 - last) * x^power`` with ``x = max(0, i / L - onset) / (1 - onset)``.
        """
        depth = np.arange(1, self.layers + 1) / self.layers
        found: dict[RetentionConfig, None] = {}
        for last, onset, power in itertools.product((0.4, 0.2, 0.1, 0.05), (0.75, 0.6, 0.5, 0.4), (0.5, 1.0, 2.0)):
            fallen = np.maximum(0.0, depth - onset) / (1.0 - onset)
            found.setdefault(self.repair((1.0 - (1.0 - last) * fallen**power).tolist()))
        return tuple(sorted(found, key=lambda config: -sum(config.ratios)))

    def first_generation(self, count: int, rng: np.random.Generator) -> tuple[RetentionConfig, ...]:
        """Where a search starts: full, late profiles, some constant rates (the smallest among them), neighbours."""
        late, constant = self.late_profiles(), self.constant_rates(max(2, count // 4))
        spread = np.linspace(0, len(late) - 1, min(len(late), count // 2)).round().astype(int)
        seeds = list(dict.fromkeys([self.full, *(late[i] for i in spread), *constant]))[:count]
        chosen = dict.fromkeys(seeds)
        for _ in range(50 * count):
            if len(chosen) >= min(count, self.size):
                break
            chosen.setdefault(self.neighbour(seeds[int(rng.integers(len(seeds)))], rng))
        return tuple(chosen)

    def unseen(
        self, seen: Collection[RetentionConfig], rng: np.random.Generator, *, near: Sequence[RetentionConfig] = ()
    ) -> RetentionConfig | None:
        """A configuration that is not in ``seen``, preferably next to one of ``near``; ``None`` if there is none."""
        for attempt in range(200):
            origin = near[int(rng.integers(len(near)))] if near else self.random(rng)
            proposal = self.neighbour(origin, rng, reach=1 + attempt // 20)
            if proposal not in seen:
                return proposal
        return next((config for config in self.enumerate() if config not in seen), None)

    def cheaper(
        self, seen: Collection[RetentionConfig], rng: np.random.Generator, *, near: Sequence[RetentionConfig]
    ) -> RetentionConfig | None:
        """A configuration not in ``seen`` that keeps a little less than one of ``near``; ``None`` if none is found.

        One or two layers give up one or two grid steps; now and then another one gets a step back.
        """
        for _ in range(200):
            origin = near[int(rng.integers(len(near)))]
            moves = np.zeros(self.layers)
            moves[rng.integers(self.layers, size=rng.integers(1, 3))] = rng.integers(1, 3)
            if rng.random() < 0.3:
                moves[rng.integers(self.layers)] -= 1
            ratios = np.asarray(origin.ratios) - moves * self.ratio_step
            proposal = self.repair(np.clip(ratios, 0.0, 1.0).tolist())
            if proposal not in seen and sum(proposal.ratios) < sum(origin.ratios):
                return proposal
        return None

    def enumerate(self) -> Iterator[RetentionConfig]:
        """Every configuration, from full to smallest; there may be millions."""
        yield from (self._at(levels) for levels in self._levels_from(0, self.layers))

    def _levels_from(self, level: int, layers: int) -> Iterator[tuple[int, ...]]:
        if layers == 0:
            yield ()
            return
        for reached in range(level, min(level + self.max_decrement, self.levels) + 1):
            for rest in self._levels_from(reached, layers - 1):
                yield (reached, *rest)

    def _at(self, levels: Sequence[int]) -> RetentionConfig:
        # rounded, because 1 - 3 * 0.05 is 0.85 and a hair, and equal configurations must be equal
        return RetentionConfig(tuple(round(1.0 - level * self.ratio_step, 9) for level in levels))

    def _levels_of(self, config: RetentionConfig) -> tuple[int, ...]:
        return tuple(round((1.0 - ratio) / self.ratio_step) for ratio in config.ratios)


def _mean_ratio(rate: float, layers: int) -> float:
    return float(np.mean(RetentionConfig.constant_rate(rate, layers).ratios))


def _rate_for(mean_ratio: float, layers: int, smallest_rate: float) -> float:
    """The constant rate with this mean ratio, by bisection."""
    low, high = smallest_rate, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        if _mean_ratio(middle, layers) < mean_ratio:
            low = middle
        else:
            high = middle
    return high
