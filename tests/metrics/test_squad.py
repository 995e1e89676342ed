from __future__ import annotations

import random
import string

import numpy as np
import pytest

from quantlat.data import Answer, QAExample
from quantlat.errors import DataError
from quantlat.metrics import exact_match, f1, normalize_answer, score


def reference_words(text: str) -> list[str]:
    """The official normalisation, written a second time without regular expressions."""
    text = "".join(ch for ch in text.lower() if ch not in string.punctuation)
    words, word = [], ""
    for ch in text + " ":
        # \b separates runs of word characters: letters, digits, underscore, in any script
        if ch.isalnum() or ch == "_":
            word += ch
        else:
            words += [" "] if word in ("a", "an", "the") else [word]
            words.append(ch)
            word = ""
    return "".join(words).split()


def reference_f1(prediction: str, answer: str) -> float:
    left, right = sorted(reference_words(prediction)), sorted(reference_words(answer))
    shared = 0
    for word in set(left):
        shared += min(left.count(word), right.count(word))
    return 0.0 if shared == 0 else 2 * shared / (len(left) + len(right))


@pytest.mark.parametrize(
    ("prediction", "answers", "em", "expected_f1"),
    [
        ("the Eiffel Tower", ["Eiffel tower"], 1, 1.0),
        ("An apple a day", ["apple day"], 1, 1.0),
        ("U.S.A.", ["USA"], 1, 1.0),
        ("twenty-one", ["twentyone"], 1, 1.0),  # a hyphen joins
        ("twenty one", ["twenty-one"], 0, 0.0),
        ("there", ["re"], 0, 0.0),  # only whole words are articles
        ("“grey” granite", ["grey granite"], 0, 0.5),  # only ASCII punctuation is removed
        ("Beyoncé", ["beyoncé!"], 1, 1.0),
        ("BEYONCÉ", ["Beyonce\u0301"], 0, 0.0),  # composed and decomposed are different texts
        ("  4\u00a0March\t1871 ", ["4 March 1871"], 1, 1.0),  # any white space
        ("in Oslo", ["Rome", "Oslo", "in the city of Oslo"], 0, 2 / 3),
        ("Rome", ["Oslo", "Rome"], 1, 1.0),
        ("Rome", ["Oslo"], 0, 0.0),
        ("b b b", ["b b"], 0, 0.8),  # bags, not sets
        ("new york york", ["york new"], 0, 0.8),
        ("York New", ["New York"], 0, 1.0),  # order counts for EM alone
        ("", ["Oslo"], 0, 0.0),
        ("the", ["a"], 1, 0.0),  # both empty: equal, but no word is shared (v1.1)
        ("", [""], 1, 0.0),
        ("!", ["?"], 1, 0.0),
        ("北京", ["北京。"], 0, 0.0),
    ],
)
def test_hard_cases(prediction: str, answers: list[str], em: int, expected_f1: float) -> None:
    assert exact_match(prediction, answers) == em
    assert f1(prediction, answers) == pytest.approx(expected_f1)


def test_normalisation() -> None:
    assert normalize_answer(" The  (quick), brown-fox's  an hour!") == "quick brownfoxs hour"
    assert normalize_answer("a–b") == "–b"  # an en dash is no ASCII punctuation, but it ends a word


def test_agrees_with_an_independent_definition_on_random_texts() -> None:
    draw = random.Random(5)
    pieces = [
        "the",
        "a",
        "an",
        "An",
        "there",
        "Oslo",
        "1871",
        "Anna's",
        "U.S.",
        "é",
        "—",
        "–the",
        "_a",
        "$5",
        "b-c",
        "a,",
        " ",
    ]
    for _ in range(3000):
        prediction = " ".join(draw.choices(pieces, k=draw.randint(0, 6)))
        answers = [" ".join(draw.choices(pieces, k=draw.randint(0, 6))) for _ in range(draw.randint(1, 3))]
        assert f1(prediction, answers) == pytest.approx(max(reference_f1(prediction, a) for a in answers))
        expected = any(reference_words(prediction) == reference_words(a) for a in answers)
        assert exact_match(prediction, answers) == expected


def test_the_score_of_a_set_is_the_mean_in_points_over_all_questions() -> None:
    def example(name: str, *answers: str) -> QAExample:
        return QAExample(name, "?", " ".join(answers), tuple(Answer(a, 0) for a in answers))

    examples = [
        example("a", "Oslo"),
        example("b", "New York", "York"),
        example("c", "Rome"),
        example("d", "x"),
    ]
    result = score(examples, {"a": "the Oslo", "b": "in York", "d": "y", "unknown": "Rome"})
    assert result.n == 4
    assert result.em_per_question.tolist() == [100, 0, 0, 0]
    np.testing.assert_allclose(result.f1_per_question, [100, 200 / 3, 0, 0])
    assert result.em == 25
    assert result.f1 == pytest.approx((100 + 200 / 3) / 4)


def test_nothing_cannot_be_scored() -> None:
    with pytest.raises(DataError, match="no question"):
        score([], {})
