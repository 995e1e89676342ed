"""Texts and pairs of texts as windows of tokens, without padding; one window each.

::

    BERT     [CLS] text [SEP]      [CLS] text [SEP] pair [SEP]         token types 0..0 1..1
    RoBERTa  <s> text </s>         <s> text </s></s> pair </s>         token types all 0

What does not fit is cut off at the end, of a pair the longer text first (``truncation="longest_first"`` of Hugging
Face, in its fast tokenizers, gives the same).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quantlat.data.examples import RatedExample, TextExample
from quantlat.data.windows import PairTokenizer, Window, WindowSet, report_of
from quantlat.errors import DataError
from quantlat.progress import Progress, QuietProgress

TEXT_CLASSIFICATION = "text-classification"
TEXT_REGRESSION = "text-regression"
EMBEDDING = "embedding"
_CHUNK = 512  # texts per tokenizer call: keeps both cores busy and lets the bar move


def make_text_windows(
    examples: Sequence[TextExample],
    tokenizer: PairTokenizer,
    *,
    max_tokens: int = 128,
    task: str = TEXT_CLASSIFICATION,
    metric: str | None = None,
    progress: Progress | None = None,
) -> WindowSet:
    """Tokenize texts; window i belongs to example i.

    Args:
        task: what is asked of the texts.
        metric: what the answers are judged by; ``None``: the task's usual one.
        max_tokens: longest window, special tokens included; longer texts are cut, and counted.
        progress: shows a bar.

    Raises:
        DataError: ``max_tokens`` leaves no room for a text.
    """
    progress = progress or QuietProgress()
    windows: list[Window] = []
    truncated: set[int] = set()
    with progress.task("windows", total=len(examples), unit="text") as bar:
        for low in range(0, len(examples), _CHUNK):
            chunk = examples[low : low + _CHUNK]
            firsts = _encode(tokenizer, [example.text for example in chunk])
            seconds = iter(_encode(tokenizer, [e.text_pair for e in chunk if e.text_pair is not None]))
            for index, (example, first) in enumerate(zip(chunk, firsts, strict=True), start=low):
                parts = [first] if example.text_pair is None else [first, next(seconds)]
                label = example.rating if isinstance(example, RatedExample) else example.label
                window = assemble(index, parts, tokenizer, max_tokens, label)
                if window.length < sum(map(len, parts)) + _specials(parts, tokenizer):
                    truncated.add(index)
                windows.append(window)
            bar.advance(len(chunk))
    report = report_of(windows, len(examples), len(truncated), spans=False)
    return WindowSet(tuple(windows), tuple(examples), report, frozenset(truncated), task, metric)


def assemble(
    index: int, parts: Sequence[Sequence[int]], tokenizer: PairTokenizer, max_tokens: int, label: float = 0
) -> Window:
    """One window of one or two tokenized texts, cut to ``max_tokens``.

    Raises:
        DataError: ``max_tokens`` leaves no room for a text.
    """
    room = max_tokens - _specials(parts, tokenizer)
    if room < len(parts):
        raise DataError(f"windows of {max_tokens} tokens leave no room for a text", "Raise data.max_tokens.")
    cut = _cut(parts, room)
    ids = [tokenizer.cls_token_id, *cut[0]]
    before = len(ids) + tokenizer.pair_separators
    if len(cut) == 2:
        ids += [tokenizer.sep_token_id] * tokenizer.pair_separators
        ids += cut[1]
    ids.append(tokenizer.sep_token_id)
    types = np.zeros(len(ids), np.int64)
    if tokenizer.uses_token_type_ids and len(cut) == 2:
        types[before:] = 1
    return Window(index, np.array(ids, np.int64), types, np.full((len(ids), 2), -1, np.int32), 0, 0, label)


def _encode(tokenizer: PairTokenizer, texts: Sequence[str]) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.backend.encode_batch(list(texts), add_special_tokens=False)]


def _specials(parts: Sequence[Sequence[int]], tokenizer: PairTokenizer) -> int:
    return 2 + (tokenizer.pair_separators if len(parts) == 2 else 0)


def _cut(parts: Sequence[Sequence[int]], room: int) -> list[Sequence[int]]:
    """Cut one or two texts to ``room`` tokens together, the longer one first."""
    if sum(map(len, parts)) <= room:
        return list(parts)
    if len(parts) == 1:
        return [parts[0][:room]]
    first, second = map(len, parts)
    shorter = min(first, second, room // 2)
    sizes = (shorter, room - shorter) if first <= second else (room - shorter, shorter)
    return [part[:size] for part, size in zip(parts, sizes, strict=True)]
