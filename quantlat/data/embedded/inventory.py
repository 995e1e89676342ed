"""Inventories written as blocks of text."""

from __future__ import annotations


def words(block: str) -> tuple[str, ...]:
    """The words of a block."""
    return tuple(block.split())


def phrases(block: str) -> tuple[str, ...]:
    """The phrases of a block, separated by ``|``; line breaks inside a phrase are spaces."""
    return tuple(" ".join(phrase.split()) for phrase in block.split("|"))
