"""From measured configurations to the three that a user chooses by name.

- ``full``: nothing is dropped.
- ``balanced``: the fastest that stays within the accuracy floor.
- ``fast``: the knee of the front, beyond which a little more speed costs much accuracy.

The fastest of many noisy estimates within a floor tends to be a lucky one (winner's curse; Smith & Winkler,
Management Science 52(3), 2006). Three things hold against it: the drop is paired question by question
with the reference, which removes the difficulty of the questions; a margin of some standard errors is
added before the floor is asked; and the choice is made among a few finalists that are measured again,
first of all on questions that the search has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pydantic import BaseModel, ConfigDict

from quantlat.errors import MeasurementError
from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import AccuracyFloor, Candidate, Cost
from quantlat.search.evolution import Population
from quantlat.search.pareto import knee, pareto_front

BROKEN_DROP = 10.0
"""Points beyond which a model is broken for any purpose and does not shape the knee."""

_LADDER = (1.0, 1.15, 0.7, 0.5, 0.85, 0.3)
"""Shares of the floor's drop at which finalists are picked, most important first."""
_CAREFUL = (0.85, 0.5)
"""Shares of what the floor allows with its margin at which further finalists are picked."""


class Profiles(BaseModel):
    """The three choices, all of them measured as finalists.

    Attributes:
        floor_missed_by: points by which ``balanced`` misses the floor, which then is the nearest to it;
            ``None`` when it holds.
        target_missed_by_ms: milliseconds by which ``balanced`` misses the latency target, which then is the
            fastest; ``None`` when it is met or there was none.
        notes: what a reader should know about the choice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    full: Candidate
    balanced: Candidate
    fast: Candidate
    floor_missed_by: float | None = None
    target_missed_by_ms: float | None = None
    notes: tuple[str, ...] = ()


def front_of(candidates: Sequence[Candidate], cost: Cost = "latency") -> tuple[int, ...]:
    """Positions of the front of cost against accuracy, cheapest first.

    Accuracy is compared by the paired drop: candidates may have been measured on different questions.
    """
    return pareto_front([c.cost(cost) for c in candidates], [-c.believed_drop for c in candidates])


def best_candidate(
    candidates: Sequence[Candidate],
    floor: AccuracyFloor,
    cost: Cost = "latency",
    *,
    target_ms: float | None = None,
) -> Candidate:
    """The cheapest within the floor, or the most accurate within a latency target.

    If none is within the floor with its margin, the cheapest whose estimate is; if none, the nearest to the floor.
    If none meets the target, the fastest.

    Raises:
        MeasurementError: there are no candidates.
    """
    if not candidates:
        raise MeasurementError("there is no measured configuration to choose from")

    def rank(candidate: Candidate) -> tuple[int, float, float]:
        if target_ms is not None:
            if candidate.latency_ms <= target_ms:
                return 0, candidate.believed_drop, candidate.latency_ms
            return 1, candidate.latency_ms, candidate.believed_drop
        if floor.holds(candidate):
            return 0, candidate.cost(cost), candidate.drop
        if floor.holds(candidate, margin=False):
            return 1, candidate.cost(cost), candidate.drop
        return 2, candidate.drop, candidate.cost(cost)

    return min(candidates, key=rank)


def promising(
    candidates: Sequence[Candidate], floor: AccuracyFloor, cost: Cost = "latency", *, count: int = 3
) -> tuple[RetentionConfig, ...]:
    """The cheapest configurations within the floor: where a small step further is worth a trial."""
    within = sorted((c for c in candidates if floor.holds(c)), key=lambda c: c.cost(cost))
    return tuple(c.config for c in within[:count])


def select_finalists(
    candidates: Sequence[Candidate],
    floor: AccuracyFloor,
    full: RetentionConfig,
    *,
    count: int,
    cost: Cost = "latency",
    target_ms: float | None = None,
) -> tuple[RetentionConfig, ...]:
    """The configurations that are worth measuring again, most important first.

    Full length; the knee; and for a ladder of drops from just beyond the floor down to a fraction of it, the cheapest
    that is believed to lose no more. The trials' estimates err by about as much as the floor allows, in either
    direction, so the bold ones alone would often all fall through. Then what else is on the front near the floor.
    """
    front = [candidates[i] for i in front_of(candidates, cost)]
    if target_ms is not None:  # predicted latencies err in both directions, so both sides of the target
        nearest = sorted(front, key=lambda c: abs(c.latency_ms - target_ms))
        best = [best_candidate(front, floor, cost, target_ms=target_ms)] if front else []
        return tuple(dict.fromkeys([full, *(c.config for c in [*best, *nearest])]))[: max(1, count)]
    bend = _bend(candidates, floor, cost) if front else None
    # the front is sorted by cost
    ladder = (next((c for c in front if c.believed_drop <= rung * floor.max_drop), None) for rung in _LADDER)
    picks = [c.config for c in (bend, *ladder) if c]
    rest = sorted(front, key=lambda c: abs(floor.violation(c, margin=False)))
    return tuple(dict.fromkeys([full, *picks, *(c.config for c in rest)]))[: max(1, count)]


def further_finalists(
    candidates: Sequence[Candidate],
    floor: AccuracyFloor,
    *,
    count: int,
    cost: Cost = "latency",
    ideas: Population[RetentionConfig] | None = None,
) -> tuple[RetentionConfig, ...]:
    """What should be a finalist, now that the finalists' measurements have corrected all estimates.

    All trials see the same first questions and err together on them. Where that flattered the finalists, all of them
    may have fallen through; what is now believed to be within the floor and cheaper than the best finalist is due.

    Args:
        candidates: everything measured, with drops shrunken after the finalists.
        ideas: configurations that nobody measured, with costs and drops as they are believed to be.
    """
    finalists = [c for c in candidates if c.stage == "final"]
    best = best_candidate(finalists, floor, cost)
    dearest = best.cost(cost) if floor.holds(best) else max(c.cost(cost) for c in finalists)
    allowed = floor.max_drop - floor.margin_z * _error_at(floor, finalists)
    options = [(c.cost(cost), c.believed_drop, c.config) for c in candidates if c.stage == "search"]
    if ideas is not None:
        options += zip(ideas.costs.tolist(), ideas.drops.tolist(), ideas.configs, strict=True)
    cheaper = sorted((option for option in options if option[0] < dearest), key=lambda option: option[0])
    # Beliefs err, so what is believed to hold but for its margin deserves a look as well.
    rungs = (allowed, (allowed + floor.max_drop) / 2, *(rung * allowed for rung in _CAREFUL))
    ladder = (next((c for _, drop, c in cheaper if drop <= rung), None) for rung in rungs)
    return tuple(dict.fromkeys(config for config in ladder if config))[:count]


def _error_at(floor: AccuracyFloor, finalists: Sequence[Candidate]) -> float:
    """Standard error of a finalist near the floor: that of the three nearest. What loses more is known less exactly."""
    nearest = sorted((c for c in finalists if not c.config.is_full), key=lambda c: abs(c.drop - floor.max_drop))
    return median(c.drop_standard_error for c in nearest[:3] or finalists)


def choose_profiles(
    candidates: Sequence[Candidate],
    floor: AccuracyFloor,
    cost: Cost = "latency",
    *,
    target_ms: float | None = None,
) -> Profiles:
    """Choose among the finalists.

    With a latency target ``balanced`` is the most accurate that meets it, whatever the floor says.

    Args:
        candidates: finalists (``stage`` "final") and, to see the front's bend, the others as well.

    Raises:
        MeasurementError: full length is not among the finalists.
    """
    finalists = [c for c in candidates if c.stage == "final"]
    full = next((c for c in finalists if c.config.is_full), None)
    if full is None:
        raise MeasurementError("full length must be among the finalists")
    balanced = best_candidate(finalists, floor, cost, target_ms=target_ms)
    notes: list[str] = []
    if target_ms is not None:
        return _for_target(full, balanced, min(finalists, key=lambda c: c.cost(cost)), target_ms)
    missed = floor.violation(balanced, margin=False)
    if missed > 0:
        notes.append(
            f"No configuration stays within {floor.max_drop:g} points of the {floor.reference}; the nearest loses "
            f"{balanced.believed_drop:.2f}, which misses the floor by {missed:.2f}."
        )
    elif not floor.holds(balanced):
        notes.append(
            f"'balanced' stays within the floor by its estimate ({balanced.believed_drop:.2f} of {floor.max_drop:g} "
            f"points) but not with the safety margin of {floor.margin_z:g} standard errors "
            f"({balanced.drop_standard_error:.2f} points each): it may be a lucky one."
        )
    if balanced.config.is_full:
        notes.append(
            "No retention configuration is faster than full length within the floor in this runtime: 'balanced' "
            "is full length."
        )
    fast = _at_the_knee(candidates, finalists, floor, cost)
    if fast.cost(cost) > balanced.cost(cost):
        fast = balanced
        notes.append("The knee of the front is slower than 'balanced': 'fast' is the same as 'balanced'.")
    return Profiles(
        full=full,
        balanced=balanced,
        fast=fast,
        floor_missed_by=missed if missed > 0 else None,
        notes=tuple(notes),
    )


def _for_target(full: Candidate, balanced: Candidate, fastest: Candidate, target_ms: float) -> Profiles:
    missed = balanced.latency_ms - target_ms
    note = (
        f"No configuration meets {target_ms:g} ms; the fastest takes {balanced.latency_ms:.2f} ms, "
        f"{missed:.2f} ms more."
    )
    return Profiles(
        full=full,
        balanced=balanced,
        fast=fastest,
        target_missed_by_ms=missed if missed > 0 else None,
        notes=(note,) if missed > 0 else (),
    )


def _knee(candidates: Sequence[Candidate], cost: Cost) -> int:
    return knee([c.cost(cost) for c in candidates], [-c.drop for c in candidates])


def _bend(candidates: Sequence[Candidate], floor: AccuracyFloor, cost: Cost) -> Candidate:
    """The knee of the front, among what is not broken: a front that reaches down to zero bends far below any floor."""
    sound = [c for c in candidates if c.drop <= max(BROKEN_DROP, floor.explore_drop)] or candidates
    return sound[_knee(sound, cost)]


def _at_the_knee(
    candidates: Sequence[Candidate], finalists: Sequence[Candidate], floor: AccuracyFloor, cost: Cost
) -> Candidate:
    """The knee of the whole front, or the finalist on the finalists' front that costs about the same."""
    bend = _bend(candidates, floor, cost)
    if bend.stage == "final":
        return bend
    front = [finalists[i] for i in front_of(finalists, cost)]
    front = [c for c in front if c.drop <= max(BROKEN_DROP, floor.explore_drop)] or front
    return min(front, key=lambda c: abs(c.cost(cost) - bend.cost(cost)))
