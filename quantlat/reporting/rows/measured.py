"""Measured accuracies, latencies, throughputs and speedups, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from quantlat.reporting.rows.base import Difference, Interval, Positive, Role, Row, profile_key


class _Measured(Row):
    label: str
    role: Role
    profile: str | None = None
    runtime: str

    @model_validator(mode="after")
    def _profile_is_named(self) -> Self:
        if (self.role is Role.PROFILE) != (self.profile is not None):
            raise ValueError(f"row {self.label!r}: rows of role 'profile', and only those, name their profile")
        return self

    @property
    def key(self) -> str:
        """``student-fp32`` for a baseline, ``profile:balanced`` for a profile."""
        return profile_key(self.profile) if self.profile is not None else self.role.value


_FORMER_NAMES = {"f1": "points", "f1_per_question": "points_per_example"}


class AccuracyRow(_Measured):
    """Points (0 to 100) of the task's metric for one model in one runtime on one split of the data; EM for questions.

    ``points_per_example`` holds the points of each example to two decimals, in the order of ``ReportData.questions``;
    it is empty in reports from before there was any.
    """

    split: Literal["dev", "search"] = "dev"
    points: Interval
    em: float | None = None
    em_interval: Interval | None = None
    n: int
    difference: Difference | None = None
    points_per_example: tuple[float, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_metric(cls, values: Any) -> Any:
        """Reports from before there were other metrics say ``f1``."""
        if not isinstance(values, Mapping):
            return values
        return {_FORMER_NAMES.get(name, name): value for name, value in values.items()}


class Percentile(Row):
    """A percentile that the number of samples supports, e.g. ``q=90``."""

    q: float
    ms: float


class UnsupportedPercentile(Row):
    """A percentile that is not given, because the samples are fewer than the ``needed`` ones."""

    q: float
    needed: int


class LengthLatency(Row):
    """Latency (ms) of the requests of similar length, from the shortest to the longest of them in real tokens."""

    tokens_low: int
    tokens_high: int
    median: Interval
    p90_ms: float | None = None


class ThroughputRow(_Measured):
    """Windows per second when the whole workload runs in batches of similar length; ``windows`` is its size.

    The interval is over rounds. ``reliable`` and ``warnings`` as in latency rows.
    """

    batch: int
    threads: int
    windows: int
    windows_per_s: Interval
    reliable: bool = True
    warnings: tuple[str, ...] = ()


class LatencyRow(_Measured):
    """Time per request on the task's real lengths: median with interval (ms), raw samples, warnings.

    ``level`` is what the interval of the median covers: less than 0.95 where the samples are too few for it.
    ``samples_ms[i]`` is one request of ``sample_tokens[i]`` real tokens; ``tokens_mean`` is their mean, also
    where the request was padded (``padded``). ``mean`` is over the mix of lengths, with its interval; percentiles
    that so few samples cannot support are named in ``unsupported``.
    """

    precision: Literal["fp32", "bf16", "int8"]
    padded: bool = False
    tokens_mean: float
    batch: int = 1
    threads: int
    median_ms: Positive
    ci_ms: tuple[float, float]
    level: float = 0.95
    n: int
    percentiles: tuple[Percentile, ...] = ()
    mean: Interval | None = None
    unsupported: tuple[UnsupportedPercentile, ...] = ()
    by_length: tuple[LengthLatency, ...] = ()
    samples_ms: tuple[float, ...] = ()
    sample_tokens: tuple[int, ...] = ()
    reliable: bool = True
    warnings: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        low, high = self.ci_ms
        if not low <= self.median_ms <= high:
            raise ValueError(f"row {self.label!r}: median {self.median_ms:g} ms outside [{low:g}, {high:g}]")
        if self.sample_tokens and len(self.sample_tokens) != len(self.samples_ms):
            raise ValueError(
                f"row {self.label!r}: {len(self.samples_ms)} samples but {len(self.sample_tokens)} token counts"
            )
        return self


class SpeedupRow(Row):
    """How many times faster ``of`` is than ``over`` (keys of latency rows), from rounds measured side by side."""

    of: str
    over: str
    ratio: Interval


class Headline(Row):
    """The setting that the verdict quotes: recommended profile, deployed runtime, threads, batch."""

    profile: str
    runtime: str
    threads: int
    batch: int = 1
