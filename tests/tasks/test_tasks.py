from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from quantlat.data.embedded import generate
from quantlat.data.embedded.texts import generate_texts
from quantlat.errors import DataError, ModelError
from quantlat.models.random_tokenizer import train_tokenizer
from quantlat.recipe.data import Columns, DataOptions, EmbeddedTextsSource, FilesSource
from quantlat.tasks import Task, get_task

OPTIONS = DataOptions(sources=(EmbeddedTextsSource(),), max_tokens=128, stride=16, max_question_tokens=32)
TEXTS, _ = generate_texts(20, 4)
QUESTIONS, _ = generate(16, 4, 3)
TASKS = [("question-answering", QUESTIONS, "f1"), ("text-classification", TEXTS, "accuracy")]


@pytest.mark.parametrize(("name", "examples", "metric"), TASKS)
def test_every_task_stores_windows_and_scores_its_examples(
    tmp_path: Path, name: str, examples: tuple, metric: str
) -> None:
    task: Task = get_task(name)
    path = tmp_path / task.split_file("fit")
    task.write(examples, path)
    assert task.read(path) == examples
    windows = task.windows(examples, train_tokenizer("bert", 600), OPTIONS)
    assert windows.task == task.name
    columns = (2,) if name == "text-classification" else None
    logits = [np.zeros(columns or (w.length, 2), np.float32) for w in windows.windows]
    scored = task.score(windows, logits)
    assert task.metric.key == metric
    assert set(scored.predictions) == {example.id for example in examples}
    assert scored.score.n == len(examples) == len(scored.score.per_example)
    assert scored.score.points == pytest.approx(scored.score.per_example.mean())


def test_accuracy_is_the_share_of_the_largest_logits_that_are_the_labels() -> None:
    task = get_task("text-classification")
    windows = task.windows(TEXTS, train_tokenizer("bert", 600), OPTIONS)
    right = [np.eye(2, dtype=np.float32)[example.label] for example in TEXTS]
    assert task.score(windows, right).score.points == 100.0
    right[3] = right[3][::-1]
    scored = task.score(windows, right)
    assert scored.score.points == 95.0
    assert scored.score.per_example[3] == 0.0
    assert scored.predictions[TEXTS[3].id] == str(1 - TEXTS[3].label)
    assert scored.score.exact_per_example is None


def test_logits_that_are_no_numbers_are_refused_with_the_text() -> None:
    task = get_task("text-classification")
    windows = task.windows(TEXTS, train_tokenizer("bert", 600), OPTIONS)
    logits = [np.zeros(2, np.float32) for _ in TEXTS]
    logits[5][0] = np.nan
    with pytest.raises(ModelError, match=TEXTS[5].id):
        task.score(windows, logits)


def test_a_users_file_is_read_with_the_columns_of_the_recipe_and_the_labels_of_the_model(tmp_path: Path) -> None:
    path = tmp_path / "more.tsv"
    path.write_text("s\tverdict\nfine\tpositive\n\nbad\tnegative\n")
    source = FilesSource(train="train.tsv", columns=Columns(text="s", label="verdict"))
    options = OPTIONS.model_copy(update={"sources": (source,)})
    task = get_task("text-classification")
    found = task.read_foreign(path, ("negative", "neutral", "positive"), options)
    assert [example.label for example in found.examples] == [2, 0]  # type: ignore[union-attr]
    with pytest.raises(DataError, match="not one of the classes"):
        task.read_foreign(path, ("negative", "neutral"), options)


def test_examples_of_another_task_are_refused() -> None:
    with pytest.raises(DataError, match="expected texts"):
        get_task("text-classification").request(QUESTIONS[0])
    with pytest.raises(DataError, match="expected questions"):
        get_task("question-answering").request(TEXTS[0])


def test_an_unknown_task_is_named_with_the_known_ones() -> None:
    with pytest.raises(DataError, match="unknown task 'ranking'") as error:
        get_task("ranking")
    assert "text-classification" in str(error.value.hint)
