"""A small WordPiece tokenizer for models with random weights, trained on the embedded passages in a second."""

from __future__ import annotations

from functools import lru_cache

from tokenizers import Tokenizer as Backend
from tokenizers import models, normalizers, pre_tokenizers, trainers

from quantlat.models.tokenizer import Tokenizer


@lru_cache(maxsize=4)
def train_tokenizer(family: str, vocab_size: int = 4096) -> Tokenizer:
    """WordPiece with BERT's layout, or the same vocabulary with RoBERTa's special tokens."""
    from quantlat.data.embedded import generate

    train, dev = generate(300, 60, 7)
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] if family == "roberta" else []
    names = names or ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    unknown = "<unk>" if family == "roberta" else "[UNK]"
    backend = Backend(models.WordPiece(unk_token=unknown))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=vocab_size, special_tokens=names, show_progress=False)
    texts = [text for example in train + dev for text in (example.context, example.question)]
    backend.train_from_iterator(texts, trainer)
    return Tokenizer.from_json(backend.to_str(), family=family)
