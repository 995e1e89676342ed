"""Numbers with their intervals as the HTML page writes them: ``10.7 (10.5 to 10.9)``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from quantlat.reporting import formatting as fmt
from quantlat.reporting.latency_tables import NOT_SUPPORTED, PercentileCell
from quantlat.reporting.rows import AccuracyRow, Interval, LatencyRow, SpeedupRow

ABSENT = "–"


NOT_DISTINGUISHABLE = "not distinguishable from zero at this sample size"
SHORT_ZERO = "≈ 0"
"""What a table cell writes for it; the table's legend says what it means."""


@dataclass(frozen=True)
class Quantity:
    """A number as text, the interval that belongs to it (may be empty), and what a reader must know about it.

    ``note`` is short and stands behind the number, such as "≈ 0" or "disturbed".
    """

    value: str
    span: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """All of it in one line."""
        note = NOT_DISTINGUISHABLE if self.note == SHORT_ZERO else self.note
        number = f"{self.value} ({self.span})" if self.span else self.value
        return f"{number}, {note}" if note == NOT_DISTINGUISHABLE else f"{number} {note}".rstrip()


NOTHING = Quantity(ABSENT)


def span(low: float, high: float, write: Callable[[float], str]) -> str:
    """``10.5 to 10.9``."""
    return f"{write(low)} to {write(high)}"


def like(estimate: float, digits: int = 3) -> Callable[[float], str]:
    """A writer with as many decimals as ``estimate`` has at ``digits`` significant digits, so that limits line up."""
    decimals = len(fmt.significant(estimate, digits).partition(".")[2])
    return lambda value: f"{value:,.{decimals}f}".replace("-", fmt.MINUS)


def milliseconds(row: LatencyRow) -> Quantity:
    """Median time of one request without its unit, interval, and doubts about the measurement."""
    level = "" if row.level >= 0.95 else f"{fmt.percent(row.level)} interval"
    doubt = "" if row.reliable else "disturbed"
    note = ", ".join(part for part in (level, doubt) if part)
    return Quantity(fmt.significant(row.median_ms), span(*row.ci_ms, like(row.median_ms)), note)


def quantity(interval: Interval, *, reliable: bool = True) -> Quantity:
    """A time or a rate to three digits, its interval, and doubts about the measurement."""
    known = interval.known
    level = f"{fmt.percent(interval.level)} interval" if known and interval.level < 0.95 else ""
    note = ", ".join(part for part in (level, "" if reliable else "disturbed") if part)
    limits = span(interval.low, interval.high, like(interval.estimate)) if known else ""
    return Quantity(fmt.significant(interval.estimate), limits, note)


def percentile(cell: PercentileCell) -> Quantity:
    """A percentile in ms, or that the samples are too few for it."""
    if cell.value is not None:
        return quantity(cell.value)
    return Quantity(ABSENT, "", f"{NOT_SUPPORTED}, needs {cell.needed}") if cell.needed is not None else NOTHING


def points(interval: Interval, digits: int = 1) -> Quantity:
    """An accuracy in points with its interval."""

    def write(value: float) -> str:
        return fmt.points(value, digits)

    limits = span(interval.low, interval.high, write) if interval.known else ""
    return Quantity(write(interval.estimate), limits)


def exact_match(row: AccuracyRow | None) -> Quantity:
    """Exact match in points, with its interval where the report has one."""
    if row is None or row.em is None:
        return NOTHING
    return points(row.em_interval) if row.em_interval is not None else Quantity(fmt.points(row.em))


def difference(row: AccuracyRow | None) -> Quantity:
    """The paired difference of a row to its reference; ``≈ 0`` where it cannot be told from zero."""
    if row is None or row.difference is None:
        return NOTHING
    interval = row.difference.interval
    limits = span(interval.low, interval.high, fmt.signed) if interval.known else ""
    return Quantity(fmt.signed(interval.estimate), limits, "" if row.difference.distinguishable else SHORT_ZERO)


def times(value: float | None, row: SpeedupRow | None) -> Quantity:
    """A speedup, with the interval of the ratio where it was measured side by side."""
    if value is None:
        return NOTHING
    digits = 3 if value >= 1 else 2
    known = row is not None and row.ratio.known
    limits = span(row.ratio.low, row.ratio.high, like(value, digits)) if known and row is not None else ""
    return Quantity(fmt.ratio(value, digits), limits)
