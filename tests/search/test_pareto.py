"""Front, hull, hypervolume and knee, on hand-made points and on a published search log."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.errors import MeasurementError
from quantlat.models.macs import macs
from quantlat.search.pareto import convex_hull, hypervolume, knee, pareto_front
from tests.search.analytic import encoder

# Final front of the evolutionary search of QuaLA-MiniLM (LA-MiniLM, 6 layers, 384 tokens, SQuAD 1.1 F1)
PUBLISHED = (
    ((308, 247, 198, 159, 128, 103), 2.485, 87.33),
    ((269, 253, 252, 202, 104, 34), 2.485, 87.76),
    ((300, 243, 214, 197, 129, 36), 2.492, 87.95),
    ((284, 262, 248, 200, 95, 36), 2.510, 88.12),
    ((315, 251, 242, 159, 142, 33), 2.547, 88.34),
    ((303, 268, 256, 182, 118, 29), 2.582, 88.51),
    ((346, 284, 275, 166, 107, 24), 2.696, 88.75),
    ((365, 280, 273, 176, 112, 46), 2.783, 88.90),
    ((375, 331, 283, 213, 127, 18), 3.015, 89.11),
    ((374, 331, 283, 230, 126, 51), 3.086, 89.15),
    ((377, 361, 345, 245, 132, 38), 3.330, 89.28),
    ((383, 363, 360, 242, 134, 42), 3.386, 89.31),
    ((383, 380, 376, 358, 202, 123), 3.955, 89.32),
)
COSTS = [gmacs for _, gmacs, _ in PUBLISHED]
F1 = [f1 for _, _, f1 in PUBLISHED]


@pytest.mark.parametrize(("lengths", "gmacs", "f1"), PUBLISHED)
def test_our_macs_are_the_published_ones(lengths: tuple[int, ...], gmacs: float, f1: float) -> None:
    assert macs(encoder(), 384, lengths) / 1e9 == pytest.approx(gmacs, rel=1e-3)


def test_the_published_log_is_a_front_but_for_its_duplicate_cost() -> None:
    assert pareto_front(COSTS, F1) == tuple(range(1, 13))
    shuffled = np.random.default_rng(0).permutation(13)
    front = pareto_front([COSTS[i] for i in shuffled], [F1[i] for i in shuffled])
    assert [int(shuffled[i]) for i in front] == list(range(1, 13))


def test_the_published_hull_and_knee() -> None:
    assert convex_hull(COSTS, F1) == (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12)
    assert knee(COSTS, F1) == 7  # 2.78 GMACs, F1 88.9: the next 0.2 F1 cost 8 % more


def test_the_published_hypervolume_is_the_sum_of_its_rectangles() -> None:
    by_hand, ceiling = 0.0, 88.0
    for cost, f1 in zip(COSTS, F1, strict=True):
        if cost < 3.5 and f1 > ceiling:
            by_hand += (3.5 - cost) * (f1 - ceiling)
            ceiling = f1
    assert hypervolume(COSTS, F1, worst_cost=3.5, worst_accuracy=88.0) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(0.92896)


def test_dominated_and_equal_points_are_not_on_the_front() -> None:
    costs = [1.0, 2.0, 2.0, 3.0, 1.0, 4.0]
    accuracies = [5.0, 7.0, 6.0, 7.0, 5.0, 9.0]
    assert pareto_front(costs, accuracies) == (0, 1, 5)


def test_a_front_is_what_no_point_dominates() -> None:
    rng = np.random.default_rng(3)
    costs, accuracies = rng.integers(0, 12, (2, 200)).astype(float)
    front = set(pareto_front(costs, accuracies))
    for i in range(200):
        better = (costs <= costs[i]) & (accuracies >= accuracies[i])
        strictly = better & ((costs < costs[i]) | (accuracies > accuracies[i]))
        assert (i in front) == (not strictly.any() and not any(better[:i]))


def test_hypervolume_ignores_what_is_worse_than_the_reference_point() -> None:
    assert hypervolume([1.0, 5.0], [2.0, 9.0], worst_cost=4.0, worst_accuracy=0.0) == 6.0
    assert hypervolume([1.0], [-1.0], worst_cost=4.0, worst_accuracy=0.0) == 0.0
    assert hypervolume([], [], worst_cost=4.0, worst_accuracy=0.0) == 0.0


def test_points_on_a_line_belong_to_no_corner_of_the_hull() -> None:
    assert convex_hull([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == (0, 2)
    assert convex_hull([1.0, 2.0, 3.0], [1.0, 2.5, 3.0]) == (0, 1, 2)


def test_the_knee_of_a_bent_front_is_its_bend() -> None:
    assert knee([1.0, 1.2, 2.0, 3.0], [0.0, 9.0, 9.5, 10.0]) == 1
    assert knee([2.0, 1.0], [7.0, 5.0]) == 0  # two points have none: the more accurate one


def test_impossible_points_are_refused() -> None:
    with pytest.raises(MeasurementError, match="at least one point"):
        knee([], [])
    with pytest.raises(MeasurementError, match="2 costs and 1 accuracies"):
        pareto_front([1.0, 2.0], [1.0])
    with pytest.raises(MeasurementError, match="finite"):
        pareto_front([float("nan")], [1.0])
