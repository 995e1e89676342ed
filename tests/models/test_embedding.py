"""The embedding head: mean over real tokens, length 1; checkpoints of sentence-transformers in and out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F
from transformers import AutoModel

from quantlat.errors import ModelError
from quantlat.models import EmbeddingModel, load_checkpoint, load_folder, save_huggingface

IDS = torch.randint(5, 200, (3, 12), generator=torch.Generator().manual_seed(1))
MASK = torch.ones_like(IDS)
MASK[1, 7:] = 0


@pytest.fixture(params=["bert", "roberta", "distilbert"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    loaded = load_checkpoint(f"random:{request.param}-2x64", task="embedding")
    assert loaded.has_task_head  # there is nothing to fine-tune
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path)
    return tmp_path


def ours(folder: Path, lengths: torch.Tensor | None = None) -> torch.Tensor:
    model = load_folder(folder, task="embedding").model
    assert isinstance(model, EmbeddingModel)
    with torch.no_grad():
        return model(IDS, MASK, None, lengths)


def test_it_is_the_normalised_mean_of_what_transformers_computes(folder: Path) -> None:
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(folder).eval()(input_ids=IDS, attention_mask=MASK).last_hidden_state
    mean = (hidden * MASK[..., None]).sum(1) / MASK.sum(1, keepdim=True)
    found = ours(folder)
    torch.testing.assert_close(found, F.normalize(mean), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))


def test_dropped_tokens_take_part_with_the_deepest_state_they_reached(folder: Path) -> None:
    model = load_folder(folder, task="embedding").model
    lengths = torch.tensor([8, 3])
    with torch.no_grad():
        restored = model.encoder(IDS, MASK, None, lengths)
        found = model(IDS, MASK, None, lengths)
    assert restored.shape == (3, 12, 64)
    mean = torch.stack([row[mask.bool()].mean(0) for row, mask in zip(restored, MASK, strict=True)])
    torch.testing.assert_close(found, F.normalize(mean), atol=1e-6, rtol=0)
    assert (found - ours(folder)).abs().max() > 1e-4


def test_the_folder_tells_sentence_transformers_how_to_pool(folder: Path) -> None:
    assert json.loads((folder / "1_Pooling" / "config.json").read_text())["pooling_mode_mean_tokens"] is True
    kinds = [module["type"].rpartition(".")[2] for module in json.loads((folder / "modules.json").read_text())]
    assert kinds == ["Transformer", "Pooling", "Normalize"]


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls_token"),
        ("1_Pooling/config.json", {"pooling_mode": "max"}, "pooling_mode_max"),
        ("modules.json", [{"type": "sentence_transformers.models.Dense"}], "Dense"),
        ("1_Pooling/config.json", [], "JSON dict"),
    ],
)
def test_another_pooling_is_refused(tmp_path: Path, file: str, content: object, message: str) -> None:
    loaded = load_checkpoint("random:bert-2x64", task="embedding")
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path)
    (tmp_path / file).write_text(json.dumps(content))
    with pytest.raises(ModelError, match=message):
        load_folder(tmp_path, task="embedding")
