"""Question-passage pairs as windows of tokens, without padding.

A passage that does not fit beside its question is cut into windows that overlap by ``stride`` tokens, exactly
as the fast tokenizers of Hugging Face do with ``truncation="only_second"`` and ``return_overflowing_tokens``
(there, too, ``stride`` is the overlap; the original BERT code means the step by it). On the full SQuAD 1.1
dev set BERT-uncased gives 10,784 windows at 384 / 128.

::

    BERT     [CLS] question [SEP] passage [SEP]          token types 0..0 1..1
    RoBERTa  <s> question </s></s> passage </s>          token types all 0
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from quantlat.data.examples import Example, QAExample
from quantlat.errors import DataError
from quantlat.progress import Progress, QuietProgress

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend

_CHUNK = 512  # texts per tokenizer call: keeps both cores busy and lets the bar move


class PairTokenizer(Protocol):
    """What windowing needs of a tokenizer; :class:`quantlat.models.tokenizer.Tokenizer` has it."""

    @property
    def backend(self) -> Backend:
        """The fast tokenizer, with neither truncation nor padding switched on."""

    @property
    def cls_token_id(self) -> int:
        """Id of the token in front of the pair."""

    @property
    def sep_token_id(self) -> int:
        """Id of the token between and after the two texts."""

    @property
    def pair_separators(self) -> int:
        """Separators between question and passage."""

    @property
    def uses_token_type_ids(self) -> bool:
        """Whether the passage has token type 1."""


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """One input of the encoder, n real tokens: a question and a stretch of its passage, or a text or pair to classify.

    Attributes:
        example_index: which example of the set this window belongs to.
        input_ids: int64 [n].
        token_type_ids: int64 [n].
        offsets: int32 [n, 2], characters of the passage that a token covers, (-1, -1) for the question and
            special tokens.
        start: position of the first token of the first reference answer; 0 if it is not (wholly) in this
            window.
        end: position of its last token; 0 if it is not in this window.
        label: class of a text, or its rating; 0 for questions.
    """

    example_index: int
    input_ids: NDArray[np.int64]
    token_type_ids: NDArray[np.int64]
    offsets: NDArray[np.int32]
    start: int
    end: int
    label: float = 0

    @property
    def length(self) -> int:
        """Number of real tokens, n."""
        return len(self.input_ids)

    @property
    def has_answer(self) -> bool:
        """Whether the first reference answer lies in this window."""
        return self.end > 0


@dataclass(frozen=True)
class WindowReport:
    """What windowing did.

    Attributes:
        questions: examples windowed: questions or texts.
        windows: windows made.
        truncated_questions: questions cut to the maximum question length, or texts cut to the window.
        unanswerable_windows: windows that do not hold the first reference answer.
        unanswerable_questions: questions none of whose windows holds it (the answer is longer than a window).
        tokens_mean: mean real tokens of a window.
        tokens_median: median of the same.
        tokens_p90: 90th percentile of the same.
        tokens_max: longest window.
    """

    questions: int
    windows: int
    truncated_questions: int
    unanswerable_windows: int
    unanswerable_questions: int
    tokens_mean: float
    tokens_median: float
    tokens_p90: float
    tokens_max: int


@dataclass(frozen=True, eq=False)
class WindowSet:
    """The windows of a set of examples, in the order of the examples.

    Attributes:
        windows: all windows.
        examples: what ``Window.example_index`` counts in.
        report: what windowing did.
        truncated: indices of the examples whose question or text was cut.
        task: what is asked of the examples.
        metric: key of what the answers are judged by; ``None``: the task's usual one.
    """

    windows: tuple[Window, ...]
    examples: tuple[Example, ...]
    report: WindowReport
    truncated: frozenset[int] = frozenset()
    task: str = "question-answering"
    metric: str | None = None

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Real tokens of every window, int64 [windows]."""
        return np.array([window.length for window in self.windows], dtype=np.int64)

    def sample(self, windows: int, *, seed: int) -> WindowSet:
        """Whole examples drawn at random, in their order, until they have at least ``windows`` windows."""
        if windows >= len(self):
            return self
        of_example = np.bincount([w.example_index for w in self.windows], minlength=len(self.examples))
        order = np.random.default_rng(seed).permutation(len(self.examples))
        stop = int(np.searchsorted(np.cumsum(of_example[order]), windows)) + 1
        return self.part(np.sort(order[:stop]).tolist())

    def part(self, examples: Sequence[int]) -> WindowSet:
        """The examples at these ascending positions, with all of their windows."""
        new_index = {old: new for new, old in enumerate(examples)}
        chosen = tuple(
            replace(w, example_index=new_index[w.example_index]) for w in self.windows if w.example_index in new_index
        )
        truncated = frozenset(new_index[i] for i in self.truncated if i in new_index)
        report = report_of(chosen, len(new_index), len(truncated), spans=self.task == "question-answering")
        return WindowSet(chosen, tuple(self.examples[i] for i in new_index), report, truncated, self.task, self.metric)


@dataclass(frozen=True, slots=True)
class _Passage:
    ids: NDArray[np.int64]
    offsets: NDArray[np.int32]


def make_windows(
    examples: Sequence[QAExample],
    tokenizer: PairTokenizer,
    *,
    max_tokens: int = 384,
    stride: int = 128,
    max_question_tokens: int = 64,
    progress: Progress | None = None,
) -> WindowSet:
    """Tokenize questions and passages and assemble every window.

    Args:
        examples: each passage is tokenized once, however many questions it has.
        tokenizer: a fast tokenizer and the layout of its pairs.
        max_tokens: longest window, special tokens included.
        stride: tokens of the passage that neighbouring windows share.
        max_question_tokens: longer questions are cut, and counted.
        progress: shows a bar.

    Raises:
        DataError: a question leaves no room for its passage, or less than the windows of a long passage need
            to advance.
    """
    progress = progress or QuietProgress()
    separators = tokenizer.pair_separators
    contexts = list(dict.fromkeys(example.context for example in examples))
    with progress.task("windows", total=len(contexts) + len(examples), unit="text") as bar:
        passages = {}
        for context, encoding in zip(contexts, _encode(tokenizer, contexts, bar.advance), strict=True):
            offsets = np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2)
            passages[context] = _Passage(np.array(encoding.ids, dtype=np.int64), offsets)
        windows: list[Window] = []
        truncated: set[int] = set()
        questions = [example.question for example in examples]
        encodings = _encode(tokenizer, questions, bar.advance)
        for index, (example, encoding) in enumerate(zip(examples, encodings, strict=True)):
            question = np.array(encoding.ids, dtype=np.int64)
            if len(question) > max_question_tokens:
                truncated.add(index)
                question = question[:max_question_tokens]
            passage = passages[example.context]
            room = max_tokens - len(question) - 2 - separators
            _check_room(example, len(question), len(passage.ids), room, stride)
            head = np.concatenate(([tokenizer.cls_token_id], question, [tokenizer.sep_token_id] * separators))
            answer = _answer_tokens(example, passage)
            for low, high in _ranges(len(passage.ids), room, stride):
                windows.append(_assemble(index, tokenizer, head, passage, low, high, answer))
    report = report_of(windows, len(examples), len(truncated), spans=True)
    return WindowSet(tuple(windows), tuple(examples), report, frozenset(truncated))


def _encode(tokenizer: PairTokenizer, texts: Sequence[str], advance: Any) -> Iterable[Any]:
    for low in range(0, len(texts), _CHUNK):
        chunk = list(texts[low : low + _CHUNK])
        yield from tokenizer.backend.encode_batch(chunk, add_special_tokens=False)
        advance(len(chunk))


def _ranges(tokens: int, room: int, stride: int) -> list[tuple[int, int]]:
    """Token ranges of the passage: full windows that overlap by ``stride``, and what is left."""
    ranges = []
    for low in range(0, max(tokens, 1), room - stride if tokens > room else room):
        ranges.append((low, min(low + room, tokens)))
        if low + room >= tokens:
            break
    return ranges


def _check_room(example: QAExample, question: int, passage: int, room: int, stride: int) -> None:
    if room < 1 or (passage > room and room <= stride):
        raise DataError(
            f"question {example.id!r} ({question} tokens) leaves {max(room, 0)} tokens of a window for its "
            f"passage of {passage} tokens, but more than the overlap of {stride} are needed",
            "Raise data.max_tokens, or lower data.max_question_tokens or data.stride.",
        )


def _answer_tokens(example: QAExample, passage: _Passage) -> tuple[int, int] | None:
    """First and last token of the passage that share a character with the first reference answer."""
    if not example.answers or not len(passage.ids):
        return None
    answer = example.answers[0]
    first = int(np.searchsorted(passage.offsets[:, 1], answer.start, side="right"))
    last = int(np.searchsorted(passage.offsets[:, 0], answer.stop, side="left")) - 1
    return (first, last) if first <= last else None


def _assemble(
    index: int,
    tokenizer: PairTokenizer,
    head: NDArray[np.int64],
    passage: _Passage,
    low: int,
    high: int,
    answer: tuple[int, int] | None,
) -> Window:
    before, size = len(head), len(head) + high - low + 1
    input_ids = np.empty(size, dtype=np.int64)
    input_ids[:before] = head
    input_ids[before:-1] = passage.ids[low:high]
    input_ids[-1] = tokenizer.sep_token_id
    token_type_ids = np.zeros(size, dtype=np.int64)
    if tokenizer.uses_token_type_ids:
        token_type_ids[before:] = 1
    offsets = np.full((size, 2), -1, dtype=np.int32)
    offsets[before:-1] = passage.offsets[low:high]
    start = end = 0
    if answer is not None and low <= answer[0] and answer[1] < high:
        start, end = before + answer[0] - low, before + answer[1] - low
    return Window(index, input_ids, token_type_ids, offsets, start, end)


def report_of(windows: Sequence[Window], questions: int, truncated: int, *, spans: bool) -> WindowReport:
    """Lengths and defects of ``windows``; ``spans``: they are to hold answers."""
    lengths = np.array([window.length for window in windows] or [0])
    answered = {window.example_index for window in windows if window.has_answer}
    return WindowReport(
        questions=questions,
        windows=len(windows),
        truncated_questions=truncated,
        unanswerable_windows=sum(not window.has_answer for window in windows) if spans else 0,
        unanswerable_questions=questions - len(answered) if spans else 0,
        tokens_mean=float(lengths.mean()),
        tokens_median=float(np.median(lengths)),
        tokens_p90=float(np.percentile(lengths, 90)),
        tokens_max=int(lengths.max()),
    )
