"""Accuracy against latency: every configuration tried, their Pareto front, the profiles and the baselines.

The search measures on the search split, the report on the dev questions, so accuracies are drawn as differences
to the same reference on the same questions. Baselines far off the scale of the front would flatten it; they get
a strip of their own beside the picture, with their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quantlat.metrics import F1, Metric
from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures import canvas as cv
from quantlat.reporting.rows import (
    BASELINE_LETTERS,
    AccuracyRow,
    CandidateRow,
    LatencyRow,
    ProfileRow,
    Role,
    SearchInfo,
    profile_key,
)
from quantlat.reporting.verdict import Outcome, dev_drop, outcome, reference_accuracy

# The picture's right edge goes at most this far beyond the slowest configuration worth looking at.
_REACH = 2.4
_MIN_BAND = 1.5


@dataclass(frozen=True)
class Point:
    """Latency (ms) and difference to the reference (points)."""

    x: float
    y: float


@dataclass(frozen=True)
class Mark:
    """A profile or a baseline with its intervals (95 %); ``search`` is where the search had seen a profile.

    ``unit`` stands behind accuracies.
    """

    name: str
    at: Point
    x_interval: tuple[float, float] | None = None
    y_interval: tuple[float, float] | None = None
    search: Point | None = None
    recommended: bool = False
    unit: str = F1.unit

    @property
    def captions(self) -> tuple[str, str]:
        """``4.52 ms (4.01 to 4.83)`` and ``−0.7 F1 (−1.2 to −0.3)``; without an interval where there is none."""
        x, y = fmt.milliseconds(self.at.x), f"{fmt.signed(self.at.y, 1)} {self.unit}"
        if self.x_interval is not None:
            x += f" ({fmt.limits(*self.x_interval, self.at.x)})"
        if self.y_interval is not None:
            y += f" ({' to '.join(fmt.signed(end, 1) for end in self.y_interval)})"
        return x, y


@dataclass(frozen=True)
class ParetoInfo:
    """What the figure shows; ``off_scale`` baselines are listed beside it, ``hidden`` trials are only counted."""

    heading: cv.Heading
    reference: str
    metric: Metric
    trials: tuple[Point, ...]
    front: tuple[Point, ...]
    profiles: tuple[Mark, ...]
    baselines: tuple[Mark, ...]
    off_scale: tuple[Mark, ...]
    floor: float | None
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    hidden: int


def pareto_info(data: ReportData) -> ParetoInfo | None:
    """Collect points, front and limits; ``None`` when no profile has both an accuracy and a latency."""
    search = data.search
    profiles = _profile_marks(data)
    if not profiles:
        return None
    trials, front = _search_points(data, search) if search is not None else ((), ())
    floor = -search.max_drop if search is not None else None
    y_limits = _y_limits(profiles, front, floor)
    baselines = _baseline_marks(data)
    x_limits = _x_limits(profiles, [p for p in front if p.y >= y_limits[0]], trials, baselines, y_limits)
    seen = [b for b in baselines if _within(b.at, x_limits, y_limits)]
    return ParetoInfo(
        heading=_heading(data),
        reference=_reference_text(data),
        metric=data.metric,
        trials=trials,
        front=front,
        profiles=profiles,
        baselines=tuple(seen),
        off_scale=tuple(sorted((b for b in baselines if b not in seen), key=lambda b: b.at.x)),
        floor=floor,
        x_limits=x_limits,
        y_limits=y_limits,
        hidden=sum(not _within(p, x_limits, y_limits) for p in trials),
    )


def _search_points(data: ReportData, search: SearchInfo) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    points = {c.number: _search_point(data, search, c) for c in search.candidates}
    front = tuple(sorted((points[n] for n in search.front), key=lambda p: p.x))
    return tuple(points.values()), front


def _search_point(data: ReportData, search: SearchInfo, candidate: CandidateRow) -> Point:
    """Latency on the scale of the report: relative to full length where the search measured it so."""
    x, full = candidate.latency_ms, data.latency_of(profile_key("full"))
    if candidate.latency_relative is not None and full is not None:
        x = candidate.latency_relative * full.median_ms
    drop = candidate.drop
    if candidate.believed_drop is not None:
        return Point(x, -candidate.believed_drop)
    return Point(x, -drop.estimate if drop is not None else candidate.accuracy.estimate - search.reference_accuracy)


def _difference(data: ReportData, row: AccuracyRow) -> tuple[float, tuple[float, float] | None]:
    reference = reference_accuracy(data)
    if reference is not None and row.key == reference.key:
        return 0.0, None
    if row.difference is not None:
        interval = row.difference.interval
        return interval.estimate, (interval.low, interval.high) if interval.known else None
    return row.points.estimate - (reference.points.estimate if reference is not None else 0.0), None


def _mark(data: ReportData, name: str, latency: LatencyRow, accuracy: AccuracyRow) -> Mark:
    y, interval = _difference(data, accuracy)
    return Mark(name, Point(latency.median_ms, y), latency.ci_ms, interval, unit=data.metric.unit)


def _profile_marks(data: ReportData) -> tuple[Mark, ...]:
    by_ratios: dict[tuple[float, ...], list[ProfileRow]] = {}
    for profile in data.profiles:
        by_ratios.setdefault(profile.ratios, []).append(profile)
    marks = []
    for rows in by_ratios.values():
        names = [r.name for r in rows]
        main = next((r for r in rows if r.name == data.headline.profile), rows[0])
        latency, accuracy = data.latency_of(profile_key(main.name)), data.accuracy_of(profile_key(main.name))
        if latency is None or accuracy is None:
            continue
        mark = _mark(data, " = ".join(names), latency, accuracy)
        marks.append(
            Mark(
                mark.name,
                mark.at,
                mark.x_interval,
                mark.y_interval,
                _search_position(data, main),
                data.headline.profile in names,
                mark.unit,
            )
        )
    return tuple(marks)


def _search_position(data: ReportData, profile: ProfileRow) -> Point | None:
    if data.search is None:
        return None
    found = (c for c in data.search.candidates if c.number == profile.candidate)
    return next((_search_point(data, data.search, c) for c in found), None)


def _baseline_marks(data: ReportData) -> list[Mark]:
    marks = []
    for role, letter in BASELINE_LETTERS.items():
        latency, accuracy = data.latency_of(role.value), data.accuracy_of(role.value)
        if latency is not None and accuracy is not None:
            marks.append(_mark(data, f"({letter}) {latency.label}", latency, accuracy))
    return marks


def _y_limits(profiles: Sequence[Mark], front: Sequence[Point], floor: float | None) -> tuple[float, float]:
    core = [0.0, *(m.at.y for m in profiles), *(y for m in profiles for y in m.y_interval or ())]
    core += [] if floor is None else [floor]
    low, high = min(core), max(core)
    band = max(high - low, _MIN_BAND)
    high = max([high, *(p.y for p in front if p.y <= high + 0.5 * band)])
    # Follow the front down a little, not into the configurations that collapse.
    low = min([low, *(p.y for p in front if p.y >= low - 0.5 * band)])
    pad = 0.14 * max(high - low, _MIN_BAND)
    return low - pad, high + pad


def _x_limits(
    profiles: Sequence[Mark],
    front: Sequence[Point],
    trials: Sequence[Point],
    baselines: Sequence[Mark],
    y_limits: tuple[float, float],
) -> tuple[float, float]:
    core = [m.at.x for m in profiles] + [p.x for p in front]
    core += [x for m in profiles for x in m.x_interval or ()]
    low, high = min(core), max(core)
    visible = [p.x for p in trials if y_limits[0] <= p.y <= y_limits[1]]
    high = max([high, *(x for x in visible if x <= high + 0.3 * (high - low))])
    reach = max(low + (high - low) * _REACH, high * 1.15)
    near = [b.at.x for b in baselines if y_limits[0] <= b.at.y <= y_limits[1] and 0.6 * low <= b.at.x <= reach]
    low, high = min([low, *near]), max([high, *near])
    width = max(high - low, 0.1 * high)
    return low - 0.1 * width, high + 0.14 * width


def _within(p: Point, x_limits: tuple[float, float], y_limits: tuple[float, float]) -> bool:
    return x_limits[0] <= p.x <= x_limits[1] and y_limits[0] <= p.y <= y_limits[1]


def _reference_role(data: ReportData) -> Role:
    return data.search.reference_role if data.search is not None else Role.STUDENT


def _reference_name(data: ReportData) -> str:
    return data.search.reference if data.search is not None else "fp32 student"


def _reference_text(data: ReportData) -> str:
    reference = reference_accuracy(data)
    name = _reference_name(data)
    return f"{name} ({fmt.points(reference.points.estimate)})" if reference is not None else name


def _heading(data: ReportData) -> cv.Heading:
    search, metric = data.search, data.metric
    if outcome(data) is Outcome.MISSED and search is not None:
        title = f"Accuracy floor missed: the nearest profile is {search.missed_by or 0:.2f} {metric.name} points short"
    else:
        over = data.speedup(profile_key(data.headline.profile), _reference_role(data).value)
        speed = f"is {fmt.faster(over, f'the {_reference_name(data)}')}" if over is not None else "is recommended:"
        title = f"“{data.headline.profile}” {speed}{_loss(data)}"
    subtitle = f"Large marks: dev {metric.items}, with 95 % intervals."
    if search is not None and search.candidates:
        tried = fmt.plural(len(search.candidates), "configuration")
        subtitle = f"Faint dots: {tried} tried on the search split; line: their Pareto front. {subtitle}"
        if any(p.candidate is not None for p in data.profiles):
            subtitle = subtitle[:-1] + "; dotted: to where the search had seen them."
    return cv.Heading(title, subtitle, cv.source_line(data))


def _loss(data: ReportData) -> str:
    drop = dev_drop(data)
    if drop is None:
        return ""
    if drop < 0.05:
        return f" at no loss of {data.metric.name}"
    row = data.accuracy_of(profile_key(data.headline.profile))
    if row is not None and row.difference is not None and not row.difference.distinguishable:
        return f" for {drop:.1f} {data.metric.name} points, not distinguishable from zero"
    allowed = f" ({data.search.max_drop:.1f} allowed)" if data.search and drop > data.search.max_drop else ""
    return f" for {drop:.1f} {data.metric.name} points{allowed}"
