"""Where the speedup comes from: latency falls from baseline (a) to the recommended profile, one cause at a time.

The axis is logarithmic on purpose. Causes multiply, and on a log axis equal factors have equal lengths wherever
they stand in the order; on a linear axis the first step would swallow the picture and a 2x from INT8 would look
like nothing only because it comes late. The floating bars therefore do not start at zero, and the milliseconds
are written out.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures import canvas as cv
from quantlat.reporting.rows import BASELINE_LETTERS, LatencyRow, ModelCard, Role, profile_key
from quantlat.reporting.same_profiles import same_text
from quantlat.reporting.verdict import runtime_name

_ROW = 0.5
_LABELS = 2.62


@dataclass(frozen=True)
class Step:
    """One cause: latency before and after (ms) and ``factor`` = before / after, > 1 means faster."""

    name: str
    detail: str
    before_ms: float
    after_ms: float
    factor: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class WaterfallInfo:
    """Start, steps and end; the factors of the steps multiply to ``total``, whose interval is paired by round."""

    heading: cv.Heading
    start: str
    start_ms: float
    steps: tuple[Step, ...]
    end: str
    end_ms: float
    total: float
    total_interval: tuple[float, float] | None = None

    @property
    def total_text(self) -> str:
        """``12.9× (12.3 to 13.8) in all``; empty when the chain did not make anything faster."""
        if self.total <= 1:
            return ""
        limits = f" ({fmt.limits(*self.total_interval, self.total)})" if self.total_interval is not None else ""
        return f"{fmt.ratio(self.total)}{limits} in all"


def waterfall_info(data: ReportData) -> WaterfallInfo | None:
    """Attribute the speedup along the measured models; ``None`` when fewer than two of them were timed.

    The order is padded teacher, padded student (architecture), student (no padding), the same in the deployed
    runtime (runtime), INT8 at full length (INT8), recommended profile (retention). Without a padded student,
    padding comes off the teacher first. A model that was not timed merges two causes into one step.
    """
    path = _path(data)
    if len(path) < 2:
        return None
    steps = []
    for before, after in itertools.pairwise(path):
        name, detail = _cause(data, before, after)
        factor = before.median_ms / after.median_ms
        steps.append(Step(name, detail, before.median_ms, after.median_ms, factor, _interval(data, after, before)))
    total = path[0].median_ms / path[-1].median_ms
    return WaterfallInfo(
        heading=_heading(data, path[0], steps, total),
        start=_row_name(path[0]),
        start_ms=path[0].median_ms,
        steps=tuple(steps),
        end=f"“{data.headline.profile}”",
        end_ms=path[-1].median_ms,
        total=total,
        total_interval=_interval(data, path[-1], path[0]),
    )


def _interval(data: ReportData, of: LatencyRow, over: LatencyRow) -> tuple[float, float] | None:
    """How many times faster, as an interval paired by round.

    ``None`` where the two were not timed side by side, or are one measurement, whose ratio has nothing to be unsure of.
    """
    measured = data.speedup_row(of.key, over.key)
    if measured is None or not measured.ratio.known or measured.ratio.low == measured.ratio.high:
        return None
    return measured.ratio.low, measured.ratio.high


def _path(data: ReportData) -> list[LatencyRow]:
    rows: dict[Role, LatencyRow | None] = {role: data.latency_of(role.value) for role in Role}
    if rows[Role.STUDENT_PADDED] is not None and rows[Role.TEACHER_PADDED] is not None:
        order = [Role.TEACHER_PADDED, Role.STUDENT_PADDED, Role.STUDENT, Role.STUDENT_RUNTIME]
    else:
        order = [Role.TEACHER_PADDED, Role.TEACHER, Role.STUDENT, Role.STUDENT_RUNTIME]
    path = [rows[role] for role in order]
    path.append(data.latency_of(profile_key("full")))
    if data.headline.profile != "full":
        path.append(data.latency_of(profile_key(data.headline.profile)))
    return [row for row in path if row is not None]


def _cause(data: ReportData, before: LatencyRow, after: LatencyRow) -> tuple[str, str]:
    """Name what changed between two rows, and how."""
    names, details = [], []
    if _is_teacher(before) and not _is_teacher(after):
        names.append("smaller architecture")
        details.append(f"{_shape(data.teacher)} → {_shape(data.student)}" if data.teacher else _shape(data.student))
    if before.padded and not after.padded:
        names.append("no padding")
        mean = f"{after.tokens_mean:.0f} tokens on average"
        details.append(f"{data.data.max_tokens} → {mean}")
    if before.runtime != after.runtime and before.precision == after.precision:
        names.append("runtime")
        details.append(f"{runtime_name(before.runtime)} → {runtime_name(after.runtime)}")
    if before.precision != after.precision:
        names.append(after.precision.upper())
        runtime = f" in {runtime_name(after.runtime)}"
        details.append(f"{before.precision} → {after.precision}{runtime if before.runtime != after.runtime else ''}")
    if after.profile is not None and after.profile != "full":
        names.append("retention")
        profile = data.profile(after.profile)
        details.append(same_text(profile) or f"{fmt.percent(profile.macs_relative)} of the MACs left")
    if "INT8" in names and before.runtime != after.runtime:
        names[names.index("INT8")] = "INT8 + runtime"
    return ", ".join(names) or after.label, ", ".join(details)


def _is_teacher(row: LatencyRow) -> bool:
    return row.role in (Role.TEACHER, Role.TEACHER_PADDED)


def _shape(card: ModelCard | None) -> str:
    return f"{card.layers} layers × {card.hidden}" if card is not None else ""


def _row_name(row: LatencyRow) -> str:
    letter = BASELINE_LETTERS.get(row.role)
    return f"({letter}) {row.label}" if letter else row.label


def _heading(data: ReportData, start: LatencyRow, steps: list[Step], total: float) -> cv.Heading:
    if total >= 1.05:
        parts = [f"{step.name} {fmt.ratio(step.factor, 2)}".replace(" ", cv.NO_BREAK) for step in steps]
        title = f"Where the {fmt.ratio(total, 2)} comes from: {', '.join(parts)}"
    else:
        title = f"“{data.headline.profile}” is {fmt.faster(total, f'the {start.label}')}"
    subtitle = "Median time of one request. On the log scale equal lengths are equal factors, and the factors multiply."
    return cv.Heading(title, subtitle, cv.source_line(data))


def draw_waterfall(info: WaterfallInfo) -> Figure:
    """Draw the steps from top to bottom, falling to the left."""
    with cv.style():
        rows = len(info.steps) + 2
        page = cv.Canvas(info.heading, rows * _ROW + 0.85)
        axes = page.axes(_LABELS, 0.62, cv.WIDTH - _LABELS - 0.3, rows * _ROW)
        values = [info.start_ms, *(s.after_ms for s in info.steps)]
        low, high = min(values), max(values)
        room = max(math.log(high / low), 0.35)
        axes.set_xscale("log")
        axes.set_xlim(low * math.exp(-0.2 * room), high * math.exp(0.14 * room))
        axes.set_ylim(rows - 0.5, -0.5)
        set_log_ticks(axes.xaxis, *axes.get_xlim())
        cv.quiet_axes(axes, grid="x")
        axes.set_xlabel("milliseconds per request (log scale)", labelpad=7)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)

        def at(x: float, row: int) -> tuple[float, float]:
            return cv.to_pixels(axes, x, float(row))

        axes.plot([info.start_ms], [0], "s", color=cv.GREY, markersize=8, zorder=3)
        x, y = at(info.start_ms, 0)
        page.text(x - 10, y - 4, cv.Span(fmt.milliseconds(info.start_ms), color=cv.INK, weight="bold"), ha="right")
        _row_label(page, y, info.start, "")
        for i, step in enumerate(info.steps, start=1):
            axes.plot(
                [step.before_ms] * 2,
                [i - 0.7 if i > 1 else 0, i - 0.3],
                color=cv.FAINT,
                linewidth=1.0,
                zorder=1.5,
            )
            _draw_step(page, axes, step, i)
        last = rows - 1
        axes.plot([info.end_ms] * 2, [last - 0.7, last], color=cv.FAINT, linewidth=1.0, zorder=1.5)
        axes.plot([info.end_ms], [last], "o", color=cv.BLUE, markersize=9.5, zorder=3)
        x, y = at(info.end_ms, last)
        text = f"{fmt.milliseconds(info.end_ms)}   {info.total_text}".rstrip()
        page.text(x + 12, y - 4, cv.Span(text, color=cv.BLUE, weight="bold"))
        _row_label(page, y, info.end, "", color=cv.BLUE)
        return page.figure


def _draw_step(page: cv.Canvas, axes: Axes, step: Step, row: int) -> None:
    """One floating bar with its factor on it and the latency after it at its end."""
    faster = step.factor >= 1.0
    low, high = min(step.before_ms, step.after_ms), max(step.before_ms, step.after_ms)
    color = cv.BLUE if faster else cv.VERMILION
    axes.barh(row, high - low, left=low, height=0.6, color=color, zorder=2.5)
    x0, y = cv.to_pixels(axes, low, float(row))
    x1, _ = cv.to_pixels(axes, high, float(row))
    factor = cv.Span(fmt.ratio(step.factor), color="white", weight="bold")
    after = cv.Span(fmt.milliseconds(step.after_ms), cv.SMALL_SIZE, cv.GREY)
    beside = x1 - x0 < page.width_of(factor) + 10
    if not beside:
        page.text((x0 + x1) / 2, y - 4, factor, ha="center")
    end_x = x0 - 7 if faster else x1 + 7
    page.text(end_x, y - 4, after, ha="right" if faster else "left")
    notes = []
    if beside:
        notes.append(cv.Span(factor.text, color=color, weight="bold"))
    if step.interval is not None:
        notes.append(cv.Span(fmt.span(*step.interval, step.factor), cv.SMALL_SIZE, cv.GREY))
    x = x1 + 8 if faster else x0 - 8
    for span in notes:
        page.text(x, y - 4, span, ha="left" if faster else "right")
        x += (page.width_of(span) + 7) * (1 if faster else -1)
    _row_label(page, y, step.name, step.detail)


def _row_label(page: cv.Canvas, y: float, name: str, detail: str, color: str = cv.INK) -> None:
    width = (_LABELS - cv.MARGIN - 0.1) * cv.DPI
    spans = page.fit(name[:1].upper() + name[1:], width, cv.TEXT_SIZE, weight="bold", color=color)
    spans += page.fit(detail, width, cv.SMALL_SIZE, color=cv.GREY, lines=3 - len(spans)) if detail else []
    cv.row_label(page, y, width, spans)


def log_ticks(low: float, high: float) -> list[float]:
    """Round values (1-2-5, finer when the range is short) within the limits of a log axis."""
    for steps in ((1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)):
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high]
        if len(ticks) >= 3:
            return ticks
    return ticks or [low, high]


def set_log_ticks(axis: Axis, low: float, high: float) -> None:
    """Label a log axis with round plain numbers."""
    axis.set_major_locator(FixedLocator(log_ticks(low, high)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
