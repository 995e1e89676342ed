"""Pareto front of cost (lower is better) against accuracy (higher is better), and numbers about it.

A point is on the front if no other is at least as good in both and better in one; of equal points the first
one counts. Hypervolume: Zitzler & Thiele, IEEE TEC 3(4), 1999; in two dimensions a sum of rectangles.
Knee: the point farthest from the line through the front's ends after scaling both axes to [0, 1] (Das,
Structural Optimization 18, 1999).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantlat.errors import MeasurementError


def pareto_front(costs: Sequence[float], accuracies: Sequence[float]) -> tuple[int, ...]:
    """Positions of the points on the front, from the cheapest to the most accurate.

    Raises:
        MeasurementError: the two differ in length or hold a value that is not finite.
    """
    points = _points(costs, accuracies)
    # cheapest first; among equally cheap the most accurate; among equal points the first
    order = sorted(range(len(points)), key=lambda i: (points[i, 0], -points[i, 1], i))
    front: list[int] = []
    best = -np.inf
    for i in order:
        if points[i, 1] > best:
            front.append(i)
            best = points[i, 1]
    return tuple(front)


def convex_hull(costs: Sequence[float], accuracies: Sequence[float]) -> tuple[int, ...]:
    """Positions of the front's upper convex hull: those points that are best for some exchange rate of the two."""
    points = _points(costs, accuracies)
    hull: list[int] = []
    for i in pareto_front(costs, accuracies):
        while len(hull) >= 2 and _turns_left(points[hull[-2]], points[hull[-1]], points[i]):
            hull.pop()
        hull.append(i)
    return tuple(hull)


def hypervolume(
    costs: Sequence[float], accuracies: Sequence[float], *, worst_cost: float, worst_accuracy: float
) -> float:
    """Area between the front and a reference point that is worse in both; 0 if no point is better than it."""
    points = _points(costs, accuracies)
    inside = [i for i in pareto_front(costs, accuracies) if points[i, 0] < worst_cost]
    area, ceiling = 0.0, worst_accuracy
    for i in inside:  # from the cheapest on, each adds what it is more accurate than the one before
        cost, accuracy = points[i]
        if accuracy > ceiling:
            area += (worst_cost - cost) * (accuracy - ceiling)
            ceiling = accuracy
    return float(area)


def knee(costs: Sequence[float], accuracies: Sequence[float]) -> int:
    """Position of the front's knee, beyond which saving more costs disproportionately much accuracy.

    With fewer than three points on the front there is no knee, and its most accurate point is given.

    Raises:
        MeasurementError: there are no points.
    """
    front = pareto_front(costs, accuracies)
    if not front:
        raise MeasurementError("a knee needs at least one point")
    if len(front) < 3:
        return front[-1]
    points = _points(costs, accuracies)[list(front)]
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    scaled = (points - low) / span
    # height above the diagonal from (0, 0), the cheapest, to (1, 1), the most accurate
    above = scaled[:, 1] - scaled[:, 0]
    return front[int(np.argmax(above))]


def _turns_left(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> bool:
    """Whether b lies on or below the line from a to c."""
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) >= 0.0


def _points(costs: Sequence[float], accuracies: Sequence[float]) -> NDArray[np.float64]:
    if len(costs) != len(accuracies):
        raise MeasurementError(f"{len(costs)} costs and {len(accuracies)} accuracies do not make points")
    points = np.column_stack([np.asarray(costs, float), np.asarray(accuracies, float)]).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise MeasurementError("cost and accuracy of every point must be finite")
    return points
