"""The retention heat strip: which share of the tokens is still alive after each layer, for each profile."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures import canvas as cv
from quantlat.reporting.rows import profile_key

_SCALE = LinearSegmentedColormap.from_list("retention", ["#ffffff", "#d6e8f3", "#8fc1e0", "#2f87bd", "#00507d"])
_ROW = 0.56
_NAME_SIZE = 10.5
_NUMBERS = 1.75


@dataclass(frozen=True)
class Strip:
    """One profile: share of real tokens alive after each layer, MACs left, latency (ms) if measured."""

    name: str
    ratios: tuple[float, ...]
    macs_relative: float
    latency_ms: float | None
    recommended: bool


@dataclass(frozen=True)
class RetentionInfo:
    """One strip per profile; all have the same number of layers."""

    heading: cv.Heading
    layers: int
    strips: tuple[Strip, ...]


def retention_info(data: ReportData) -> RetentionInfo:
    """Collect the strips of all profiles."""
    strips = []
    for profile in data.profiles:
        row = data.latency_of(profile_key(profile.name))
        latency = row.median_ms if row is not None else None
        best = profile.name == data.headline.profile
        strips.append(Strip(profile.name, profile.ratios, profile.macs_relative, latency, best))
    chosen = data.profile(data.headline.profile)
    last = chosen.ratios[-1]
    if last < 1.0:
        title = (
            f"“{chosen.name}” keeps {fmt.percent(last)} of the tokens to the last layer "
            f"and saves {fmt.percent(1 - chosen.macs_relative)} of the MACs"
        )
    else:
        title = f"“{chosen.name}” keeps every token: dropping none was the best trade found"
    mean = f" ({data.data.tokens_mean:.0f} on average)" if data.data.tokens_mean is not None else ""
    subtitle = f"Share of the real tokens{mean} alive after each layer; MACs relative to full length without padding."
    heading = cv.Heading(title, subtitle, cv.source_line(data))
    return RetentionInfo(heading, len(chosen.ratios), tuple(strips))


def draw_retention(info: RetentionInfo) -> Figure:
    """Draw a row of cells per profile, the number written in each."""
    with cv.style():
        rows = len(info.strips)
        page = cv.Canvas(info.heading, rows * _ROW + 0.5)
        longest = max(page.width_of(cv.Span(s.name, _NAME_SIZE, weight="bold")) for s in info.strips) / cv.DPI
        left = cv.MARGIN + min(max(longest, 0.5), 1.7) + 0.16
        axes = page.axes(left, 0.18, cv.WIDTH - left - _NUMBERS, rows * _ROW)
        axes.set_xlim(0, info.layers)
        axes.set_ylim(rows, 0)
        axes.axis("off")
        size, step = _cell_text(axes.get_window_extent().width / info.layers)
        for i, strip in enumerate(info.strips):
            for layer, ratio in enumerate(strip.ratios):
                cell = Rectangle(
                    (layer + 0.02, i + 0.09), 0.96, 0.82, facecolor=to_hex(_SCALE(ratio)), edgecolor="none"
                )
                axes.add_patch(cell)
                if (layer + 1) % step:
                    continue
                x, y = cv.to_pixels(axes, layer + 0.5, i + 0.5)
                text = f"{100 * ratio:.0f}" + (" %" if info.layers <= 8 else "")
                page.text(x, y - size * 0.5, cv.Span(text, size, "white" if ratio > 0.62 else cv.INK), ha="center")
            _row(page, strip, *cv.to_pixels(axes, 0.0, i + 0.5))
        _heads(page, axes, info.layers, step)
        return page.figure


def _cell_text(width: float) -> tuple[float, int]:
    """Font size for the numbers in cells of ``width`` pixels, and how many layers from one number to the next."""
    for step in (1, 2, 3, 4):
        size = min(cv.TEXT_SIZE, width * step / 2.9)
        if size >= 7.5:
            break
    return size, step


def _row(page: cv.Canvas, strip: Strip, end: float, y: float) -> None:
    weight = "bold" if strip.recommended else "normal"
    left, right = cv.MARGIN * cv.DPI, (cv.WIDTH - cv.MARGIN) * cv.DPI
    name = page.fit(strip.name, end - left - 8, _NAME_SIZE, weight=weight, color=cv.BLUE, lines=1)
    page.text(left, y - 4, name[0])
    page.text(right - 78, y - 4, cv.Span(fmt.percent(strip.macs_relative), weight=weight), ha="right")
    if strip.latency_ms is not None:
        page.text(right, y - 4, cv.Span(fmt.milliseconds(strip.latency_ms), weight=weight), ha="right")


def _heads(page: cv.Canvas, axes: Axes, layers: int, step: int) -> None:
    top = cv.to_pixels(axes, 0.0, 0.0)[1] + 7
    for layer in range(step - 1, layers, step):
        x, _ = cv.to_pixels(axes, layer + 0.5, 0.0)
        text = f"layer {layer + 1}" if layers <= 8 else str(layer + 1)
        page.text(x, top, cv.Span(text, cv.SMALL_SIZE, cv.GREY), ha="center")
    right = (cv.WIDTH - cv.MARGIN) * cv.DPI
    page.text(right - 78, top, cv.Span("MACs", cv.SMALL_SIZE, cv.GREY), ha="right")
    page.text(right, top, cv.Span("latency", cv.SMALL_SIZE, cv.GREY), ha="right")
    if layers > 8:
        page.text(cv.MARGIN * cv.DPI, top, cv.Span("layer", cv.SMALL_SIZE, cv.GREY))
