from __future__ import annotations

from pathlib import Path

import pytest
import torch

from quantlat.errors import StorageError
from quantlat.progress import QuietProgress
from quantlat.training.state import StateFolder

SIGNATURE = {"learning_rate": 1e-4, "layers": (1, 2)}


def saved(folder: Path) -> StateFolder:
    state = StateFolder(folder, SIGNATURE)
    state.save("step-1", {"w": torch.zeros(3)}, {"step": 1})
    state.save("step-2", {"w": torch.ones(3)}, {"step": 2})
    return state


def test_the_last_save_is_read_back_and_the_one_before_is_gone(tmp_path: Path) -> None:
    saved(tmp_path / "state")
    progress = QuietProgress()
    state = StateFolder(tmp_path / "state", SIGNATURE).load(progress)
    assert state is not None and state.counters == {"step": 2}
    assert torch.equal(state.tensors["w"], torch.ones(3))
    assert sorted(p.name for p in (tmp_path / "state").iterdir()) == ["state.json", "step-2.safetensors"]
    assert progress.warned == []


def test_nothing_saved_is_nothing_loaded(tmp_path: Path) -> None:
    assert StateFolder(tmp_path / "none", SIGNATURE).load(QuietProgress()) is None


def test_the_state_of_another_training_is_named_and_not_used(tmp_path: Path) -> None:
    saved(tmp_path)
    progress = QuietProgress()
    assert StateFolder(tmp_path, {**SIGNATURE, "learning_rate": 2e-4}).load(progress) is None
    assert "learning_rate was 0.0001, now 0.0002" in progress.warned[0]
    assert "layers" not in progress.warned[0]


@pytest.mark.parametrize("left", ["", "{", '{"format": 1}', '{"format": 99}', "[]", "null"])
def test_a_damaged_document_is_reported_and_not_used(tmp_path: Path, left: str) -> None:
    saved(tmp_path)
    (tmp_path / "state.json").write_text(left)
    progress = QuietProgress()
    assert StateFolder(tmp_path, SIGNATURE).load(progress) is None
    assert "damaged" in progress.warned[0]


@pytest.mark.parametrize("keep_bytes", [None, 0, 20])
def test_missing_or_truncated_tensors_are_reported_and_not_used(tmp_path: Path, keep_bytes: int | None) -> None:
    saved(tmp_path)
    tensors = tmp_path / "step-2.safetensors"
    content = tensors.read_bytes()
    tensors.unlink()
    if keep_bytes is not None:
        tensors.write_bytes(content[:keep_bytes])
    progress = QuietProgress()
    assert StateFolder(tmp_path, SIGNATURE).load(progress) is None
    assert "damaged" in progress.warned[0]


def test_a_process_killed_while_writing_leaves_the_save_before(tmp_path: Path) -> None:
    saved(tmp_path)
    (tmp_path / "step-3.safetensors.tmp").write_bytes(b"half of it")
    (tmp_path / "step-3.safetensors").write_bytes(b"written, but not yet named by the document")
    (tmp_path / "state.json.tmp").write_text('{"format"')
    state = StateFolder(tmp_path, SIGNATURE)
    loaded = state.load(QuietProgress())
    assert loaded is not None and loaded.counters == {"step": 2}
    state.save("step-4", {"w": torch.ones(3)}, {"step": 4})
    assert {p.name for p in tmp_path.glob("*.safetensors*")} == {"step-4.safetensors"}


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="cannot be written"):
        StateFolder(tmp_path / "file" / "state", SIGNATURE).save("step-1", {"w": torch.ones(1)}, {})


def test_a_document_cannot_point_outside_its_folder(tmp_path: Path) -> None:
    saved(tmp_path / "state")
    (tmp_path / "state" / "step-2.safetensors").rename(tmp_path / "outside.safetensors")
    document = tmp_path / "state" / "state.json"
    document.write_text(document.read_text().replace("step-2.safetensors", "../outside.safetensors"))
    assert StateFolder(tmp_path / "state", SIGNATURE).load(QuietProgress()) is None
