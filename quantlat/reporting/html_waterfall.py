"""Where the speedup comes from: one floating bar per cause, on a logarithmic scale so that factors compare."""

from __future__ import annotations

import math
from dataclasses import dataclass

from quantlat.reporting import formatting as fmt
from quantlat.reporting import html_numbers as num
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures.waterfall import Step, waterfall_info
from quantlat.reporting.html_chart import SMALL_SIZE, WIDTH, Axis, Tick, Tip, text_width, wrapped

_ROW = 50.0
_LEFT, _RIGHT, _TOP = 262.0, 766.0, 6.0
_LABEL = _LEFT - 24


@dataclass(frozen=True)
class WaterfallBar:
    """One cause: its bar from ``x`` on, ``width`` wide; texts that do not fit stand beside it."""

    id: str
    y: float
    name: str
    detail: tuple[str, ...]
    x: float
    width: float
    before_x: float
    faster: bool
    factor: str
    span: str
    after: str
    inside: bool
    tip: Tip


@dataclass(frozen=True)
class WaterfallEnd:
    """The first or the last model of the chain."""

    x: float
    y: float
    name: str
    text: str


@dataclass(frozen=True)
class WaterfallChart:
    """The chain from the slowest baseline to the recommended profile."""

    title: str
    subtitle: str
    height: float
    bottom: float
    ticks: tuple[Tick, ...]
    start: WaterfallEnd
    bars: tuple[WaterfallBar, ...]
    end: WaterfallEnd
    total: str
    row: float = _ROW
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP
    width: float = WIDTH


def waterfall_chart(data: ReportData) -> WaterfallChart | None:
    """Lay the steps out from top to bottom; ``None`` when fewer than two models of the chain were timed."""
    info = waterfall_info(data)
    if info is None:
        return None
    values = [info.start_ms, *(s.after_ms for s in info.steps)]
    low, high = min(values), max(values)
    room = max(math.log(high / low), 0.35)
    x = Axis(low * math.exp(-0.2 * room), high * math.exp(0.04 * room), _LEFT, _RIGHT, log=True)
    rows = len(info.steps) + 2
    bottom = _TOP + rows * _ROW
    bars = tuple(_bar(step, i, x) for i, step in enumerate(info.steps))
    start = WaterfallEnd(x.at(info.start_ms), _middle(0), _capital(info.start), fmt.milliseconds(info.start_ms))
    end = WaterfallEnd(x.at(info.end_ms), _middle(rows - 1), info.end, fmt.milliseconds(info.end_ms))
    heading = info.heading
    return WaterfallChart(
        heading.title, heading.subtitle, bottom + 44, bottom, x.ticks(), start, bars, end, info.total_text
    )


def _middle(row: int) -> float:
    return _TOP + (row + 0.5) * _ROW


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _bar(step: Step, index: int, x: Axis) -> WaterfallBar:
    before, after = x.at(step.before_ms), x.at(step.after_ms)
    factor = fmt.ratio(step.factor)
    limits = num.span(*step.interval, num.like(step.factor)) if step.interval is not None else ""
    lines = [
        ("before", fmt.milliseconds(step.before_ms)),
        ("after", fmt.milliseconds(step.after_ms)),
        ("factor", num.Quantity(factor, limits).text),
    ]
    name, width = _capital(step.name), abs(before - after)
    return WaterfallBar(
        id=f"w-{index}",
        y=_middle(index + 1),
        name=name,
        detail=wrapped(step.detail, _LABEL, SMALL_SIZE, lines=1),
        x=min(before, after),
        width=round(width, 2),
        before_x=before,
        faster=step.factor >= 1.0,
        factor=factor,
        span=limits,
        after=fmt.milliseconds(step.after_ms),
        inside=width > text_width(factor) + 8,
        tip=Tip(name, (*lines, *([("what", step.detail)] if step.detail else []))),
    )
