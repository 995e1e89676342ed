"""The honest comparison: the profiles beside every named baseline, with intervals, on one linear axis from zero."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures import canvas as cv
from quantlat.reporting.rows import BASELINE_LETTERS, LatencyRow, Role, profile_key
from quantlat.reporting.same_profiles import same_text
from quantlat.reporting.verdict import joined, runtime_name

_ROW = 0.46
_LABELS = 2.7
_BARS = 2.55


@dataclass(frozen=True)
class Bar:
    """One model: latency (ms) and points on dev with intervals, and how many times slower than the profile."""

    name: str
    detail: str
    median_ms: float
    ci_ms: tuple[float, float]
    points: tuple[float, float, float] | None
    slower: float
    is_profile: bool
    recommended: bool


@dataclass(frozen=True)
class BaselinesInfo:
    """Bars from the baselines (a) to (d) down to the profiles; ``profile`` is what they are compared with,
    ``metric`` heads the column of points."""

    heading: cv.Heading
    profile: str
    metric: str
    bars: tuple[Bar, ...]


def baselines_info(data: ReportData) -> BaselinesInfo | None:
    """Collect the timed baselines and profiles; ``None`` when the recommended profile was not timed."""
    best = data.latency_of(profile_key(data.headline.profile))
    if best is None:
        return None
    rows = [data.latency_of(role.value) for role in BASELINE_LETTERS]
    rows += [data.latency_of(profile_key(p.name)) for p in data.profiles]
    bars = tuple(_bar(data, row, best) for row in rows if row is not None)
    return BaselinesInfo(_heading(data), data.headline.profile, data.metric.title, bars)


def _bar(data: ReportData, row: LatencyRow, best: LatencyRow) -> Bar:
    accuracy = data.accuracy_of(row.key)
    score = (accuracy.points.estimate, accuracy.points.low, accuracy.points.high) if accuracy is not None else None
    letter = BASELINE_LETTERS.get(row.role)
    precision = row.precision.upper() if row.precision == "int8" else row.precision
    return Bar(
        name=f"({letter}) {row.label}" if letter else row.profile or row.label,
        detail=_same(data, row) or f"{precision}, {runtime_name(row.runtime)}",
        median_ms=row.median_ms,
        ci_ms=row.ci_ms,
        points=score,
        slower=1.0 if row is best else data.speedup(best.key, row.key) or row.median_ms / best.median_ms,
        is_profile=row.role is Role.PROFILE,
        recommended=row is best,
    )


def _same(data: ReportData, row: LatencyRow) -> str:
    return same_text(data.profile(row.profile)) if row.profile is not None else ""


def _heading(data: ReportData) -> cv.Heading:
    name = data.headline.profile
    parts = []
    for role, what in (
        (Role.TEACHER, "the teacher"),
        (Role.STUDENT, "the fp32 student"),
        (Role.NNCF, "NNCF INT8"),
    ):
        value = data.speedup(profile_key(name), role.value)
        if value is not None:
            parts.append(fmt.faster(value, what))
    title = f"Without padding, “{name}” is {joined(parts)}" if parts else f"Latency of “{name}”"
    setting = f"at batch {data.headline.batch}, on the task's real lengths"
    setting = f"at batch {data.headline.batch}, on the task's real lengths"
    subtitle = f"Median milliseconds per request {setting}; ticks: 95 % intervals."
    return cv.Heading(title, subtitle, cv.source_line(data))


def draw_baselines(info: BaselinesInfo) -> Figure:
    """Draw one horizontal bar per model, with its numbers in columns beside it."""
    with cv.style():
        rows = len(info.bars)
        page = cv.Canvas(info.heading, rows * _ROW + 0.5)
        axes = page.axes(_LABELS, 0.2, _BARS, rows * _ROW)
        longest = max(max(b.ci_ms[1], b.median_ms) for b in info.bars)
        axes.set_xlim(0, longest * 1.02)
        axes.set_ylim(rows - 0.5, -0.5)
        axes.set_yticks([])
        axes.set_xticks([])
        for side in ("bottom", "left"):
            axes.spines[side].set_visible(False)
        columns = _columns(page, axes, info)
        for i, bar in enumerate(info.bars):
            color = cv.BLUE if bar.recommended else cv.LIGHT_BLUE if bar.is_profile else cv.FAINT
            axes.barh(i, bar.median_ms, height=0.56, color=color, zorder=2)
            low, high = (cv.to_pixels(axes, end, 0.0)[0] for end in bar.ci_ms)
            # Under four pixels the two ticks would only make a blot.
            ends = bar.ci_ms if high - low > 4 else ()
            axes.plot(ends, [i] * len(ends), color=cv.INK, linewidth=1.0, zorder=3)
            for end in ends:
                axes.plot([end, end], [i - 0.11, i + 0.11], color=cv.INK, linewidth=1.0, zorder=3)
            _, y = cv.to_pixels(axes, 0.0, float(i))
            _row(page, bar, y, columns)
        return page.figure


def _columns(page: cv.Canvas, axes: Axes, info: BaselinesInfo) -> tuple[float, float, float]:
    """Right edges (pixels) of the latency, points and ratio columns; writes their heads."""
    right = (cv.WIDTH - cv.MARGIN) * cv.DPI
    edges = (right - 190, right - 82, right)
    top = cv.to_pixels(axes, 0.0, -0.5)[1] + 10
    for edge, head in zip(edges, ("latency", f"{info.metric} (95 %)", f"÷ {info.profile}"), strict=True):
        page.text(edge, top, cv.Span(head, cv.SMALL_SIZE, cv.GREY), ha="right")
    return edges


def _row(page: cv.Canvas, bar: Bar, y: float, columns: tuple[float, float, float]) -> None:
    color = cv.BLUE if bar.is_profile else cv.INK
    weight = "bold" if bar.recommended else "normal"
    width = (_LABELS - cv.MARGIN - 0.1) * cv.DPI
    name_weight = "bold" if bar.is_profile else "normal"
    spans = page.fit(bar.name, width, cv.TEXT_SIZE, weight=name_weight, color=color, lines=1)
    cv.row_label(page, y, width, [*spans, cv.Span(bar.detail, cv.SMALL_SIZE, cv.GREY)])
    latency, points, ratio = columns
    page.text(latency, y - 4, cv.Span(fmt.milliseconds(bar.median_ms), color=color, weight=weight), ha="right")
    if bar.points is not None:
        half = (bar.points[2] - bar.points[1]) / 2
        text = fmt.points(bar.points[0]) + (f" ± {half:.1f}" if half > 0 else "")
        page.text(points, y - 4, cv.Span(text, color=color, weight=weight), ha="right")
    page.text(
        ratio,
        y - 4,
        cv.Span(fmt.ratio(bar.slower, 3 if bar.slower >= 1 else 2), color=color, weight=weight),
        ha="right",
    )
