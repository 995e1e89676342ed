from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Regex, decoders, models, pre_tokenizers, processors, trainers
from tokenizers import Tokenizer as Backend

from quantlat.data.windows import WindowSet, make_windows
from quantlat.errors import ModelError
from quantlat.models import QAModel, Tokenizer
from quantlat.models.random_tokenizer import train_tokenizer
from quantlat.progress import QuietProgress
from quantlat.training.alignment import (
    align,
    reads_alike,
    require_same_tokens,
    soft_labels_for_student,
    teacher_windows,
)
from quantlat.training.losses import EXCLUDED
from quantlat.training.soft_labels import compute_soft_labels

NewModel = Callable[..., QAModel]


def byte_pair_tokenizer(window_set: WindowSet, **settings: object) -> Tokenizer:
    """A RoBERTa-style byte-level BPE, trained on the passages."""
    backend = Backend(models.BPE(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=names, show_progress=False)
    texts = [text for example in window_set.examples for text in (example.context, example.question)]
    backend.train_from_iterator(texts, trainer)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return Tokenizer.from_json(backend.to_str(), family="roberta")


@pytest.fixture(scope="module")
def roberta(window_set: WindowSet) -> Tokenizer:
    return byte_pair_tokenizer(window_set)


def spans(*pairs: tuple[int, int]) -> NDArray[np.int32]:
    return np.array([(-1, -1), (-1, -1), *pairs, (-1, -1)], dtype=np.int32)


def test_start_and_end_follow_the_first_and_the_last_character() -> None:
    # "the quarterback was peyton": the quarter ##back was peyton | the quarterback was p eyton
    student = spans((0, 3), (4, 11), (11, 15), (16, 19), (20, 26))
    teacher = spans((0, 3), (4, 15), (16, 19), (20, 21), (21, 26))
    alignment = align(student, teacher)
    assert alignment.starts.tolist() == [0, -1, 2, 3, -1, 4, 5, -1]
    assert alignment.ends.tolist() == [0, -1, 2, -1, 3, 4, 6, -1]
    assert (alignment.passage_tokens, alignment.uncovered) == (5, 0)


def test_logits_are_carried_and_tokens_without_a_counterpart_excluded() -> None:
    alignment = align(spans((0, 4), (4, 8)), spans((0, 8)))
    logits = np.array([[1, 2], [9, 9], [3, 4], [9, 9]], dtype=np.float32)
    carried = alignment.carry(logits)
    none = float(np.float32(EXCLUDED))
    assert carried.tolist() == [[1, 2], [none, none], [3, none], [none, 4], [none, none]]


def test_a_character_in_several_byte_tokens_starts_at_the_first_and_ends_at_the_last() -> None:
    alignment = align(spans((0, 2)), spans((0, 1), (1, 2), (1, 2), (2, 3)))
    assert (alignment.starts[2], alignment.ends[2]) == (2, 4)
    alignment = align(spans((1, 2)), spans((0, 1), (1, 2), (1, 2)))
    assert (alignment.starts[2], alignment.ends[2]) == (3, 4)


def test_a_gap_in_the_teachers_text_is_counted() -> None:
    alignment = align(spans((0, 3), (4, 6)), spans((0, 3)))
    assert (alignment.starts[3], alignment.ends[3], alignment.uncovered) == (-1, -1, 1)


def test_the_same_vocabulary_in_another_layout_is_another_tokenizer(roberta: Tokenizer, tokenizer: Tokenizer) -> None:
    assert reads_alike(tokenizer, Tokenizer.from_json(tokenizer.json, family="bert"))
    assert reads_alike(tokenizer, Tokenizer.from_json(tokenizer.json, family="distilbert"))
    assert not reads_alike(tokenizer, roberta)
    assert not reads_alike(tokenizer, train_tokenizer("roberta"))


def test_a_teacher_with_the_students_tokenizer_is_used_as_it_is(
    new_model: NewModel, tokenizer: Tokenizer, window_set: WindowSet, tmp_path: Path
) -> None:
    teacher, progress = new_model(seed=4), QuietProgress()
    labels = soft_labels_for_student(
        teacher, tokenizer, tokenizer, window_set, state_dir=tmp_path / "a", progress=progress, precision="fp32"
    )
    direct = compute_soft_labels(
        teacher, window_set.windows, pad_token_id=0, state_dir=tmp_path / "b", progress=progress, precision="fp32"
    )
    assert labels.fingerprint() == direct.fingerprint()
    assert progress.said == []


def test_teacher_windows_hold_the_question_and_the_same_stretch_of_the_passage(
    roberta: Tokenizer, window_set: WindowSet
) -> None:
    windows = teacher_windows(window_set, roberta)
    assert len(windows) == len(window_set.windows) > len(window_set.examples)
    for mine, theirs in zip(window_set.windows, windows, strict=True):
        example = window_set.examples[mine.example_index]
        ids = theirs.input_ids.tolist()
        passage = theirs.offsets[:, 0] >= 0
        head = roberta.backend.encode(example.question, add_special_tokens=False).ids
        assert ids[: len(head) + 3] == [0, *head, 2, 2] and ids[-1] == 2
        assert not passage[: len(head) + 3].any() and passage[len(head) + 3 : -1].all()
        covered = mine.offsets[mine.offsets[:, 0] >= 0]
        text = roberta.backend.decode(theirs.input_ids[passage].tolist()).strip()
        assert example.context[covered[0, 0] : covered[-1, 1]] in text
        assert not theirs.token_type_ids.any()


@pytest.mark.parametrize("max_tokens", [96, 384])
def test_a_teacher_that_knows_the_answer_passes_it_on(
    roberta: Tokenizer, tokenizer: Tokenizer, window_set: WindowSet, max_tokens: int
) -> None:
    students = make_windows(window_set.examples, tokenizer, max_tokens=max_tokens, stride=24)
    answered = 0
    for mine, theirs in zip(students.windows, teacher_windows(students, roberta), strict=True):
        if not mine.has_answer:
            continue
        answer = students.examples[mine.example_index].answers[0]
        offsets = theirs.offsets
        logits = np.zeros((theirs.length, 2), dtype=np.float32)
        logits[np.flatnonzero((offsets[:, 0] >= 0) & (offsets[:, 1] > answer.start))[0], 0] = 9.0
        logits[np.flatnonzero((offsets[:, 0] >= 0) & (offsets[:, 0] < answer.stop))[-1], 1] = 9.0
        carried = align(mine.offsets, offsets).carry(logits)
        assert carried.argmax(0).tolist() == [mine.start, mine.end]
        answered += 1
    assert answered >= 20


def test_labels_of_another_tokenizer_have_the_students_shape(
    new_model: NewModel, tokenizer: Tokenizer, roberta: Tokenizer, window_set: WindowSet, tmp_path: Path
) -> None:
    teacher = new_model(seed=2, vocab_size=roberta.vocab_size, type_vocab_size=1, pad_token_id=1)
    progress = QuietProgress()
    labels = soft_labels_for_student(teacher, roberta, tokenizer, window_set, state_dir=tmp_path, progress=progress)
    labels.check(window_set.windows)
    assert "character offsets" in progress.said[0]
    for window, row in zip(window_set.windows, labels.logits, strict=True):
        passage = window.offsets[:, 0] >= 0
        known = row > EXCLUDED / 2
        assert known[0].all() and known[passage].mean() > 0.6
        assert not known[1:][~passage[1:]].any()


def test_a_teacher_that_cannot_read_such_long_windows_is_refused(
    new_model: NewModel, tokenizer: Tokenizer, roberta: Tokenizer, window_set: WindowSet, tmp_path: Path
) -> None:
    teacher = new_model(vocab_size=roberta.vocab_size, max_positions=100)
    with pytest.raises(ModelError, match="it reads 100"):
        soft_labels_for_student(teacher, roberta, tokenizer, window_set, state_dir=tmp_path, progress=QuietProgress())


def test_tokenizers_that_disagree_on_the_text_are_refused(
    new_model: NewModel, tokenizer: Tokenizer, roberta: Tokenizer, window_set: WindowSet, tmp_path: Path
) -> None:
    backend = Backend.from_str(roberta.json)
    numbers_only = pre_tokenizers.Split(Regex(r"[a-z]+"), "removed")
    backend.pre_tokenizer = pre_tokenizers.Sequence([numbers_only, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    deaf = Tokenizer.from_json(backend.to_str(), family="roberta")
    teacher = new_model(vocab_size=deaf.vocab_size)
    with pytest.raises(ModelError, match="no counterpart"):
        soft_labels_for_student(teacher, deaf, tokenizer, window_set, state_dir=tmp_path, progress=QuietProgress())


def test_intermediate_distillation_across_tokenizers_is_refused(tokenizer: Tokenizer, roberta: Tokenizer) -> None:
    require_same_tokens(tokenizer, tokenizer)
    with pytest.raises(ModelError, match="token by token") as error:
        require_same_tokens(tokenizer, roberta)
    assert "prediction distillation" in str(error.value.hint)
