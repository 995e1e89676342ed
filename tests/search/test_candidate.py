"""Accuracy is held against the floor with a margin, and estimates come with honest intervals."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.errors import RecipeError
from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import AccuracyFloor, Candidate, estimate_accuracy
from tests.search.analytic import AnalyticEvaluator

CONFIG = RetentionConfig((1.0, 0.9, 0.8, 0.7, 0.5, 0.3))


def test_a_candidate_survives_json_with_and_without_its_samples() -> None:
    candidate = AnalyticEvaluator(spread=10.0).evaluate(CONFIG)
    candidate = candidate.model_copy(update={"latency_samples_ms": (1.0, 2.0), "score_per_question": (50.0,)})
    assert Candidate.model_validate_json(candidate.model_dump_json()) == candidate
    stored = candidate.without_samples()
    assert stored.latency_samples_ms == stored.score_per_question == ()
    assert stored.accuracy == candidate.accuracy
    assert stored.config == CONFIG


def test_the_margin_is_added_to_the_drop_before_the_floor_is_asked() -> None:
    candidate = AnalyticEvaluator().evaluate(CONFIG).model_copy(update={"drop": 0.8, "drop_standard_error": 0.6})
    assert not AccuracyFloor(1.0, margin_z=0.5).holds(candidate)
    assert AccuracyFloor(1.0, margin_z=0.5).violation(candidate) == pytest.approx(0.1)
    assert AccuracyFloor(1.0, margin_z=0.5).holds(candidate, margin=False)
    assert AccuracyFloor(1.0, margin_z=0.3).holds(candidate)


def test_the_search_explores_beyond_the_floor() -> None:
    assert AccuracyFloor(1.0).explore_drop == 3.0
    assert AccuracyFloor(0.2).explore_drop == 2.2


def test_a_negative_floor_is_refused() -> None:
    with pytest.raises(RecipeError, match="must not be negative, got -1"):
        AccuracyFloor(-1.0)


def test_the_drop_is_paired_so_that_hard_questions_do_not_widen_it() -> None:
    rng = np.random.default_rng(0)
    reference = rng.choice([0.0, 100.0], 400)  # questions differ wildly in difficulty
    scores = np.clip(reference - 2.0, 0.0, 100.0)
    estimate = estimate_accuracy(scores, reference, range(400), seed=0)
    assert estimate.drop == pytest.approx(reference.mean() / 50.0)
    assert estimate.drop_standard_error == pytest.approx(0.05, abs=0.01)
    assert estimate.accuracy_ci[1] - estimate.accuracy_ci[0] == pytest.approx(9.6, abs=1.0)
    assert estimate.questions == 400


def test_questions_of_one_passage_are_not_independent() -> None:
    rng = np.random.default_rng(1)
    per_passage = np.repeat(rng.normal(1.0, 10.0, 40), 10)
    reference = np.full(400, 80.0)
    alone = estimate_accuracy(reference - per_passage, reference, range(400), seed=0)
    together = estimate_accuracy(reference - per_passage, reference, np.repeat(np.arange(40), 10).tolist(), seed=0)
    assert together.drop == alone.drop
    assert together.drop_standard_error == pytest.approx(10.0 / np.sqrt(40), rel=0.2)
    assert together.drop_standard_error > 2.5 * alone.drop_standard_error


def test_a_single_question_has_an_interval_that_can_be_written_down() -> None:
    estimate = estimate_accuracy([40.0], [90.0], [0], seed=0)
    assert (estimate.drop, estimate.drop_standard_error) == (50.0, 50.0)
    assert estimate.drop_ci == (-100.0, 100.0)
    assert estimate.accuracy_ci == (0.0, 100.0)


def test_texts_that_all_keep_their_class_do_not_make_a_drop_certain() -> None:
    right = np.where(np.arange(164) % 9, 100.0, 0.0)
    found = estimate_accuracy(right, right, list(range(164)), seed=0)
    assert found.drop == 0.0
    assert found.drop_standard_error == pytest.approx(100 / 166)
    changed = right.copy()
    changed[:3] = 100.0 - changed[:3]  # one better, two worse
    again = estimate_accuracy(changed, right, list(range(164)), seed=0)
    assert again.drop == pytest.approx(100 / 164)
    assert again.drop_standard_error == pytest.approx(100 / 166 * np.sqrt(4 - 1 / 166), rel=0.01)


def test_scores_between_right_and_wrong_have_the_error_of_their_spread() -> None:
    scores = np.linspace(0.0, 100.0, 164)
    assert estimate_accuracy(scores, scores, list(range(164)), seed=0).drop_standard_error == 0.0


def test_a_correlation_below_zero_keeps_its_interval() -> None:
    scores = np.random.default_rng(0).normal(-20.0, 100.0, 400)
    found = estimate_accuracy(scores, scores + 1.0, range(400), seed=0)
    assert found.accuracy_ci[0] < found.accuracy < found.accuracy_ci[1] < 0.0
    assert found.drop == pytest.approx(1.0)
