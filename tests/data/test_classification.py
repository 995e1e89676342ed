from __future__ import annotations

import os
from pathlib import Path

import pytest

from quantlat.data import TextExample, read_jsonl, read_tsv
from quantlat.errors import DataError


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_json_lines_with_numbered_labels(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl", '{"text": "good", "label": 1}\n\n{"text": "bad", "label": 0, "id": "x"}\n')
    found = read_jsonl(path)
    assert found.examples == (TextExample("1", "good", None, 1), TextExample("x", "bad", None, 0))
    assert found.labels == ("0", "1")


def test_named_labels_are_numbered_alphabetically_or_as_the_training_part_has_them(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl", '{"text": "how", "label": "HUM"}\n{"text": "where", "label": "DESC"}\n')
    assert [e.label for e in read_jsonl(path).examples] == [1, 0]
    assert [e.label for e in read_jsonl(path, labels=("HUM", "LOC", "DESC")).examples] == [0, 2]
    with pytest.raises(DataError, match=r"a.jsonl:2: label 'DESC' is not one of the classes HUM, LOC"):
        read_jsonl(path, labels=("HUM", "LOC"))


def test_tab_separated_values_keep_quotes_and_pairs(tmp_path: Path) -> None:
    path = put(tmp_path / "a.tsv", 'sentence1\tsentence2\tlabel\r\nHe said "no\tno\t1\r\na\tb\t0\r\n')
    assert read_tsv(path).examples[0] == TextExample("2", 'He said "no', "no", 1)
    assert read_tsv(path).labels == ("0", "1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"text": "a", "label": 0}\n{"text": "b", "la', "a:2: not valid JSON"),
        ("[1]", "a:1: expected an object"),
        ('{"txt": "a", "label": 0}', "a:1: no text"),
        ('{"text": "a"}', "a:1: label None is not usable"),
        ('{"text": "a", "label": -1}', "a:1: label -1 is negative"),
        (
            '{"text": "a", "label": 0}\n{"text": "a", "label": "x"}',
            "a:1: label 0 is a number, but other labels",
        ),
        ("", "is empty"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = put(tmp_path / "a", text)
    with pytest.raises(DataError, match=message):
        read_jsonl(path)


def test_a_row_with_a_missing_column_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "a.tsv", "sentence\tlabel\ngood\t1\nbad\n")
    with pytest.raises(DataError, match=r"a.tsv:3: expected 2 columns \(sentence, label\), found 1"):
        read_tsv(path)


def test_real_sst2_and_trec() -> None:
    root = os.environ.get("QUANTLAT_DATA")
    if not root or not (Path(root) / "sst2" / "dev.jsonl").is_file():
        pytest.skip("needs QUANTLAT_DATA with sst2 and trec")
    assert len(read_jsonl(Path(root) / "sst2" / "dev.jsonl").examples) == 872
    assert len(read_jsonl(Path(root) / "trec" / "train.jsonl").labels) == 6
