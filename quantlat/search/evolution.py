"""A small evolution on predictions alone: ideas of what to measure, where measuring is dear and predicting is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from quantlat.search.pareto import pareto_front

ConfigT = TypeVar("ConfigT")
Predictor = Callable[[Sequence[ConfigT]], NDArray[np.float64]]

_GENERATIONS = 3
_CHILDREN = 64


class Space(Protocol[ConfigT]):
    """Configurations of any kind, as the guided search handles them."""

    def first_generation(self, count: int, rng: np.random.Generator) -> tuple[ConfigT, ...]:
        """Where a search starts."""
        ...

    def random(self, rng: np.random.Generator) -> ConfigT:
        """Any configuration."""
        ...

    def neighbour(self, config: ConfigT, rng: np.random.Generator, *, reach: int = 3) -> ConfigT:
        """One near ``config``: a mutation."""
        ...

    def between(self, first: ConfigT, second: ConfigT, rng: np.random.Generator) -> ConfigT:
        """One that has something of both: a crossover."""
        ...

    def given_up(self, configs: Sequence[ConfigT]) -> NDArray[np.float64]:
        """Features for the surrogate."""
        ...


@dataclass(frozen=True)
class Population(Generic[ConfigT]):
    """Configurations with their costs (relative to full length) and drops (points), measured or predicted."""

    configs: Sequence[ConfigT]
    costs: NDArray[np.float64]
    drops: NDArray[np.float64]


def evolve(
    space: Space[ConfigT],
    start: Population[ConfigT],
    predict_costs: Predictor[ConfigT],
    predict_drops: Predictor[ConfigT],
    *,
    taken: Collection[ConfigT],
    worst_drop: float,
    rng: np.random.Generator,
) -> Population[ConfigT]:
    """What an evolution arrives at from the front of ``start``, and its way there; without what is ``taken``.

    Each generation changes members of the front of everything so far that lose no more than ``worst_drop``.
    """
    configs, costs, drops = list(start.configs), start.costs, start.drops
    known, seen = len(configs), set(taken)
    for _ in range(_GENERATIONS):
        front = pareto_front(costs.tolist(), (-drops).tolist())
        near = [configs[i] for i in front if drops[i] <= worst_drop] or [configs[i] for i in front]
        new = [config for config in dict.fromkeys(_children(space, near, rng)) if config not in seen]
        if not new:
            continue
        seen.update(new)
        configs = [*configs, *new]
        costs = np.concatenate([costs, predict_costs(new)])
        drops = np.concatenate([drops, predict_drops(new)])
    return Population(configs[known:], costs[known:], drops[known:])


def _children(space: Space[ConfigT], near: Sequence[ConfigT], rng: np.random.Generator) -> Iterator[ConfigT]:
    """Neighbours, means of two, and a few from anywhere."""
    for number in range(_CHILDREN):
        origin = near[int(rng.integers(len(near)))]
        if number % 8 == 0:
            yield space.random(rng)
        elif number % 8 < 3:
            other = near[int(rng.integers(len(near)))]
            yield space.between(origin, other, rng)
        else:
            yield space.neighbour(origin, rng, reach=1 + number % 3)
