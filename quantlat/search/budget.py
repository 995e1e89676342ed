"""When a search ends: after so many trials, when its time is used up, or when nothing is gained any more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from quantlat.search.candidate import AccuracyFloor, Candidate, Cost
from quantlat.search.pareto import hypervolume

_MOST_FOR_FINALISTS = 0.4
_FINALIST_TRIALS = 4  # a trial sees a small part of the questions, a finalist as many as there is time for
_LEAST_GAIN = 0.002  # of the hypervolume; less is no progress


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


class FrontAreas:
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
