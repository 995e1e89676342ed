from __future__ import annotations

import json
from pathlib import Path

import pytest

from quantlat.data import TaskData, resolve_sources, split_train
from quantlat.data.embedded import texts
from quantlat.data.embedded.ratings import FACTS, generate_rated_pairs
from quantlat.data.embedded.texts import LABELS, generate_texts
from quantlat.errors import DataError
from quantlat.metrics import score_ratings
from quantlat.progress import QuietProgress
from quantlat.recipe.data import Columns, EmbeddedSource, EmbeddedTextsSource, FilesSource, HubSource


def resolve(*sources: FilesSource | HubSource | EmbeddedSource | EmbeddedTextsSource) -> TaskData:
    return resolve_sources(sources, task="text-classification", offline=True, progress=QuietProgress())


def lines(path: Path, count: int, first: int = 0) -> str:
    path.write_text(
        "".join(json.dumps({"text": f"text {i}", "label": i % 2}) + "\n" for i in range(first, first + count))
    )
    return str(path)


def test_files_with_a_dev_part(tmp_path: Path) -> None:
    data = resolve(FilesSource(train=lines(tmp_path / "t.jsonl", 20), dev=lines(tmp_path / "d.jsonl", 6, 100)))
    assert (len(data.train), len(data.dev), data.labels, data.kind) == (20, 6, ("0", "1"), "files")
    assert data.notice is None
    assert data.description.endswith("20 training and 6 dev texts")


def test_a_tenth_is_held_out_where_there_is_no_dev_part_the_same_every_time(tmp_path: Path) -> None:
    source = FilesSource(train=lines(tmp_path / "t.jsonl", 60))
    data = resolve(source)
    assert (len(data.train), len(data.dev)) == (54, 6)
    assert resolve(source).fingerprint == data.fingerprint
    assert not {e.id for e in data.train} & {e.id for e in data.dev}
    assert data.notice is not None
    assert "6 texts (10% of its training part) were held out" in data.notice


def test_dev_texts_known_from_training_are_said(tmp_path: Path) -> None:
    data = resolve(FilesSource(train=lines(tmp_path / "t.jsonl", 20), dev=lines(tmp_path / "d.jsonl", 4, 18)))
    assert data.notice == "2 of 4 dev texts also stand in the training part: scores on them are too good."


def test_pairs_of_one_first_text_stay_together(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    rows = [f"premise {i // 3}\thypothesis {i}\t{i % 3}" for i in range(60)]
    path.write_text("a\tb\tlabel\n" + "\n".join(rows))
    data = resolve(FilesSource(train=str(path), columns=Columns(text="a", text_pair="b")))
    parts = split_train(data.train, search=0.2, calibration=0.1, seed=1)
    groups = [{e.group for e in part} for part in (parts.fit, parts.search, parts.calibration, data.dev)]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 20


def test_a_file_of_one_class_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "a", "label": 0}\n' * 3)
    with pytest.raises(DataError, match="has one class only"):
        resolve(FilesSource(train=str(path)))


def test_sources_are_tried_in_order_down_to_the_embedded_set() -> None:
    data = resolve(
        FilesSource(train="${QUANTLAT_NOWHERE}/train.jsonl"),
        HubSource(dataset="nobody/nothing-of-this-name", subset="sst2"),
        EmbeddedTextsSource(train_texts=40, dev_texts=10),
    )
    assert (data.kind, len(data.train), len(data.dev)) == ("embedded", 40, 10)
    assert [line.split(":")[0] for line in data.tried] == [
        "files ${QUANTLAT_NOWHERE}/train.jsonl",
        "hub nobody/nothing-of-this-name",
    ]
    assert data.notice is not None
    assert "chain works" in data.notice


def test_a_source_of_another_task_is_refused() -> None:
    with pytest.raises(DataError, match="kind embedded holds no labelled texts"):
        resolve(EmbeddedSource(train_questions=16, dev_questions=4))


@pytest.mark.parametrize("pairs", [False, True])
def test_generated_texts_are_balanced_different_and_stable(pairs: bool) -> None:
    train, dev = generate_texts(600, 90, 7, pairs=pairs)
    classes = len(LABELS[pairs])
    assert [sum(e.label == c for e in train) for c in range(classes)] == [600 // classes] * classes
    assert len({(e.text, e.text_pair) for e in (*train, *dev)}) == 690
    assert generate_texts(600, 90, 7, pairs=pairs)[0] == train
    assert generate_texts(600, 90, 8, pairs=pairs)[0] != train
    assert all((e.text_pair is not None) == pairs for e in dev)


def test_generated_ratings_are_balanced_different_stable_and_more_than_shared_words() -> None:
    train, dev = generate_rated_pairs(600, 90, 7)
    ratings = [e.rating for e in train]
    assert [ratings.count(float(rating)) for rating in range(FACTS + 1)] == [100] * (FACTS + 1)
    assert len({(e.text, e.text_pair) for e in (*train, *dev)}) == 690
    assert generate_rated_pairs(600, 90, 7)[0] == train != generate_rated_pairs(600, 90, 8)[0]
    people = [{word for e in part for word in e.text.split() if word.istitle()} for part in (train, dev)]
    assert people[1] - people[0]  # names that the training part does not know
    shared = [len(set(e.text.split()) & set((e.text_pair or "").split())) for e in train]
    assert 50.0 < score_ratings(shared, ratings).points < 95.0


def test_ratings_of_files_have_no_classes_and_differ(tmp_path: Path) -> None:
    def rated(*rows: tuple[str, object]) -> TaskData:
        path = tmp_path / "t.jsonl"
        path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
        source = FilesSource(train=str(path))
        return resolve_sources((source,), task="text-regression", offline=True, progress=QuietProgress())

    data = rated(*((f"text {i}", i / 4) for i in range(20)))
    assert data.labels == () and len(data.train) + len(data.dev) == 20
    assert {e.rating for e in (*data.train, *data.dev)} == {i / 4 for i in range(20)}  # type: ignore[union-attr]
    with pytest.raises(DataError, match=r"all ratings of .* are the same"):
        rated(*((f"text {i}", 2) for i in range(20)))
    with pytest.raises(DataError, match="kind embedded holds no rated texts"):
        source = EmbeddedSource(train_questions=16, dev_questions=4)
        resolve_sources((source,), task="text-regression", offline=True, progress=QuietProgress())


def test_no_single_word_gives_generated_sentiment_away() -> None:
    train, _ = generate_texts(2000, 4, 7)
    for word in ("dull", "witty"):
        labels = [e.label for e in train if word in e.text]
        assert 0.1 < sum(labels) / len(labels) < 0.9


def test_more_texts_than_there_are_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in {"_OPENINGS": ("",), "_DEGREES": ("",), "_LIKED": ("fine",), "_DISLIKED": ("bad",)}.items():
        monkeypatch.setattr(texts, name, few)
    assert len(generate_texts(40, 4)[0]) == 40
    with pytest.raises(DataError, match="there are not 10,000 different generated train texts"):
        generate_texts(10_000, 4)
