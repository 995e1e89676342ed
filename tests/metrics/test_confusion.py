"""Matthews' correlation and F1 by their definitions, and how far the values of single texts may be believed."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.errors import DataError
from quantlat.metrics import ACCURACY, CLASS_F1, MATTHEWS, Metric, bootstrap_mean, paired_difference, score_classes

Ints = np.ndarray


def said(n: int, classes: int, right: float, seed: int = 0) -> tuple[Ints, Ints]:
    """Labels, most of them of the last class, and predictions of which so many are right."""
    rng = np.random.default_rng(seed)
    share = np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()
    labels = rng.choice(classes, n, p=share)
    return labels, np.where(rng.random(n) < right, labels, rng.choice(classes, n, p=share))


def points(labels: Ints, predictions: Ints, metric: Metric, classes: int) -> float:
    return score_classes(labels, np.eye(classes)[predictions], metric).points


def f1_of(labels: Ints, predictions: Ints, one: int) -> float:
    hits = np.sum((labels == one) & (predictions == one))
    return 200.0 * hits / (np.sum(labels == one) + np.sum(predictions == one))


@pytest.mark.parametrize("right", [0.2, 0.7, 0.95])
def test_matthews_of_two_classes_is_pearsons_correlation_of_their_numbers(right: float) -> None:
    labels, predictions = said(200, 2, right)
    expected = 100.0 * np.corrcoef(labels, predictions)[0, 1]
    assert points(labels, predictions, MATTHEWS, 2) == pytest.approx(expected)
    assert points(labels, 1 - predictions, MATTHEWS, 2) == pytest.approx(-expected)


def test_matthews_of_more_classes_is_gorodkins_ratio_of_covariances() -> None:
    labels, predictions = said(300, 4, 0.6)

    def covariance(a: Ints, b: Ints) -> float:
        one_hot = [np.eye(4)[values] - np.eye(4)[values].mean(0) for values in (a, b)]
        return float(np.sum(one_hot[0] * one_hot[1]))

    both = covariance(labels, labels) * covariance(predictions, predictions)
    expected = 100.0 * covariance(labels, predictions) / np.sqrt(both)
    assert points(labels, predictions, MATTHEWS, 4) == pytest.approx(expected)


def test_f1_is_of_the_second_of_two_classes_and_the_mean_of_more() -> None:
    labels, predictions = said(200, 2, 0.7)
    assert points(labels, predictions, CLASS_F1, 2) == pytest.approx(f1_of(labels, predictions, 1))
    labels, predictions = said(200, 3, 0.7)
    mean = np.mean([f1_of(labels, predictions, one) for one in range(3)])
    assert points(labels, predictions, CLASS_F1, 3) == pytest.approx(mean)
    # a class that nobody knows and nobody names is left out
    assert points(labels, predictions, CLASS_F1, 5) == pytest.approx(mean)


def test_a_constant_answer_is_worth_nothing() -> None:
    labels = np.array([1] * 70 + [0] * 30)
    assert points(labels, np.ones(100, int), ACCURACY, 2) == 70.0
    assert points(labels, np.ones(100, int), MATTHEWS, 2) == 0.0
    assert points(labels, np.zeros(100, int), CLASS_F1, 2) == 0.0
    assert points(np.zeros(3, int), np.zeros(3, int), CLASS_F1, 2) == 0.0


@pytest.mark.parametrize("metric", [MATTHEWS, CLASS_F1])
@pytest.mark.parametrize(("classes", "right"), [(2, 0.6), (2, 0.9), (3, 0.7)])
def test_the_interval_over_texts_is_that_of_drawing_texts(metric: Metric, classes: int, right: float) -> None:
    labels, predictions = said(300, classes, right)
    score = score_classes(labels, np.eye(classes)[predictions], metric)
    assert score.per_example.mean() == pytest.approx(score.points)
    interval = bootstrap_mean(score.per_example, seed=0)
    rng = np.random.default_rng(1)
    draws = (rng.integers(0, 300, 300) for _ in range(600))
    low, high = np.quantile([points(labels[d], predictions[d], metric, classes) for d in draws], [0.025, 0.975])
    assert interval.high - interval.low == pytest.approx(high - low, rel=0.15)
    assert interval.low == pytest.approx(low, abs=0.15 * (high - low))


def test_a_model_that_agrees_with_another_has_a_narrow_difference() -> None:
    labels, first = said(400, 2, 0.8)
    second = first.copy()
    second[:4] = 1 - second[:4]
    one, other = (score_classes(labels, np.eye(2)[predictions], MATTHEWS) for predictions in (first, second))
    difference = paired_difference(one.per_example, other.per_example, seed=0)
    assert difference.interval.estimate == pytest.approx(one.points - other.points)
    alone = bootstrap_mean(one.per_example, seed=0)
    assert difference.interval.high - difference.interval.low < 0.4 * (alone.high - alone.low)


def test_nothing_cannot_be_scored() -> None:
    with pytest.raises(DataError, match="no text to score"):
        score_classes([], np.zeros((0, 2)), MATTHEWS)
