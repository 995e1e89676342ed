from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from quantlat.data.batching import collate
from quantlat.data.windows import Window
from quantlat.errors import DataError, Interrupted, StorageError
from quantlat.models import QAModel
from quantlat.progress import Progress, QuietProgress
from quantlat.training.soft_labels import SoftLabels, compute_soft_labels

Windows = tuple[Window, ...]
NewModel = Callable[..., QAModel]
InterruptedAt = Callable[[float], Progress]


def labelled(teacher: QAModel, windows: Windows, folder: Path, **changes: Any) -> SoftLabels:
    values: dict[str, Any] = {"pad_token_id": 0, "progress": QuietProgress(), "precision": "fp32", "batch_size": 8}
    return compute_soft_labels(teacher, windows, state_dir=folder, **{**values, **changes})


def assert_same(one: SoftLabels, other: SoftLabels) -> None:
    assert one.fingerprint() == other.fingerprint()


def test_labels_are_the_teachers_logits_of_each_window_alone(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    teacher = new_model(seed=3)
    labels = labelled(teacher, windows, tmp_path)
    for i in (0, 7, 31):
        single = collate(windows, [i], 0)
        with torch.no_grad():
            expected = teacher(single.input_ids, single.attention_mask, single.token_type_ids)[0].numpy()
        assert labels.logits[i].shape == (windows[i].length, 2)
        np.testing.assert_allclose(labels.logits[i], expected, atol=1e-5)
    assert labels.tokens_per_second > 0


def test_the_teacher_answers_in_eval_mode_without_gradients(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    teacher = new_model(seed=3)
    expected = labelled(teacher, windows, tmp_path / "a")
    teacher.train()
    teacher.encoder.set_dropout(0.5)
    assert_same(labelled(teacher, windows, tmp_path / "b"), expected)
    assert not teacher.training
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_a_batch_gets_its_windows_labels_and_zeros_behind_them(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    labels = labelled(new_model(), windows, tmp_path)
    chosen = [9, 2, 30]
    batch = collate(windows, chosen, 0)
    rows = labels.for_batch(batch)
    assert rows.shape == (*batch.input_ids.shape, 2) and rows.dtype == torch.float32
    for row, i in zip(rows, chosen, strict=True):
        assert torch.equal(row[: windows[i].length], torch.from_numpy(labels.logits[i]))
        assert not row[windows[i].length :].any()


def test_an_interrupted_pass_continues(
    new_model: NewModel, windows: Windows, tmp_path: Path, interrupted_at: InterruptedAt
) -> None:
    teacher = new_model()
    expected = labelled(teacher, windows, tmp_path / "a")
    with pytest.raises(Interrupted):
        labelled(teacher, windows, tmp_path / "b", progress=interrupted_at(16))
    asked: list[int] = []
    hook = teacher.register_forward_pre_hook(lambda module, args: asked.append(len(args[0])))
    assert_same(labelled(teacher, windows, tmp_path / "b"), expected)
    assert sum(asked) == 16
    assert_same(labelled(teacher, windows, tmp_path / "b"), expected)
    assert sum(asked) == 16
    hook.remove()
    other = new_model(seed=9)
    progress = QuietProgress()
    assert labelled(other, windows, tmp_path / "b", progress=progress).fingerprint() != expected.fingerprint()
    assert "teacher was" in progress.warned[0]


def test_labels_survive_a_file(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    labels = labelled(new_model(), windows, tmp_path)
    labels.save(tmp_path / "labels.safetensors")
    loaded = SoftLabels.load(tmp_path / "labels.safetensors")
    assert_same(loaded, labels)
    loaded.check(windows)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.safetensors"
    with pytest.raises(StorageError):
        SoftLabels.load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(StorageError):
        SoftLabels.load(path)
    logits = np.zeros((5, 2), dtype=np.float32)
    for lengths in ([2, 2], [6, -1]):
        save_file({"logits": logits, "lengths": np.array(lengths, dtype=np.int64)}, path)
        with pytest.raises(StorageError, match="do not fit"):
            SoftLabels.load(path)
    with pytest.raises(StorageError, match="cannot be written"):
        SoftLabels((logits,)).save(tmp_path / "missing" / "labels.safetensors")


def test_labels_of_other_windows_are_refused(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    labels = labelled(new_model(), windows, tmp_path)
    with pytest.raises(DataError, match=r"of 32 windows .* do not belong to 31 windows"):
        labels.check(windows[:-1])
    with pytest.raises(DataError, match="no windows"):
        labelled(new_model(), (), tmp_path)
