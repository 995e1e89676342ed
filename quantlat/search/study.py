"""The search: measure configurations until nothing better is found or the budget is used up, re-measure
finalists, choose profiles.

Every configuration is first measured on a small part of the search split; a third of them goes on to a larger
part, and a third of these to the largest (:mod:`quantlat.search.halving`). Estimates are shrunken towards what
all configurations together say (:mod:`quantlat.search.surrogate`).

It can be killed at any moment and continued with the same storage. After every improvement the best
configuration so far is written to a file, so that there is always something to deploy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from quantlat.models.retention import RetentionConfig
from quantlat.progress import Progress, QuietProgress
from quantlat.search.best import BestKeeper, BestSoFar
from quantlat.search.candidate import AccuracyFloor, Candidate, Cost
from quantlat.search.halving import next_to_refine
from quantlat.search.latency_table import LatencyTable
from quantlat.search.objectives import Evaluator
from quantlat.search.pareto import hypervolume
from quantlat.search.profiles import Profiles, choose_profiles, front_of, further_finalists, promising, select_finalists
from quantlat.search.proposers import make_proposer
from quantlat.search.space import RetentionSpace
from quantlat.search.surrogate import shrink
from quantlat.search.trials import TrialQueue

_POLL_S = 0.1
_MOST_FOR_FINALISTS = 0.4
_FINALIST_TRIALS = 4  # a trial sees a small part of the questions, a finalist as many as there is time for
_LEAST_FOR_FINALISTS = 0.05
_FURTHER_ROUNDS, _FURTHER = 3, 4  # of finalists, when the first have corrected the estimates
_UNSURE_TABLE = 0.08
_TARGET_DROP = 5.0  # points
_LEAST_GAIN = 0.002  # of the hypervolume; less is no progress
StopReason = Literal["trials", "time", "exhausted", "stall"]


class SearchResult(BaseModel):
    """Outcome of a search.

    All candidates are on one scale: accuracy is the reference's accuracy on the whole search split minus the
    paired drop, latency the finalists' full-length latency times the relative one.

    Attributes:
        candidates: everything that was measured; finalists with their final numbers.
        front: positions in ``candidates`` of the Pareto front, cheapest first.
        profiles: the three choices.
        floor: what was asked for.
        reference_accuracy: points of the reference on the search split.
        trials: configurations measured by the search, earlier runs and other processes included.
        seconds: time spent by this process, and by earlier ones on this machine.
        stopped_by: why the search ended.
        target_ms: the latency target that took the floor's place, if there was one.
        table: what latencies were predicted with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidates: tuple[Candidate, ...]
    front: tuple[int, ...]
    profiles: Profiles
    floor: AccuracyFloor
    reference_accuracy: float
    trials: int
    seconds: float
    seed: int
    sampler: str
    cost: Cost
    stopped_by: StopReason
    target_ms: float | None = None
    table: LatencyTable | None = None

    @property
    def floor_missed_by(self) -> float | None:
        """Points by which the floor was missed; ``None`` when it holds."""
        return self.profiles.floor_missed_by


@dataclass(frozen=True)
class SearchBudget:
    """When a search ends, whichever comes first.

    Attributes:
        trials: configurations measured by all processes that share the storage.
        seconds: time on this machine, finalists and earlier, interrupted runs included; ``None``: no limit.
        finalists: most configurations measured again at the end, full length among them.
        patience: trials without a larger hypervolume after which the search ends; ``None``: never.
    """

    trials: int = 60
    seconds: float | None = None
    finalists: int = 8
    patience: int | None = None

    def spent(self, began: float) -> bool:
        """Whether the time is over."""
        return self.seconds is not None and time.monotonic() - began > self.seconds

    def for_finalists(self, candidates: Sequence[Candidate], trial_seconds: float) -> float:
        """Seconds to keep for the finalists: several trials' data for each of them, within reason."""
        if self.seconds is None:
            return 0.0
        wanted = _FINALIST_TRIALS * (min(self.finalists, len(candidates)) + 1) * trial_seconds
        return min(wanted, _MOST_FOR_FINALISTS * self.seconds)


def run_search(
    space: RetentionSpace,
    evaluator: Evaluator,
    *,
    floor: AccuracyFloor,
    trials: int = 60,
    time_budget_s: float | None = None,
    seed: int = 0,
    storage: str | Path | None = None,
    progress: Progress | None = None,
    on_best: Callable[[BestSoFar], None] | None = None,
    best_path: Path | None = None,
    population: int = 16,
    sampler: str = "guided",
    finalists: int = 8,
    patience: int | None = None,
    target_ms: float | None = None,
    cost: Cost = "latency",
    name: str = "quantlat",
    signature: str = "",
) -> SearchResult:
    """Search for configurations that are fast and accurate, and choose profiles among them.

    Args:
        space: configurations to choose from.
        evaluator: measures them.
        floor: accuracy that ``balanced`` must keep.
        trials: configurations to measure.
        time_budget_s: seconds for everything; at least one configuration and one block of finalists are
            measured.
        seed: with the same seed and an evaluator without noise the front is the same, interrupted or not.
        storage: path of a journal file, an optuna storage URL that several processes may share, or ``None``.
        progress: shows a bar.
        on_best: called with the best so far after every improvement.
        best_path: file that the best so far is written to, atomically, after every improvement.
        population: of NSGA-II.
        sampler: name in :data:`quantlat.search.sampler.SAMPLERS`.
        finalists: configurations measured again, interleaved.
        patience: trials without progress of the hypervolume after which the search ends.
        target_ms: latency that ``balanced`` must meet; the most accurate that does takes the floor's place.
        cost: "latency", or "macs" where the machine that will serve is not at hand.
        name: of the study in the storage.
        signature: of artefact and data; a storage with trials of another one is refused.

    Raises:
        StorageError: the storage or ``best_path`` cannot be used.
        RunConflictError: the storage holds another search.
    """
    progress, began = progress or QuietProgress(), time.monotonic()
    budget = SearchBudget(trials, time_budget_s, finalists, patience)
    # with a target, what the floor allows is beside the point: explore until a model is broken
    exploring = floor if target_ms is None else replace(floor, max_drop=max(floor.max_drop, _TARGET_DROP))
    queue = TrialQueue(
        space,
        storage=storage,
        seed=seed,
        population=population,
        sampler=sampler,
        name=name,
        signature=signature,
        cost=cost,
        proposer=make_proposer(
            sampler,
            space,
            floor=exploring,
            predict=lambda configs: evaluator.predict_costs(configs, cost),
            cost=cost,
            target=None if target_ms is None else lambda: target_ms / evaluator.full_ms,
        ),
    )
    began = began - queue.spent_seconds
    table = _table(queue, evaluator, progress)
    keeper = BestKeeper(floor, cost, on_best, best_path, target_ms=target_ms)
    stopped_by = _measure_trials(queue, evaluator, exploring, budget, began, keeper, progress, cost)
    found = shrink(queue.finished)
    chosen = select_finalists(found, floor, space.full, count=finalists, cost=cost, target_ms=target_ms)
    final = _measure_finalists(evaluator, chosen, budget, began, progress)
    candidates = _on_one_scale(found, final, evaluator.reference_accuracy)
    for _ in range(_FURTHER_ROUNDS if target_ms is None else 0):
        better = further_finalists(candidates, floor, count=_FURTHER, cost=cost)
        if not better or budget.spent(began):
            break
        again = _measure_finalists(evaluator, (space.full, *better), budget, began, progress)
        final = (*final, *(candidate for candidate in again if not candidate.config.is_full))
        candidates = _on_one_scale(found, final, evaluator.reference_accuracy)
    profiles = choose_profiles(candidates, floor, cost, target_ms=target_ms)
    for note in profiles.notes:
        progress.warn(note)
    keeper.write(profiles.balanced, trials=len(found))
    return SearchResult(
        candidates=candidates,
        front=front_of(candidates, cost),
        profiles=profiles,
        floor=floor,
        reference_accuracy=evaluator.reference_accuracy,
        trials=len(found),
        seconds=time.monotonic() - began,
        seed=seed,
        sampler=sampler,
        cost=cost,
        stopped_by=stopped_by,
        target_ms=target_ms,
        table=table,
    )


def _table(queue: TrialQueue, evaluator: Evaluator, progress: Progress) -> LatencyTable | None:
    """The latency table of the search, from its first sitting if there was one."""
    known = queue.table
    with progress.task("timing requests for the latency table", 1, unit="table") as task:
        table = evaluator.latency_table(known)
        task.advance(1)
    if table is not None and known is None:
        queue.keep_table(table)
    if table is not None and table.check.mean_error > _UNSURE_TABLE:
        progress.warn(
            f"the latency table is off by {table.check.mean_error:.0%} on average: the machine is busy, or this "
            "runtime's time is not a sum over layers. Finalists are measured end to end all the same."
        )
    return table


def _measure_trials(
    queue: TrialQueue,
    evaluator: Evaluator,
    floor: AccuracyFloor,
    budget: SearchBudget,
    began: float,
    keeper: BestKeeper,
    progress: Progress,
    cost: Cost,
) -> StopReason:
    found = queue.finished
    areas = _Areas(floor, cost)
    with progress.task("searching retention configurations", budget.trials, unit="trial", done=len(found)) as task:
        while True:
            believed = _refine(queue, evaluator, floor, cost)
            keeper.offer(believed)
            task.note(keeper.summary)
            if budget.patience is not None and areas.stalled(believed, budget.patience):
                return "stall"
            if budget.seconds is not None and found:
                elapsed = time.monotonic() - began
                per_trial = queue.spent_seconds / len(found)
                if elapsed + per_trial + budget.for_finalists(found, per_trial) > budget.seconds:
                    return "time"
            proposal = queue.ask(budget.trials, near=promising(found, floor, cost))
            if proposal is not None:
                try:
                    candidate = evaluator.evaluate(proposal.config)
                except BaseException:
                    queue.give_up(proposal)
                    raise
                queue.tell(proposal, candidate, floor)
            elif queue.running_elsewhere and len(found) < budget.trials:
                time.sleep(_POLL_S)  # another process may yet fail and leave its trial to this one
            else:
                return "trials" if len(found) >= budget.trials else "exhausted"
            before, found = len(found), queue.finished
            task.advance(len(found) - before)


def _refine(queue: TrialQueue, evaluator: Evaluator, floor: AccuracyFloor, cost: Cost) -> tuple[Candidate, ...]:
    """Measure on a larger part what is due for it, and give everything measured with shrunken drops."""
    while True:
        believed = shrink(queue.finished)
        due = next_to_refine(believed, floor, evaluator.parts, cost)
        if due is None:
            return believed
        began = time.monotonic()
        refined = evaluator.evaluate(due.config, due.part + 1)
        queue.refine(refined, time.monotonic() - began)


class _Areas:
    """Hypervolume of the front after each trial, to see when nothing is gained any more."""

    def __init__(self, floor: AccuracyFloor, cost: Cost) -> None:
        self._floor, self._cost = floor, cost

    def stalled(self, candidates: Sequence[Candidate], patience: int) -> bool:
        """Whether the last ``patience`` trials added nothing worth having to the front."""
        if len(candidates) <= 2 * patience:
            return False
        before, now = self._area(candidates[:-patience]), self._area(candidates)
        return now - before < _LEAST_GAIN * max(now, 1e-9)

    def _area(self, candidates: Sequence[Candidate]) -> float:
        return hypervolume(
            [candidate.cost(self._cost) for candidate in candidates],
            [-candidate.believed_drop for candidate in candidates],
            worst_cost=1.0,
            worst_accuracy=-self._floor.explore_drop,
        )


def _measure_finalists(
    evaluator: Evaluator,
    configs: Sequence[RetentionConfig],
    budget: SearchBudget,
    began: float,
    progress: Progress,
) -> tuple[Candidate, ...]:
    seconds = None
    if budget.seconds is not None:
        left = budget.seconds - (time.monotonic() - began)
        seconds = max(left, _LEAST_FOR_FINALISTS * budget.seconds)
    with progress.task("measuring finalists against each other", len(configs), unit="configuration") as task:
        measured = evaluator.evaluate_finalists(configs, seconds=seconds)
        task.advance(len(measured))
    return measured


def _on_one_scale(
    found: Sequence[Candidate], final: Sequence[Candidate], reference_accuracy: float
) -> tuple[Candidate, ...]:
    """Candidates of the search with the finalists in their places, comparable in points and milliseconds.

    They were measured on different questions and at different speeds of the machine, but each against the
    reference on the same questions and against full length at the same speed.
    """
    full_ms = next(candidate.latency_ms for candidate in final if candidate.config.is_full)
    again = {candidate.config: candidate for candidate in final}
    merged = shrink([*(again.pop(candidate.config, candidate) for candidate in found), *again.values()])
    return tuple(_scaled(candidate, reference_accuracy, full_ms) for candidate in merged)


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
