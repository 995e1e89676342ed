"""Texts alone, for embeddings: any file of texts or pairs of texts will do, whatever labels it has.

Both texts of a pair become texts of their own. A text that comes twice is kept once: its similarity to itself is 1 by
any model and would say nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

from quantlat.data.classification import TextColumns, TextIssues, read_texts
from quantlat.data.examples import EmbeddingExample, TextExample


@dataclass(frozen=True)
class PlainTexts:
    """Texts, and what was wrong with the rest of their file."""

    examples: tuple[EmbeddingExample, ...]
    issues: TextIssues


def plain_texts(examples: Iterable[TextExample]) -> tuple[EmbeddingExample, ...]:
    """Every different text of some texts and pairs, in their order."""
    found: dict[str, EmbeddingExample] = {}
    for example in examples:
        found.setdefault(example.text, EmbeddingExample.of(example.id, example.text))
        if example.text_pair:
            found.setdefault(example.text_pair, EmbeddingExample.of(f"{example.id}.pair", example.text_pair))
    return tuple(found.values())


def read_plain_texts(path: str | os.PathLike[str], *, columns: TextColumns | None = None) -> PlainTexts:
    """The texts of a ``.tsv`` or JSON-lines file; a column of labels is not looked at.

    Args:
        columns: names of the texts' columns; ``None``: the usual ones.

    Raises:
        DataError: the file is missing, damaged, or holds hardly a text.
    """
    read = read_texts(path, columns=replace(columns or TextColumns(), label=None))
    return PlainTexts(plain_texts(read.examples), read.issues)
