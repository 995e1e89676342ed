"""A small WordPiece tokenizer for models with random weights, made from the embedded passages in a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tokenizers import Tokenizer as Backend
from tokenizers import models, normalizers, pre_tokenizers

from quantlat.models.tokenizer import Tokenizer

_LONGEST_PIECE = 6


@lru_cache(maxsize=4)
def train_tokenizer(family: str, vocab_size: int = 4096) -> Tokenizer:
    """WordPiece with BERT's layout, or the same vocabulary with RoBERTa's special tokens; always the same one.

    The trainer of ``tokenizers`` numbers its pieces in the order of a hash table that is another in every process; so
    the vocabulary is chosen here.
    """
    from quantlat.data.embedded import generate

    train, dev = generate(300, 60, 7)
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] if family == "roberta" else []
    names = names or ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    unknown = "<unk>" if family == "roberta" else "[UNK]"
    normalizer, splitter = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    texts = [text for example in train + dev for text in (example.context, example.question)]
    words = Counter(word for text in texts for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)))
    vocabulary = {piece: i for i, piece in enumerate([*names, *_choose_pieces(words, vocab_size - len(names))])}
    backend = Backend(models.WordPiece(vocabulary, unk_token=unknown))
    backend.normalizer, backend.pre_tokenizer = normalizer, splitter
    backend.add_special_tokens(names)
    return Tokenizer.from_json(backend.to_str(), family=family)


def _choose_pieces(words: Counter[str], limit: int) -> Sequence[str]:
    """Every character, inside a word and at its start, then the pieces that save the most tokens."""
    characters = sorted({character for word in words for character in word})
    single = [*characters, *(f"##{character}" for character in characters)]
    saved: Counter[str] = Counter()
    for word, count in words.items():
        for piece in _pieces(word):
            saved[piece] += count * (len(piece.removeprefix("##")) - 1)
    best = sorted(saved, key=lambda piece: (-saved[piece], piece))
    return [*single, *best][: max(limit, len(single))]


def _pieces(word: str) -> Iterable[str]:
    """The whole word, and its beginnings and endings of two characters or more."""
    inner = range(2, min(len(word), _LONGEST_PIECE + 1))
    return {word, *(word[:k] for k in inner), *(f"##{word[-k:]}" for k in inner)} - {word[:1]}
