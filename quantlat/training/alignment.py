"""Soft labels of a teacher that reads with another tokenizer.

Student and teacher must read the same characters to be compared. With the same vocabulary and layout they
read the same tokens, and the teacher's logits are used as they are. Otherwise each student window is cut
again for the teacher (same question, same stretch of the passage) and the teacher's logits are carried over
by character offsets::

    passage             the  quarterback   was  Peyton  Manning
    student             the  quarter ##back was peyton  manning
    teacher             the  quarterback   was  P eyton Manning
    start logit from    the  quarterback – was  P       Manning    covers the first character
    end logit from      the  – quarterback was  eyton   Manning    covers the last character

A teacher token that spans several student tokens can start an answer only at the first of them and end one
only at the last, so its probability is not counted twice. ``[CLS]`` maps to ``[CLS]`` ("no answer here");
question and separators cannot be answers and get no probability. Hidden states and attention of different
tokens have no common measure, so intermediate distillation is refused. Texts to classify need no alignment: the
teacher reads each in its own tokens, and classes are the same for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quantlat.data.examples import QAExample, TextExample
from quantlat.data.text_windows import make_text_windows
from quantlat.data.windows import Window, WindowSet
from quantlat.errors import ModelError
from quantlat.models import TaskModel, Tokenizer
from quantlat.progress import Progress
from quantlat.training.device import Precision
from quantlat.training.losses import EXCLUDED
from quantlat.training.soft_labels import SoftLabels, compute_soft_labels

_CHUNK = 512
_MIN_COVERED = 0.95  # below it, the tokenizers disagree on what the text is


def reads_alike(student: Tokenizer, teacher: Tokenizer) -> bool:
    """True when both turn every question-passage pair into the same ids in the same layout."""
    return (
        student.same_vocabulary(teacher)
        and student.pair_separators == teacher.pair_separators
        and student.cls_token_id == teacher.cls_token_id
        and student.sep_token_id == teacher.sep_token_id
    )


def require_same_tokens(student: Tokenizer, teacher: Tokenizer, step: str = "intermediate") -> None:
    """Refuse what compares states token by token when the tokens differ.

    Args:
        step: key of the recipe that asks for it, for the error.

    Raises:
        ModelError: the tokenizers differ.
    """
    if not reads_alike(student, teacher):
        raise ModelError(
            f"{step} distillation compares hidden states token by token, but the student's tokenizer "
            f"({student.vocab_size} tokens) and the teacher's ({teacher.vocab_size} tokens) cut text differently",
            f"Set stages.distillation.{step} to null (prediction distillation aligns different tokenizers), or "
            "pick a teacher with the student's tokenizer.",
        )


def soft_labels_for_student(
    teacher: TaskModel,
    teacher_tokenizer: Tokenizer,
    student_tokenizer: Tokenizer,
    window_set: WindowSet,
    *,
    state_dir: Path,
    progress: Progress,
    batch_size: int = 16,
    precision: Precision = "auto",
) -> SoftLabels:
    """The teacher's logits for the student's windows.

    Args:
        window_set: windows made with the student's tokenizer.

    Raises:
        ModelError: a window is too long for the teacher in its own tokens, or the texts cannot be aligned.
    """
    same = reads_alike(student_tokenizer, teacher_tokenizer)
    windows = window_set.windows if same else _read_again(window_set, teacher, teacher_tokenizer)
    _check_fits(teacher, windows)
    labels = compute_soft_labels(
        teacher,
        windows,
        pad_token_id=teacher.config.pad_token_id,
        state_dir=state_dir,
        progress=progress,
        batch_size=batch_size,
        precision=precision,
        name="teacher's soft labels",
    )
    if same or labels.one_row_each:
        return labels
    progress.say("the teacher's tokenizer differs from the student's: its logits are aligned by character offsets")
    carried, lost, total = [], 0, 0
    for mine, theirs, logits in zip(window_set.windows, windows, labels.logits, strict=True):
        alignment = align(mine.offsets, theirs.offsets)
        carried.append(alignment.carry(logits))
        lost, total = lost + alignment.uncovered, total + alignment.passage_tokens
    if lost > (1.0 - _MIN_COVERED) * total:
        raise ModelError(
            f"{lost} of {total} passage tokens of the student have no counterpart in the teacher's tokenization "
            f"(at most {1.0 - _MIN_COVERED:.0%} may lack one)",
            "The tokenizers normalise text too differently; pick a teacher with the student's tokenizer.",
        )
    return SoftLabels(tuple(carried), labels.tokens_per_second)


def _read_again(window_set: WindowSet, teacher: TaskModel, tokenizer: Tokenizer) -> tuple[Window, ...]:
    """The same examples in the teacher's tokens."""
    texts = [example for example in window_set.examples if isinstance(example, TextExample)]
    if texts:
        return make_text_windows(texts, tokenizer, max_tokens=teacher.config.max_positions).windows
    return teacher_windows(window_set, tokenizer)


@dataclass(frozen=True, eq=False)
class Alignment:
    """Which teacher token speaks for each student token.

    Attributes:
        starts: int64 ``[n]``, teacher token whose start logit the student token takes; -1 for none.
        ends: int64 ``[n]``, the same for end logits.
        passage_tokens: student tokens that belong to the passage.
        uncovered: passage tokens whose first or last character no teacher token covers.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    passage_tokens: int
    uncovered: int

    def carry(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Teacher logits ``[m, 2]`` -> fp32 ``[n, 2]`` for the student's tokens."""
        carried = np.full((len(self.starts), 2), EXCLUDED, dtype=np.float32)
        for column, sources in enumerate((self.starts, self.ends)):
            known = sources >= 0
            carried[known, column] = logits[sources[known], column]
        return carried


def align(student: NDArray[np.int32], teacher: NDArray[np.int32]) -> Alignment:
    """Align two tokenizations of one text by character offsets.

    Args:
        student: ``[n, 2]`` characters covered by each token, (-1, -1) for the question and special tokens.
        teacher: ``[m, 2]`` likewise.
    """
    passage = np.flatnonzero(student[:, 0] >= 0)
    starts = np.full(len(student), -1, dtype=np.int64)
    ends = starts.copy()
    first = _covering(teacher, student[passage, 0])
    last = _covering(teacher, student[passage, 1] - 1, last=True)
    uncovered = int(((first < 0) | (last < 0)).sum())
    # Only the first student token of a teacher token may start with it, only the last may end with it.
    starts[passage] = np.where(np.r_[True, first[1:] != first[:-1]], first, -1)
    ends[passage] = np.where(np.r_[last[1:] != last[:-1], True], last, -1)
    starts[0] = ends[0] = 0
    return Alignment(starts, ends, len(passage), uncovered)


def teacher_windows(window_set: WindowSet, tokenizer: Tokenizer) -> tuple[Window, ...]:
    """The student's windows in the teacher's tokens: same question, same stretch of the passage.

    They carry no labels. Questions are read whole, also those that were too long for the student's windows.
    """
    examples = [example for example in window_set.examples if isinstance(example, QAExample)]
    passages = _encode(tokenizer, [example.context for example in examples])
    questions = _encode(tokenizer, [example.question for example in examples])
    windows = []
    for window in window_set.windows:
        ids, offsets = passages[examples[window.example_index].context]
        covered = window.offsets[window.offsets[:, 0] >= 0]
        if len(covered):
            inside = (offsets[:, 1] > covered[:, 0].min()) & (offsets[:, 0] < covered[:, 1].max())
            ids, offsets = ids[inside], offsets[inside]
        question = questions[examples[window.example_index].question][0]
        windows.append(_assemble(window.example_index, tokenizer, question, ids, offsets))
    return tuple(windows)


_Encoded = tuple[NDArray[np.int64], NDArray[np.int32]]


def _encode(tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, _Encoded]:
    """Ids and character offsets of every distinct text."""
    distinct = list(dict.fromkeys(texts))
    encoded = {}
    for low in range(0, len(distinct), _CHUNK):
        chunk = distinct[low : low + _CHUNK]
        for text, encoding in zip(chunk, tokenizer.backend.encode_batch(chunk, add_special_tokens=False), strict=True):
            offsets = np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2)
            encoded[text] = (np.array(encoding.ids, dtype=np.int64), offsets)
    return encoded


def _assemble(
    index: int,
    tokenizer: Tokenizer,
    question: NDArray[np.int64],
    passage: NDArray[np.int64],
    passage_offsets: NDArray[np.int32],
) -> Window:
    cls, separator = [tokenizer.cls_token_id], [tokenizer.sep_token_id]
    head = np.concatenate((cls, question, separator * tokenizer.pair_separators)).astype(np.int64)
    input_ids = np.concatenate((head, passage, separator)).astype(np.int64)
    token_type_ids = np.zeros(len(input_ids), dtype=np.int64)
    if tokenizer.uses_token_type_ids:
        token_type_ids[len(head) :] = 1
    offsets = np.full((len(input_ids), 2), -1, dtype=np.int32)
    offsets[len(head) : -1] = passage_offsets
    return Window(index, input_ids, token_type_ids, offsets, 0, 0)


def _check_fits(teacher: TaskModel, windows: Sequence[Window]) -> None:
    limit = teacher.config.max_positions
    long = [window.length for window in windows if window.length > limit]
    if long:
        raise ModelError(
            f"{len(long)} windows have up to {max(long)} tokens in the teacher's tokenization, but it reads {limit}",
            "Lower data.max_tokens.",
        )


def _covering(tokens: NDArray[np.int32], characters: NDArray[np.int32], *, last: bool = False) -> NDArray[np.int64]:
    """Index of the token that covers each character position, -1 where none does.

    Byte-level tokenizers cut one character into several tokens of equal offsets; ``last`` picks among those.
    """
    places = np.flatnonzero(tokens[:, 1] > tokens[:, 0])
    if not len(places):
        return np.full(len(characters), -1, dtype=np.int64)
    spans = tokens[places]
    after = np.searchsorted(spans[:, 0], characters, side="right") - 1
    found = np.clip(after, 0, None)
    inside = (after >= 0) & (characters < spans[found, 1])
    if not last:
        found = np.searchsorted(spans[:, 0], spans[found, 0], side="left")
    return np.where(inside, places[found], -1).astype(np.int64)
