"""Numbers as a reader wants them: sensible digits, units, a true minus sign."""

from __future__ import annotations

import math
import re

MINUS = "\u2212"
TIMES = "\u00d7"


def significant(value: float, digits: int = 3) -> str:
    """``value`` with ``digits`` significant digits, no exponent, thousands separated: 1,234 · 27.9 · 0.0481."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    # 9.996 rounds up to one digit more: count the decimals again on the rounded value.
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(round(value, decimals)))))
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def metric(value: float) -> str:
    """A number that a stage reports: a count as it is (``1,023``), anything else with three significant digits."""
    return f"{value:,.0f}".replace("-", MINUS) if float(value).is_integer() else significant(value)


def milliseconds(value: float) -> str:
    """``27.9 ms``."""
    return f"{significant(value)} ms"


def span(low: float, high: float, estimate: float, digits: int = 3) -> str:
    """``[27.1, 28.4]`` with as many decimals as ``estimate`` shows at ``digits`` significant digits."""
    return f"[{limits(low, high, estimate, digits).replace(' to ', ', ')}]"


def limits(low: float, high: float, estimate: float, digits: int = 3) -> str:
    """``27.1 to 28.4`` with as many decimals as ``estimate`` shows at ``digits`` significant digits."""
    decimals = len(significant(estimate, digits).partition(".")[2])
    return f"{low:,.{decimals}f} to {high:,.{decimals}f}".replace("-", MINUS)


def points(value: float, digits: int = 1) -> str:
    """An accuracy in points: ``72.0``; never ``-0.0``."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", MINUS)


def signed(value: float, digits: int = 2) -> str:
    """A difference in points with its sign: ``+0.31``, ``−0.31``, ``0.00``."""
    rounded = round(value, digits) + 0.0
    return f"{rounded:+.{digits}f}".replace("-", MINUS) if rounded else f"{0:.{digits}f}"


def ratio(value: float, digits: int = 3) -> str:
    """A factor: ``2.87×``."""
    return f"{significant(value, digits)}{TIMES}"


def faster(value: float, what: str) -> str:
    """A speedup in words: ``3.6× faster than …``, ``1.1× slower than …``, ``about as fast as …``."""
    if 1 / 1.05 < value < 1.05:
        return f"about as fast as {what}"
    return f"{ratio(value, 2)} faster than {what}" if value > 1 else f"{ratio(1 / value, 2)} slower than {what}"


def percent(share: float) -> str:
    """A share of 1 as whole percent; shares that are not quite all or nothing never read 100 or 0."""
    value = round(100 * share)
    if value == 100 and share < 1:
        return ">99 %"
    if value == 0 and share > 0:
        return "<1 %"
    return f"{value} %".replace("-", MINUS)


def mebibytes(value: float) -> str:
    """``84.9 MiB``."""
    return f"{value:,.1f} MiB"


def duration(seconds: float) -> str:
    """``0.4 s`` · ``45 s`` · ``3 min 12 s`` · ``1 h 02 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds) // 60
    if minutes < 60:
        return f"{minutes} min {round(seconds) % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def count(value: int) -> str:
    """``10,570``."""
    return f"{value:,}"


def plural(number: int, noun: str) -> str:
    """``1 trial`` · ``60 trials``."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def ratios(values: tuple[float, ...]) -> str:
    """A retention configuration as shares of the real tokens: ``1.00 0.85 0.70``."""
    return " ".join(f"{v:.2f}" for v in values)


def short_cpu(name: str) -> str:
    """A CPU name without trademarks and clock: ``Intel Xeon Platinum 8488C``."""
    name = re.sub(r"\((R|TM|r|tm)\)", "", name)
    name = re.sub(r"\bCPU\b|@\s*[\d.]+\s*[GM]Hz|\bProcessor\b", "", name)
    return " ".join(name.split())
