"""Successive halving for two objectives: which configurations earn a larger part of the data.

Asynchronous successive halving (Li et al., MLSys 2020): of the configurations measured on a part, a third goes
on to the next larger one, as soon as there are enough. "Best" means nearest to the front of cost against the
shrunken drop, because the profiles come from the front; of equally near ones those close to the floor go first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quantlat.search.candidate import AccuracyFloor, Candidate, Cost
from quantlat.search.pareto import pareto_front

KEEP = 3
"""One in so many goes on."""


def next_to_refine(
    candidates: Sequence[Candidate], floor: AccuracyFloor, parts: int, cost: Cost = "latency"
) -> Candidate | None:
    """The candidate that is due for the next larger part; ``None`` if none is.

    Args:
        candidates: all measured ones, with their shrunken drops.
        parts: number of parts of the data.
    """
    costs = np.array([candidate.cost(cost) for candidate in candidates])
    drops = np.array([_likely(candidate) for candidate in candidates])
    for part in reversed(range(parts - 1)):
        there = sum(candidate.part >= part for candidate in candidates)
        beyond = sum(candidate.part > part for candidate in candidates)
        if beyond >= there // KEEP:
            continue
        waiting = [i for i, candidate in enumerate(candidates) if candidate.part == part]
        sound = [i for i in waiting if drops[i] <= floor.explore_drop]
        if sound:
            front = pareto_front(costs.tolist(), (-drops).tolist())
            best = min(sound, key=lambda i: (_behind(i, costs, drops, front), abs(drops[i] - floor.max_drop)))
            return candidates[best]
    return None


def _likely(candidate: Candidate) -> float:
    return candidate.drop if candidate.drop_shrunken is None else candidate.drop_shrunken


def _behind(i: int, costs: np.ndarray, drops: np.ndarray, front: Sequence[int]) -> float:
    """Points that a candidate loses beyond the best one that costs no more."""
    cheaper = [drops[j] for j in front if costs[j] <= costs[i]]
    return max(0.0, float(drops[i] - min(cheaper)))
