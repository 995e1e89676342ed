"""The honest comparison: the profiles beside every named baseline, with intervals, on one linear axis from zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures import canvas as cv
from quantlat.reporting.figures.labels import Box
from quantlat.reporting.rows import BASELINE_LETTERS, LatencyRow, Role, profile_key
from quantlat.reporting.same_profiles import same_text
from quantlat.reporting.verdict import joined, runtime_name

_ROW = 0.46  # inches
_LABELS = 2.7
_HEADS = 0.65
_GAP = 0.22
_WIDEST_HEAD = 100.0  # pixels; a longer one takes two lines


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
    label = row.label.removesuffix(f" in {runtime_name(row.runtime)}")  # which the line below says
    precision = row.precision.upper() if row.precision == "int8" else row.precision
    return Bar(
        name=f"({letter}) {label}" if letter else row.profile or row.label,
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
        page = cv.Canvas(info.heading, rows * _ROW + _HEADS)
        columns = _columns(page, info)
        bars = columns[0].left / cv.DPI - _GAP - _LABELS
        axes = page.axes(_LABELS, 0.2, bars, rows * _ROW)
        longest = max(max(b.ci_ms[1], b.median_ms) for b in info.bars)
        axes.set_xlim(0, longest * 1.02)
        axes.set_ylim(rows - 0.5, -0.5)
        axes.set_yticks([])
        axes.set_xticks([])
        for side in ("bottom", "left"):
            axes.spines[side].set_visible(False)
        top = cv.to_pixels(axes, 0.0, -0.5)[1] + 4
        for column in columns:
            height = page.block_size(column.head)[1]
            page.block(Box(column.left, top, column.right, top + height), column.head, ha="right")
        for i, bar in enumerate(info.bars):
            _bar_with_interval(axes, i, bar)
            _row(page, bar, cv.to_pixels(axes, 0.0, float(i))[1], [(c.right, c.texts[i]) for c in columns])
        return page.figure


def _bar_with_interval(axes: Axes, i: int, bar: Bar) -> None:
    color = cv.BLUE if bar.recommended else cv.LIGHT_BLUE if bar.is_profile else cv.FAINT
    axes.barh(i, bar.median_ms, height=0.56, color=color, zorder=2)
    low, high = (cv.to_pixels(axes, end, 0.0)[0] for end in bar.ci_ms)
    # Under four pixels the two ticks would only make a blot.
    ends = bar.ci_ms if high - low > 4 else ()
    axes.plot(ends, [i] * len(ends), color=cv.INK, linewidth=1.0, zorder=3)
    for end in ends:
        axes.plot([end, end], [i - 0.11, i + 0.11], color=cv.INK, linewidth=1.0, zorder=3)


@dataclass(frozen=True)
class _Column:
    """Numbers beside the bars, aligned right; edges in pixels."""

    left: float
    right: float
    head: list[cv.Span]
    texts: list[str]


def _columns(page: cv.Canvas, info: BaselinesInfo) -> list[_Column]:
    """The columns latency, points and ratio, each as wide as what stands in it."""
    contents = (
        ("latency", [fmt.milliseconds(bar.median_ms) for bar in info.bars]),
        (f"{info.metric} (95 %)", [_points(bar) for bar in info.bars]),
        (f"÷ {info.profile}", [fmt.ratio(bar.slower, 3 if bar.slower >= 1 else 2) for bar in info.bars]),
    )
    right = (cv.WIDTH - cv.MARGIN) * cv.DPI
    columns: list[_Column] = []
    for name, texts in reversed(contents):
        head = page.fit(name, _WIDEST_HEAD, cv.SMALL_SIZE, color=cv.GREY)
        numbers = [page.width_of(cv.Span(text, weight="bold")) for text in texts]
        left = right - max(page.block_size(head)[0], *numbers)
        columns.append(_Column(left, right, head, texts))
        right = left - _GAP * cv.DPI
    return columns[::-1]


def _points(bar: Bar) -> str:
    if bar.points is None:
        return ""
    half = (bar.points[2] - bar.points[1]) / 2
    return fmt.points(bar.points[0]) + (f" ± {half:.1f}" if half > 0 else "")


def _row(page: cv.Canvas, bar: Bar, y: float, cells: Sequence[tuple[float, str]]) -> None:
    """The name of a bar and, at their right edges, its numbers."""
    color = cv.BLUE if bar.is_profile else cv.INK
    weight = "bold" if bar.recommended else "normal"
    width = (_LABELS - cv.MARGIN - 0.1) * cv.DPI
    name_weight = "bold" if bar.is_profile else "normal"
    spans = page.fit(bar.name, width, cv.TEXT_SIZE, weight=name_weight, color=color, lines=1)
    cv.row_label(page, y, width, [*spans, cv.Span(bar.detail, cv.SMALL_SIZE, cv.GREY)])
    for right, text in cells:
        page.text(right, y - 4, cv.Span(text, color=color, weight=weight), ha="right")
