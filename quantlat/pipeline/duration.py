"""Durations as people read them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """``4.2 s``, ``3 m 05 s`` or ``2 h 05 m``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} m {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} m"
