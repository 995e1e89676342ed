"""The finalists of a search: measured again against each other, and put on one scale with everything else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantlat.models.retention import RetentionConfig
from quantlat.progress import Progress
from quantlat.search.budget import SearchBudget
from quantlat.search.candidate import AccuracyFloor, Candidate
from quantlat.search.correction import CorrectedBelief
from quantlat.search.evaluator import Evaluator
from quantlat.search.evolution import Population, Predictor, Space, evolve
from quantlat.search.profiles import BROKEN_DROP
from quantlat.search.surrogate import given_up

_LEAST_FOR_FINALISTS = 0.05
_ALL_LOST = 100.0  # points
_ROUNDING = 1e-9
_AROUND_THE_FLOOR = 1.5  # times the drop that it allows


def measure_finalists(
    evaluator: Evaluator,
    configs: Sequence[RetentionConfig],
    budget: SearchBudget,
    began: float,
    progress: Progress,
) -> tuple[Candidate, ...]:
    """Measure them against each other in the time that is left of the budget; ``began`` is when it began to run."""
    seconds = None
    if budget.seconds is not None:
        left = budget.seconds - (time.monotonic() - began)
        seconds = max(left, _LEAST_FOR_FINALISTS * budget.seconds)
    with progress.task("measuring finalists against each other", len(configs), unit="configuration") as task:
        measured = evaluator.evaluate_finalists(configs, seconds=seconds)
        task.advance(len(measured))
    return measured


@dataclass(frozen=True)
class Settled:
    """What a search believes when finalists were measured.

    Attributes:
        candidates: finalists and trials on one scale, with shrunken drops.
        believe: drop, in points, of configurations that nobody measured.
    """

    candidates: tuple[Candidate, ...]
    believe: Predictor[RetentionConfig]


def on_one_scale(found: Sequence[Candidate], final: Sequence[Candidate], reference_accuracy: float) -> Settled:
    """Candidates of the search with the finalists in their places, comparable in points and milliseconds.

    They were measured on different questions and at different speeds of the machine, but each against the
    reference on the same questions and against full length at the same speed. All drops are shrunken by what trials
    say together and what finalists correct of it, so luck that the first questions brought to all of them does not make
    a lucky finalist believable.
    """
    full_ms = next(candidate.latency_ms for candidate in final if candidate.config.is_full)
    again = {candidate.config: candidate for candidate in final}
    merged = [*(again.pop(candidate.config, candidate) for candidate in found), *again.values()]
    belief = CorrectedBelief(found, final)
    drops = belief.mean([candidate.config for candidate in merged])
    shrunken = (
        candidate.model_copy(update={"drop_shrunken": float(drop) if candidate.drop <= BROKEN_DROP else candidate.drop})
        for candidate, drop in zip(merged, drops, strict=True)
    )
    return Settled(tuple(_scaled(candidate, reference_accuracy, full_ms) for candidate in shrunken), belief.mean)


def untried(
    space: Space[RetentionConfig],
    settled: Settled,
    floor: AccuracyFloor,
    predict: Predictor[RetentionConfig],
    *,
    rng: np.random.Generator,
) -> Population[RetentionConfig]:
    """Configurations near the floor that nobody measured, with predicted costs and what is believed of their drops.

    Trials were proposed on beliefs that the finalists have corrected since. If all trials were flattered, most went
    where the floor is missed by far, and few where it is. What is believed near the floor leaves broken configurations
    out, so it knows nothing of the cliff. An idea therefore gives up no more in any layer than something sound did.
    """
    candidates = settled.candidates
    furthest = given_up([c.config for c in candidates if c.drop <= floor.explore_drop or c.config.is_full]).max(axis=0)

    def believe(ideas: Sequence[RetentionConfig]) -> NDArray[np.float64]:
        beyond = (given_up(ideas) > furthest + _ROUNDING).any(axis=1)
        return np.where(beyond, _ALL_LOST, settled.believe(ideas))

    configs = [candidate.config for candidate in candidates]
    start = Population(configs, predict(configs), np.array([candidate.believed_drop for candidate in candidates]))
    taken, worst = frozenset(configs), _AROUND_THE_FLOOR * floor.max_drop
    return evolve(space, start, predict, believe, taken=taken, worst_drop=worst, rng=rng)


def _scaled(candidate: Candidate, reference_accuracy: float, full_ms: float) -> Candidate:
    shift = reference_accuracy - candidate.drop - candidate.accuracy
    factor = candidate.latency_relative * full_ms / candidate.latency_ms
    return candidate.model_copy(
        update={
            "accuracy": candidate.accuracy + shift,
            "accuracy_ci": tuple(end + shift for end in candidate.accuracy_ci),
            "latency_ms": candidate.latency_ms * factor,
            "latency_ci_ms": tuple(end * factor for end in candidate.latency_ci_ms),
        }
    )
