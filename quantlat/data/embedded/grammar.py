"""Turning templates into English: choices, names and references to them, articles, capitals, answer offsets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from quantlat.data.embedded.answers import AnswerType, Value
from quantlat.data.embedded.difficulty import COREFERENCE, SURNAME_SHARE

PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SENTENCE_START = re.compile(r"(?:^|(?<=[.!?] ))[a-z]")
_PRONOUNS = {"she": ("she", "he"), "her": ("her", "his"), "him": ("her", "him"), "herself": ("herself", "himself")}


@dataclass(frozen=True)
class Mention:
    """Where a slot's value stands: characters [start, stop) of the text."""

    slot: str
    start: int
    stop: int


@dataclass(frozen=True)
class Text:
    """A realised template."""

    text: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True)
class Subject:
    """What a passage is about: a named thing with a phrase that refers to it, or a person."""

    name: Value
    phrase: str

    @property
    def is_person(self) -> bool:
        """Whether the passage is a biography."""
        return self.name.type is AnswerType.PERSON


class Speaker:
    """Writes the sentences of one passage and its questions, and remembers who has been named.

    Args:
        values: the passage's values by slot.
        rival: name of the rival with its article, or ``""``.
    """

    def __init__(self, rng: Random, values: Mapping[str, Value], subject: Subject, rival: str) -> None:
        self._rng = rng
        self._values = values
        self._subject = subject
        self._rival = rival
        self._named: set[str] = set()
        self._refers_back = False
        self._others_named = False

    def say(self, template: str, *, opening: bool = False, rival: bool = False) -> Text:
        """Realise a fact or filler; the subject is named where a reference to it would be unclear."""
        if opening:
            self._refers_back = False
        others = False
        out, mentions = "", []
        position = 0
        template = self._choose(template)
        for match in PLACEHOLDER.finditer(template):
            out += template[position : match.start()]
            position = match.end()
            slot, form = match.group(1), match.group(2) or ""
            if slot == "S":
                out += self._mention_subject(form)
            elif slot == "R":
                out += self._rival
                self._refers_back = False
            else:
                value = self._values[slot]
                others = others or value.type is AnswerType.PERSON
                article, text = ("", self._form(value, form)) if form else self._first_or_later(slot, value)
                out += article
                if form in ("", "full", "plain"):
                    mentions.append(Mention(slot, len(out), len(out) + len(text)))
                out += text
        out += template[position:]
        self._refers_back = not rival
        self._others_named = others
        return Text(capitalised(out), tuple(mentions))

    def ask(self, template: str, *, by_name: bool) -> str:
        """Realise a question; ``by_name`` names the subject, else its phrase may stand for it."""
        template = self._choose(template)

        def write(match: re.Match[str]) -> str:
            slot, form = match.group(1), match.group(2) or ""
            if slot == "R":
                return self._rival
            if slot != "S":
                value = self._values[slot]
                return self._form(value, form) if form else self._in_question(value)
            if form:
                return self._form(self._subject.name, form)
            if not by_name and not self._subject.is_person:
                return self._subject.phrase
            return self._in_question(self._subject.name)

        return capitalised(PLACEHOLDER.sub(write, template))

    def _choose(self, template: str) -> str:
        return CHOICE.sub(lambda match: self._rng.choice(match.group(1).split("|")), template)

    def _mention_subject(self, form: str) -> str:
        name = self._subject.name
        if form == "phrase":
            return self._subject.phrase
        if form and form != "name":
            return self._form(name, form)
        clear = self._refers_back and (not self._others_named if self._subject.is_person else True)
        back = form != "name" and clear and self._rng.random() < COREFERENCE
        first = "S" not in self._named
        self._named.add("S")
        self._refers_back = True
        if not self._subject.is_person:
            return self._subject.phrase if back else name.full
        if first:
            return name.text
        return _PRONOUNS["she"][not name.female] if back else name.surname

    def _first_or_later(self, slot: str, value: Value) -> tuple[str, str]:
        """Article and text of an automatic mention."""
        later = slot in self._named
        self._named.add(slot)
        if value.surname and later and self._rng.random() < SURNAME_SHARE:
            return "", value.surname
        return value.article, value.text

    def _in_question(self, value: Value) -> str:
        return value.surname if value.surname and self._rng.random() < 0.35 else value.full

    @staticmethod
    def _form(value: Value, form: str) -> str:
        if form in _PRONOUNS:
            return _PRONOUNS[form][not value.female]
        return {"last": value.surname, "full": value.full, "name": value.full, "plain": value.text}[form]


def capitalised(text: str) -> str:
    """The text with a capital at the start of each sentence; its length does not change."""
    return _SENTENCE_START.sub(lambda match: match.group().upper(), text)
