from __future__ import annotations

import time

import numpy as np
import pytest

from quantlat.data import Answer, QAExample, Window
from quantlat.errors import ModelError
from quantlat.metrics import best_spans

LETTERS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar"
WORDS = LETTERS.split()


def example(name: str, words: int = len(WORDS)) -> QAExample:
    return QAExample(name, "Which?", " ".join((WORDS * 30)[:words]), (Answer("alpha", 0),))


def window(examples: list[QAExample], index: int, first: int, last: int, question: int = 3) -> Window:
    """Words first..last-1 of the passage, one token each, behind ``question`` + 2 other tokens."""
    words = examples[index].context.split(" ")
    stops = np.cumsum([len(word) + 1 for word in words]) - 1
    starts = stops - [len(word) for word in words]
    inside = np.stack([starts, stops], axis=1)[first:last]
    none = np.full((question + 2, 2), -1)
    offsets = np.concatenate([none, inside, none[:1]]).astype(np.int32)
    ids = np.zeros(len(offsets), dtype=np.int64)
    return Window(index, ids, ids, offsets, 0, 0)


def naive(
    examples: list[QAExample],
    windows: list[Window],
    starts: list[np.ndarray],
    ends: list[np.ndarray],
    n_best: int,
    longest: int,
) -> dict[str, str]:
    found: dict[int, list[tuple[float, str]]] = {}
    for w, s, e in zip(windows, starts, ends, strict=True):
        valid = [i for i in range(w.length) if w.offsets[i, 0] >= 0]
        top_s = sorted(valid, key=lambda i: -s[i])[:n_best]
        top_e = sorted(valid, key=lambda i: -e[i])[:n_best]
        pairs = [(i, j) for i in top_s for j in top_e if i <= j < i + longest]
        if not pairs:
            pairs = [(i, j) for i in valid for j in valid if i <= j < i + longest]
        for i, j in pairs:
            text = examples[w.example_index].context[w.offsets[i, 0] : w.offsets[j, 1]]
            found.setdefault(w.example_index, []).append((float(s[i] + e[j]), text))
    return {x.id: max(found[k])[1] if k in found else "" for k, x in enumerate(examples)}


@pytest.mark.parametrize(("n_best", "longest"), [(20, 30), (3, 4), (1, 1), (2, 100)])
def test_equals_a_plain_search_over_all_pairs(n_best: int, longest: int) -> None:
    rng = np.random.default_rng(n_best)
    examples = [example(str(i), 60) for i in range(20)]
    windows = [window(examples, i, low, low + 30, int(rng.integers(1, 8))) for i in range(20) for low in (0, 20, 30)]
    starts = [rng.normal(size=w.length) for w in windows]
    ends = [rng.normal(size=w.length) for w in windows]
    expected = naive(examples, windows, starts, ends, n_best, longest)
    assert best_spans(examples, windows, starts, ends, n_best=n_best, max_answer_tokens=longest) == expected


def logits(w: Window, **peaks: float) -> np.ndarray:
    values = np.full(w.length, -5.0)
    for place, value in peaks.items():
        values[int(place[1:])] = value
    return values


def test_the_text_is_cut_from_the_passage() -> None:
    examples = [example("q")]
    w = window(examples, 0, 0, 15)
    assert best_spans(examples, [w], [logits(w, _6=9)], [logits(w, _8=9)]) == {"q": "bravo charlie delta"}


def test_question_and_special_tokens_are_never_answers() -> None:
    examples = [example("q")]
    w = window(examples, 0, 0, 15)
    last = w.length - 1
    starts, ends = logits(w, _0=50, _2=60, _7=1), logits(w, _0=50, _3=60, _7=1)
    ends[last] = 70
    assert best_spans(examples, [w], [starts], [ends]) == {"q": "charlie"}


def test_an_answer_neither_ends_before_it_starts_nor_is_too_long() -> None:
    examples = [example("q")]
    w = window(examples, 0, 0, 15)
    backwards = best_spans(examples, [w], [logits(w, _9=9)], [logits(w, _6=9, _10=3)])
    assert backwards == {"q": "echo foxtrot"}
    starts, ends = logits(w, _5=9), logits(w, _9=3, _10=9)
    assert best_spans(examples, [w], [starts], [ends], max_answer_tokens=5) == {"q": "alpha bravo charlie delta echo"}
    assert best_spans(examples, [w], [starts], [ends], max_answer_tokens=6)["q"].endswith("foxtrot")


def test_when_no_pair_of_the_best_fits_the_best_of_all_pairs_is_taken() -> None:
    examples = [example("q")]
    w = window(examples, 0, 0, 15)
    found = best_spans(examples, [w], [logits(w, _19=9, _5=1)], [logits(w, _5=9, _19=1)], n_best=1)
    assert found["q"] in {"alpha", "oscar"}


def test_the_best_window_of_a_question_wins_and_ties_go_to_the_first() -> None:
    examples = [example("q"), example("r"), example("none")]
    windows = [window(examples, 0, 0, 8), window(examples, 1, 0, 15), window(examples, 0, 6, 15)]
    starts = [logits(windows[0], _6=4), logits(windows[1], _5=1), logits(windows[2], _6=5)]
    ends = [logits(windows[0], _6=4), logits(windows[1], _5=1), logits(windows[2], _6=5)]
    assert best_spans(examples, windows, starts, ends) == {"q": "hotel", "r": "alpha", "none": ""}
    flat = [np.zeros(w.length) for w in windows]
    assert best_spans(examples, windows, flat, flat)["q"] == "alpha"


def test_padding_behind_the_real_tokens_is_ignored() -> None:
    examples = [example("q")]
    w = window(examples, 0, 0, 15)
    padded = np.concatenate([logits(w, _6=9), [99.0] * 10]).astype(np.float32)
    assert best_spans(examples, [w], [padded], [padded]) == {"q": "bravo"}


def test_logits_that_are_not_numbers_are_an_error() -> None:
    examples = [example("q7")]
    w = window(examples, 0, 0, 15)
    broken = logits(w, _6=float("nan"))
    with pytest.raises(ModelError, match="'q7'"):
        best_spans(examples, [w], [broken], [broken])


def test_a_dev_set_takes_less_than_half_a_second() -> None:
    rng = np.random.default_rng(0)
    examples = [example(str(i), 160) for i in range(1600)]
    base = window(examples, 0, 0, 160, 10)
    windows = [Window(i, base.input_ids, base.token_type_ids, base.offsets, 0, 0) for i in range(1600)]
    both = [rng.normal(size=base.length).astype(np.float32) for _ in windows]
    times = []
    for _ in range(3):
        started = time.thread_time()
        best_spans(examples, windows, both, both)
        times.append(time.thread_time() - started)
    assert min(times) < 0.5
