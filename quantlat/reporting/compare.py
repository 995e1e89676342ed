"""Reports side by side, with a test for each difference.

Accuracies of the same dev questions are compared by a paired bootstrap over questions (by passage where there are at
least 20 of them). Where the scores of single questions are missing or the questions differ, the two intervals are
combined by the method of variance estimates recovery (MOVER; Zou and Donner, "Construction of confidence limits about
effect measures", Statistics in Medicine 27, 2008), which needs no raw data. Latencies get a ratio only where nothing
but the model differs; two runs are never interleaved, so the machine's drift between them is outside the interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quantlat.metrics import paired_difference
from quantlat.reporting.collect import ReportData
from quantlat.reporting.comparability import Mismatch, row_mismatches, same_questions, setting_mismatches
from quantlat.reporting.rows import AccuracyRow, Interval, LatencyRow, Role, Row, SpeedupRow, profile_key
from quantlat.reporting.verdict import verdict

_FEWEST_PASSAGES = 20
_RESAMPLES = 2000


@dataclass(frozen=True)
class NamedReport:
    """A report and what it is called in the comparison."""

    name: str
    data: ReportData


class ComparedRun(Row):
    """One report of the comparison: what its recommended profile reaches, each number as its own report states it."""

    name: str
    recipe: str
    created: str
    machine: str
    setting: str
    profile: str
    verdict: str
    latency: LatencyRow | None
    speedups: tuple[SpeedupRow, ...]
    points: Interval | None
    metric: str = "F1"
    macs_relative: float
    int8_mib: float | None
    fp32_mib: float | None
    parameters: int | None
    warnings: int


class AccuracyDifference(Row):
    """Points of the second report minus that of the first, in points; ``unpaired`` says why if it is not paired."""

    key: str
    label: str
    first: Interval
    second: Interval
    difference: Interval
    distinguishable: bool
    unpaired: str = ""


class LatencyRatio(Row):
    """Median time of the second report over that of the first (below 1: faster); None where not comparable."""

    key: str
    label: str
    first_ms: Interval
    second_ms: Interval
    ratio: Interval | None
    distinguishable: bool
    mismatches: tuple[Mismatch, ...] = ()


class Pair(Row):
    """The second of two reports against the first. ``mismatches``: what differs besides the model."""

    first: str
    second: str
    mismatches: tuple[Mismatch, ...]
    accuracy: tuple[AccuracyDifference, ...]
    metric: str = "F1"
    latency: tuple[LatencyRatio, ...]


class Comparison(Row):
    """All reports, and every later one against the first."""

    runs: tuple[ComparedRun, ...]
    pairs: tuple[Pair, ...]


def compare(reports: Sequence[NamedReport]) -> Comparison:
    """Compare every report with the first of at least two."""
    first, *others = reports
    return Comparison(
        runs=tuple(_run(report) for report in reports), pairs=tuple(_pair(first, other) for other in others)
    )


def _run(report: NamedReport) -> ComparedRun:
    data = report.data
    key = profile_key(data.headline.profile)
    accuracy, sizes = data.accuracy_of(key), data.quantization
    roles = (Role.TEACHER, Role.STUDENT, Role.NNCF)
    speedups = (data.speedup_row(key, role.value) for role in roles)
    latency = data.latency_of(key)
    return ComparedRun(
        name=report.name,
        recipe=data.recipe.name,
        created=data.created.date().isoformat(),
        machine=f"{data.machine.cpu}, {data.machine.cores} cores",
        setting=f"{data.headline.runtime}, threads {data.headline.threads}, batch {data.headline.batch}",
        profile=data.headline.profile,
        verdict=verdict(data).outcome.value,
        latency=latency.model_copy(update={"samples_ms": (), "sample_tokens": ()}) if latency is not None else None,
        speedups=tuple(row for row in speedups if row is not None),
        points=accuracy.points if accuracy is not None else None,
        metric=data.metric.title,
        macs_relative=data.profile(data.headline.profile).macs_relative,
        int8_mib=sizes.int8_mib if sizes is not None else None,
        fp32_mib=sizes.fp32_mib if sizes is not None else None,
        parameters=data.student.parameters,
        warnings=len(data.warnings),
    )


def _pair(first: NamedReport, second: NamedReport) -> Pair:
    mismatches = setting_mismatches(first.data, second.data)
    comparable = first.data.metric == second.data.metric
    keys = [row.key for row in (*first.data.accuracy, *first.data.latency)]
    accuracy, latency = [], []
    for key in dict.fromkeys(keys):
        here, there = first.data.accuracy_of(key), second.data.accuracy_of(key)
        if here is not None and there is not None and comparable and here.key == there.key == key:
            accuracy.append(_accuracy(here, there, first.data, second.data))
        before, after = first.data.latency_of(key), second.data.latency_of(key)
        if before is not None and after is not None:
            latency.append(_latency(before, after, mismatches))
    return Pair(
        first=first.name,
        second=second.name,
        mismatches=mismatches,
        accuracy=tuple(accuracy),
        metric=first.data.metric.title,
        latency=tuple(latency),
    )


def _accuracy(first: AccuracyRow, second: AccuracyRow, one: ReportData, other: ReportData) -> AccuracyDifference:
    unpaired = same_questions(one, other)
    if not unpaired and not (first.points_per_example and second.points_per_example):
        unpaired = f"not both reports hold the scores of single {one.metric.items}"
    if unpaired or one.questions is None:
        interval = _difference_of_means(first.points, second.points)
    else:
        passages = one.questions.passages
        groups = passages if len(set(passages)) >= _FEWEST_PASSAGES else None
        paired = paired_difference(second.points_per_example, first.points_per_example, seed=0, groups=groups)
        interval = Interval.model_validate(paired.interval)
    return AccuracyDifference(
        key=first.key,
        label=first.profile or first.label,
        first=first.points,
        second=second.points,
        difference=interval,
        distinguishable=_tells_from(interval, 0.0),
        unpaired=unpaired,
    )


def _difference_of_means(first: Interval, second: Interval) -> Interval:
    """Second minus first by MOVER, from two independent intervals of one level."""
    estimate = second.estimate - first.estimate
    if not (first.known and second.known):
        return Interval(estimate=estimate, low=estimate, high=estimate, level=0.0, n=min(first.n, second.n))
    below = math.hypot(second.estimate - second.low, first.high - first.estimate)
    above = math.hypot(second.high - second.estimate, first.estimate - first.low)
    level, n = min(first.level, second.level), min(first.n, second.n)
    return Interval(estimate=estimate, low=estimate - below, high=estimate + above, level=level, n=n)


def _latency(first: LatencyRow, second: LatencyRow, mismatches: tuple[Mismatch, ...]) -> LatencyRatio:
    own = tuple(m for m in row_mismatches(first, second) if m not in mismatches)
    found = (*mismatches, *own)
    ratio = None if found else _ratio_of_medians(first, second)
    return LatencyRatio(
        key=first.key,
        label=first.profile or first.label,
        first_ms=_median(first),
        second_ms=_median(second),
        ratio=ratio,
        distinguishable=ratio is not None and _tells_from(ratio, 1.0),
        mismatches=own,
    )


def _median(row: LatencyRow) -> Interval:
    return Interval(estimate=row.median_ms, low=row.ci_ms[0], high=row.ci_ms[1], level=row.level, n=row.n)


def _ratio_of_medians(first: LatencyRow, second: LatencyRow) -> Interval:
    """Second over first: by a bootstrap of the requests where both timed the same ones, else by MOVER on logarithms."""
    same = bool(first.sample_tokens) and first.sample_tokens == second.sample_tokens
    if not same:
        logs = [_logarithm(_median(row)) for row in (first, second)]
        found = _difference_of_means(*logs)
        limits = {"estimate": found.estimate, "low": found.low, "high": found.high}
        return Interval(**{k: math.exp(v) for k, v in limits.items()}, level=found.level, n=found.n)
    estimate = second.median_ms / first.median_ms
    chosen = np.random.default_rng(0).integers(first.n, size=(_RESAMPLES, first.n))
    above = np.median(np.asarray(second.samples_ms)[chosen], axis=1)
    below = np.median(np.asarray(first.samples_ms)[chosen], axis=1)
    low, high = (float(end) for end in np.quantile(above / below, [0.025, 0.975]))
    return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate), n=first.n)


def _logarithm(interval: Interval) -> Interval:
    values = {name: math.log(getattr(interval, name)) for name in ("estimate", "low", "high")}
    return Interval(**values, level=interval.level, n=interval.n)


def _tells_from(interval: Interval, value: float) -> bool:
    return interval.known and not interval.low <= value <= interval.high
