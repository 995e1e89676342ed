"""A joint search: seeds, then what the guided proposer asks for, until the trials are used up.

The proposer is that of the retention search (:class:`~quantlat.search.proposers.GuidedProposer`): an evolution of
mutations and crossovers on predicted accuracy and predicted cost makes a pool of ideas, and what would improve one
sample of the predictions most is measured. Only the space differs, and that the costs are learnt on the way
(:mod:`quantlat.search.joint.cost`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from quantlat.models.retention import ElasticConfig
from quantlat.progress import Progress, QuietProgress
from quantlat.search.candidate import AccuracyFloor
from quantlat.search.joint.candidate import JointCandidate
from quantlat.search.joint.cost import JointCostModel
from quantlat.search.joint.space import JointSpace
from quantlat.search.pareto import hypervolume, pareto_front
from quantlat.search.proposers import GuidedProposer

_ATTEMPTS = 500


@dataclass(frozen=True)
class JointOptions:
    """How long a joint search goes on and what counts.

    Attributes:
        trials: configurations to measure.
        seed: of everything random.
        seeds: configurations to begin with.
        max_drop: points within which the fastest is wanted most.
        worst_drop: points lost at the hypervolume's reference; its cost is that of the whole model in fp32.
    """

    trials: int = 40
    seed: int = 0
    seeds: int = 12
    max_drop: float = 1.0
    worst_drop: float = 10.0


@dataclass(frozen=True)
class JointResult:
    """What a joint search measured.

    Attributes:
        candidates: in the order in which they were measured.
        front: positions of the Pareto front, cheapest first.
        hypervolume: after each of them, in points times share of the fp32 model's latency.
        exhausted: whether the space had no more configurations than this.
    """

    candidates: tuple[JointCandidate, ...]
    front: tuple[int, ...]
    hypervolume: tuple[float, ...]
    exhausted: bool


def search_jointly(
    space: JointSpace,
    evaluate: Callable[[ElasticConfig], JointCandidate],
    costs: JointCostModel,
    options: JointOptions,
    *,
    progress: Progress | None = None,
) -> JointResult:
    """Measure ``options.trials`` different configurations of a space.

    The same space, options and measurements give the same result. No configuration is measured twice.

    Args:
        evaluate: such as :meth:`MeasurementCache.evaluate <quantlat.search.joint.cache.MeasurementCache.evaluate>`.
    """
    waiting = list(space.first_generation(min(options.seeds, options.trials), np.random.default_rng([options.seed, 0])))
    proposer = GuidedProposer(space, AccuracyFloor(options.max_drop), costs.predict)
    found: dict[ElasticConfig, JointCandidate] = {}
    areas: list[float] = []
    with (progress or QuietProgress()).task("joint search", options.trials, unit="configuration") as task:
        while len(found) < options.trials:
            config = waiting.pop(0) if waiting else _next(space, proposer, costs, found, options)
            if config is None:
                break
            found[config] = evaluate(config)
            areas.append(area(list(found.values()), options.worst_drop))
            task.advance(1)
    candidates = tuple(found.values())
    front = pareto_front([c.latency_relative for c in candidates], [-c.drop for c in candidates])
    return JointResult(candidates, front, tuple(areas), exhausted=len(candidates) < options.trials)


def area(candidates: Sequence[JointCandidate], worst_drop: float) -> float:
    """Hypervolume of candidates against the fp32 model's latency and ``worst_drop`` points lost."""
    return hypervolume(
        [c.latency_relative for c in candidates],
        [-c.drop for c in candidates],
        worst_cost=1.0,
        worst_accuracy=-worst_drop,
    )


def _next(
    space: JointSpace,
    proposer: GuidedProposer[ElasticConfig],
    costs: JointCostModel,
    found: dict[ElasticConfig, JointCandidate],
    options: JointOptions,
) -> ElasticConfig | None:
    """A configuration that was not measured yet; ``None`` when none is found."""
    rng = np.random.default_rng([options.seed, 4, len(found)])
    measured = list(found.values())
    costs.fit([c.config for c in measured], [c.latency_relative for c in measured])
    proposal = proposer.propose(measured, found, rng)
    return proposal if proposal is not None else _unseen(space, found, rng)


def _unseen(space: JointSpace, taken: Collection[ElasticConfig], rng: np.random.Generator) -> ElasticConfig | None:
    """Anything new, near what is known or from anywhere."""
    known = list(taken)
    for attempt in range(_ATTEMPTS):
        near = known[int(rng.integers(len(known)))]
        config = space.random(rng) if attempt % 2 else space.neighbour(near, rng, reach=1 + attempt // 50)
        if config not in taken:
            return config
    return None
