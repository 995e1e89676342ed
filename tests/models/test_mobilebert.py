"""MobileBERT checkpoints give Hugging Face's logits, export back, and drop tokens inside their blocks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import MobileBertConfig, MobileBertForQuestionAnswering, MobileBertForSequenceClassification

from quantlat.errors import ModelError
from quantlat.models import EncoderConfig, QAModel, build_model, load_folder, macs, save_huggingface
from quantlat.models.bottleneck import Bottleneck
from quantlat.models.elastic import significance
from quantlat.models.mobilebert import MobileBertLayer
from quantlat.models.random_tokenizer import train_tokenizer

SIZES: dict[str, Any] = {
    "vocab_size": 4096,
    "max_position_embeddings": 80,
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "intra_bottleneck_size": 32,
    "embedding_size": 24,
}
VARIANTS: dict[str, dict[str, Any]] = {
    "mobilebert": {},
    "ib-bert": {"normalization_type": "layer_norm", "num_feedforward_networks": 1, "hidden_act": "gelu"},
    "bottlenecked attention": {"use_bottleneck_attention": True},
    "without neighbours": {"trigram_input": False},
}
CONFIG = EncoderConfig("mobilebert", 200, 64, 4, 2, 48, 96, 2, activation="relu", bottleneck=Bottleneck(32, 24, 3))


def fill(model: nn.Module) -> None:
    """Weights with which attention differs from token to token, so that rounding decides no order."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.7 / parameter.size(1) ** 0.5 if "embeddings" not in name else 0.3)
            elif name.endswith("weight"):
                nn.init.normal_(parameter, mean=0.7, std=0.1)
            else:
                nn.init.normal_(parameter, std=0.1)


def checkpoint(kind: type, folder: Path, **fields: Any) -> Path:
    """Random weights that make logits of size one; ``[PAD]`` is embedded as zeros, as Hugging Face initialises it."""
    torch.manual_seed(5)
    model = kind(MobileBertConfig(**{**SIZES, **fields})).eval()
    fill(model)
    with torch.no_grad():
        model.mobilebert.embeddings.word_embeddings.weight[0] = 0.0
    model.save_pretrained(folder)
    train_tokenizer("bert").save(folder)
    return folder


def batch(*tokens: int) -> dict[str, Tensor]:
    ids = torch.randint(10, 4000, (len(tokens), max(tokens)), generator=torch.Generator().manual_seed(1))
    mask = (torch.arange(max(tokens))[None, :] < torch.tensor(tokens)[:, None]).long()
    types = (torch.arange(max(tokens)) >= 6).long().expand_as(ids) * mask
    return {"input_ids": ids * mask, "attention_mask": mask, "token_type_ids": types}


def theirs(kind: Any, folder: Path, inputs: dict[str, Tensor]) -> Tensor:
    with torch.no_grad():
        output = kind.from_pretrained(folder).eval()(**inputs)
    if "start_logits" not in output:
        return output.logits  # type: ignore[no-any-return]
    return torch.stack([output.start_logits, output.end_logits], -1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_question_answering_logits_and_export(variant: str, tmp_path: Path) -> None:
    folder = checkpoint(MobileBertForQuestionAnswering, tmp_path / "theirs", **VARIANTS[variant])
    loaded, inputs = load_folder(folder), batch(40, 31, 7)
    real = inputs["attention_mask"].bool()
    expected = theirs(MobileBertForQuestionAnswering, folder, inputs)[real]
    with torch.no_grad():
        assert loaded.has_task_head and expected.std() > 0.05
        assert torch.allclose(loaded.model(*inputs.values())[real], expected, atol=1e-5)
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path / "ours")
    exported = theirs(MobileBertForQuestionAnswering, tmp_path / "ours", inputs)[real]
    assert torch.allclose(exported, expected, atol=1e-6)
    assert load_folder(tmp_path / "ours").config == loaded.config


@pytest.mark.parametrize("pooler", [False, True])
def test_classification_logits_and_export(pooler: bool, tmp_path: Path) -> None:
    kind, inputs = MobileBertForSequenceClassification, batch(40, 31, 7)
    folder = checkpoint(kind, tmp_path / "theirs", num_labels=5, classifier_activation=pooler)
    loaded = load_folder(folder, task="text-classification")
    expected = theirs(kind, folder, inputs)
    with torch.no_grad():
        assert torch.allclose(loaded.model(*inputs.values()), expected, atol=1e-5)
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path / "ours")
    assert torch.allclose(theirs(kind, tmp_path / "ours", inputs), expected, atol=1e-6)


def filled(config: EncoderConfig = CONFIG) -> QAModel:
    torch.manual_seed(0)
    model = build_model(config, "question-answering")
    assert isinstance(model, QAModel)
    fill(model)
    return model.eval().requires_grad_(False)


def small(*tokens: int) -> tuple[Tensor, Tensor, Tensor]:
    inputs = batch(*tokens)
    return inputs["input_ids"] % CONFIG.vocab_size, inputs["attention_mask"], inputs["token_type_ids"]


def test_the_other_sequences_of_a_batch_change_nothing() -> None:
    model = filled()
    together = model(*small(40, 9))
    ids, mask, types = small(40, 9)
    alone = model(ids[1:, :9], mask[1:, :9], types[1:, :9])
    assert model.encoder.embeddings.word.weight[0].abs().max() > 0.1  # what a neighbouring [PAD] would add
    assert torch.allclose(together[1:, :9], alone, atol=1e-6)


def reference_forward(model: QAModel, ids: Tensor, types: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """A block with dropping written down once more, for one sequence."""
    encoder = model.encoder
    hidden = encoder.embeddings(ids[None], types[None], torch.ones(1, len(ids), dtype=torch.bool))[0]
    alive, restored = torch.arange(len(ids)), hidden.clone()
    for layer, keep in zip(encoder.layers, lengths, strict=True):
        assert isinstance(layer, MobileBertLayer)
        a, b = layer.attention, layer.bottleneck
        assert b.shared is not None
        matched = b.shared_norm(b.shared(hidden))
        q, k, v = (linear(x).view(-1, 2, 16) for linear, x in ((a.query, matched), (a.key, matched), (a.value, hidden)))
        probabilities = torch.einsum("qhd,khd->hqk", q, k).div(4.0).softmax(-1)
        received = probabilities.sum((0, 1))
        order = sorted(range(1, len(alive)), key=lambda j: -float(received[j]))
        chosen = torch.tensor(sorted([0, *order[: keep - 1]]))
        context = torch.einsum("hqk,khd->qhd", probabilities, v).reshape(-1, 32)[chosen]
        narrow = a.norm(b.input_norm(b.input(hidden[chosen])) + a.output(context))
        for feed_forward in (*layer.stack, layer.feed_forward):
            narrow = feed_forward.norm(narrow + feed_forward.down(torch.relu(feed_forward.up(narrow))))
        hidden = b.output_norm(hidden[chosen] + b.output(narrow))
        alive = alive[chosen]
        restored[alive] = hidden
    return model.qa_outputs(restored)


@pytest.mark.parametrize("lengths", [(30, 30, 30, 30), (27, 20, 11, 4), (30, 12, 12, 2)])
def test_dropping_in_the_blocks_equals_the_reference(lengths: tuple[int, ...]) -> None:
    model, (ids, mask, types) = filled(), small(30)
    expected = reference_forward(model, ids[0], types[0], lengths)
    assert torch.allclose(model(ids, mask, types, torch.tensor(lengths))[0], expected, atol=1e-5)


def test_whole_lengths_equal_the_plain_pass_and_dropping_does_not() -> None:
    model, inputs = filled(), small(30, 30)
    whole, dropped = torch.full((4,), 30), torch.tensor([30, 10, 10, 5])
    assert torch.allclose(model(*inputs, whole), model(*inputs), atol=1e-6)
    assert (model(*inputs, dropped) - model(*inputs)).abs().max() > 1e-3
    each = torch.stack([whole, dropped])
    together = model(*inputs, each)
    assert torch.allclose(together[0], model(*inputs)[0], atol=1e-5)
    assert torch.allclose(together[1], model(*inputs, dropped)[1], atol=1e-5)


def test_observation_gives_the_scores_that_attention_uses() -> None:
    model, inputs = filled(), small(30)
    seen = model.encoder.observe(*inputs)
    assert torch.allclose(model.head(seen.hidden_states[-1], inputs[1]), model(*inputs), atol=1e-6)
    received = significance(seen.scores[0].softmax(-1), inputs[1].bool())
    assert received[0, 1:].sum() < 2 * 30 and torch.isinf(received[0, 0])  # two heads, rows that sum to 1


@pytest.mark.parametrize("bottlenecked", [False, True])
def test_macs_are_those_of_the_linears_and_of_attention(bottlenecked: bool) -> None:
    bottleneck = Bottleneck(32, 24, 3, bottlenecked_attention=bottlenecked)
    model = filled(replace(CONFIG, bottleneck=bottleneck))
    layer, counted, n = model.encoder.layers[0], 0, 20
    for linear in layer.modules():
        if isinstance(linear, nn.Linear):
            counted += n * linear.in_features * linear.out_features
    counted += 2 * n * n * 32
    assert macs(model.config, n) == 4 * counted
    half = macs(model.config, n, (20, 10, 10, 10))
    assert macs(model.config, n, (20, 10, 10, 10), row_restricted=True) < half < macs(model.config, n)


def test_mobilebert_has_twice_the_work_of_a_six_layer_minilm() -> None:
    published = EncoderConfig(
        "mobilebert", 30522, 512, 24, 4, 512, 512, 2, activation="relu", bottleneck=Bottleneck(128, 128)
    )
    minilm = EncoderConfig("bert", 30522, 384, 6, 12, 1536, 512, 2)
    assert macs(published, 128) == pytest.approx(2.67e9, rel=0.01)
    assert macs(published, 128) / macs(minilm, 128) == pytest.approx(1.86, abs=0.01)


def test_the_configuration_survives_json_and_other_families_do_not_change() -> None:
    text = json.dumps(CONFIG.to_dict())
    assert EncoderConfig.from_dict(json.loads(text)) == CONFIG
    assert "bottleneck" not in EncoderConfig("bert", 200, 64, 4, 2, 128, 96, 2).to_dict()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"use_bottleneck": False}, "without bottlenecks is not supported"),
        ({"key_query_shared_bottleneck": False}, "where queries and keys come from"),
        ({"normalization_type": "batch_norm"}, "normalization 'batch_norm' is not supported"),
        ({"num_feedforward_networks": 10**6}, r"feed_forwards must be an integer in \[1, 16\]"),
        ({"intra_bottleneck_size": "128"}, "size must be an integer"),
        ({"trigram_input": "yes"}, "trigram_input must be true or false"),
        ({"num_attention_heads": 7}, "the bottleneck's size 32 is not a multiple of num_heads 7"),
        ({"trigram_input": False, "embedding_size": 64}, "projection unused"),
    ],
)
def test_variants_that_cannot_be_loaded_are_refused(changes: dict[str, Any], message: str) -> None:
    values = {**MobileBertConfig(**SIZES).to_dict(), **changes}
    with pytest.raises(ModelError, match=message):
        EncoderConfig.from_huggingface(values)


def test_a_bottleneck_belongs_to_mobilebert() -> None:
    with pytest.raises(ModelError, match="bottleneck belongs to mobilebert"):
        replace(CONFIG, bottleneck=None)
    with pytest.raises(ModelError, match="must be a JSON object"):
        EncoderConfig.from_dict({**CONFIG.to_dict(), "bottleneck": [1]})
