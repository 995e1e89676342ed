"""What a search gives: everything it measured, the front, the profiles, and why it ended."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from quantlat.search.candidate import AccuracyFloor, Candidate, Cost
from quantlat.search.latency_table import LatencyTable
from quantlat.search.profiles import Profiles

StopReason = Literal["trials", "time", "exhausted", "stall", "target"]


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
