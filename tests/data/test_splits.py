from __future__ import annotations

import random
from pathlib import Path

import pytest

from quantlat.data import Answer, QAExample, read_squad, split_train
from quantlat.data.splits import hold_out
from quantlat.errors import DataError


def passages(count: int, per_passage: int = 5) -> list[QAExample]:
    return [
        QAExample(f"{p}-{q}", f"What is {q}?", f"Passage {p} says yes.", (Answer("yes", 10),), f"Title {p % 7}")
        for p in range(count)
        for q in range(per_passage)
    ]


def test_no_passage_is_in_two_parts_and_no_question_is_lost() -> None:
    examples = passages(200)
    parts = split_train(examples, search=0.1, calibration=0.05, seed=3)
    contexts = [{e.context for e in part} for part in (parts.fit, parts.search, parts.calibration)]
    assert not contexts[0] & contexts[1]
    assert not contexts[0] & contexts[2]
    assert not contexts[1] & contexts[2]
    assert sorted(e.id for e in parts.fit + parts.search + parts.calibration) == sorted(e.id for e in examples)
    assert (len(parts.fit), len(parts.search), len(parts.calibration)) == (850, 100, 50)


def test_passages_that_differ_in_white_space_only_stay_together() -> None:
    examples = passages(50, 1)
    twins = [QAExample(f"t{e.id}", e.question, e.context.replace(" ", "  "), e.answers) for e in examples]
    parts = split_train(examples + twins, search=0.3, calibration=0.2, seed=1)
    for part in (parts.fit, parts.search, parts.calibration):
        ids = {e.id for e in part}
        assert all((name[1:] if name.startswith("t") else f"t{name}") in ids for name in ids)


def test_the_seed_decides_and_the_order_of_the_file_does_not() -> None:
    examples = passages(100)
    shuffled = random.Random(0).sample(examples, len(examples))
    first = split_train(examples, search=0.1, calibration=0.1, seed=1)
    again = split_train(shuffled, search=0.1, calibration=0.1, seed=1)
    other = split_train(examples, search=0.1, calibration=0.1, seed=2)
    assert {e.id for e in first.search} == {e.id for e in again.search}
    assert {e.id for e in first.calibration} == {e.id for e in again.calibration}
    assert {e.id for e in first.search} != {e.id for e in other.search}
    assert [e.id for e in first.fit] == [e.id for e in examples if e in first.fit]


def test_a_share_of_zero_is_an_empty_part() -> None:
    parts = split_train(passages(10), search=0.0, calibration=0.2, seed=0)
    assert parts.search == ()
    assert len(parts.calibration) == 10
    assert split_train(passages(1), search=0.0, calibration=0.0, seed=0).search == ()


def test_with_few_passages_every_part_still_gets_one() -> None:
    parts = split_train(passages(3), search=0.5, calibration=0.01, seed=0)
    assert [len(part) for part in (parts.fit, parts.search, parts.calibration)] == [5, 5, 5]
    with pytest.raises(DataError, match=r"has 2 passage\(s\), but 3 parts"):
        split_train(passages(2), search=0.1, calibration=0.1, seed=0)


def test_shares_must_leave_something_to_train_on() -> None:
    with pytest.raises(DataError, match="sum to less than 1"):
        split_train(passages(5), search=0.6, calibration=0.4, seed=0)


def test_hold_out_divides_by_passage() -> None:
    rest, held = hold_out(passages(100), share=0.1, seed=0)
    assert len(held) == 50
    assert not {e.context for e in rest} & {e.context for e in held}


def test_real_squad_is_divided_without_leak_and_near_the_shares(squad_folder: Path) -> None:
    examples = read_squad(squad_folder / "train.json").examples
    parts = split_train(examples, search=0.08, calibration=0.04, seed=42)
    assert len(parts.search) / len(examples) == pytest.approx(0.08, abs=0.002)
    assert len(parts.calibration) / len(examples) == pytest.approx(0.04, abs=0.002)
    assert not {e.context for e in parts.fit} & {e.context for e in parts.search + parts.calibration}
    titles = {e.title for e in examples}
    assert {e.title for e in parts.fit} == titles
    assert len({e.title for e in parts.search}) >= 0.8 * len(titles)
