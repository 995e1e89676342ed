from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from quantlat.models import ClassificationModel, load_checkpoint, load_folder, order_classes, save_huggingface

NAMES = ("contradiction", "entailment", "neutral")
IDS = torch.tensor([[2, 30, 31, 32, 3]])


@pytest.fixture
def model() -> ClassificationModel:
    loaded = load_checkpoint("random:bert-2x64", task="text-classification", num_labels=3)
    assert isinstance(loaded.model, ClassificationModel)
    return loaded.model


def test_the_head_is_put_into_the_order_of_the_data(model: ClassificationModel) -> None:
    with torch.no_grad():
        before = model(IDS, torch.ones_like(IDS))[0]
        assert order_classes(model, ("ENTAILMENT", "NEUTRAL", "CONTRADICTION"), NAMES)
        after = model(IDS, torch.ones_like(IDS))[0]
    torch.testing.assert_close(after, before[[2, 0, 1]])


def test_classes_of_other_names_leave_the_head_alone(model: ClassificationModel) -> None:
    before = model.classifier.weight.clone()
    assert not order_classes(model, ("a", "b", "c"), NAMES)
    assert not order_classes(model, (), NAMES)
    torch.testing.assert_close(model.classifier.weight, before)


def test_names_of_classes_are_written_and_read_back(tmp_path: Path) -> None:
    loaded = load_checkpoint("random:bert-2x64", task="text-classification", num_labels=3)
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path, labels=NAMES)
    assert json.loads((tmp_path / "config.json").read_text())["id2label"] == dict(zip("012", NAMES, strict=True))
    again = load_folder(tmp_path, task="text-classification")
    assert (again.labels, again.config.num_labels, again.has_task_head) == (NAMES, 3, True)
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path / "unnamed")
    assert load_folder(tmp_path / "unnamed", task="text-classification").labels == ()
