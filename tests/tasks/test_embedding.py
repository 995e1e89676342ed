"""Texts without labels, judged by the similarities that a reference model sees between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quantlat.data.examples import EmbeddingExample
from quantlat.data.plain_texts import read_plain_texts
from quantlat.errors import DataError, ModelError
from quantlat.evaluation import evaluate_model
from quantlat.evaluation.references import with_references
from quantlat.models import load_checkpoint
from quantlat.models.random_tokenizer import train_tokenizer
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.recipe.data import DataOptions, EmbeddedTextsSource
from quantlat.tasks import get_task

OPTIONS = DataOptions(sources=(EmbeddedTextsSource(),), max_tokens=64, stride=0, max_question_tokens=8)
TEXTS = tuple(EmbeddingExample.of(str(i), f"text number {i} of {'many ' * (i % 5)}words") for i in range(24))
TASK = get_task("embedding")


def test_both_texts_of_a_pair_are_texts_and_equal_ones_come_once(tmp_path: Path) -> None:
    path = tmp_path / "qqp.tsv"
    path.write_text("id\tquestion1\tquestion2\n7\tHow far?\tHow long?\n8\tHow long?\tHow old?\n")  # no labels
    found = read_plain_texts(path)
    assert [(e.id, e.text, e.text_pair) for e in found.examples] == [
        ("7", "How far?", None),
        ("7.pair", "How long?", None),
        ("8.pair", "How old?", None),
    ]
    assert found.issues.clean


def test_a_file_without_texts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "numbers.jsonl"
    path.write_text('{"n": 1}\n{"n": 2}\n')
    with pytest.raises(DataError, match="Each row must hold a text"):
        read_plain_texts(path)


def test_texts_are_stored_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / TASK.split_file("fit")
    TASK.write(TEXTS, path)
    assert TASK.read(path) == TEXTS


def test_the_reference_model_agrees_with_itself_and_dropped_tokens_cost_something() -> None:
    loaded = load_checkpoint("random:bert-2x64", task="embedding")
    plain = TASK.windows(TEXTS, loaded.tokenizer, OPTIONS)
    windows = with_references(plain, loaded, OPTIONS)
    assert evaluate_model(loaded.model, windows).score.points == pytest.approx(100.0, abs=1e-3)
    dropped = evaluate_model(loaded.model, windows, ElasticConfig(RetentionConfig((0.5, 0.2)))).score
    assert 0.0 < dropped.points < 99.99
    assert dropped.n == len(dropped.per_example) == len(TEXTS)


def test_without_a_reference_there_is_nothing_to_score() -> None:
    windows = TASK.windows(TEXTS, train_tokenizer("bert", 600), OPTIONS)
    with pytest.raises(DataError, match="24 of 24 texts have no embedding of the reference"):
        TASK.score(windows, [np.ones(4, np.float32)] * 24)


def test_an_embedding_that_is_no_number_is_refused_with_its_text() -> None:
    windows = TASK.windows(TEXTS, train_tokenizer("bert", 600), OPTIONS)
    rows = list(np.eye(24, dtype=np.float32))
    examples = tuple(replace(e, reference=row) for e, row in zip(TEXTS, rows, strict=True))
    rows[5] = np.full(24, np.nan, np.float32)
    with pytest.raises(ModelError, match="text '5'"):
        TASK.score(replace(windows, examples=examples), rows)
