from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from quantlat.data import QAExample, resolve_sources, write_squad
from quantlat.data.sources import TaskData
from quantlat.errors import DataError
from quantlat.progress import QuietProgress
from quantlat.recipe.schema import EmbeddedSource, FilesSource, HubSource

VARIABLE = "QUANTLAT_TEST_FOLDER"
FILES = FilesSource(train=f"${{{VARIABLE}}}/train.json", dev=f"${{{VARIABLE}}}/dev.json")
EMBEDDED = EmbeddedSource(train_questions=40, dev_questions=12, seed=7)


@pytest.fixture
def folder(questions: tuple[QAExample, ...], tmp_path: Path) -> Path:
    write_squad([q for q in questions if q.title == "Places"], tmp_path / "train.json")
    write_squad([q for q in questions if q.title == "Fruit"], tmp_path / "dev.json")
    return tmp_path


def resolve(*sources: FilesSource | HubSource | EmbeddedSource, progress: QuietProgress | None = None) -> TaskData:
    return resolve_sources(sources, task="question-answering", offline=True, progress=progress or QuietProgress())


def test_the_first_available_source_is_used_and_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(folder))
    progress = QuietProgress()
    data = resolve(FILES, EMBEDDED, progress=progress)
    assert (data.kind, len(data.train), len(data.dev)) == ("files", 4, 2)
    assert data.tried == ()
    assert data.notice is None
    assert data.issues.clean
    assert data.issues.questions == 6
    assert re.fullmatch("[0-9a-f]{64}", data.fingerprint)
    assert any("4 training and 2 dev questions" in line for line in progress.said)
    assert str(folder) not in data.description + data.name


def test_an_unset_variable_passes_the_source_over_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    progress = QuietProgress()
    data = resolve(FILES, EMBEDDED, progress=progress)
    assert data.kind == "embedded"
    assert data.tried == (f"files ${{{VARIABLE}}}/train.json: {VARIABLE} is not set",)
    assert any(f"{VARIABLE} is not set" in line for line in progress.said)


def test_a_set_variable_with_a_missing_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(DataError, match=rf"{tmp_path}/train.json: no such file") as caught:
        resolve(FILES, EMBEDDED)
    assert "Put the file there" in str(caught.value.hint)
    assert f"Unset {VARIABLE}" in str(caught.value.hint)


def test_a_damaged_file_does_not_fall_through_to_the_next_source(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(folder))
    (folder / "train.json").write_text('{"data": [')
    with pytest.raises(DataError, match=r"train.json:1: not valid JSON"):
        resolve(FILES, EMBEDDED)


def test_relative_paths_are_found_from_the_working_directory_or_the_base_folder(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FilesSource(train="train.json", dev="dev.json")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    data = resolve_sources([source], task="question-answering", offline=True, progress=QuietProgress(), base_dir=folder)
    assert len(data.train) == 4
    with pytest.raises(DataError, match="no such file"):
        resolve(source)
    monkeypatch.chdir(folder)
    assert resolve(source).fingerprint == data.fingerprint


def test_the_embedded_set_comes_with_a_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = QuietProgress()
    data = resolve(EMBEDDED, progress=progress)
    assert (len(data.train), len(data.dev)) == (40, 12)
    assert data.notice is not None
    assert "QUANTLAT_DATA" in data.notice
    assert "cannot be compared" in data.notice
    assert progress.warned == [data.notice]
    assert resolve(EMBEDDED).fingerprint == data.fingerprint


def test_a_source_without_dev_holds_passages_out_and_says_so(folder: Path, questions: tuple[QAExample, ...]) -> None:
    write_squad(questions, folder / "all.json")
    data = resolve(FilesSource(train=str(folder / "all.json")))
    assert {e.context for e in data.train}.isdisjoint({e.context for e in data.dev})
    assert len(data.train) + len(data.dev) == len(questions)
    assert data.notice is not None
    assert "no dev part" in data.notice


def test_dev_passages_that_are_in_the_training_part_are_reported(folder: Path) -> None:
    train = str(folder / "train.json")
    progress = QuietProgress()
    data = resolve(FilesSource(train=train, dev=train), progress=progress)
    assert data.notice is not None
    assert "4 of 4 dev questions" in data.notice
    assert progress.warned


def test_issues_of_both_parts_are_added_and_warned_about(folder: Path) -> None:
    for name in ("train.json", "dev.json"):
        content = json.loads((folder / name).read_text("utf-8"))
        content["data"][0]["paragraphs"][0]["qas"][0]["answers"][0]["answer_start"] += 1
        (folder / name).write_text(json.dumps(content), "utf-8")
    progress = QuietProgress()
    data = resolve(FilesSource(train=str(folder / "train.json"), dev=str(folder / "dev.json")), progress=progress)
    assert data.issues.misaligned_answers == 2
    assert "2 answers moved" in progress.warned[0]


def test_when_nothing_is_available_every_reason_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(DataError) as caught:
        resolve(FILES, HubSource(dataset="nobody/nothing-of-this-name"))
    assert f"{VARIABLE} is not set" in caught.value.message
    assert "nobody/nothing-of-this-name: " in caught.value.message
    assert "embedded" in str(caught.value.hint)


def test_a_source_of_another_task_is_refused() -> None:
    with pytest.raises(DataError, match="kind embedded holds no labelled texts"):
        resolve_sources([EMBEDDED], task="text-classification", offline=True, progress=QuietProgress())


def test_real_squad_through_its_variable(squad_folder: Path) -> None:
    source = FilesSource(train="${QUANTLAT_DATA}/squad/train.json", dev="${QUANTLAT_DATA}/squad/dev.json")
    data = resolve(source, EMBEDDED)
    assert (data.kind, data.name) == ("files", "squad/train.json")
    assert data.notice is None
    assert len(data.train) > 5000
