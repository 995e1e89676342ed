"""Which configuration to measure next, from what was measured so far: three searches behind one interface.

``guided`` is ours. Latency of every configuration is known from the latency table and accuracy is predicted by a
:class:`~quantlat.search.surrogate.DropSurrogate`, so that most ideas can be judged without running
them. A small evolution on predictions alone makes a pool of ideas, the surrogate is sampled once (Thompson
sampling), and what would improve the front's hypervolume most is measured; every other time, what the sample takes
for the best answer to the question that was asked: the fastest within the floor, or the most accurate within the
latency target.

``evolutionary`` is the search of the Length-Adaptive Transformer (Kim & Cho, ACL 2021, section 3.3 and its
released code) on a grid of ratios: mutation of members of the Pareto front and crossover in turn.

``random`` is the baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import AccuracyFloor, Candidate, Cost, Measured
from quantlat.search.evolution import Population, Predictor, Space, evolve
from quantlat.search.pareto import pareto_front
from quantlat.search.profiles import BROKEN_DROP
from quantlat.search.space import RetentionSpace
from quantlat.search.surrogate import DropSurrogate

ConfigT = TypeVar("ConfigT")
CostModel = Predictor[ConfigT]
"""Predicted costs of configurations, relative to full length."""

_ATTEMPTS = 200
_LEAST_SEEDS = 4
_JITTER = 1e-6  # squared points; rounding leaves covariances a little indefinite


class Proposer(Protocol):
    """Proposes configurations; everything random comes from ``rng``, so that a search can be repeated."""

    def first(self, count: int, rng: np.random.Generator) -> tuple[RetentionConfig, ...]:
        """Where to start."""

    def propose(
        self, measured: Sequence[Candidate], taken: Collection[RetentionConfig], rng: np.random.Generator
    ) -> RetentionConfig | None:
        """A configuration that is not in ``taken``; ``None`` when it has no idea."""


@dataclass(frozen=True)
class RandomProposer:
    """Draws from the space."""

    space: RetentionSpace

    def first(self, count: int, rng: np.random.Generator) -> tuple[RetentionConfig, ...]:
        """Nothing but full length, which every search needs as its reference."""
        return (self.space.full,)

    def propose(
        self, measured: Sequence[Candidate], taken: Collection[RetentionConfig], rng: np.random.Generator
    ) -> RetentionConfig | None:
        """Any configuration."""
        drawn = (self.space.random(rng) for _ in range(_ATTEMPTS))
        return next((config for config in drawn if config not in taken), None)


@dataclass(frozen=True)
class EvolutionaryProposer:
    """The published search.

    Attributes:
        mutation_probability: of each layer, 0.5 in the paper's code.
        cost: 'macs' as published, or 'latency'.
    """

    space: RetentionSpace
    cost: Cost = "macs"
    mutation_probability: float = 0.5

    def first(self, count: int, rng: np.random.Generator) -> tuple[RetentionConfig, ...]:
        """The smallest, the largest and configurations of constant rate evenly spaced between them."""
        return self.space.constant_rates(count)

    def propose(
        self, measured: Sequence[Candidate], taken: Collection[RetentionConfig], rng: np.random.Generator
    ) -> RetentionConfig | None:
        """A mutation or a crossover of the Pareto front, in turn."""
        front = pareto_front([c.cost(self.cost) for c in measured], [-c.drop for c in measured])
        members = [measured[i].config for i in front]
        for _ in range(_ATTEMPTS):
            mutate = len(measured) % 2 == 0 or len(members) < 2
            child = self._mutated(members, rng) if mutate else self._crossed(members, rng)
            if child not in taken:
                return child
        return None

    def _mutated(self, members: Sequence[RetentionConfig], rng: np.random.Generator) -> RetentionConfig:
        """Some layers get any length between their (new) predecessor's and their (old) successor's."""
        ratios = list(members[int(rng.integers(len(members)))].ratios)
        for layer in range(len(ratios)):
            if rng.random() < self.mutation_probability:
                low = ratios[layer + 1] if layer + 1 < len(ratios) else self.space.min_ratio
                ratios[layer] = rng.uniform(low, ratios[layer - 1] if layer else 1.0)
        return self.space.repair(ratios)

    def _crossed(self, members: Sequence[RetentionConfig], rng: np.random.Generator) -> RetentionConfig:
        """The mean of two, layer by layer, rounded up."""
        first, second = rng.choice(len(members), size=2, replace=False)
        mean = (np.array(members[first].ratios) + np.array(members[second].ratios)) / 2.0
        step = self.space.ratio_step
        rounded_up = 1.0 - np.floor((1.0 - mean) / step + 1e-9) * step
        return self.space.repair(rounded_up.tolist())


@dataclass(frozen=True)
class GuidedProposer(Generic[ConfigT]):
    """Thompson sampling of the accuracy surrogate against predicted latency.

    Attributes:
        floor: accuracy within which the fastest is wanted.
        predict: costs of configurations.
        target: gives the relative cost within which the most accurate is wanted, instead of the floor.
    """

    space: Space[ConfigT]
    floor: AccuracyFloor
    predict: CostModel[ConfigT]
    cost: Cost = "latency"
    target: Callable[[], float] | None = None

    def first(self, count: int, rng: np.random.Generator) -> tuple[ConfigT, ...]:
        """Shapes that were trained, from full to smallest; half of a population, because the surrogate learns fast."""
        return self.space.first_generation(max(_LEAST_SEEDS, count // 2), rng)

    def propose(
        self, measured: Sequence[Measured[ConfigT]], taken: Collection[ConfigT], rng: np.random.Generator
    ) -> ConfigT | None:
        """The best idea of a pool under one sample of the surrogate."""
        surrogate = DropSurrogate(measured, self.space.given_up)
        known = surrogate.mean([c.config for c in measured])
        spent = np.array([c.cost(self.cost) for c in measured])
        start = Population([c.config for c in measured], spent, known)
        ideas = evolve(
            self.space,
            start,
            self.predict,
            surrogate.mean,
            taken=taken,
            worst_drop=self._worst_drop,
            rng=rng,
        )
        pool, costs = ideas.configs, ideas.costs
        if not pool:
            return None
        mean, covariance = surrogate.predict(pool)
        sampled = _draw(mean, covariance, rng)
        if len(measured) % 2 == 0:
            answer = self._answer(costs, sampled, spent, known)
            if answer is not None:
                return pool[answer]
        gains = _hypervolume_gains(costs, sampled, spent, known, worst_drop=self._worst_drop)
        return pool[int(np.argmax(gains))]

    @property
    def _worst_drop(self) -> float:
        """Points beyond which a model is broken; the profile `fast` comes from anything better."""
        return max(BROKEN_DROP, self.floor.explore_drop)

    def _answer(
        self,
        costs: NDArray[np.float64],
        sampled: NDArray[np.float64],
        spent: NDArray[np.float64],
        known: NDArray[np.float64],
    ) -> int | None:
        """Position of what would be the profile `balanced`, if the sample is right; none within: no answer."""
        if self.target is not None:
            within = costs <= self.target()
            return int(np.argmin(np.where(within, sampled, np.inf))) if within.any() else None
        within = sampled <= self.floor.max_drop
        return int(np.argmin(np.where(within, costs, np.inf))) if within.any() else None


def make_proposer(
    name: str,
    space: RetentionSpace,
    *,
    floor: AccuracyFloor,
    predict: CostModel[RetentionConfig],
    cost: Cost,
    target: Callable[[], float] | None = None,
) -> Proposer | None:
    """The proposer called ``name``; ``None`` for a search that optuna does."""
    if name == "guided":
        return GuidedProposer(space, floor, predict, cost, target)
    if name == "evolutionary":
        return EvolutionaryProposer(space, cost)
    return RandomProposer(space) if name == "random" else None


def _draw(mean: NDArray[np.float64], covariance: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """One joint sample, so that neighbours are lucky together."""
    factor = np.linalg.cholesky(covariance + _JITTER * np.eye(len(mean)))
    return np.asarray(mean + factor @ rng.standard_normal(len(mean)))


def _hypervolume_gains(
    costs: NDArray[np.float64],
    drops: NDArray[np.float64],
    spent: NDArray[np.float64],
    known: NDArray[np.float64],
    *,
    worst_drop: float,
) -> NDArray[np.float64]:
    """Area that each point would add to the front, with full length's cost and ``worst_drop`` as the worst."""
    front = pareto_front(spent.tolist(), (-known).tolist())
    edges = np.concatenate([spent[list(front)], [1.0]])
    # between two costs of the front, the least drop so far
    steps = np.minimum(known[list(front)], worst_drop)
    gains = np.zeros(len(costs))
    below = np.maximum(0.0, np.minimum(edges[0], 1.0) - costs) * np.maximum(0.0, worst_drop - drops)
    gains += below
    for left, right, drop in zip(edges[:-1], edges[1:], steps, strict=True):
        width = np.maximum(0.0, min(right, 1.0) - np.maximum(costs, left))
        gains += width * np.maximum(0.0, drop - drops)
    return gains
