from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from quantlat.data.embedded import generate
from quantlat.data.embedded.ratings import generate_rated_pairs
from quantlat.data.embedded.texts import generate_texts
from quantlat.errors import DataError, ModelError
from quantlat.models.random_tokenizer import train_tokenizer
from quantlat.recipe.data import Columns, DataOptions, EmbeddedTextsSource, FilesSource
from quantlat.recipe.schema import METRICS_OF_TASKS
from quantlat.tasks import Task, get_task

OPTIONS = DataOptions(sources=(EmbeddedTextsSource(),), max_tokens=128, stride=16, max_question_tokens=32)
TEXTS, _ = generate_texts(20, 4)
QUESTIONS, _ = generate(16, 4, 3)
RATED, _ = generate_rated_pairs(24, 6)
TASKS = [("question-answering", QUESTIONS, "f1"), ("text-classification", TEXTS, "accuracy")]
TASKS += [("text-regression", RATED, "spearman")]
COLUMNS = {"text-classification": (2,), "text-regression": (1,)}


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
    logits = [np.zeros(COLUMNS.get(name) or (w.length, 2), np.float32) for w in windows.windows]
    scored = task.score(windows, logits)
    assert task.metric.key == metric
    assert set(scored.predictions) == {example.id for example in examples}
    assert scored.score.n == len(examples) == len(scored.score.per_example)
    assert scored.score.points == pytest.approx(scored.score.per_example.mean(), abs=1e-9)


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


def test_classes_are_judged_by_the_metric_that_the_recipe_names() -> None:
    tokenizer = train_tokenizer("bert", 600)
    always = [np.array([0.0, 1.0], np.float32) for _ in TEXTS]
    found = {}
    for metric in ("accuracy", "matthews", "f1"):
        windows = get_task("text-classification", metric).windows(TEXTS, tokenizer, OPTIONS)
        # a part of a set, as the search measures them, is judged alike
        part = windows.part(range(10))
        assert (windows.metric, part.metric, part.task) == (metric, metric, "text-classification")
        found[metric] = get_task(windows.task, windows.metric).score(windows, always).score.points
    assert found == {"accuracy": 50.0, "matthews": 0.0, "f1": pytest.approx(200 / 3)}
    with pytest.raises(DataError, match="text-classification is not judged by 'spearman'"):
        get_task("text-classification", "spearman")


def test_recipes_offer_the_metrics_that_the_tasks_have() -> None:
    for name, metrics in METRICS_OF_TASKS.items():
        assert [get_task(name, key).metric.key for key in metrics] == list(metrics)
        assert get_task(name).metric.key == metrics[0]
    with pytest.raises(DataError, match=", ".join(METRICS_OF_TASKS)):
        get_task("ranking")


def test_ratings_in_the_order_of_the_labels_are_perfect_whatever_their_scale() -> None:
    task = get_task("text-regression")
    windows = task.windows(RATED, train_tokenizer("bert", 600), OPTIONS)
    labels = np.array([example.rating for example in RATED])
    assert [window.label for window in windows.windows] == labels.tolist()
    assert all(window.token_type_ids.any() for window in windows.windows)  # both texts of the pair
    said = [np.array([np.exp(label)], np.float32) for label in labels]
    scored = task.score(windows, said)
    assert scored.score.points == pytest.approx(100.0)
    assert scored.predictions[RATED[5].id] == f"{np.exp(labels[5]):.4f}"
    assert task.score(windows, [-row for row in said]).score.points == pytest.approx(-100.0)
    with pytest.raises(DataError, match="expected rated texts"):
        task.windows(TEXTS, train_tokenizer("bert", 600), OPTIONS)


def test_a_file_of_ratings_is_read_with_the_columns_of_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "dev.tsv"
    path.write_text("s1\ts2\tscore\na\tb\t2.5\nc\td\t5\n")
    source = FilesSource(train="train.tsv", columns=Columns(text="s1", text_pair="s2", label="score"))
    found = get_task("text-regression").read_foreign(path, (), OPTIONS.model_copy(update={"sources": (source,)}))
    assert [example.rating for example in found.examples] == [2.5, 5.0]  # type: ignore[union-attr]


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
