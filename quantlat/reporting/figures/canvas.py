"""The page every figure is drawn on: one width, one palette, a heading that states the finding.

Colours are from the Okabe-Ito palette (colour-blind safe) and used sparingly: blue for what quantlat made,
vermilion for limits and losses, greys for everything it is compared with. SVG text stays text, and equal data
give equal bytes (no dates, fixed ids).
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.typing import RcKeyType

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures.labels import Box

INK = "#1b2733"
GREY = "#5c6873"
FAINT = "#a9b4bd"
RULE = "#e3e8ec"
BLUE = "#0072b2"
LIGHT_BLUE = "#8fc1e0"
PALE_BLUE = "#d6e8f3"
VERMILION = "#d55e00"
GREEN = "#00825f"

WIDTH = 8.0
DPI = 100
PNG_DPI = 200
MARGIN = 0.24
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 13.5, 9.5, 8.5

NO_BREAK = "\u00a0"
# A number and its unit stay on one line.
_UNITS = re.compile(r"(?<=\d) (?=%|(?:ms|F1|points|MiB|tokens|layers|thread)\b)|(?<=×) (?=faster|slower)")

_STYLE: dict[RcKeyType, Any] = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": TEXT_SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": GREY,
    "axes.labelsize": TEXT_SIZE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": GREY,
    "ytick.labelcolor": GREY,
    "xtick.labelsize": TEXT_SIZE,
    "ytick.labelsize": TEXT_SIZE,
    "svg.fonttype": "none",
    "svg.hashsalt": "quantlat",
    "path.simplify": True,
}


@contextmanager
def style() -> Iterator[None]:
    """quantlat's matplotlib settings for the duration of a ``with`` block; the caller's come back after it."""
    with matplotlib.rc_context(_STYLE):
        yield


@dataclass(frozen=True)
class Heading:
    """``title`` states the finding, ``subtitle`` how to read it, ``source`` machine, data and date."""

    title: str
    subtitle: str
    source: str


def source_line(data: ReportData) -> str:
    """Machine, data and date of a report in one line."""
    cores = fmt.plural(data.headline.threads, "thread")
    return (
        f"{fmt.short_cpu(data.machine.cpu)}, {cores} · {data.data.name}, "
        f"{fmt.count(data.data.dev_questions)} dev {data.metric.items} · {data.created.date().isoformat()}"
    )


@dataclass(frozen=True)
class Span:
    """A piece of text in one style; several make a label."""

    text: str
    size: float = TEXT_SIZE
    color: str = INK
    weight: str = "normal"


class Canvas:
    """A white page 8 inches wide; the heading is set first, the body below it is ``body_height`` inches high."""

    def __init__(self, heading: Heading, body_height: float) -> None:
        usable = (WIDTH - 2 * MARGIN) * DPI
        lines = [Span(t, TITLE_SIZE, INK, "bold") for t in self.wrap(heading.title, usable, TITLE_SIZE, "bold")]
        lines += [Span(t, TEXT_SIZE, INK) for t in self.wrap(heading.subtitle, usable, TEXT_SIZE)]
        lines += [Span(t, SMALL_SIZE, GREY) for t in self.wrap(heading.source, usable, SMALL_SIZE)]
        heights = [line.size * (1.36 if line.size == TITLE_SIZE else 1.5) / 72 for line in lines]
        self.body_height = body_height
        self.height = MARGIN + sum(heights) + body_height
        self.figure = Figure(figsize=(WIDTH, self.height), dpi=DPI, facecolor="white")
        FigureCanvasAgg(self.figure)
        y = self.height - MARGIN * 0.8
        for line, height in zip(lines, heights, strict=True):
            self.text(MARGIN * DPI, (y - height * 0.8) * DPI, line, va="baseline")
            y -= height

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Axes at inches from the lower left corner of the page."""
        return self.figure.add_axes(
            (left / WIDTH, bottom / self.height, width / WIDTH, height / self.height), facecolor="none"
        )

    def width_of(self, span: Span) -> float:
        """Width of a text in pixels."""
        return _text_width(span.text, span.size, span.weight)

    def wrap(self, text: str, width: float, size: float, weight: str = "normal") -> list[str]:
        """Break a text into the fewest lines no wider than ``width`` pixels, with no lonely word on the last."""
        lines = self._broken(text, width, size, weight)
        if len(lines) < 2 or self.width_of(Span(lines[-1], size, INK, weight)) > 0.4 * width:
            return lines
        for share in (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95):
            balanced = self._broken(text, share * width, size, weight)
            if len(balanced) == len(lines) and all(
                self.width_of(Span(t, size, INK, weight)) <= width for t in balanced
            ):
                return balanced
        return lines

    def fit(
        self, text: str, width: float, size: float, *, weight: str = "normal", color: str = INK, lines: int = 2
    ) -> list[Span]:
        """``text`` as spans of one style on at most ``lines`` lines; what does not fit ends in an ellipsis."""
        found = self.wrap(text, width, size, weight)
        if len(found) > lines or self.width_of(Span(found[-1], size, color, weight)) > width:
            found = self._broken(text, width, size, weight)
            last = " ".join(found[lines - 1 :])
            found = found[: lines - 1]
            while last and self.width_of(Span(last + "…", size, color, weight)) > width:
                last = last[:-1]
            found.append(last.rstrip(" ,") + "…")
        return [Span(line, size, color, weight) for line in found]

    def _broken(self, text: str, width: float, size: float, weight: str) -> list[str]:
        lines: list[str] = []
        for word in _UNITS.sub(NO_BREAK, text).split(" "):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width_of(Span(longer, size, INK, weight)) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def block_size(self, spans: Sequence[Span]) -> tuple[float, float]:
        """Width and height in pixels of spans set one below the other."""
        return max(self.width_of(s) for s in spans), sum(_line_height(s) for s in spans)

    def text(self, x: float, y: float, span: Span, *, ha: str = "left", va: str = "baseline") -> Text:
        """Set a text at pixels from the lower left corner of the page."""
        return self.figure.text(
            x / (WIDTH * DPI),
            y / (self.height * DPI),
            span.text,
            fontsize=span.size,
            color=span.color,
            fontweight=span.weight,
            ha=ha,
            va=va,
        )

    def veil(self, box: Box) -> None:
        """A nearly opaque white ground for a label, so that lines behind it do not run through its letters."""
        width, height = WIDTH * DPI, self.height * DPI
        self.figure.add_artist(
            Rectangle(
                (box.x0 / width, box.y0 / height),
                (box.x1 - box.x0) / width,
                (box.y1 - box.y0) / height,
                transform=self.figure.transFigure,
                facecolor="white",
                edgecolor="none",
                alpha=0.78,
                zorder=1.4,
            )
        )

    def block(self, box: Box, spans: Sequence[Span], *, ha: str = "left") -> None:
        """Set spans one below the other into a box (pixels), aligned left, right or centred."""
        x = {"left": box.x0, "right": box.x1, "center": (box.x0 + box.x1) / 2}[ha]
        y = box.y1
        for span in spans:
            height = _line_height(span)
            self.text(x, y - height * 0.76, span, ha=ha)
            y -= height

    def line(
        self, start: tuple[float, float], end: tuple[float, float], color: str = FAINT, width: float = 0.8
    ) -> None:
        """A straight line between two pixel positions."""
        scale = (WIDTH * DPI, self.height * DPI)
        self.figure.add_artist(
            Line2D(
                [start[0] / scale[0], end[0] / scale[0]],
                [start[1] / scale[1], end[1] / scale[1]],
                transform=self.figure.transFigure,
                color=color,
                linewidth=width,
                zorder=1.5,
            )
        )


@functools.cache
def _renderer() -> RendererAgg:
    return RendererAgg(100, 100, DPI)  # type: ignore[no-untyped-call]


@functools.lru_cache(maxsize=4096)
def _text_width(text: str, size: float, weight: str) -> float:
    font = FontProperties(family=["DejaVu Sans"], size=size, weight=weight)
    width, _, _ = _renderer().get_text_width_height_descent(text, font, False)  # type: ignore[no-untyped-call]
    return float(width)


def _line_height(span: Span) -> float:
    return span.size * 1.32 * DPI / 72


def to_pixels(axes: Axes, x: float, y: float) -> tuple[float, float]:
    """Data coordinates to pixels of the page."""
    px, py = axes.transData.transform((x, y))
    return float(px), float(py)


def row_label(page: Canvas, y: float, width: float, spans: Sequence[Span]) -> None:
    """Set spans at the left margin, centred on the height ``y`` (pixels), ``width`` pixels wide."""
    height = page.block_size(spans)[1]
    left = MARGIN * DPI
    page.block(Box(left, y - height / 2, left + width, y + height / 2), spans)


def quiet_axes(axes: Axes, *, grid: str | None = None) -> None:
    """Light rules behind the data, no tick marks."""
    axes.tick_params(length=0, pad=5)
    axes.set_axisbelow(True)
    if grid == "both":
        axes.grid(True, color=RULE, linewidth=0.8)
    elif grid is not None:
        axes.grid(True, axis="x" if grid == "x" else "y", color=RULE, linewidth=0.8)


def to_bytes(figure: Figure, file_format: str, title: str, dpi: int = PNG_DPI) -> bytes:
    """The figure as PNG or SVG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    with style():
        if file_format == "svg":
            figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
        else:
            figure.savefig(buffer, format=file_format, dpi=dpi, metadata={"Software": None, "Title": title})
    return buffer.getvalue()
