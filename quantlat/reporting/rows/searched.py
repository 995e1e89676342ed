"""What the search tried and chose."""

from __future__ import annotations

from typing import Literal

from quantlat.reporting.rows.base import Interval, Positive, Ratio, Role, Row


class CandidateRow(Row):
    """One configuration tried by the search, measured on the search split.

    ``drop`` is the paired difference reference minus this (points); ``believed_drop`` is what the search took it for,
    because few questions alone say little, and what the front is made of. ``latency_relative`` is the time relative to
    full length measured close by, which is free of the machine's drift.
    """

    number: int
    ratios: tuple[Ratio, ...]
    macs_relative: float
    accuracy: Interval
    drop: Interval | None = None
    believed_drop: float | None = None
    latency_ms: Positive
    latency_ci_ms: tuple[float, float] | None = None
    latency_relative: Positive | None = None


class ProfileRow(Row):
    """A named configuration: the share of real tokens each layer keeps; ``candidate`` is its search number.

    ``same_as`` is the first profile that has the same configuration, if another one has: all that was measured of
    either is the same measurement.
    """

    name: str
    ratios: tuple[Ratio, ...]
    macs_relative: float
    candidate: int | None = None
    same_as: str | None = None


class SearchInfo(Row):
    """What the search was asked and what it found; accuracies are on the search split.

    ``floor`` is the accuracy asked for (``reference_accuracy - max_drop``); ``missed_by`` > 0 is how far the
    nearest configuration stays under it, ``None`` means that the floor was met. ``front`` lists candidate numbers.
    """

    reference: str
    reference_role: Literal[Role.STUDENT, Role.TEACHER] = Role.STUDENT
    reference_accuracy: float
    max_drop: float
    floor: float
    missed_by: float | None = None
    windows: int
    trials: int
    seconds: float
    seed: int | None = None
    sampler: str | None = None
    candidates: tuple[CandidateRow, ...]
    front: tuple[int, ...]
