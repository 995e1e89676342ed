"""Building one passage: draw the values, choose and order the facts, write them, choose the questions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from quantlat.data.embedded.answers import AnswerType, Split, Value, contains_words, count_words
from quantlat.data.embedded.content import Fact, Kind
from quantlat.data.embedded.difficulty import (
    CLEAR_OVERLAP,
    FACT_CHANCE,
    FILLER_SHARE,
    FIRST_OF_TYPE_KEEP,
    LEXICAL_OVERLAP_PREFERENCE,
    MIN_DISTRACTORS,
    MIN_OVERLAP,
    RETRY_GROWTH,
    RIVAL_SHARE,
    WORDS_MEDIAN,
    WORDS_RANGE,
    WORDS_SIGMA,
)
from quantlat.data.embedded.grammar import PLACEHOLDER, Mention, Speaker, Subject
from quantlat.data.embedded.overlap import cue_overlap
from quantlat.data.embedded.slots import Drawing, NoValueLeftError
from quantlat.data.examples import Answer

_ATTEMPTS = 300


@dataclass(frozen=True)
class Query:
    """A question about a passage and what is known about it.

    Attributes:
        answers: the first is where the fact is stated; a second one is the full name of a person who is
            there called by surname.
        relation: the slot that answers, ``kind.slot``.
        distractors: the other values of the answer's type in the passage.
        first_of_type: no value of the type stands earlier in the passage.
        wording: id of the question wording, ``kind.slot.split.number``.
        fact_wording: id of the wording of the fact, ``kind.fact.split.number``.
        overlap: content words of the question that the fact's wording has around the answer.
    """

    question: str
    answers: tuple[Answer, ...]
    type: AnswerType
    relation: str
    distractors: tuple[str, ...]
    first_of_type: bool
    wording: str
    fact_wording: str
    overlap: int


@dataclass(frozen=True)
class Passage:
    """A generated passage with its questions.

    Attributes:
        wordings: ids of the wordings of its facts and fillers, in order.
        values: all values in it.
        relations: what its facts state, ``kind.slot``.
    """

    kind: str
    title: str
    context: str
    queries: tuple[Query, ...]
    wordings: tuple[str, ...]
    values: tuple[Value, ...]
    relations: tuple[str, ...]


@dataclass(frozen=True)
class _Stated:
    """A fact as it stands in the passage."""

    fact: Fact
    wording: str
    template: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True)
class _Candidate:
    """A slot that can be asked for, with the number of the question wording."""

    stated: _Stated
    slot: str
    number: int
    overlap: int
    is_first: bool


def draw_length(rng: Random) -> float:
    """Length of a passage in words, log-normal like SQuAD's."""
    low, high = WORDS_RANGE
    return min(high, max(low, WORDS_MEDIAN * math.exp(rng.gauss(0.0, WORDS_SIGMA))))


def build_passage(kind: Kind, split: Split, rng: Random, questions: int, words: float) -> Passage:
    """A passage of about so many words with this many questions, each with enough distractors.

    Raises:
        ValueError: the kind's content cannot give such a passage (a defect of the content).
    """
    for _ in range(_ATTEMPTS):
        try:
            passage = _attempt(kind, split, rng, questions, words)
        except NoValueLeftError:
            passage = None
        if passage is not None:
            return passage
        words = min(words * RETRY_GROWTH, float(WORDS_RANGE[1]))
    raise ValueError(f"kind {kind.name!r} gave no passage with {questions} questions in {_ATTEMPTS} attempts")


def _attempt(kind: Kind, split: Split, rng: Random, questions: int, words: float) -> Passage | None:
    drawing = Drawing(rng, split, kind.pools, day_first=rng.random() < 0.5)
    chosen = _choose_facts(kind, split, rng, words)
    subject, rival = _draw_values(kind, drawing, [template for _, _, template in chosen])
    texts = _order(chosen, kind, split, rng)
    speaker = Speaker(rng, drawing.values, subject, rival)
    context, stated, ids = "", [], []
    for fact, wording, template in texts:
        said = speaker.say(template, opening=fact is not None and fact.opening, rival=fact is not None and fact.rival)
        start = len(context) + (1 if context else 0)
        context = f"{context} {said.text}" if context else said.text
        ids.append(wording)
        if fact is not None:
            moved = tuple(Mention(m.slot, m.start + start, m.stop + start) for m in said.mentions)
            stated.append(_Stated(fact, wording, template, moved))
    used = {m.slot for s in stated for m in s.mentions}
    values = {slot: value for slot, value in drawing.values.items() if slot in used}
    if not _unambiguous(context, stated, values):
        return None
    by_name = any(s.fact.rival for s in stated)
    queries = _choose_queries(kind, split, rng, questions, context, stated, values, speaker, by_name)
    if queries is None:
        return None
    title = re.sub("^the ", "", subject.name.full)
    relations = tuple(f"{kind.name}.{slot}" for s in stated for slot in s.fact.asks)
    return Passage(kind.name, title, context, queries, tuple(ids), tuple(values.values()), relations)


def _draw_values(kind: Kind, drawing: Drawing, templates: Sequence[str]) -> tuple[Subject, str]:
    """Draw what the templates mention and name the subject and its rival."""
    pattern, phrase = drawing.rng.choice(kind.subject)
    if pattern in kind.slots:
        drawing.add(pattern, kind.slots[pattern])
        subject = Subject(drawing.values[pattern], "")
    else:
        name = pattern.replace("<stem>", drawing.stem())
        article = "the " if name.startswith("the ") else ""
        subject = Subject(Value(AnswerType.OBJECT, name.removeprefix("the "), article), phrase)
    rival = drawing.rng.choice(kind.rival).replace("<stem>", drawing.stem()) if kind.rival else ""
    needed = {match.group(1) for template in templates for match in PLACEHOLDER.finditer(template)}
    for slot, spec in reversed(list(kind.slots.items())):
        if slot in needed and spec.base:
            needed.add(spec.base)
    for slot, spec in kind.slots.items():
        if slot in needed and slot not in drawing.values:
            drawing.add(slot, spec)
    return subject, rival


def _choose_facts(kind: Kind, split: Split, rng: Random, words: float) -> list[tuple[Fact, str, str]]:
    """Opening first, then what makes one type of answer askable, then more until the passage is long enough."""
    worded = []
    for fact in kind.facts:
        templates = fact.wordings.of(split)
        number = rng.randrange(len(templates))
        worded.append((fact, f"{kind.name}.{fact.name}.{split}.{number}", templates[number]))
    chosen = [item for item in worded if item[0].opening]
    with_rival = rng.random() < RIVAL_SHARE
    left = [item for item in worded if not item[0].opening and (with_rival or not item[0].rival)]
    rng.shuffle(left)
    types = [t for fact, _, _ in chosen for t in _types(fact, kind)]
    length = sum(_words(template) for _, _, template in chosen)
    on_offer = [t for fact, _, _ in left for t in _types(fact, kind)]
    focus = rng.choice([t for t in AnswerType if (on_offer + types).count(t) > MIN_DISTRACTORS])

    def appeal(item: tuple[Fact, str, str]) -> float:
        offered = _types(item[0], kind)
        in_focus = focus in offered and types.count(focus) <= MIN_DISTRACTORS
        return _gain(offered, types) + FACT_CHANCE * rng.random() + 100.0 * in_focus

    while left and length < words:
        left.sort(key=appeal, reverse=True)
        item = left.pop(0)
        if length + _words(item[2]) / 2 > words:
            continue
        chosen.append(item)
        types += _types(item[0], kind)
        length += _words(item[2])
    return chosen


def _types(fact: Fact, kind: Kind) -> list[AnswerType]:
    return [kind.slots[slot].type for slot in fact.asks]


def _gain(types: Sequence[AnswerType], present: Sequence[AnswerType]) -> int:
    """How many more values a question could ask for with a fact of these types added."""
    return _askable([*types, *present]) - _askable(present)


def _askable(types: Sequence[AnswerType]) -> int:
    return sum(types.count(t) > MIN_DISTRACTORS for t in types)


def _words(template: str) -> float:
    """Words of the realised template, nearly."""
    plain = re.sub(r"\[([^\[\]|]*)[^\[\]]*\]", r"\1", template)
    return len(plain.split()) + 0.8 * len(PLACEHOLDER.findall(plain))


def _order(
    chosen: Sequence[tuple[Fact, str, str]], kind: Kind, split: Split, rng: Random
) -> list[tuple[Fact | None, str, str]]:
    """Opening first, the rest shuffled, ranked facts in their order among themselves, fillers in between."""
    opening = [item for item in chosen if item[0].opening]
    rest = [item for item in chosen if not item[0].opening]
    rng.shuffle(rest)
    places = [i for i, item in enumerate(rest) if item[0].rank]
    for i, item in zip(places, sorted((rest[i] for i in places), key=lambda item: item[0].rank), strict=True):
        rest[i] = item
    ordered: list[tuple[Fact | None, str, str]] = [*opening]
    fillers = list(enumerate(kind.fillers.of(split)))
    rng.shuffle(fillers)
    for item in rest:
        ordered.append(item)
        if fillers and rng.random() < FILLER_SHARE:
            number, template = fillers.pop()
            ordered.append((None, f"{kind.name}.filler.{split}.{number}", template))
    return ordered


def _unambiguous(context: str, stated: Sequence[_Stated], values: dict[str, Value]) -> bool:
    """Whether every value stands in the passage just where its facts mention it, and each relation once."""
    relations = [slot for s in stated for slot in s.fact.asks]
    if len(set(relations)) != len(relations):
        raise ValueError(f"a relation is stated twice: {sorted(relations)}")
    for slot, value in values.items():
        mentions = [m for s in stated for m in s.mentions if m.slot == slot]
        if value.type is AnswerType.PERSON:
            continue
        if count_words(context, value.text) != len(mentions):
            return False
    return True


def _choose_queries(
    kind: Kind,
    split: Split,
    rng: Random,
    questions: int,
    context: str,
    stated: Sequence[_Stated],
    values: dict[str, Value],
    speaker: Speaker,
    by_name: bool,
) -> tuple[Query, ...] | None:
    """Questions of as many types as there are; ``None`` when the passage does not offer enough."""
    first: dict[AnswerType, str] = {}
    for s in stated:
        for mention in s.mentions:
            first.setdefault(values[mention.slot].type, mention.slot)
    candidates: list[_Candidate] = []
    for s in stated:
        for slot in s.fact.asks:
            value = values[slot]
            if sum(v.type is value.type for v in values.values()) <= MIN_DISTRACTORS:
                continue
            is_first = first[value.type] == slot
            if is_first and rng.random() > FIRST_OF_TYPE_KEEP:
                continue
            candidate = _worded(kind, split, rng, s, slot, is_first)
            if candidate.overlap >= MIN_OVERLAP:
                candidates.append(candidate)
    if len(candidates) < questions:
        return None
    picked = _mixed(candidates, values, questions, rng)
    return tuple(_query(kind, split, rng, context, candidate, values, speaker, by_name) for candidate in picked)


def _worded(kind: Kind, split: Split, rng: Random, stated: _Stated, slot: str, is_first: bool) -> _Candidate:
    """Choose how to ask for the slot, rather in the words of the fact."""
    templates = stated.fact.asks[slot].of(split)
    rivals = frozenset(name for name, spec in kind.slots.items() if spec.type is kind.slots[slot].type)
    shared = [cue_overlap(template, stated.template, slot, rivals) for template in templates]
    number = rng.choices(range(len(templates)), [math.exp(LEXICAL_OVERLAP_PREFERENCE * n) for n in shared])[0]
    return _Candidate(stated, slot, number, shared[number], is_first)


def _mixed(
    candidates: Sequence[_Candidate], values: Mapping[str, Value], questions: int, rng: Random
) -> list[_Candidate]:
    """As many as wanted, of as many answer types as there are; the clearest of each type first."""
    groups: dict[AnswerType, list[_Candidate]] = {}
    for candidate in rng.sample(candidates, len(candidates)):
        groups.setdefault(values[candidate.slot].type, []).append(candidate)
    for group in groups.values():
        group.sort(key=lambda candidate: min(candidate.overlap, CLEAR_OVERLAP))
    picked: list[_Candidate] = []
    while len(picked) < questions:
        for group in groups.values():
            if group and len(picked) < questions:
                picked.append(group.pop())
    return picked


def _query(
    kind: Kind,
    split: Split,
    rng: Random,
    context: str,
    candidate: _Candidate,
    values: dict[str, Value],
    speaker: Speaker,
    by_name: bool,
) -> Query:
    stated, slot = candidate.stated, candidate.slot
    value = values[slot]
    template = stated.fact.asks[slot].of(split)[candidate.number]
    question = speaker.ask(template, by_name=by_name or rng.random() < 0.6)
    mention = next(m for m in stated.mentions if m.slot == slot)
    answers = [Answer(context[mention.start : mention.stop], mention.start)]
    if answers[0].text.lower() not in (value.text.lower(), value.surname.lower()):
        raise ValueError(f"{answers[0].text!r} is not the value of {kind.name}.{slot}")
    if contains_words(question, value.text):
        raise ValueError(f"question {question!r} gives its answer {value.text!r} away")
    if value.surname and answers[0].text == value.surname:
        answers.append(Answer(value.text, context.index(value.text)))
    return Query(
        question,
        tuple(answers),
        value.type,
        f"{kind.name}.{slot}",
        tuple(v.text for v in values.values() if v.type is value.type and v is not value),
        candidate.is_first,
        f"{kind.name}.{slot}.{split}.{candidate.number}",
        stated.wording,
        candidate.overlap,
    )
