"""Which configuration to try next: optuna's samplers over decrements, behind a registry of names.

``nsga2`` is NSGA-II (Deb et al., IEEE TEC 6(2), 2002) with uniform crossover, so that a layer's decrement
comes from one parent, and polynomial mutation, which mostly moves a decrement by a step or two.
``random`` is the baseline that every search must beat.

What optuna 5 does with constraints (``Trial.set_constraint``, at most 0 means feasible): NSGA-II ranks all
feasible trials by domination first and then the others by their summed violation alone. A trial without
constraints counts as feasible. Values must be set before the trial is told, and only the first counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from quantlat.errors import RecipeError

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

SamplerFactory = Callable[[int, int], "BaseSampler"]
"""Makes a sampler from a seed and the size of the population."""

_MUTATION_ETA = 5.0  # small: with some tens of trials, steps must be large enough to get anywhere


def _nsga2(seed: int, population: int) -> BaseSampler:
    from optuna.samplers import NSGAIISampler
    from optuna.samplers.nsgaii import PolynomialMutation

    return NSGAIISampler(population_size=population, mutation=PolynomialMutation(eta=_MUTATION_ETA), seed=seed)


def _random(seed: int, population: int) -> BaseSampler:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


SAMPLERS: dict[str, SamplerFactory] = {"nsga2": _nsga2, "random": _random}


def make_sampler(name: str, *, seed: int, population: int) -> BaseSampler:
    """The sampler called ``name``.

    Raises:
        RecipeError: there is none of that name.
    """
    if name not in SAMPLERS:
        raise RecipeError(f"unknown search sampler {name!r}", f"Known samplers: {', '.join(SAMPLERS)}.")
    return SAMPLERS[name](seed, population)
