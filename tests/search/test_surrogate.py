"""What the surrogate believes of configurations, measured and not."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import AccuracyFloor, Candidate
from quantlat.search.space import RetentionSpace
from quantlat.search.surrogate import DropSurrogate, shrink
from tests.search.analytic import AnalyticEvaluator, true_drop

SPACE = RetentionSpace(6)


def _configs(count: int, seed: int = 0) -> list[RetentionConfig]:
    rng = np.random.default_rng(seed)
    sound = (config for config in (SPACE.random(rng) for _ in range(50 * count)) if true_drop(config) < 8.0)
    return list(dict.fromkeys(sound))[:count]


def _measured(spread: float, count: int = 40, questions: int = 200) -> list[Candidate]:
    evaluator = AnalyticEvaluator(spread=spread, questions=questions)
    return [evaluator.evaluate(config) for config in [SPACE.full, *_configs(count)]]


def test_without_noise_it_agrees_with_what_was_measured_and_predicts_the_rest() -> None:
    measured = _measured(spread=0.0)
    mean, covariance = DropSurrogate(measured).predict([c.config for c in measured])
    assert mean == pytest.approx([c.drop for c in measured], abs=0.15)
    others = _configs(30, seed=9)
    predicted, covariance = DropSurrogate(measured).predict(others)
    errors = predicted - [true_drop(config) for config in others]
    assert np.sqrt(np.mean(errors**2)) < 0.8
    assert (np.diag(covariance) > 0).all()


def test_shrunken_drops_are_nearer_to_the_truth_than_measured_ones() -> None:
    measured = _measured(spread=14.0)
    truth = np.array([true_drop(c.config) for c in measured])
    raw = np.array([c.drop for c in measured]) - truth
    better = np.array([c.drop_shrunken for c in shrink(measured)], float) - truth
    assert np.sqrt(np.mean(better**2)) < 0.75 * np.sqrt(np.mean(raw**2))


def test_the_luckiest_is_taken_back_and_cannot_pass_the_floor_on_luck() -> None:
    measured = _measured(spread=14.0)
    lucky = max(measured, key=lambda c: true_drop(c.config) - c.drop)
    same = next(c for c in shrink(measured) if c.config == lucky.config)
    assert lucky.drop < same.believed_drop == same.drop_shrunken
    floor = AccuracyFloor(max_drop=max(0.0, lucky.drop + 0.01), margin_z=0.0)
    assert floor.holds(lucky)
    assert not floor.holds(same)


def test_a_surrogate_that_is_wrong_does_not_carry_a_bad_measurement_over_the_floor() -> None:
    trial = _measured(spread=0.0)[5].model_copy(update={"drop": 1.4, "drop_shrunken": 0.2, "stage": "search"})
    assert AccuracyFloor(1.0, margin_z=0.0).holds(trial)  # few questions: worth a place among the finalists
    assert not AccuracyFloor(1.0, margin_z=0.0).holds(trial.model_copy(update={"stage": "final"}))


def test_broken_configurations_do_not_bend_the_rest() -> None:
    sound = _measured(spread=0.0)
    broken = AnalyticEvaluator().evaluate(RetentionConfig((0.1,) * 6)).model_copy(update={"drop": 70.0})
    alone = np.array([c.drop_shrunken for c in shrink(sound)], float)
    beside = np.array([c.drop_shrunken for c in shrink([*sound, broken])][:-1], float)
    assert np.abs(beside - alone).max() < 0.5
    assert shrink([*sound, broken])[-1].drop_shrunken == 70.0


def test_a_cliff_of_broken_configurations_does_not_bend_what_is_believed_near_the_floor() -> None:
    mild = [
        RetentionConfig((1.0, 1.0, 1.0, 1 - a, 1 - b * a, 1 - b * b * a)) for a in (0.1, 0.15, 0.2) for b in (1, 1.3, 2)
    ]
    steep = [RetentionConfig((1.0, 1.0, x, x, y, 0.05)) for x in (0.3, 0.4, 0.5) for y in (0.05, 0.1, 0.15, 0.2, 0.25)]
    few = AnalyticEvaluator(questions=67, spread=8.0)
    broken = [few.evaluate(c).model_copy(update={"drop": 12.0 + 40.0 * (0.5 - c.ratios[2])}) for c in steep]
    sound = [few.evaluate(config) for config in [SPACE.full, *mild, *(c for c in _configs(60) if true_drop(c) < 4.0)]]
    near = {c.config for c in sound if c.config in mild}
    beside = {c.config: c.believed_drop for c in shrink([*sound, *broken]) if c.config in near}
    alone = {c.config: c.believed_drop for c in shrink(sound) if c.config in near}
    assert len(near) == len(mild) and beside == pytest.approx(alone, abs=1e-6)
    assert np.mean([abs(drop - true_drop(config)) for config, drop in beside.items()]) < 0.6
    believed = DropSurrogate([*sound, *broken]).mean(steep)  # who proposes knows where not to go
    assert believed.min() > 5.0 and DropSurrogate([sound[0], *broken]).mean(steep).min() > 5.0


def test_one_candidate_is_enough_and_none_is_nothing() -> None:
    full = AnalyticEvaluator().evaluate(SPACE.full)
    assert shrink([full])[0].drop_shrunken == pytest.approx(0.0, abs=0.1)
    assert shrink([]) == ()


def test_bad_luck_that_all_trials_share_does_not_outvote_the_finalists() -> None:
    """Every trial sees the same few questions. Where those are unkind to dropping, the finalists know better."""
    exact = _measured(spread=0.0, count=70)
    trials = [
        c.model_copy(update={"drop": c.drop + 1.2, "drop_standard_error": 1.8, "questions": 67}) for c in exact[9:]
    ]
    known = [c.model_copy(update={"drop_standard_error": 0.5, "questions": 1000, "stage": "final"}) for c in exact[:9]]
    shrunken = shrink([*known, *trials])
    errors = [float(c.drop_shrunken or 0.0) - true_drop(c.config) for c in shrunken]
    assert abs(np.mean(errors[:9])) < 0.25
    assert abs(np.mean(errors[9:])) < 0.4
