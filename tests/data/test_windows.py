from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantlat.data import Answer, QAExample, WindowSet, make_windows
from quantlat.errors import DataError
from quantlat.models.tokenizer import Tokenizer

from .conftest import LIGHTHOUSE, ask, hugging_face, trained


def assert_same_as_hugging_face(
    windows: WindowSet, examples: tuple[QAExample, ...], fast: Any, max_tokens: int, stride: int
) -> None:
    reference = fast(
        [e.question for e in examples],
        [e.context for e in examples],
        truncation="only_second",
        max_length=max_tokens,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_token_type_ids=True,
    )
    assert len(windows) == len(reference["input_ids"])
    for i, window in enumerate(windows.windows):
        assert window.example_index == reference["overflow_to_sample_mapping"][i]
        assert window.input_ids.tolist() == reference["input_ids"][i]
        inside = [s == 1 for s in reference.sequence_ids(i)]
        expected = [o if s else (-1, -1) for o, s in zip(reference["offset_mapping"][i], inside, strict=True)]
        assert [tuple(o) for o in window.offsets.tolist()] == expected
    if "bert" in type(fast).__name__.lower():
        assert [w.token_type_ids.tolist() for w in windows.windows] == reference["token_type_ids"]


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize(("max_tokens", "stride"), [(384, 128), (64, 16), (48, 0), (40, 7)])
def test_windows_equal_those_of_the_fast_tokenizers(
    questions: tuple[QAExample, ...], family: str, max_tokens: int, stride: int
) -> None:
    backend = trained(family)
    tokenizer = Tokenizer.from_json(backend.to_str(), family=family)
    windows = make_windows(questions, tokenizer, max_tokens=max_tokens, stride=stride, max_question_tokens=64)
    assert_same_as_hugging_face(windows, questions, hugging_face(family, backend), max_tokens, stride)
    if max_tokens == 40:
        assert len(windows) > len(questions)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_the_layout_of_a_pair(questions: tuple[QAExample, ...], family: str) -> None:
    tokenizer = Tokenizer.from_json(trained(family).to_str(), family=family)
    window = make_windows(questions[:1], tokenizer).windows[0]
    question = tokenizer.backend.encode(questions[0].question, add_special_tokens=False).ids
    context = tokenizer.backend.encode(questions[0].context, add_special_tokens=False).ids
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    between = [sep] if family == "bert" else [sep, sep]
    assert window.input_ids.tolist() == [cls, *question, *between, *context, sep]
    head = 1 + len(question) + len(between)
    tail = len(context) + 1
    expected = [0] * head + [1 if family == "bert" else 0] * tail
    assert window.token_type_ids.tolist() == expected
    assert window.length == head + tail
    assert (window.input_ids.dtype, window.offsets.dtype) == (np.int64, np.int32)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_the_label_of_a_window_is_the_text_of_the_first_reference(
    questions: tuple[QAExample, ...], family: str
) -> None:
    tokenizer = Tokenizer.from_json(trained(family).to_str(), family=family)
    windows = make_windows(questions, tokenizer, max_tokens=48, stride=12)
    labelled = 0
    for window in windows.windows:
        example = questions[window.example_index]
        if window.has_answer:
            labelled += 1
            text = example.context[window.offsets[window.start, 0] : window.offsets[window.end, 1]]
            assert text == example.answers[0].text
        else:
            assert (window.start, window.end) == (0, 0)
    assert labelled >= len(questions)
    assert windows.report.unanswerable_windows == len(windows) - labelled
    assert windows.report.unanswerable_questions == 0


def test_an_answer_inside_a_word_is_labelled_with_the_tokens_it_touches(tokenizer: Tokenizer) -> None:
    at = LIGHTHOUSE.index("house of")
    example = QAExample("x", "Which building?", LIGHTHOUSE, (Answer("house", at),))
    window = make_windows([example], tokenizer).windows[0]
    first, last = window.offsets[window.start, 0], window.offsets[window.end, 1]
    assert first <= at
    assert at + 5 <= last <= at + 5 + len(" of")


def test_an_answer_cut_by_every_window_is_counted_not_mislabelled(tokenizer: Tokenizer) -> None:
    whole = ask("x", "What?", LIGHTHOUSE, LIGHTHOUSE)
    windows = make_windows([whole], tokenizer, max_tokens=40, stride=8)
    assert not any(window.has_answer for window in windows.windows)
    assert windows.report.unanswerable_questions == 1
    assert windows.report.unanswerable_windows == len(windows)


def test_a_long_question_is_cut_and_counted(questions: tuple[QAExample, ...], tokenizer: Tokenizer) -> None:
    long = ask("x", "Who " + "was the keeper " * 40 + "?", LIGHTHOUSE, "Anna Brodie")
    windows = make_windows([long, questions[0]], tokenizer, max_question_tokens=20)
    assert windows.report.truncated_questions == 1
    assert windows.windows[0].input_ids[21] == tokenizer.sep_token_id
    assert windows.windows[0].has_answer


def test_a_question_that_leaves_no_room_is_an_error_that_names_it(tokenizer: Tokenizer) -> None:
    long = ask("the-long-one", "Who " + "was the keeper " * 40 + "?", LIGHTHOUSE, "Anna Brodie")
    with pytest.raises(DataError, match=r"'the-long-one' \(61 tokens\) leaves 0 tokens") as caught:
        make_windows([long], tokenizer, max_tokens=64, max_question_tokens=61)
    assert "max_tokens" in str(caught.value.hint)
    with pytest.raises(DataError, match="overlap of 16 are needed"):
        make_windows([long], tokenizer, max_tokens=64, max_question_tokens=50, stride=16)


def test_a_passage_without_tokens_still_makes_a_window(tokenizer: Tokenizer) -> None:
    empty = QAExample("x", "What?", " ", (Answer(" ", 0),))
    windows = make_windows([empty], tokenizer)
    assert len(windows) == 1
    assert (windows.windows[0].offsets == -1).all()
    assert not windows.windows[0].has_answer
    assert make_windows([], tokenizer).report.windows == 0


def test_a_sample_holds_whole_questions_and_counts_anew(questions: tuple[QAExample, ...], tokenizer: Tokenizer) -> None:
    windows = make_windows(questions, tokenizer, max_tokens=40, stride=8, max_question_tokens=10)
    part = windows.sample(8, seed=3)
    assert 8 <= len(part) < len(windows)
    assert [w.example_index for w in part.windows] == sorted(w.example_index for w in part.windows)
    for index, example in enumerate(part.examples):
        mine = [w.input_ids.tolist() for w in part.windows if w.example_index == index]
        whole = questions.index(example)
        assert mine == [w.input_ids.tolist() for w in windows.windows if w.example_index == whole]
    assert part.report.questions == len(part.examples)
    assert part.report.truncated_questions == sum(
        len(tokenizer.backend.encode(e.question, add_special_tokens=False).ids) > 10 for e in part.examples
    )
    again = windows.sample(8, seed=3)
    assert [e.id for e in again.examples] == [e.id for e in part.examples]
    assert windows.sample(10_000, seed=0) is windows


def test_real_squad_equals_hugging_face_bert(squad_dev: tuple[QAExample, ...], bert_folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = Tokenizer.from_folder(bert_folder, family="bert")
    fast = AutoTokenizer.from_pretrained(str(bert_folder))
    windows = make_windows(squad_dev, tokenizer, max_tokens=384, stride=128)
    assert_same_as_hugging_face(windows, squad_dev, fast, 384, 128)
    assert len(windows) > len(squad_dev)
    assert windows.report.unanswerable_questions == 0
    assert 150 < windows.report.tokens_mean < 200
    short = squad_dev[:300]
    narrow = make_windows(short, tokenizer, max_tokens=128, stride=32)
    assert_same_as_hugging_face(narrow, short, fast, 128, 32)


def test_real_squad_labels_give_back_the_answers(squad_dev: tuple[QAExample, ...], bert_folder: Path) -> None:
    windows = make_windows(squad_dev, Tokenizer.from_folder(bert_folder, family="bert"))
    exact = total = 0
    for window in windows.windows:
        if window.has_answer:
            example = windows.examples[window.example_index]
            text = example.context[window.offsets[window.start, 0] : window.offsets[window.end, 1]]
            assert example.answers[0].text in text
            exact += text == example.answers[0].text
            total += 1
    assert exact / total > 0.99
