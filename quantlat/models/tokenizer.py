"""A tokenizer as the data room needs it: the fast backend and the few ids around it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer as Backend

from quantlat.errors import ModelError

_MAX_BYTES = 64 * 2**20
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True)
class Tokenizer:
    """``tokenizers`` backend without truncation or padding, and the layout of a question-passage pair.

    Attributes:
        pair_separators: separators between question and passage: 1 in ``[CLS] q [SEP] c [SEP]`` (BERT), 2 in
            ``<s> q </s></s> c </s>`` (RoBERTa).
        uses_token_type_ids: whether the passage has token type 1.
        json: the ``tokenizer.json`` text, for saving.
        lowercase: whether the backend lower-cases (only informative).
    """

    backend: Backend
    cls_token_id: int
    sep_token_id: int
    pad_token_id: int
    pair_separators: int
    uses_token_type_ids: bool
    json: str

    @property
    def vocab_size(self) -> int:
        """Number of ids, added tokens included."""
        return int(self.backend.get_vocab_size(with_added_tokens=True))

    def same_vocabulary(self, other: Tokenizer) -> bool:
        """True when both map every text to the same ids."""
        return self.json == other.json or (
            self.backend.get_vocab() == other.backend.get_vocab()
            and _model_settings(self.json) == _model_settings(other.json)
        )

    def save(self, folder: Path) -> None:
        """Write ``tokenizer.json`` and the small ``tokenizer_config.json`` that ``transformers`` wants."""
        (folder / "tokenizer.json").write_text(self.json, encoding="utf-8")
        names = {role: self.backend.id_to_token(i) for role, i in self._special_ids().items()}
        style = "RobertaTokenizer" if self.pair_separators == 2 else "BertTokenizer"
        config = {"tokenizer_class": style, "model_max_length": 512, **names}
        if style == "BertTokenizer":
            normalizer = json.loads(self.json).get("normalizer") or {}
            config["do_lower_case"] = bool(normalizer.get("lowercase", True))
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")

    def _special_ids(self) -> dict[str, int]:
        ids = {"cls_token": self.cls_token_id, "sep_token": self.sep_token_id, "pad_token": self.pad_token_id}
        for role, candidates in {"unk_token": ("[UNK]", "<unk>"), "mask_token": ("[MASK]", "<mask>")}.items():
            found = [i for name in candidates if (i := self.backend.token_to_id(name)) is not None]
            if found:
                ids[role] = found[0]
        return ids

    @classmethod
    def from_json(cls, text: str, *, family: str) -> Tokenizer:
        """Build from the text of a ``tokenizer.json``.

        Raises:
            ModelError: not a tokenizer, or one without the special tokens of its family.
        """
        try:
            backend = Backend.from_str(text)
        except Exception as error:  # the Rust side raises plain Exception for every defect
            raise ModelError(f"tokenizer.json cannot be read: {error}", "The file is damaged.") from None
        backend.no_padding()
        backend.no_truncation()
        roberta = family == "roberta"
        wanted = ("<s>", "</s>", "<pad>") if roberta else ("[CLS]", "[SEP]", "[PAD]")
        ids = {token: i for token in wanted if (i := backend.token_to_id(token)) is not None}
        missing = [token for token in wanted if token not in ids]
        if missing:
            raise ModelError(f"the tokenizer has no {missing[0]} token, which a {family} encoder needs")
        return cls(
            backend=backend,
            cls_token_id=ids[wanted[0]],
            sep_token_id=ids[wanted[1]],
            pad_token_id=ids[wanted[2]],
            pair_separators=2 if roberta else 1,
            uses_token_type_ids=family in ("bert", "mobilebert"),
            json=text,
        )

    @classmethod
    def from_folder(cls, folder: Path, *, family: str) -> Tokenizer:
        """Read ``tokenizer.json``, or convert an older ``vocab.txt`` / ``vocab.json`` through ``transformers``."""
        path = folder / "tokenizer.json"
        if path.is_file():
            if path.stat().st_size > _MAX_BYTES:
                raise ModelError(f"{path} is larger than {_MAX_BYTES >> 20} MiB; refusing to read it")
            return cls.from_json(path.read_text(encoding="utf-8"), family=family)
        if not any((folder / name).is_file() for name in ("vocab.txt", "vocab.json")):
            raise ModelError(
                f"{folder} has no tokenizer.json, vocab.txt or vocab.json",
                "Copy the tokenizer files of the checkpoint into the folder.",
            )
        from transformers import AutoTokenizer

        fast = AutoTokenizer.from_pretrained(str(folder), use_fast=True, trust_remote_code=False)
        return cls.from_json(fast.backend_tokenizer.to_str(), family=family)


def _model_settings(text: str) -> dict[str, Any]:
    parsed = json.loads(text)
    return {"normalizer": parsed.get("normalizer"), "pre_tokenizer": parsed.get("pre_tokenizer")}
