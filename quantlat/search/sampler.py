"""Which configuration to try next: optuna's samplers over decrements, behind a registry of names.

``nsga2`` is NSGA-II (Deb et al., IEEE TEC 6(2), 2002) with uniform crossover, so that a layer's decrement
comes from one parent, and polynomial mutation, which mostly moves a decrement by a step or two.
``random`` draws from the space and is the baseline that every search must beat. The others are in
:mod:`quantlat.search.proposers`, and use optuna to keep and share trials only.

What optuna 5 does with constraints (``Trial.set_constraint``, at most 0 means feasible): NSGA-II ranks all
feasible trials by domination first and then the others by their summed violation alone. A trial without
constraints counts as feasible. Values must be set before the trial is told, and only the first counts.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler
from optuna.samplers.nsgaii import PolynomialMutation
from optuna.study import Study
from optuna.trial import FrozenTrial

from quantlat.errors import RecipeError
from quantlat.models.retention import RetentionConfig
from quantlat.search.space import RetentionSpace

_MUTATION_ETA = 5.0  # small: with some tens of trials, steps must be large enough to get anywhere


def parameter_name(layer: int) -> str:
    """Name under which a layer's decrement is kept in the storage; layers count from 0."""
    return f"decrement_{layer + 1}"


def distributions(space: RetentionSpace) -> dict[str, BaseDistribution]:
    """The parameters of a trial, by name."""
    return {parameter_name(layer): IntDistribution(0, space.max_decrement) for layer in range(space.layers)}


def parameters(space: RetentionSpace, config: RetentionConfig) -> dict[str, int]:
    """A configuration as parameters of a trial."""
    return {parameter_name(layer): steps for layer, steps in enumerate(space.decrements(config))}


class GivenSampler(BaseSampler):  # type: ignore[misc]
    """Proposes one given configuration, and lets the sampler it stands in for take notice of the trial.

    Enqueueing does not do: since optuna 5, trials with all parameters fixed never reach the sampler, so that
    seeds would be missing from NSGA-II's population, and two processes that share an SQLite storage can both
    be given the same enqueued trial.
    """

    def __init__(self, inner: BaseSampler, space: RetentionSpace, config: RetentionConfig) -> None:
        self._inner = inner
        self._distributions = distributions(space)
        self._parameters = parameters(space, config)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """All parameters, whatever earlier trials had."""
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The given configuration; the inner sampler gives the trial its generation."""
        self._inner.sample_relative(study, trial, search_space)
        return dict(self._parameters)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The given value of one parameter."""
        return self._parameters[param_name]


class SpaceSampler(RandomSampler):  # type: ignore[misc]
    """Draws as the space does; uniform decrements over their whole range would collapse in the first layers."""

    def __init__(self, space: RetentionSpace, seed: int) -> None:
        super().__init__(seed=seed)
        self._space = space
        self._random = np.random.default_rng(seed)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """All parameters."""
        return distributions(self._space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """A random configuration."""
        return dict(parameters(self._space, self._space.random(self._random)))


def _nsga2(space: RetentionSpace, seed: int, population: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # of the mutation; optuna is pinned below 6
        mutation = PolynomialMutation(eta=_MUTATION_ETA)
        return NSGAIISampler(population_size=population, mutation=mutation, seed=seed)


def _random(space: RetentionSpace, seed: int, population: int) -> BaseSampler:
    return SpaceSampler(space, seed)


SAMPLERS: dict[str, Callable[[RetentionSpace, int, int], BaseSampler]] = {
    "guided": _random,
    "nsga2": _nsga2,
    "evolutionary": _random,
    "random": _random,
}
"""Samplers by name; each is made from the space, a seed and the size of the population. Where
:mod:`quantlat.search.proposers` has a proposer of that name, it decides, and this one only if it has no idea."""


def make_sampler(name: str, space: RetentionSpace, *, seed: int, population: int) -> BaseSampler:
    """The sampler called ``name``.

    Raises:
        RecipeError: there is none of that name.
    """
    if name not in SAMPLERS:
        raise RecipeError(f"unknown search sampler {name!r}", f"Known samplers: {', '.join(SAMPLERS)}.")
    return SAMPLERS[name](space, seed, population)
