"""Width and depth: shapes, rewiring, dense sub-networks, and their way through the Hugging Face format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from quantlat.errors import ModelError, RecipeError
from quantlat.models import (
    ElasticConfig,
    EncoderConfig,
    RetentionConfig,
    TaskModel,
    WidthConfig,
    build_model,
    extract,
    kept_layers,
    load_folder,
    macs,
    narrow_config,
    rewire,
    save_huggingface,
)
from quantlat.models.random_tokenizer import train_tokenizer
from quantlat.models.rewiring import Importance

CONFIG = EncoderConfig(
    family="bert",
    vocab_size=4096,
    hidden_size=32,
    num_layers=3,
    num_heads=4,
    intermediate_size=48,
    max_positions=64,
    type_vocab_size=2,
)
NARROW = ElasticConfig(width=WidthConfig((1, 2, 4), (16, 48, 20)))


def model_of(config: EncoderConfig, task: str = "question-answering") -> TaskModel:
    torch.manual_seed(1)
    model = build_model(config, task)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias") or "norm" in name:
                parameter.add_(torch.randn_like(parameter) * 0.1)
            else:
                parameter.mul_(8.0)
    return model.eval()


def logits_of(model: TaskModel, lengths: torch.Tensor | None = None) -> torch.Tensor:
    ids = torch.arange(5, 5 + 22).view(2, 11)
    mask = torch.ones_like(ids)
    mask[1, 8:] = 0
    with torch.no_grad():
        return model(ids, mask, torch.zeros_like(ids), lengths)  # type: ignore[no-any-return]


def test_depth_multipliers_keep_the_published_layers() -> None:
    assert kept_layers(12, 0.75) == (0, 1, 2, 4, 5, 6, 8, 9, 10)
    assert kept_layers(12, 0.5) == (0, 2, 4, 6, 8, 10)
    assert kept_layers(6, 0.75) == (0, 1, 2, 4, 5)
    assert kept_layers(6, 1.0) == (0, 1, 2, 3, 4, 5)
    with pytest.raises(RecipeError, match="depth multiplier"):
        kept_layers(6, 0.0)


def test_width_multipliers_keep_whole_heads_and_their_share_of_the_neurons() -> None:
    width = WidthConfig.of_multipliers(CONFIG, (1.0, 0.5, 0.3))
    assert width == WidthConfig((4, 2, 1), (48, 24, 12))
    narrow = narrow_config(CONFIG, width, (0, 2))
    assert (narrow.heads, narrow.neurons, narrow.head_size) == ((4, 1), (48, 12), 8)
    uniform = narrow_config(CONFIG, WidthConfig.uniform(CONFIG, 0.5))
    assert (uniform.heads, uniform.intermediate_size, uniform.layer_neurons) == ((2, 2, 2), 24, ())


@pytest.mark.parametrize(
    ("width", "layers", "message"),
    [
        (WidthConfig((5, 1, 1), (1, 1, 1)), None, "cannot keep 5 heads"),
        (WidthConfig((1, 1, 1), (1, 49, 1)), None, "cannot keep 49 neurons"),
        (WidthConfig((1,), (1,)), None, "has 1 layers"),
        (None, (1, 0), "ascending"),
        (None, (0, 3), "ascending"),
    ],
)
def test_what_the_model_has_not_cannot_be_kept(
    width: WidthConfig | None, layers: tuple[int, ...], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        narrow_config(CONFIG, width, layers)


def test_layer_widths_survive_json_and_are_checked() -> None:
    narrow = narrow_config(CONFIG, NARROW.width)
    assert EncoderConfig.from_dict(json.loads(json.dumps(narrow.to_dict()))) == narrow
    assert "layer_heads" not in CONFIG.to_dict()
    for wrong in ((1, 2), (0, 1, 1), (5, 1, 1), (1, 1, True)):
        with pytest.raises(ModelError, match="layer_heads"):
            replace(CONFIG, layer_heads=wrong)


def test_work_falls_with_width_and_depth() -> None:
    """16 tokens; a layer of width 1: 4·16·32·32 + 2·16²·32 + 2·16·32·48 multiply-accumulates."""
    layer = 4 * 16 * 32 * 32 + 2 * 16 * 16 * 32 + 2 * 16 * 32 * 48
    assert macs(CONFIG, 16) == 3 * layer
    assert macs(narrow_config(CONFIG, WidthConfig.uniform(CONFIG, 0.5)), 16) == 3 * layer // 2
    assert macs(narrow_config(CONFIG, None, (0, 2)), 16) == 2 * layer
    narrow = narrow_config(CONFIG, WidthConfig((1, 4, 4), (16, 48, 48)), (0,))
    assert macs(narrow, 16) == 4 * 16 * 32 * 8 + 2 * 16 * 16 * 8 + 2 * 16 * 32 * 16


@pytest.mark.parametrize("task", ["question-answering", "text-classification"])
def test_rewiring_leaves_the_logits_and_brings_the_important_first(task: str) -> None:
    model = model_of(CONFIG, task)
    before, lengths = logits_of(model), torch.tensor([9, 6, 3])
    dropped = logits_of(model, lengths)
    query = model.encoder.layers[1].attention.query.weight.clone()  # type: ignore[union-attr,operator]
    up = model.encoder.layers[1].feed_forward.up.weight.clone()  # type: ignore[union-attr,operator]
    rng = torch.Generator().manual_seed(2)
    importance = Importance(
        tuple(torch.rand(4, generator=rng) for _ in range(3)), tuple(torch.rand(48, generator=rng) for _ in range(3))
    )
    rewire(model, importance)
    torch.testing.assert_close(logits_of(model), before, atol=1e-5, rtol=0)
    torch.testing.assert_close(logits_of(model, lengths), dropped, atol=1e-5, rtol=0)
    head, neuron = int(importance.heads[1].argmax()), int(importance.neurons[1].argmax())
    layer = model.encoder.layers[1]
    assert torch.equal(layer.attention.query.weight[:8], query[8 * head : 8 * head + 8])  # type: ignore[union-attr,index]
    assert torch.equal(layer.feed_forward.up.weight[0], up[neuron])  # type: ignore[union-attr,index]


def test_a_sub_network_equals_the_whole_one_with_the_rest_set_to_zero() -> None:
    whole = model_of(CONFIG)
    narrow = extract(whole, NARROW)
    assert narrow.config.heads == (1, 2, 4) and narrow.config.neurons == (16, 48, 20)
    assert narrow.encoder.layers[0].attention.query.weight.shape == (8, 32)  # type: ignore[union-attr]
    with torch.no_grad():
        for layer, heads, neurons in zip(whole.encoder.layers, (1, 2, 4), (16, 48, 20), strict=True):
            layer.attention.output.weight[:, heads * 8 :] = 0  # type: ignore[union-attr,index,operator]
            layer.feed_forward.down.weight[:, neurons:] = 0  # type: ignore[union-attr,index]
    torch.testing.assert_close(logits_of(narrow), logits_of(whole), atol=1e-5, rtol=0)


def test_a_sub_network_without_layers_has_those_that_are_left() -> None:
    whole = model_of(CONFIG)
    shallow = extract(whole, ElasticConfig(layers=(0, 2)))
    assert shallow.config.num_layers == 2
    assert torch.equal(
        shallow.encoder.layers[1].feed_forward.up.weight,  # type: ignore[union-attr,arg-type]
        whole.encoder.layers[2].feed_forward.up.weight,  # type: ignore[union-attr,arg-type]
    )
    ElasticConfig(RetentionConfig((1.0, 0.5)), layers=(0, 2))
    with pytest.raises(RecipeError, match="3 ratios for 2 layers"):
        ElasticConfig(RetentionConfig((1.0, 0.5, 0.5)), layers=(0, 2))


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_an_exported_sub_network_has_the_same_logits_in_transformers_and_here(family: str, tmp_path: Path) -> None:
    from transformers import AutoModelForQuestionAnswering

    tokenizer = train_tokenizer(family)
    config = replace(CONFIG, family=family, vocab_size=tokenizer.vocab_size, type_vocab_size=2 * (family == "bert"))
    narrow = extract(model_of(config), replace(NARROW, layers=(0, 1)))
    save_huggingface(narrow, tokenizer, tmp_path)
    expected = logits_of(narrow)
    again = load_folder(tmp_path)
    assert again.config == narrow.config
    assert torch.equal(logits_of(again.model), expected)
    theirs = AutoModelForQuestionAnswering.from_pretrained(tmp_path, attn_implementation="eager").eval()
    ids = torch.arange(5, 5 + 22).view(2, 11)
    mask = torch.ones_like(ids)
    mask[1, 8:] = 0
    with torch.no_grad():
        out = theirs(input_ids=ids, attention_mask=mask)
    real = mask.bool()
    torch.testing.assert_close(out.start_logits[real], expected[..., 0][real], atol=1e-5, rtol=0)


def test_a_file_with_weights_outside_a_narrow_layer_is_refused(tmp_path: Path) -> None:
    tokenizer = train_tokenizer("bert")
    narrow = extract(model_of(replace(CONFIG, vocab_size=tokenizer.vocab_size)), NARROW)
    save_huggingface(narrow, tokenizer, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    tensors["bert.encoder.layer.0.intermediate.dense.weight"][40, 3] = 1.0
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match=r"intermediate\.dense\.weight has weights where"):
        load_folder(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for wrong in ([9, 1, 1], [1], "all", [1.5, 1, 1]):
        (tmp_path / "config.json").write_text(json.dumps({**config, "quantlat_layer_heads": wrong}))
        with pytest.raises(ModelError, match="layer_heads"):
            load_folder(tmp_path)
