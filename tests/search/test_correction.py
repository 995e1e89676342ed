"""What finalists correct of the trials' word."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import Candidate
from quantlat.search.correction import CorrectedBelief
from quantlat.search.surrogate import believed_together
from tests.search.analytic import AnalyticEvaluator, true_drop

FULL = RetentionConfig((1.0,) * 6)


def _late(fourth: float, fifth: float) -> RetentionConfig:
    return RetentionConfig((1.0, 1.0, 1.0, fourth, fifth, 0.1))


GRID = [_late(x, y) for x in (1.0, 0.9, 0.8, 0.7) for y in (0.7, 0.5, 0.3) if y <= x]


def _kindness(config: RetentionConfig) -> float:
    """Points by which the trials' questions flatter a configuration: more where layer 5 keeps less."""
    return 0.0 if config.is_full else 0.4 + 1.5 * (1.0 - config.ratios[4])


def _measured(config: RetentionConfig, *, final: bool) -> Candidate:
    exact = AnalyticEvaluator(questions=1000 if final else 400).evaluate(config)
    drop = true_drop(config) - (0.0 if final else _kindness(config))
    error = 0.1 if final or config.is_full else 0.4
    return exact.model_copy(
        update={"drop": drop, "drop_standard_error": error, "stage": "final" if final else "search"}
    )


@pytest.fixture
def trials() -> list[Candidate]:
    return [_measured(config, final=False) for config in (FULL, *GRID)]


def test_finalists_correct_what_is_near_them_by_what_they_lose_there(trials: list[Candidate]) -> None:
    """Kindness depends on the configuration, so no average over the finalists would do."""
    places = (FULL, _late(0.9, 0.7), _late(0.8, 0.3), _late(0.7, 0.5), _late(1.0, 0.5))
    belief = CorrectedBelief(trials, [_measured(config, final=True) for config in places])
    unseen = [_late(0.85, 0.65), _late(0.75, 0.35), _late(0.9, 0.45)]
    truth = np.array([true_drop(config) for config in unseen])
    wrong = np.abs(believed_together(trials).mean(unseen) - truth)
    assert wrong.min() > 0.7
    assert np.abs(belief.mean(unseen) - truth).max() < 0.2
    assert belief.mean([FULL])[0] == pytest.approx(0.0, abs=0.15)


def test_without_a_sound_finalist_the_trials_have_the_only_word(trials: list[Candidate]) -> None:
    broken = _measured(_late(0.7, 0.3), final=True).model_copy(update={"drop": 40.0})
    for finalists in ([], [broken]):
        assert CorrectedBelief(trials, finalists).mean(GRID) == pytest.approx(believed_together(trials).mean(GRID))
