"""What the charts of the HTML page have in common: axes, ticks, tooltips, and how wide a text will be.

Charts are laid out here as plain numbers (user units of an SVG, y downwards) and only written down by templates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from quantlat.reporting import formatting as fmt

WIDTH = 880.0
TEXT_SIZE = 12.5
SMALL_SIZE = 11.5
# Mean advance of a character of the usual interface fonts, in units of the font size; a little too much is safe.
_ADVANCE = 0.55


@dataclass(frozen=True)
class Tip:
    """What a mark says when it is pointed at or focused.

    Attributes:
        title: the name of the thing.
        lines: label and value of each line.
        ratios: the retention configuration, drawn as a small strip; empty for things that have none.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    ratios: tuple[float, ...] = ()

    @property
    def text(self) -> str:
        """All of it as one sentence, for readers that do not see the picture."""
        kept = f"keeps {fmt.ratios(self.ratios)} of the tokens after each layer" if self.ratios else ""
        lines = [f"{label} {value}".strip() for label, value in self.lines]
        return ": ".join(part for part in (self.title, "; ".join([*lines, *([kept] if kept else [])])) if part)


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """Maps values to user units: ``low`` to ``start``, ``high`` to ``end``, on a linear or a logarithmic scale."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Position of a value, rounded to a hundredth of a unit."""
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def inside(self, value: float) -> float:
        """Position of the value, or of the nearest one on the axis."""
        return self.at(min(max(value, self.low), self.high))

    def ticks(self, write: Callable[[float], str] = lambda value: f"{value:,g}", wanted: int = 6) -> tuple[Tick, ...]:
        """About ``wanted`` round values."""
        values = log_ticks(self.low, self.high) if self.log else linear_ticks(self.low, self.high, wanted)
        return tuple(Tick(self.at(value), write(value)) for value in values)


def linear_ticks(low: float, high: float, wanted: int) -> list[float]:
    """Multiples of 1, 2, 2.5 or 5 times a power of ten within the limits."""
    rough = (high - low) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1.0, 2.0, 2.5, 5.0, 10.0) if power * m >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten within the limits; finer where that gives fewer than three."""
    for steps in ((1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)):
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [s * 10.0**p for p in powers for s in steps if low <= s * 10.0**p <= high]
        if len(ticks) >= 3:
            return ticks
    return ticks or [low, high]


def padded(values: Iterable[float], *, log: bool, by: float = 0.08) -> tuple[float, float]:
    """Limits around the values with a margin of ``by`` of their range on each side."""
    low, high = min(found := list(values)), max(found)
    if log:
        room = max(math.log(high / low), 0.2) * by
        return low * math.exp(-room), high * math.exp(room)
    room = (high - low or abs(high) or 1.0) * by
    return low - room, high + room


def text_width(text: str, size: float = TEXT_SIZE) -> float:
    """About how wide a text will be, in user units."""
    return len(text) * size * _ADVANCE


def shortened(text: str, width: float, size: float = TEXT_SIZE) -> str:
    """The text, cut with an ellipsis where it is wider than ``width``."""
    fits = max(1, int(width / (size * _ADVANCE)))
    return text if len(text) <= fits else f"{text[: fits - 1].rstrip()}…"


def wrapped(text: str, width: float, size: float = TEXT_SIZE, lines: int = 2) -> tuple[str, ...]:
    """The text in at most ``lines`` lines of ``width``; the last one is cut where it does not fit."""
    found: list[str] = []
    rest = text
    while rest and len(found) < lines - 1 and text_width(rest, size) > width:
        fits = max(1, int(width / (size * _ADVANCE)))
        cut = rest.rfind(" ", 0, fits + 1)
        if cut <= 0:
            break
        found.append(rest[:cut])
        rest = rest[cut + 1 :]
    return (*found, shortened(rest, width, size)) if rest else tuple(found)


def path(xs: Sequence[float], ys: Sequence[float]) -> str:
    """SVG path data of a polyline."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in zip(xs, ys, strict=True))


def dots(xs: Sequence[float], ys: Sequence[float]) -> str:
    """SVG path data of zero-length strokes, which round line caps turn into dots."""
    return "".join(f"M{x:g} {y:g}h0" for x, y in zip(xs, ys, strict=True))
