from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from quantlat.data import Answer, QAExample, fingerprint, read_squad, write_squad
from quantlat.errors import DataError, StorageError

CONTEXT = "Anna met Bert in Oslo. Later Anna left Oslo for Rome."


def qa(name: Any, *answers: tuple[str, int], question: str = "Where?") -> dict[str, Any]:
    return {
        "id": name,
        "question": question,
        "answers": [{"text": text, "answer_start": at} for text, at in answers],
    }


def squad(*qas: dict[str, Any], context: str = CONTEXT) -> dict[str, Any]:
    return {"data": [{"title": "Trip", "paragraphs": [{"context": context, "qas": list(qas)}]}]}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(content: Any) -> Path:
        path = tmp_path / "file.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def test_a_question_keeps_every_reference_answer_in_order(write: Any) -> None:
    found = read_squad(write(squad(qa("a", ("Oslo", 17), ("in Oslo", 14)))))
    (example,) = found.examples
    assert example == QAExample("a", "Where?", CONTEXT, (Answer("Oslo", 17), Answer("in Oslo", 14)), "Trip")
    assert found.issues.clean
    assert found.issues.questions == 1


def test_a_misplaced_answer_moves_to_its_nearest_occurrence_and_is_counted(write: Any) -> None:
    found = read_squad(write(squad(qa("a", ("Oslo", 15)), qa("b", ("Oslo", 37)), qa("c", ("Anna", -3)))))
    assert [e.answers[0].start for e in found.examples] == [17, 39, 0]
    assert all(e.context[e.answers[0].start : e.answers[0].stop] == e.answers[0].text for e in found.examples)
    assert (found.issues.misaligned_answers, found.issues.removed_answers) == (3, 0)
    assert "'a'" in found.issues.samples[0]
    assert "17" in found.issues.samples[0]


def test_an_answer_that_is_nowhere_is_removed_and_its_question_dropped_if_it_was_the_last(write: Any) -> None:
    found = read_squad(write(squad(qa("a", ("Paris", 3), ("Rome", 48)), qa("b", ("Paris", 3)), qa("c", ("  ", 4)))))
    assert [(e.id, e.references) for e in found.examples] == [("a", ("Rome",))]
    issues = found.issues
    assert (
        issues.questions,
        issues.misaligned_answers,
        issues.removed_answers,
        issues.dropped_questions,
    ) == ((3, 3, 3, 2))
    assert "2 questions dropped" in issues.summary()


def test_unanswerable_questions_of_squad_2_are_dropped_and_counted(write: Any) -> None:
    impossible = qa("b") | {"is_impossible": True, "plausible_answers": []}
    found = read_squad(write(squad(qa("a", ("Rome", 48)), impossible)))
    assert [e.id for e in found.examples] == ["a"]
    assert found.issues.dropped_questions == 1
    assert found.issues.misaligned_answers == 0


def test_ids_become_unique_and_exact_repeats_are_dropped(write: Any) -> None:
    first, other = qa("a", ("Rome", 48)), qa("a", ("Bert", 9), question="Who?")
    found = read_squad(write(squad(first, first, other, qa(7, ("Oslo", 17)))))
    assert [e.id for e in found.examples] == ["a", "a#2", "7"]
    assert (found.issues.duplicate_ids, found.issues.dropped_questions) == (2, 1)


def test_at_most_ten_samples_are_kept_and_issues_add_up(write: Any) -> None:
    found = read_squad(write(squad(qa("z", ("Rome", 48)), *(qa(str(i), ("Paris", 0)) for i in range(30)))))
    assert len(found.issues.samples) == 10
    double = found.issues + found.issues
    assert (double.questions, double.removed_answers, len(double.samples)) == (62, 60, 10)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ([], "the top level: expected an object, found a list"),
        ({"version": "1.1"}, "data is missing"),
        ({"data": {}}, "data: expected a list, found an object"),
        ({"data": [{"title": "x"}]}, "data[0].paragraphs is missing"),
        ({"data": [{"paragraphs": [{"qas": []}]}]}, "data[0].paragraphs[0].context is missing"),
        (
            squad(qa("a", ("Rome", 48)), {"id": "b", "question": "?", "answers": "Rome"}),
            "qas[1].answers: expected a list",
        ),
        (
            squad({"id": "b", "question": "?", "answers": [{"text": "Rome"}]}),
            "answers[0].answer_start is missing",
        ),
        (squad(qa("a", ("Rome", True))), "answers[0].answer_start: expected a whole number"),
        (
            squad(qa("a", ("Rome", "48"))),
            "answers[0].answer_start: expected a whole number, found a text ('48')",
        ),
        (squad(qa("a", ("Rome", 48)), {"id": "b", "answers": []}), "qas[1].question is missing"),
        (squad(qa(None, ("Rome", 48))), "qas[0].id: expected a text, found null"),
        (squad(qa("a", ("Rome", 48)), context="\ud800"), "paragraphs[0].context is not valid Unicode"),
    ],
)
def test_a_wrong_structure_is_named_by_its_path(write: Any, content: Any, where: str) -> None:
    path = write(content)
    with pytest.raises(DataError) as caught:
        read_squad(path)
    assert where in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 4


def test_the_deep_path_of_a_mistake_is_complete(write: Any) -> None:
    content = squad(qa("a", ("Rome", 48)))
    content["data"] = [content["data"][0]] * 3 + [
        squad(qa("b"), qa("c"), {"id": "d", "question": "?", "answers": 1})["data"][0]
    ]
    with pytest.raises(DataError, match=r"data\[3\]\.paragraphs\[0\]\.qas\[2\]\.answers: expected a list"):
        read_squad(write(content))


def test_a_truncated_file_is_named_with_its_line(write: Any) -> None:
    text = json.dumps(squad(qa("a", ("Rome", 48))), indent=1)
    path = write(text[: int(len(text) * 0.6)])
    with pytest.raises(DataError, match=rf"{path}:\d\d: not valid JSON.*cut off"):
        read_squad(path)
    half_line = write('{"data":\n [{"title": "Tr')
    with pytest.raises(DataError, match=rf"{half_line}:2: .*cut off"):
        read_squad(half_line)


@pytest.mark.parametrize("text", ["", "  \n\n"])
def test_an_empty_file_is_called_empty(write: Any, text: str) -> None:
    with pytest.raises(DataError, match="is empty"):
        read_squad(write(text))


def test_a_file_without_a_usable_question_is_an_error(write: Any) -> None:
    with pytest.raises(DataError, match="no question with a usable answer"):
        read_squad(write({"data": []}))
    with pytest.raises(DataError, match="1 answers removed") as caught:
        read_squad(write(squad(qa("a", ("Paris", 0)))))
    assert "Paris" in str(caught.value.hint)


def test_files_that_cannot_be_read_are_data_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_squad(tmp_path / "absent.json")
    with pytest.raises(DataError, match="directory"):
        read_squad(tmp_path)
    latin = tmp_path / "latin.json"
    latin.write_bytes('{"data": "é"}'.encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8 text: byte 10 is 0xe9"):
        read_squad(latin)
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 200_000)
    with pytest.raises(DataError, match="JSON"):
        read_squad(deep)


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_text(json.dumps(squad(qa("a", ("Rome", 48)))), encoding="utf-8-sig")
    assert len(read_squad(path).examples) == 1


def test_writing_and_reading_gives_the_same_examples(questions: tuple[QAExample, ...], tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_squad(questions, path)
    again = read_squad(path)
    assert again.examples == questions
    assert again.issues.clean
    assert len(json.loads(path.read_text("utf-8"))["data"]) == 2
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_folder_that_is_not_there_cannot_be_written_to(questions: tuple[QAExample, ...], tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        write_squad(questions, tmp_path / "absent" / "out.json")


def test_the_fingerprint_follows_the_content(questions: tuple[QAExample, ...]) -> None:
    base = fingerprint(questions[:3], questions[3:])
    assert base == fingerprint(list(questions[:3]), questions[3:])
    assert len(base) == 64
    assert base != fingerprint(questions[:4], questions[4:])
    assert base != fingerprint(questions[3:], questions[:3])
    q = questions[0]
    moved = QAExample(q.id, q.question, q.context, (Answer("lit", 33),), q.title)
    assert base != fingerprint((moved, *questions[1:3]), questions[3:])
    shifted = QAExample(q.id + q.question[0], q.question[1:], q.context, q.answers, q.title)
    assert fingerprint([q]) != fingerprint([shifted])


def test_real_squad_has_no_issues(squad_folder: Path) -> None:
    found = read_squad(squad_folder / "dev.json")
    assert found.issues.clean
    assert found.issues.questions == len(found.examples) > 1000
    for example in found.examples:
        for answer in example.answers:
            assert example.context[answer.start : answer.stop] == answer.text
