"""The shape of a passage kind: facts and questions as data, each with wordings for training and for dev.

A wording is a template. ``{slot}`` writes the slot's value and marks it as a possible answer; ``{slot:form}``
writes a form of it (``last``, ``full``, ``she``, ``her``, ``him``, ``plain`` = without article) and marks
nothing. ``{S}`` is what the passage is about and ``{R}`` its rival or neighbour, always by name. ``[a|b]``
chooses one of the alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from quantlat.data.embedded.answers import Split
from quantlat.data.embedded.inventory import phrases
from quantlat.data.embedded.slots import Pool, Slot


@dataclass(frozen=True)
class Wordings:
    """Templates of one fact or question; dev never shares one with training."""

    train: tuple[str, ...]
    dev: tuple[str, ...]

    def of(self, split: Split) -> tuple[str, ...]:
        """The templates of one part."""
        return self.train if split == "train" else self.dev


@dataclass(frozen=True)
class Fact:
    """One or two sentences that state the slots' relations to the subject.

    Attributes:
        asks: question wordings by the slot that answers them.
        opening: the sentence that introduces the subject; first in the passage.
        rank: ranked facts keep their order (0 = anywhere); the rest is shuffled around them.
        rival: the fact is about the rival, not the subject.
    """

    name: str
    wordings: Wordings
    asks: Mapping[str, Wordings] = field(default_factory=dict)
    opening: bool = False
    rank: int = 0
    rival: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of passage.

    Attributes:
        subject: patterns of the subject's name, each with the phrase that refers back to it. In a biography
            the pattern is the name of the slot that holds the person, and there is no such phrase.
        rival: patterns of the rival's name; empty where no fact needs one.
        fillers: sentences without values, which may stand anywhere after the opening.
    """

    name: str
    subject: tuple[tuple[str, str], ...]
    slots: Mapping[str, Slot]
    facts: tuple[Fact, ...]
    fillers: Wordings
    rival: tuple[str, ...] = ()
    pools: Mapping[str, Pool] = field(default_factory=dict)


_MARK = re.compile(r"(?:^|\n)\s*([-+?]) ")


def wordings(block: str) -> Wordings:
    """Wordings from a block: ``- `` begins one for training, ``+ `` a held-out one; other lines continue it."""
    items = _items(block)
    return Wordings(
        tuple(text for mark, text in items if mark == "-"), tuple(text for mark, text in items if mark == "+")
    )


def fact(name: str, block: str, *, opening: bool = False, rank: int = 0, rival: bool = False) -> Fact:
    """A fact from a block: wordings as above, and ``? slot: A? B? C? D? / E? F?`` for each question.

    The questions before the ``/`` are for training, those after it are held out.
    """
    asks = {}
    for mark, text in _items(block):
        if mark == "?":
            slot, _, questions = text.partition(": ")
            train, _, dev = questions.partition(" / ")
            asks[slot] = Wordings(_questions(train), _questions(dev))
    return Fact(name, wordings(block), asks, opening=opening, rank=rank, rival=rival)


def pool(train: str, dev: str) -> Pool:
    """A pool from two blocks, phrases separated by ``|``."""
    return Pool(phrases(train), phrases(dev))


def _items(block: str) -> list[tuple[str, str]]:
    pieces = _MARK.split(block.rstrip())
    return [(mark, " ".join(text.split())) for mark, text in zip(pieces[1::2], pieces[2::2], strict=True)]


def _questions(text: str) -> tuple[str, ...]:
    return tuple(f"{question.strip()}?" for question in text.split("?") if question.strip())
