"""A generated reading-comprehension set in SQuAD's shape, for machines without data and without a network."""

from __future__ import annotations

from quantlat.data.embedded.generator import generate

__all__ = ["generate"]
