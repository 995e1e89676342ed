"""What a passage may hold in each of its slots, and how a value is drawn for the training or held-out part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from quantlat.data.embedded.answers import AnswerType, Split, Value, allowed, contains_words
from quantlat.data.embedded.inventory import words
from quantlat.data.embedded.people import NAMES
from quantlat.data.embedded.places import PORTS, STEMS, TOWNS

_MONTHS = words("January February March April May June July August September October November December")
_NUMERALS = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_DRAWS = 200


class NoValueLeftError(ValueError):
    """No value of a slot differs enough from those that the passage holds already; another draw may find one."""


@dataclass(frozen=True)
class Pool:
    """Phrases of one sort, for training and for dev."""

    train: tuple[str, ...]
    dev: tuple[str, ...]

    def of(self, split: Split) -> tuple[str, ...]:
        """The phrases of one part."""
        return self.train if split == "train" else self.dev


@dataclass
class Drawing:
    """The values drawn so far for one passage; no two of them may be confused.

    Attributes:
        day_first: ``14 March 1911`` rather than ``March 14, 1911``, the same throughout a passage.
    """

    rng: Random
    split: Split
    pools: Mapping[str, Pool]
    day_first: bool
    values: dict[str, Value] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)

    def stem(self) -> str:
        """An unused stem for the name of an institution, a ship or a landmark."""
        return self.unused(STEMS[self.split])

    def unused(self, names: Sequence[str]) -> str:
        """A name that this passage has not used yet."""
        free = [name for name in names if name not in self.words]
        if not free:
            raise NoValueLeftError(f"all of {len(names)} names are in use in one passage")
        name = self.rng.choice(free)
        self.words.add(name)
        return name

    def number(self, low: int, high: int) -> int:
        """An integer of [low, high] that this part of the data may use; the range holds three or more."""
        number = self.rng.randint(low, high)
        while not allowed(number, self.split):
            number = self.rng.randint(low, high)
        return number

    def add(self, name: str, slot: Slot) -> None:
        """Draw the slot's value; it neither contains nor is contained in a value drawn before.

        Raises:
            NoValueLeftError: nothing suitable in many draws.
        """
        for _ in range(_DRAWS):
            value = slot.draw(self)
            if not any(
                contains_words(other.text, value.text) or contains_words(value.text, other.text)
                for other in self.values.values()
            ):
                self.values[name] = value
                return
        raise NoValueLeftError(f"no value left for slot {name!r} in the {self.split} part")


class Slot(ABC):
    """A declared slot: its answer type, and how to draw a value."""

    @property
    @abstractmethod
    def type(self) -> AnswerType:
        """The answer type of every value of the slot."""

    @property
    def base(self) -> str:
        """The slot that has to be drawn before this one, or ``""``."""
        return ""

    @abstractmethod
    def draw(self, drawing: Drawing) -> Value:
        """One value, given what the passage holds already."""


@dataclass(frozen=True)
class Person(Slot):
    """Somebody with a first name and a surname.

    Attributes:
        gender: ``"f"``, ``"m"`` or either.
        unlike: a person slot drawn before, whose gender this one does not have.
    """

    gender: str = ""
    unlike: str = ""

    @property
    def type(self) -> AnswerType:
        """Always ``PERSON``."""
        return AnswerType.PERSON

    @property
    def base(self) -> str:
        """See ``unlike``."""
        return self.unlike

    def draw(self, drawing: Drawing) -> Value:
        """A person whose names nobody else in the passage has."""
        names = NAMES[drawing.split]
        female = self.gender == "f" or (not self.gender and drawing.rng.random() < 0.5)
        if self.unlike:
            female = not drawing.values[self.unlike].female
        first = drawing.unused(names.women if female else names.men)
        last = drawing.unused(names.surnames)
        return Value(self.type, f"{first} {last}", surname=last, female=female)


@dataclass(frozen=True)
class Town(Slot):
    """A town; ``port`` restricts it to towns where ships call."""

    port: bool = False

    @property
    def type(self) -> AnswerType:
        """Always ``PLACE``."""
        return AnswerType.PLACE

    def draw(self, drawing: Drawing) -> Value:
        """A town that the passage does not name yet."""
        return Value(self.type, drawing.unused((PORTS if self.port else TOWNS)[drawing.split]))


@dataclass(frozen=True)
class Named(Slot):
    """A name built around a stem: ``"the {} Foundation"``, ``"Cape {}"``, ``"{} Lane"``."""

    of_type: AnswerType
    patterns: tuple[str, ...]

    @property
    def type(self) -> AnswerType:
        """The declared type."""
        return self.of_type

    def draw(self, drawing: Drawing) -> Value:
        """A name with a stem of its own; a leading article stays outside the answer."""
        name = drawing.rng.choice(self.patterns).format(drawing.stem())
        if name.startswith("the "):
            return Value(self.type, name.removeprefix("the "), article="the ")
        return Value(self.type, name)


@dataclass(frozen=True)
class Year(Slot):
    """A year of [low, high], or low to high years after another slot."""

    low: int
    high: int
    after: str = ""

    @property
    def type(self) -> AnswerType:
        """Always ``YEAR``."""
        return AnswerType.YEAR

    @property
    def base(self) -> str:
        """See ``after``."""
        return self.after

    def draw(self, drawing: Drawing) -> Value:
        """A year that this part may use."""
        base = drawing.values[self.after].amount if self.after else 0
        # any three years in a row hold one for each part
        year = drawing.number(base + self.low, base + max(self.high, self.low + 2 if self.after else self.high))
        return Value(self.type, str(year), amount=year)


@dataclass(frozen=True)
class Date(Slot):
    """A full date in a year of [low, high]."""

    low: int
    high: int

    @property
    def type(self) -> AnswerType:
        """Always ``DATE``."""
        return AnswerType.DATE

    def draw(self, drawing: Drawing) -> Value:
        """A date in the passage's style."""
        day = date(drawing.number(self.low, self.high), 1, 1) + timedelta(days=drawing.rng.randrange(300))
        return _date_value(drawing, day)


@dataclass(frozen=True)
class DateAfter(Slot):
    """A full date, ``low`` to ``high`` days after (before, if negative) another date."""

    after: str
    low: int
    high: int

    @property
    def type(self) -> AnswerType:
        """Always ``DATE``."""
        return AnswerType.DATE

    @property
    def base(self) -> str:
        """See ``after``."""
        return self.after

    def draw(self, drawing: Drawing) -> Value:
        """A date in a year that this part may use; the range is widened until it holds one."""
        base = date.fromordinal(drawing.values[self.after].amount)
        low, high = self.low, self.high
        while True:
            day = base + timedelta(days=drawing.rng.randint(low, high))
            if allowed(day.year, drawing.split):
                return _date_value(drawing, day)
            low, high = (low - 30, high) if high < 0 else (low, high + 30)


def _date_value(drawing: Drawing, day: date) -> Value:
    month = _MONTHS[day.month - 1]
    text = f"{day.day} {month} {day.year}" if drawing.day_first else f"{month} {day.day}, {day.year}"
    return Value(AnswerType.DATE, text, amount=day.toordinal())


@dataclass(frozen=True)
class Amount(Slot):
    """A number in steps, with a unit (a quantity) or without one (a number).

    Small numbers are written out: ``spell`` is the largest written as a word.
    """

    low: int
    high: int
    step: int = 1
    unit: str = ""
    spell: int = 0

    @property
    def type(self) -> AnswerType:
        """``QUANTITY`` with a unit, ``NUMBER`` without."""
        return AnswerType.QUANTITY if self.unit else AnswerType.NUMBER

    def draw(self, drawing: Drawing) -> Value:
        """A multiple of the step that this part may use."""
        number = self.step * drawing.number(-(-self.low // self.step), self.high // self.step)
        digits = _NUMERALS[number] if number <= self.spell else f"{number:,}"
        return Value(self.type, f"{digits} {self.unit}".strip(), amount=number)


@dataclass(frozen=True)
class Money(Slot):
    """A sum in steps; from a million on it is written with one decimal and the word."""

    low: int
    high: int
    step: int
    currency: str = "$"

    @property
    def type(self) -> AnswerType:
        """Always ``MONEY``."""
        return AnswerType.MONEY

    def draw(self, drawing: Drawing) -> Value:
        """A sum that this part may use."""
        amount = self.step * drawing.number(-(-self.low // self.step), self.high // self.step)
        text = f"{amount:,}" if amount < 1_000_000 else f"{amount / 1_000_000:.1f} million"
        return Value(self.type, self.currency + text.replace(".0 million", " million"), amount=amount)


@dataclass(frozen=True)
class Duration(Slot):
    """A span of time; numbers to twenty are written out."""

    unit: str
    low: int
    high: int

    @property
    def type(self) -> AnswerType:
        """Always ``DURATION``."""
        return AnswerType.DURATION

    def draw(self, drawing: Drawing) -> Value:
        """A duration whose number this part may use; ``unit`` is given in the plural."""
        number = drawing.number(max(2, self.low), self.high)
        return Value(self.type, f"{_NUMERALS[number] if number <= 20 else number} {self.unit}")


@dataclass(frozen=True)
class Pick(Slot):
    """A phrase from one of the kind's pools: an object, an item of a list or a reason clause."""

    of_type: AnswerType
    pool: str

    @property
    def type(self) -> AnswerType:
        """The declared type."""
        return self.of_type

    def draw(self, drawing: Drawing) -> Value:
        """A phrase that the passage does not use yet."""
        phrase = drawing.unused(drawing.pools[self.pool].of(drawing.split))
        return Value(self.type, phrase)


def organisation(*patterns: str) -> Named:
    """An organisation named after a stem."""
    return Named(AnswerType.ORGANISATION, patterns)


def landmark(*patterns: str) -> Named:
    """A place named after a stem."""
    return Named(AnswerType.PLACE, patterns)
