"""Answer types and values: what a slot of a passage can hold, and which part of the data may use a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Literal

_WORD = re.compile(r"\w+")

Split = Literal["train", "dev"]


class AnswerType(StrEnum):
    """What kind of thing an answer is; its distractors are the other values of the same type."""

    PERSON = "person"
    YEAR = "year"
    DATE = "date"
    PLACE = "place"
    ORGANISATION = "organisation"
    QUANTITY = "quantity"
    NUMBER = "number"
    MONEY = "money"
    DURATION = "duration"
    OCCUPATION = "occupation"
    OBJECT = "object"
    ITEM = "item"
    REASON = "reason"


@dataclass(frozen=True)
class Value:
    """One value in a passage.

    Attributes:
        text: the answer string, as it stands inside a sentence.
        article: ``"the "`` where the name takes one; written before ``text``, not part of the answer.
        surname: short form of a person, used from the second mention on.
        female: gender of a person, for pronouns.
        amount: year, ordinal of a date or number, so that later ones can be drawn after it.
    """

    type: AnswerType
    text: str
    article: str = ""
    surname: str = ""
    female: bool = False
    amount: int = 0

    @property
    def full(self) -> str:
        """The value with its article."""
        return self.article + self.text


def allowed(number: int, split: Split) -> bool:
    """Whether this part of the data may use the number: every third is held out for dev."""
    return (number % 3 == 0) == (split == "dev")


def contains_words(text: str, words: str) -> bool:
    """Whether ``words`` stands in ``text`` as whole words; letter case and punctuation are ignored."""
    return _spaced(words) in _spaced(text)


def count_words(text: str, words: str) -> int:
    """How often ``words`` stands in ``text`` as whole words."""
    return _spaced(text).count(_spaced(words))


@cache
def _spaced(text: str) -> str:
    """The words of a text in lower case, each between two spaces of its own."""
    return f" {'  '.join(_WORD.findall(text.lower()))} "
