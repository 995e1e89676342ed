"""Drawing of the Pareto figure; what it shows is decided in ``pareto``."""

from __future__ import annotations

import itertools

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from quantlat.reporting import formatting as fmt
from quantlat.reporting.figures import canvas as cv
from quantlat.reporting.figures.labels import Box, Label, place_labels, stack
from quantlat.reporting.figures.pareto import Mark, ParetoInfo, Point


def draw_pareto(info: ParetoInfo) -> Figure:
    """Draw the front; labels are placed so that they do not overlap."""
    with cv.style():
        page = cv.Canvas(info.heading, 4.5)
        strip = bool(info.off_scale)
        axes = page.axes(0.72, 0.62, 5.05 if strip else 7.0, 3.55)
        axes.set_xlim(*info.x_limits)
        axes.set_ylim(*info.y_limits)
        _decorate(page, axes, info)
        fixed = _draw_lines(page, axes, info)
        _draw_points(page, axes, info, fixed)
        if strip:
            _draw_strip(page, axes, info)
        return page.figure


def _decorate(page: cv.Canvas, axes: Axes, info: ParetoInfo) -> None:
    cv.quiet_axes(axes, grid="both")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:+g}".replace("-", fmt.MINUS) if y else "0"))
    axes.set_xlabel("milliseconds per request (median)", labelpad=7)
    box = _axes_box(axes)
    scale = f"{info.metric.title} points against the {info.reference}"
    page.text(cv.MARGIN * cv.DPI, box.y1 + 9, cv.Span(scale, color=cv.GREY))
    if info.hidden:
        text = f"{fmt.plural(info.hidden, 'trial')} outside the picture"
        page.text(box.x1, box.y0 + 6, cv.Span(text, cv.SMALL_SIZE, cv.FAINT), ha="right")


def _axes_box(axes: Axes) -> Box:
    box = axes.get_window_extent()
    return Box(box.x0, box.y0, box.x1, box.y1)


def _draw_lines(page: cv.Canvas, axes: Axes, info: ParetoInfo) -> list[Box]:
    """Reference, floor and front; returns the boxes of their labels."""
    axes.axhline(0.0, color=cv.GREY, linewidth=1.0, zorder=1.6)
    axes.scatter(
        [p.x for p in info.trials],
        [p.y for p in info.trials],
        s=17,
        color=cv.FAINT,
        alpha=0.6,
        linewidths=0,
        zorder=2,
    )
    if info.front:
        xs = [p.x for p in info.front] + [info.x_limits[1]]
        ys = [p.y for p in info.front] + [info.front[-1].y]
        axes.step(xs, ys, where="post", color=cv.LIGHT_BLUE, linewidth=2.0, zorder=2.2)
        axes.plot(xs[:-1], ys[:-1], "o", color=cv.LIGHT_BLUE, markersize=4.5, zorder=2.3)
    if info.floor is None:
        return []
    axes.axhline(info.floor, color=cv.VERMILION, linewidth=1.2, linestyle=(0, (5, 3)), zorder=1.7)
    span = cv.Span(f"accuracy floor {fmt.signed(info.floor, 1)}", cv.SMALL_SIZE, cv.VERMILION)
    width, height = page.block_size([span])
    x, y = cv.to_pixels(axes, info.x_limits[1], info.floor)
    label = Box(x - width - 4, y - height - 2, x - 4, y - 2)
    page.block(label, [span])
    return [label]


def _draw_points(page: cv.Canvas, axes: Axes, info: ParetoInfo, fixed: list[Box]) -> None:
    marks = sorted(info.profiles, key=lambda m: not m.recommended) + list(info.baselines)
    labels, blocks = [], []
    for i, mark in enumerate(marks):
        profile = i < len(info.profiles)
        _draw_mark(axes, mark, profile=profile)
        x, y = cv.to_pixels(axes, mark.at.x, mark.at.y)
        own = (Box(x - 6, y - 6, x + 6, y + 6), *_interval_boxes(axes, mark))
        blocks.append(_mark_spans(page, mark, profile=profile))
        labels.append(Label(x, y, *page.block_size(blocks[-1]), own=own))
    bounds = _axes_box(axes).grown(-2)
    placed = place_labels(labels, bounds=bounds, blocked=fixed, avoided=_line_boxes(axes, info))
    for placement, spans in zip(placed, blocks, strict=True):
        page.veil(placement.box)
        page.block(placement.box, spans)
        if placement.leader is not None:
            page.line(*placement.leader)


def _mark_spans(page: cv.Canvas, mark: Mark, *, profile: bool) -> list[cv.Span]:
    numbers = [cv.Span(text, cv.SMALL_SIZE, cv.INK if profile else cv.GREY) for text in mark.captions]
    if not profile:
        return [*page.fit(mark.name, 180.0, cv.SMALL_SIZE), *numbers]
    name = page.fit(mark.name, 230.0, 10.5, weight="bold", color=cv.BLUE, lines=1)
    return [*name, *numbers]


def _draw_mark(axes: Axes, mark: Mark, *, profile: bool) -> None:
    color = cv.BLUE if profile else cv.GREY
    x, y = mark.at.x, mark.at.y
    if mark.search is not None:
        here, there = cv.to_pixels(axes, x, y), cv.to_pixels(axes, mark.search.x, mark.search.y)
        if abs(here[0] - there[0]) + abs(here[1] - there[1]) > 10:
            axes.plot([x, mark.search.x], [y, mark.search.y], ":", color=cv.BLUE, linewidth=1.1, zorder=2.6)
    if mark.y_interval is not None:
        axes.plot([x, x], mark.y_interval, color=color, linewidth=1.4, alpha=0.75, zorder=3, solid_capstyle="butt")
    if mark.x_interval is not None:
        axes.plot(mark.x_interval, [y, y], color=color, linewidth=1.4, alpha=0.75, zorder=3, solid_capstyle="butt")
    shape = "o" if profile else "s"
    face = color if mark.recommended or not profile else "white"
    size = 9.5 if profile else 7.0
    axes.plot([x], [y], shape, color=color, markerfacecolor=face, markersize=size, markeredgewidth=1.8, zorder=4)


def _line_boxes(axes: Axes, info: ParetoInfo) -> list[tuple[Box, float]]:
    """Thin boxes along front, floor and reference, and trials, which labels keep off where they can."""
    corners = [Point(after.x, before.y) for before, after in zip(info.front, info.front[1:], strict=False)]
    path = [p for pair in zip(info.front, corners, strict=False) for p in pair] + list(info.front[-1:])
    path += [Point(info.x_limits[1], p.y) for p in info.front[-1:]]
    weighted = [(a, b, 4.0) for a, b in itertools.pairwise(path)]
    weighted += [(mark.at, mark.search, 2.0) for mark in info.profiles if mark.search is not None]
    for level in (0.0, info.floor):
        if level is not None:
            weighted.append((Point(info.x_limits[0], level), Point(info.x_limits[1], level), 1.0))
    boxes = [(Box(*_corners(axes, a, b)).grown(2), weight) for a, b, weight in weighted]
    dots = [cv.to_pixels(axes, p.x, p.y) for p in info.trials]
    return boxes + [(Box(x - 3, y - 3, x + 3, y + 3), 0.7) for x, y in dots]


def _interval_boxes(axes: Axes, mark: Mark) -> list[Box]:
    boxes = []
    if mark.y_interval is not None:
        low, high = mark.y_interval
        boxes.append(Box(*_corners(axes, Point(mark.at.x, low), Point(mark.at.x, high))))
    if mark.x_interval is not None:
        low, high = mark.x_interval
        boxes.append(Box(*_corners(axes, Point(low, mark.at.y), Point(high, mark.at.y))))
    return [box.grown(1) for box in boxes]


def _corners(axes: Axes, a: Point, b: Point) -> tuple[float, float, float, float]:
    (ax, ay), (bx, by) = cv.to_pixels(axes, a.x, a.y), cv.to_pixels(axes, b.x, b.y)
    return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def _draw_strip(page: cv.Canvas, axes: Axes, info: ParetoInfo) -> None:
    """Baselines off the scale: an arrow at the edge and, in a column of their own, their name and numbers."""
    box = _axes_box(axes)
    left, right = box.x1 + 38, (cv.WIDTH - cv.MARGIN) * cv.DPI
    page.text(left, box.y1 + 9, cv.Span("off this scale", color=cv.GREY))
    blocks, heights, ends = [], [], []
    for mark in info.off_scale:
        spans = page.fit(mark.name, right - left, cv.SMALL_SIZE)
        for numbers in mark.captions:
            spans += page.fit(numbers, right - left, cv.SMALL_SIZE, color=cv.GREY)
        blocks.append(spans)
        heights.append(page.block_size(spans)[1])
        y = min(max(mark.at.y, info.y_limits[0]), info.y_limits[1])
        x = min(max(mark.at.x, info.x_limits[0]), info.x_limits[1])
        ends.append(cv.to_pixels(axes, x, y))
        shape = ">" if mark.at.x > info.x_limits[1] else "^" if mark.at.y > info.y_limits[1] else "v"
        axes.plot([x], [y], shape, color=cv.GREY, markersize=6.5, clip_on=False, zorder=4)
    wanted = [y - 8 for _, y in ends]
    for block, middle, height, end in zip(
        blocks, stack(wanted, heights, box.y0, box.y1, 9.0), heights, ends, strict=True
    ):
        page.block(Box(left, middle - height / 2, right, middle + height / 2), block)
        page.line((end[0] + 6, end[1]), (left - 5, middle + height / 2 - 9), cv.FAINT, 0.8)
