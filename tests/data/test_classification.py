from __future__ import annotations

import os
from pathlib import Path

import pytest

from quantlat.data import TextColumns, TextExample, read_jsonl, read_texts, read_tsv, write_jsonl
from quantlat.data.classification import from_records
from quantlat.data.examples import RatedExample
from quantlat.errors import DataError

DOCUMENTED = (Path(__file__).parents[2] / "docs/classification.md").read_text(encoding="utf-8")


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_json_lines_with_numbered_labels(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl", '{"text": "good", "label": 1}\n\n{"text": "bad", "label": 0, "id": "x"}\n')
    found = read_jsonl(path)
    assert found.examples == (TextExample("1", "good", None, 1), TextExample("x", "bad", None, 0))
    assert found.labels == ("0", "1")
    assert found.issues.clean


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


def test_columns_of_any_name_are_read_when_they_are_named(tmp_path: Path) -> None:
    header = "index\tsentence1_parse\tsentence1\tsentence2\tgold_label"
    path = put(
        tmp_path / "mnli.tsv", f"{header}\n0\t( a )\tA man eats.\tHe fasts.\tcontradiction\n1\t(b)\tB\tC\tneutral\n"
    )
    named = TextColumns("sentence1", "sentence2", "gold_label")
    found = read_texts(path, columns=named)
    assert found.examples[0] == TextExample("2", "A man eats.", "He fasts.", 0)
    assert found.labels == ("contradiction", "neutral")
    single = read_texts(path, columns=TextColumns("sentence2", None, "gold_label"))
    assert single.examples[0].text_pair is None  # a column that nobody named is not read along
    with pytest.raises(DataError, match="has no column gold"):
        read_texts(path, columns=TextColumns("sentence1", "sentence2", "gold"))


def test_a_table_without_a_header_is_read_by_the_numbers_of_its_columns(tmp_path: Path) -> None:
    path = put(tmp_path / "cola.tsv", "gj04\t1\t\tThey drank the pub dry.\ngj04\t0\t*\tThey drank the pub.\nx\t1\n")
    found = read_texts(path, columns=TextColumns("4", None, "2"))
    assert [(e.text, e.label) for e in found.examples] == [("They drank the pub dry.", 1), ("They drank the pub.", 0)]
    assert found.labels == ("0", "1")
    assert "cola.tsv:3: expected 4 columns (1, 2, 3, 4), found 2" in found.issues.samples[0]
    with pytest.raises(DataError, match="has no column 5"):
        read_texts(path, columns=TextColumns("5", None, "2"))


GLUE = {
    "SST-2": ("sentence\tlabel", "a\t1", TextColumns()),
    "QQP": ("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate", "0\t1\t2\ta\tb\t1",
            TextColumns("question1", "question2", "is_duplicate")),
    "MRPC": ("\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String", "1\t7\t8\ta\tb",
             TextColumns("#1 String", "#2 String", "Quality")),
    "QNLI": ("index\tquestion\tsentence\tlabel", "0\ta\tb\tentailment", TextColumns("question", "sentence", "label")),
    "RTE": ("index\tsentence1\tsentence2\tlabel", "0\ta\tb\tentailment", TextColumns()),
}  # fmt: skip


@pytest.mark.parametrize("name", GLUE)
def test_glues_own_tables_are_read_with_the_columns_that_the_documentation_gives(name: str, tmp_path: Path) -> None:
    header, row, columns = GLUE[name]
    (example,) = read_texts(put(tmp_path / "train.tsv", f"{header}\n{row}\n"), columns=columns).examples
    assert (example.text, example.text_pair) == ("a", None if name == "SST-2" else "b")
    assert columns == TextColumns() or all(one in DOCUMENTED for one in vars(columns).values() if isinstance(one, str))


def test_ratings_are_finite_numbers_and_survive_a_file(tmp_path: Path) -> None:
    rows = "s1\ts2\tscore\na\tb\t4.75\nc\td\t0\ne\tf\t-1\ng\th\t\ni\tj\tnan\nk\tl\thigh\n"
    found = read_texts(put(tmp_path / "a.tsv", rows), columns=TextColumns("s1", "s2", "score", rated=True))
    assert [(e.text, e.text_pair, e.rating) for e in found.examples if isinstance(e, RatedExample)] == [
        ("a", "b", 4.75),
        ("c", "d", 0.0),
        ("e", "f", -1.0),
    ]
    assert found.labels == ()
    assert (found.issues.unlabelled_rows, found.issues.dropped_rows) == (1, 2)
    assert "rating 'nan' is not a finite number" in found.issues.samples[0]
    write_jsonl(found.examples, tmp_path / "b.jsonl")
    assert read_jsonl(tmp_path / "b.jsonl", columns=TextColumns(rated=True)).examples == found.examples
    with pytest.raises(DataError, match=r"(?s)2 of 2 rows cannot be used.*"):
        read_jsonl(put(tmp_path / "c.jsonl", '{"text": "a", "label": "x"}\n' * 2), columns=TextColumns(rated=True))


def test_a_table_in_which_two_columns_may_be_the_text_asks_which(tmp_path: Path) -> None:
    path = put(tmp_path / "qnli.tsv", "question\tsentence\tlabel\nwho?\tAnna.\tentailment\n")
    with pytest.raises(DataError, match="the text may be in sentence or question"):
        read_texts(path)


def test_bad_rows_are_left_out_and_counted_with_their_reasons(tmp_path: Path) -> None:
    good = '{"text": "fine", "label": 0}\n' * 6
    bad = [
        '{"text": "b", "la',
        "[1]",
        '{"txt": "a", "label": 0}',
        '{"text": " ", "label": 1}',
        '{"text": "a", "label": 1.5}',
    ]
    path = put(tmp_path / "a.jsonl", good + "\n".join(bad) + '\n{"text": "a"}\n{"text": "a", "label": -1}\n')
    found = read_jsonl(path)
    assert len(found.examples) == 6
    assert (found.issues.texts, found.issues.dropped_rows, found.issues.unlabelled_rows) == (13, 5, 2)
    expected = ("a.jsonl:7: not valid JSON", ":8: expected an object", ":9: no text", ":10: no text", ":11: label 1.5")
    assert len(found.issues.samples) == len(expected)
    assert all(part in sample for part, sample in zip(expected, found.issues.samples, strict=True))
    assert not found.issues.clean
    assert "5 rows unusable, 2 without a label" in found.issues.summary()


def test_rows_of_another_width_and_without_a_verdict_are_counted(tmp_path: Path) -> None:
    path = put(tmp_path / "a.tsv", "sentence\tlabel\ngood\tyes\nbad\nso so\t-\nfair\tno\n")
    found = read_tsv(path)
    assert [e.text for e in found.examples] == ["good", "fair"]
    assert (found.issues.dropped_rows, found.issues.unlabelled_rows) == (1, 1)
    assert "a.tsv:3: expected 2 columns (sentence, label), found 1" in found.issues.samples[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"txt": "a", "label": 0}\n{"txt": "b", "label": 0}', "2 of 2 rows cannot be used\n  .*a:1: no text"),
        ('{"text": "a", "label": -1}', "0 of 1 rows cannot be used, 1 without a label"),
        ('{"text": "a", "label": 0}\n{"text": "a", "label": "x"}', "a:1: label 0 is a number, but other labels"),
        ("", "is empty"),
    ],
)
def test_a_file_of_which_hardly_a_row_can_be_used_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = put(tmp_path / "a", text)
    with pytest.raises(DataError, match=message):
        read_jsonl(path)


def test_a_table_in_memory_is_read_like_a_file() -> None:
    rows = [{"premise": "a", "hypothesis": "b", "label": 2}, {"premise": "c", "hypothesis": "d", "label": -1}]
    named = TextColumns("premise", "hypothesis")
    found = from_records(rows, ["premise", "hypothesis", "label"], source="x", columns=named, labels=("e", "n", "c"))
    assert found.examples == (TextExample("0", "a", "b", 2),)
    assert found.issues.unlabelled_rows == 1


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    examples = (TextExample("1", 'tab\there "and" ü', None, 1), TextExample("b", "first\nline", "second", 0))
    write_jsonl(examples, tmp_path / "out.jsonl")
    assert read_jsonl(tmp_path / "out.jsonl").examples == examples


def test_real_sst2_and_trec() -> None:
    root = os.environ.get("QUANTLAT_DATA")
    if not root or not (Path(root) / "sst2" / "dev.jsonl").is_file():
        pytest.skip("needs QUANTLAT_DATA with sst2 and trec")
    assert len(read_jsonl(Path(root) / "sst2" / "dev.jsonl").examples) == 872
    assert len(read_jsonl(Path(root) / "trec" / "train.jsonl").labels) == 6
