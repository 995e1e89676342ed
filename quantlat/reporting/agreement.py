"""How far runtimes that execute the same quantised numbers differ in accuracy."""

from __future__ import annotations

from quantlat.metrics import paired_difference
from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import AccuracyRow, Interval

# They execute the same numbers: more disagreement than this (points) is a defect, not rounding.
RUNTIME_AGREEMENT = 0.3
_FEWEST_PASSAGES = 20


def runtime_spread(data: ReportData) -> dict[str, Interval]:
    """Per profile measured in several runtimes on dev: highest minus lowest, in points, paired example by example.

    Of profiles that share a configuration only the first is named. The interval is unknown where the report does not
    hold the points of single examples.
    """
    by_profile: dict[str, list[AccuracyRow]] = {}
    repeated = {profile.name for profile in data.profiles if profile.same_as is not None}
    for row in data.accuracy:
        if row.profile is not None and row.profile not in repeated and row.split == "dev":
            by_profile.setdefault(row.profile, []).append(row)
    return {name: _spread(found, data) for name, found in by_profile.items() if len(found) > 1}


def spread_text(spread: Interval) -> str:
    """``0.38`` or ``0.38 (95 % interval −0.10 to 0.86)``."""
    text = fmt.points(spread.estimate, 2)
    if not spread.known:
        return text
    return f"{text} (95 % interval {fmt.points(spread.low, 2)} to {fmt.points(spread.high, 2)})"


def _spread(found: list[AccuracyRow], data: ReportData) -> Interval:
    highest = max(found, key=lambda row: row.points.estimate)
    lowest = min(found, key=lambda row: row.points.estimate)
    estimate = highest.points.estimate - lowest.points.estimate
    first, second = highest.points_per_example, lowest.points_per_example
    if not first or len(first) != len(second):
        return Interval(estimate=estimate, low=estimate, high=estimate, level=0.0, n=highest.n)
    passages = data.questions.passages if data.questions is not None else ()
    groups = passages if len(set(passages)) >= _FEWEST_PASSAGES else None
    paired = paired_difference(first, second, seed=0, groups=groups).interval
    low, high = min(paired.low, estimate), max(paired.high, estimate)  # single points are kept to two decimals
    return Interval(estimate=estimate, low=low, high=high, level=paired.level, n=paired.n)
