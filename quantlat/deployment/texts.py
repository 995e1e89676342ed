"""Texts and pairs of texts as windows of the encoder, cut as those that the model was trained on."""

from __future__ import annotations

from quantlat.data.text_windows import assemble
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
    encodings = tokenizer.backend.encode_batch(texts, add_special_tokens=False)
    return assemble(0, [encoding.ids for encoding in encodings], tokenizer, max_tokens)
