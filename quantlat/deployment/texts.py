"""Texts and pairs of texts as windows of the encoder."""

from __future__ import annotations

import numpy as np

from quantlat.data.windows import Window
from quantlat.deployment.requests import check_text
from quantlat.models.tokenizer import Tokenizer


def text_window(tokenizer: Tokenizer, max_tokens: int, text: str, text_pair: str | None = None) -> Window:
    """One window ``[CLS] text [SEP]`` or ``[CLS] text [SEP] pair [SEP]``; the longer text is cut first.

    Raises:
        DataError: not text.
    """
    check_text("text", text)
    if text_pair is not None:
        check_text("text_pair", text_pair)
    texts = [text] if text_pair is None else [text, text_pair]
    parts = [list(encoding.ids) for encoding in tokenizer.backend.encode_batch(texts, add_special_tokens=False)]
    separators = 1 + (tokenizer.pair_separators if text_pair is not None else 0)
    parts = _cut(parts, max_tokens - 1 - separators)
    ids = [tokenizer.cls_token_id, *parts[0]]
    if text_pair is not None:
        ids += [tokenizer.sep_token_id] * tokenizer.pair_separators
    first = len(ids) if text_pair is not None else len(ids) + 1
    ids += [*(parts[1] if text_pair is not None else ()), tokenizer.sep_token_id]
    types = np.zeros(len(ids), np.int64)
    if tokenizer.uses_token_type_ids:
        types[first:] = 1
    offsets = np.full((len(ids), 2), -1, np.int32)
    return Window(0, np.array(ids, np.int64), types, offsets, 0, 0)


def _cut(parts: list[list[int]], room: int) -> list[list[int]]:
    """Cut one or two texts to ``room`` tokens together, the longer one first."""
    if sum(map(len, parts)) <= room:
        return parts
    shorter = 0 if len(parts) == 1 else min(*map(len, parts), room // 2)
    sizes = [min(len(part), max(shorter, room - shorter)) for part in parts]
    if sum(sizes) > room:  # both are longer than half of the room
        sizes[1:] = [room - sizes[0]]
    return [part[:size] for part, size in zip(parts, sizes, strict=True)]
