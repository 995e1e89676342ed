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

import numpy as np
from numpy.typing import NDArray

from quantlat.models.retention import RetentionConfig
from quantlat.progress import Progress, QuietProgress
from quantlat.search.best import BestKeeper, BestSoFar
from quantlat.search.budget import FrontAreas, SearchBudget
from quantlat.search.candidate import AccuracyFloor, Candidate, Cost
from quantlat.search.evaluator import Evaluator
from quantlat.search.finalists import measure_finalists, on_one_scale, untried
from quantlat.search.halving import next_to_refine
from quantlat.search.latency_table import LatencyTable
from quantlat.search.profiles import Profiles, choose_profiles, front_of, further_finalists, promising, select_finalists
from quantlat.search.proposers import Proposer, make_proposer
from quantlat.search.result import SearchResult, StopReason
from quantlat.search.space import RetentionSpace
from quantlat.search.surrogate import shrink
from quantlat.search.trials import Proposal, TrialQueue

_POLL_S = 0.1
_FURTHER_ROUNDS, _FURTHER = 4, 4  # of finalists, when the first have corrected the estimates
_UNSURE_TABLE = 0.08
_TARGET_DROP = 5.0  # points


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
        proposer=_proposer(sampler, space, evaluator, exploring, cost, target_ms),
    )
    search = _Search(
        space=space,
        queue=queue,
        evaluator=evaluator,
        floor=exploring,
        budget=budget,
        began=began - queue.spent_seconds,
        keeper=BestKeeper(floor, cost, on_best, best_path, target_ms=target_ms),
        progress=progress,
        cost=cost,
        target_ms=target_ms,
        seed=seed,
    )
    table = _table(queue, evaluator, progress)
    stopped_by = search.measure_trials()
    return search.result(floor, stopped_by, table, sampler=sampler)


def _proposer(
    sampler: str,
    space: RetentionSpace,
    evaluator: Evaluator,
    floor: AccuracyFloor,
    cost: Cost,
    target_ms: float | None,
) -> Proposer | None:
    return make_proposer(
        sampler,
        space,
        floor=floor,
        predict=lambda configs: evaluator.predict_costs(configs, cost),
        cost=cost,
        target=None if target_ms is None else lambda: target_ms / evaluator.full_ms,
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


@dataclass(frozen=True)
class _Search:
    """A search under way. ``floor`` is how far it explores, ``began`` counts the time of earlier sittings."""

    space: RetentionSpace
    queue: TrialQueue
    evaluator: Evaluator
    floor: AccuracyFloor
    budget: SearchBudget
    began: float
    keeper: BestKeeper
    progress: Progress
    cost: Cost
    target_ms: float | None
    seed: int

    def measure_trials(self) -> StopReason:
        """Measure one configuration after another until there is a reason to stop."""
        queue, budget = self.queue, self.budget
        found = queue.finished
        areas = FrontAreas(self.floor, self.cost)
        with self.progress.task(
            "searching retention configurations", budget.trials, unit="trial", done=len(found)
        ) as task:
            while True:
                believed = self._refine()
                self.keeper.offer(believed)
                task.note(self.keeper.summary)
                reason = self._enough(found, believed, areas)
                if reason is not None:
                    return reason
                proposal = queue.ask(budget.trials, near=promising(found, self.floor, self.cost))
                if proposal is not None:
                    self._measure(proposal)
                elif queue.running_elsewhere and len(found) < budget.trials:
                    time.sleep(_POLL_S)  # another process may yet fail and leave its trial to this one
                else:
                    return "trials" if len(found) >= budget.trials else "exhausted"
                before, found = len(found), queue.finished
                task.advance(len(found) - before)

    def _enough(
        self, found: Sequence[Candidate], believed: Sequence[Candidate], areas: FrontAreas
    ) -> StopReason | None:
        """Why the search ends here, before its trials are used up."""
        budget = self.budget
        if self.target_ms is not None and found and self.evaluator.full_ms <= self.target_ms:
            return "target"  # full length is measured first, and nothing is meant to be more accurate
        if budget.patience is not None and areas.stalled(believed, budget.patience):
            return "stall"
        if budget.seconds is not None and found:
            elapsed = time.monotonic() - self.began
            per_trial = self.queue.spent_seconds / len(found)
            if elapsed + per_trial + budget.for_finalists(found, per_trial) > budget.seconds:
                return "time"
        return None

    def _measure(self, proposal: Proposal) -> None:
        try:
            candidate = self.evaluator.evaluate(proposal.config)
        except BaseException:
            self.queue.give_up(proposal)
            raise
        self.queue.tell(proposal, candidate, self.floor)

    def _refine(self) -> tuple[Candidate, ...]:
        """Measure on a larger part what is due for it, and give everything measured with shrunken drops."""
        while True:
            believed = shrink(self.queue.finished)
            due = next_to_refine(believed, self.floor, self.evaluator.parts, self.cost)
            if due is None:
                return believed
            began = time.monotonic()
            refined = self.evaluator.evaluate(due.config, due.part + 1)
            self.queue.refine(refined, time.monotonic() - began)

    def _predict(self, configs: Sequence[RetentionConfig]) -> NDArray[np.float64]:
        return self.evaluator.predict_costs(configs, self.cost)

    def conclude(self, floor: AccuracyFloor) -> tuple[tuple[Candidate, ...], Profiles]:
        """Measure finalists against each other, and choose the profiles by the ``floor`` that was asked for."""
        found = shrink(self.queue.finished)
        count, target, full = self.budget.finalists, self.target_ms, self.space.full
        chosen = select_finalists(found, floor, full, count=count, cost=self.cost, target_ms=target)
        final = measure_finalists(self.evaluator, chosen, self.budget, self.began, self.progress)
        settled = on_one_scale(found, final, self.evaluator.reference_accuracy)
        for number in range(_FURTHER_ROUNDS if target is None else 0):
            rng = np.random.default_rng([self.seed, 5, number])
            ideas = untried(self.space, settled, floor, self._predict, rng=rng)
            better = further_finalists(settled.candidates, floor, count=_FURTHER, cost=self.cost, ideas=ideas)
            if not better or self.budget.spent(self.began):
                break
            again = measure_finalists(self.evaluator, (full, *better), self.budget, self.began, self.progress)
            final = (*final, *(candidate for candidate in again if not candidate.config.is_full))
            settled = on_one_scale(found, final, self.evaluator.reference_accuracy)
        candidates = settled.candidates
        profiles = choose_profiles(candidates, floor, self.cost, target_ms=target)
        for note in profiles.notes:
            self.progress.warn(note)
        self.keeper.write(profiles.balanced, trials=len(found))
        return candidates, profiles

    def result(
        self,
        floor: AccuracyFloor,
        stopped_by: StopReason,
        table: LatencyTable | None,
        *,
        sampler: str,
    ) -> SearchResult:
        """What the search found, finalists measured and profiles chosen."""
        trials = len(self.queue.finished)
        candidates, profiles = self.conclude(floor)
        return SearchResult(
            candidates=candidates,
            front=front_of(candidates, self.cost),
            profiles=profiles,
            floor=floor,
            reference_accuracy=self.evaluator.reference_accuracy,
            trials=trials,
            seconds=time.monotonic() - self.began,
            seed=self.seed,
            sampler=sampler,
            cost=self.cost,
            stopped_by=stopped_by,
            target_ms=self.target_ms,
            table=table,
        )
