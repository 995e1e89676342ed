from __future__ import annotations

import json
from pathlib import Path

import pytest

from quantlat.errors import StorageError
from quantlat.pipeline.store import (
    MANIFEST,
    IncompleteArtifactError,
    Manifest,
    Store,
    artifact_key,
    write_atomically,
)

KEY = artifact_key("teacher", 1, {"epochs": 3}, {}, {})


def manifest(key: str = KEY) -> Manifest:
    return Manifest(
        stage="teacher",
        stage_version=1,
        key=key,
        part={"epochs": 3},
        finished="2026-01-01T00:00:00+00:00",
        seconds=1.5,
        metrics={"f1": 72.0},
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def committed(store: Store, content: bytes = b"12345678") -> Path:
    folder = store.begin("teacher", KEY)
    (folder / "model").mkdir()
    (folder / "model" / "weights.bin").write_bytes(content)
    return store.commit(folder, manifest()).folder


def test_an_artefact_is_invisible_until_it_is_committed(store: Store) -> None:
    folder = store.begin("teacher", KEY)
    (folder / "weights.bin").write_bytes(b"1234")
    assert store.get("teacher", KEY) is None
    store.commit(folder, manifest())
    artifact = store.get("teacher", KEY)
    assert artifact is not None
    assert (artifact / "weights.bin").read_bytes() == b"1234"
    assert artifact.manifest.metrics == {"f1": 72.0}
    assert not folder.exists()


def test_the_manifest_lists_size_and_hash_of_every_payload_file(store: Store) -> None:
    record = json.loads((committed(store) / MANIFEST).read_text())["files"]
    assert record == {
        "model/weights.bin": {
            "bytes": 8,
            "sha256": "ef797c8118f02dfb649607dd5d3f8c7623048c9c063d532cc95c5ed7a898a64f",
        }
    }


def test_leftovers_of_a_killed_process_are_removed_before_writing_again(store: Store) -> None:
    (store.begin("teacher", KEY) / "half.bin").write_bytes(b"12")
    assert list(store.begin("teacher", KEY).iterdir()) == []


def test_committing_again_replaces_the_artefact(store: Store) -> None:
    committed(store, b"old")
    folder = committed(store, b"new")
    assert (folder / "model" / "weights.bin").read_bytes() == b"new"
    assert [path.name for path in store.artifacts_dir.iterdir()] == [folder.name]


def test_a_truncated_file_makes_the_artefact_incomplete(store: Store) -> None:
    (committed(store) / "model" / "weights.bin").write_bytes(b"123")
    with pytest.raises(IncompleteArtifactError, match=r"model/weights.bin has 3 of 8 bytes"):
        store.get("teacher", KEY)


def test_a_missing_file_or_manifest_makes_the_artefact_incomplete(store: Store) -> None:
    folder = committed(store)
    (folder / "model" / "weights.bin").unlink()
    with pytest.raises(IncompleteArtifactError, match="is missing"):
        store.get("teacher", KEY, verify=False)
    (folder / MANIFEST).write_text('{"stage": "tea')
    with pytest.raises(IncompleteArtifactError, match=r"manifest\.json is missing or damaged"):
        store.get("teacher", KEY)


def test_a_changed_file_is_an_error_that_names_the_way_out(store: Store) -> None:
    (committed(store) / "model" / "weights.bin").write_bytes(b"12345679")
    with pytest.raises(StorageError, match="SHA-256 differs") as caught:
        store.get("teacher", KEY)
    assert not isinstance(caught.value, IncompleteArtifactError)
    assert caught.value.exit_code == 6
    assert "--from teacher" in str(caught.value.hint)


def test_a_change_is_found_without_hashing_when_the_size_grew(store: Store) -> None:
    (committed(store) / "model" / "weights.bin").write_bytes(b"123456789")
    with pytest.raises(StorageError):
        store.get("teacher", KEY, verify=False)


@pytest.mark.parametrize(
    "other",
    [
        artifact_key("student", 1, {"epochs": 3}, {}, {}),
        artifact_key("teacher", 2, {"epochs": 3}, {}, {}),
        artifact_key("teacher", 1, {"epochs": 4}, {}, {}),
        artifact_key("teacher", 1, {"epochs": 3}, {"file": "a"}, {}),
        artifact_key("teacher", 1, {"epochs": 3}, {}, {"data": "a"}),
    ],
)
def test_everything_that_decides_the_result_changes_the_key(other: str) -> None:
    assert other != KEY
    assert len(other) == 64


def test_the_key_does_not_depend_on_the_order_of_keys() -> None:
    assert artifact_key("t", 1, {"a": 1, "b": 2}, {}, {}) == artifact_key("t", 1, {"b": 2, "a": 1}, {}, {})


def test_state_survives_until_it_is_dropped_and_time_adds_up(store: Store) -> None:
    assert not store.has_state("teacher", KEY)
    (store.state_dir("teacher", KEY) / "step.json").write_text("7")
    with pytest.raises(KeyboardInterrupt), store.timed("teacher", KEY):
        raise KeyboardInterrupt
    first = store.spent_seconds("teacher", KEY)
    with store.timed("teacher", KEY):
        pass
    assert store.spent_seconds("teacher", KEY) > first > 0
    assert store.has_state("teacher", KEY)
    store.drop_state("teacher", KEY)
    assert not store.has_state("teacher", KEY)
    assert store.spent_seconds("teacher", KEY) == 0


def test_the_states_of_all_variants_of_a_stage_can_be_dropped_together(store: Store) -> None:
    for stage, key in (("teacher", KEY), ("teacher", "f" * 64), ("search", KEY)):
        with store.timed(stage, key):
            (store.state_dir(stage, key) / "step.json").write_text("7")
    store.drop_states("teacher")
    left = sorted(path.name for path in (store.run_dir / "state").iterdir())
    assert left == [f"search-{KEY[:12]}", f"search-{KEY[:12]}.seconds"]


def test_a_small_file_is_replaced_whole(tmp_path: Path) -> None:
    write_atomically(tmp_path / "run.json", "first, long content")
    write_atomically(tmp_path / "run.json", "second")
    assert (tmp_path / "run.json").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
