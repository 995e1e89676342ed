"""Samplers propose configurations of the space, and optuna treats constraints and seeds as we rely on."""

from __future__ import annotations

import numpy as np
import optuna
import pytest

from quantlat.errors import RecipeError
from quantlat.search.sampler import SAMPLERS, GivenSampler, make_sampler, parameter_name
from quantlat.search.space import RetentionSpace

SPACE = RetentionSpace(4)


def _suggest(trial: optuna.Trial) -> list[int]:
    return [trial.suggest_int(parameter_name(i), 0, SPACE.max_decrement) for i in range(SPACE.layers)]


def _study(name: str, seed: int, population: int = 4) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = make_sampler(name, SPACE, seed=seed, population=population)
    return optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_repeats_itself_with_the_same_seed(name: str) -> None:
    first, again, other = (_suggest(_study(name, seed).ask()) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_random_draws_as_the_space_does() -> None:
    drawn = [SPACE.config(_suggest(_study("random", seed).ask())) for seed in range(30)]
    assert drawn == [SPACE.random(np.random.default_rng(seed)) for seed in range(30)]


def test_an_unknown_sampler_is_named_with_those_that_exist() -> None:
    with pytest.raises(RecipeError, match=r"unknown search sampler 'tpe'\nKnown samplers: guided, nsga2, evol"):
        make_sampler("tpe", SPACE, seed=0, population=4)


def test_nsga2_prefers_feasible_trials_and_then_small_violations() -> None:
    study = _study("nsga2", 0, population=4)
    violations = [-1.0, 0.0, 5.0, 1.0, 3.0, -2.0]
    for number, violation in enumerate(violations):
        trial = study.ask()
        _suggest(trial)
        trial.set_constraint("accuracy", violation)
        # the infeasible ones are better in both objectives, and yet must not be chosen before the feasible
        study.tell(trial, [10.0 - number, number] if violation > 0 else [20.0 - number, -10.0 + number])
    sampler = study.sampler
    assert isinstance(sampler, optuna.samplers.NSGAIISampler)
    selected = sampler._elite_population_selection_strategy(study, study.trials)
    assert sorted(trial.number for trial in selected) == [0, 1, 3, 5]


def test_given_configurations_reach_the_population_of_nsga2_and_enqueued_ones_do_not() -> None:
    study = _study("nsga2", 0)
    inner = study.sampler
    given = SPACE.config((1, 0, 2, 3))
    study.enqueue_trial({parameter_name(i): 1 for i in range(SPACE.layers)})
    for sampler in (inner, GivenSampler(inner, SPACE, given)):
        study.sampler = sampler
        trial = study.ask()
        steps = _suggest(trial)
        study.tell(trial, [1.0, 1.0])
    assert SPACE.config(steps) == given
    assert ["NSGAIISampler:generation" in trial.system_attrs for trial in study.trials] == [False, True]
