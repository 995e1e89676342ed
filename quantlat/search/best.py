"""The best configuration so far, written to a file after every improvement, so that there is always
something to deploy.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from quantlat.errors import StorageError
from quantlat.search.candidate import AccuracyFloor, Candidate, Cost
from quantlat.search.profiles import best_candidate


class BestSoFar(BaseModel):
    """What is written after every improvement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidate: Candidate
    meets_floor: bool
    trials: int


class BestKeeper:
    """Remembers the best configuration so far and tells the world of every improvement."""

    def __init__(
        self,
        floor: AccuracyFloor,
        cost: Cost,
        on_best: Callable[[BestSoFar], None] | None,
        path: Path | None,
        *,
        target_ms: float | None = None,
    ) -> None:
        self._floor = floor
        self._cost: Cost = cost
        self._on_best = on_best
        self._path = path
        self._target_ms = target_ms
        self._best: Candidate | None = None

    @property
    def summary(self) -> str:
        """A few words for the progress bar."""
        if self._best is None:
            return ""
        speedup = 1.0 / self._best.cost(self._cost)
        state = "" if self._floor.holds(self._best, margin=False) else ", floor missed"
        return f"best {speedup:.2f}x, drop {self._best.drop:.2f}{state}"

    def offer(self, candidates: Sequence[Candidate]) -> None:
        """Look for an improvement among everything measured so far."""
        if not candidates:
            return
        best = best_candidate(candidates, self._floor, self._cost, target_ms=self._target_ms)
        if best != self._best:
            self.write(best, trials=len(candidates))

    def write(self, best: Candidate, *, trials: int) -> None:
        """Take this as the best, whatever was before."""
        self._best = best
        record = BestSoFar(
            candidate=best.without_samples(), meets_floor=self._floor.holds(best, margin=False), trials=trials
        )
        if self._path is not None:
            _write_atomically(self._path, record.model_dump_json(indent=1))
        if self._on_best is not None:
            self._on_best(record)


def _write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a kill, never sees half of it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
    except OSError as error:
        raise StorageError(
            f"the best configuration so far cannot be written to {path}: {error.strerror or error}",
            "Free space or choose a writable folder; the search continues where it stopped.",
        ) from error
