"""Which configuration to try next: optuna's samplers over decrements, behind a registry of names.

``nsga2`` is NSGA-II (Deb et al., IEEE TEC 6(2), 2002) with uniform crossover, so that a layer's decrement
comes from one parent, and polynomial mutation, which mostly moves a decrement by a step or two.
``random`` draws from the space and is the baseline that every search must beat.

What optuna 5 does with constraints (``Trial.set_constraint``, at most 0 means feasible): NSGA-II ranks all
feasible trials by domination first and then the others by their summed violation alone. A trial without
constraints counts as feasible. Values must be set before the trial is told, and only the first counts.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from quantlat.errors import RecipeError
from quantlat.search.space import RetentionSpace

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

_MUTATION_ETA = 5.0  # small: with some tens of trials, steps must be large enough to get anywhere


def parameter_name(layer: int) -> str:
    """Name under which a layer's decrement is kept in the storage; layers count from 0."""
    return f"decrement_{layer + 1}"


def _nsga2(space: RetentionSpace, seed: int, population: int) -> BaseSampler:
    from optuna.exceptions import ExperimentalWarning
    from optuna.samplers import NSGAIISampler
    from optuna.samplers.nsgaii import PolynomialMutation

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # of the mutation's interface; optuna is pinned below 6
        mutation = PolynomialMutation(eta=_MUTATION_ETA)
        return NSGAIISampler(population_size=population, mutation=mutation, seed=seed)


def _random(space: RetentionSpace, seed: int, population: int) -> BaseSampler:
    from optuna.distributions import BaseDistribution, IntDistribution
    from optuna.samplers import RandomSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    names = [parameter_name(layer) for layer in range(space.layers)]

    class SpaceSampler(RandomSampler):  # type: ignore[misc]
        """Draws as the space does: uniform decrements over the whole range would collapse at the first
        layers."""

        def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
            return {name: IntDistribution(0, space.max_decrement) for name in names}

        def sample_relative(
            self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
        ) -> dict[str, int]:
            drawn = space.decrements(space.random(np.random.default_rng(seed)))
            return dict(zip(names, drawn, strict=True))

    return SpaceSampler(seed=seed)


SAMPLERS: dict[str, Callable[[RetentionSpace, int, int], BaseSampler]] = {"nsga2": _nsga2, "random": _random}
"""Samplers by name; each is made from the space, a seed and the size of the population."""


def make_sampler(name: str, space: RetentionSpace, *, seed: int, population: int) -> BaseSampler:
    """The sampler called ``name``.

    Raises:
        RecipeError: there is none of that name.
    """
    if name not in SAMPLERS:
        raise RecipeError(f"unknown search sampler {name!r}", f"Known samplers: {', '.join(SAMPLERS)}.")
    return SAMPLERS[name](space, seed, population)
