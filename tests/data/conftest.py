"""Small real objects: passages, tokenizers trained on them, and real SQuAD where QUANTLAT_DATA has it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from quantlat.data import Answer, QAExample, read_squad
from quantlat.models.tokenizer import Tokenizer

LIGHTHOUSE = (
    "The lighthouse of Skerrow was lit on 4 March 1871. Its first keeper, Anna Brodie, climbed 212 steps "
    "every evening; she earned £38 a year. The naïve façade — built of “grey” granite — survived the storm "
    "of 1903, which took the boathouse, two cranes and the keeper's café."
)
ORCHARD = (
    "Orchards around Velden grow 14 kinds of pear. The oldest trees stand behind the abbey and were planted "
    "by Brother Matthias in 1688, when a barrel of perry cost three groschen."
)


def ask(name: str, question: str, context: str, answer: str, title: str = "Places") -> QAExample:
    return QAExample(name, question, context, (Answer(answer, context.index(answer)),), title)


@pytest.fixture(scope="session")
def questions() -> tuple[QAExample, ...]:
    return (
        ask("q1", "When was the lighthouse of Skerrow lit?", LIGHTHOUSE, "4 March 1871"),
        ask("q2", "Who was its first keeper?", LIGHTHOUSE, "Anna Brodie"),
        ask("q3", "What did the storm of 1903 take besides the boathouse?", LIGHTHOUSE, "two cranes"),
        ask("q4", "What was the façade built of?", LIGHTHOUSE, "“grey” granite"),
        ask("q5", "How many kinds of pear grow around Velden?", ORCHARD, "14", "Fruit"),
        ask("q6", "Who planted the oldest trees?", ORCHARD, "Brother Matthias", "Fruit"),
    )


def trained(family: str) -> Backend:
    """A tokenizer of a few hundred pieces with BERT's or RoBERTa's pipeline, post-processor included."""
    if family == "bert":
        backend = Backend(models.WordPiece(unk_token="[UNK]"))
        backend.normalizer = normalizers.BertNormalizer(lowercase=True)
        backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
        trainer = trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False)
        backend.train_from_iterator([LIGHTHOUSE, ORCHARD], trainer)
        backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        return backend
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([LIGHTHOUSE, ORCHARD], trainer)
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return backend


def hugging_face(family: str, backend: Backend) -> PreTrainedTokenizerFast:
    """The same backend inside ``transformers``, which does the windowing there."""
    names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    if family == "roberta":
        names = {"pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=Backend.from_str(backend.to_str()), **names)


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_json(trained("bert").to_str(), family="bert")


@pytest.fixture(scope="session")
def squad_folder() -> Path:
    root = os.environ.get("QUANTLAT_DATA")
    if not root or not (Path(root) / "squad" / "dev.json").is_file():
        pytest.skip("needs real SQuAD: QUANTLAT_DATA is not set, or has no squad/dev.json")
    return Path(root) / "squad"


@pytest.fixture(scope="session")
def squad_dev(squad_folder: Path) -> tuple[QAExample, ...]:
    return read_squad(squad_folder / "dev.json").examples


@pytest.fixture(scope="session")
def bert_folder(squad_folder: Path) -> Path:
    """A checkpoint folder with the tokenizer.json of BERT-uncased."""
    root = os.environ.get("QUANTLAT_MODELS") or squad_folder.parent.parent / "models"
    folder = Path(root) / "minilm-l6-squad"
    if not (folder / "tokenizer.json").is_file():
        pytest.skip("needs minilm-l6-squad/tokenizer.json under QUANTLAT_MODELS")
    return folder
