"""What a model scored on an example is asked of it once, and believed of that model and that example alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from quantlat.data import WindowSet, make_text_windows, make_windows
from quantlat.data.embedded import generate
from quantlat.data.embedded.texts import generate_texts
from quantlat.evaluation import evaluate_model, known_points
from quantlat.evaluation.known_points import KnownPoints, points_per_example
from quantlat.models import LoadedModel, load_checkpoint, load_folder, save_huggingface
from quantlat.progress import QuietProgress


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_checkpoint("random:bert-2x128", seed=5)


@pytest.fixture(scope="module")
def windows(loaded: LoadedModel) -> WindowSet:
    _, dev = generate(48, 16, 3)
    return make_windows(dev, loaded.tokenizer, max_tokens=160, stride=32)


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Ids of the examples of every evaluation that is made."""
    seen: list[Sequence[str]] = []

    def watched(model: object, windows: WindowSet, **options: object) -> object:
        seen.append([example.id for example in windows.examples])
        return evaluate_model(model, windows, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(known_points, "evaluate_model", watched)
    return seen


def _points(model: LoadedModel, windows: WindowSet, known: KnownPoints | None) -> NDArray[np.float64]:
    return points_per_example(model.model, windows, known, progress=QuietProgress(), name="points")


def test_only_what_is_not_known_is_evaluated(
    loaded: LoadedModel, windows: WindowSet, evaluated: list[Sequence[str]]
) -> None:
    whole = evaluate_model(loaded.model, windows)
    some = windows.part([1, 3, 4, 10])
    known = KnownPoints.of(loaded.model, some, evaluate_model(loaded.model, some))
    assert np.array_equal(_points(loaded, some, known), whole.score.per_example[[1, 3, 4, 10]])
    assert evaluated == []
    assert np.allclose(_points(loaded, windows, known), whole.score.per_example)
    assert len(evaluated) == 1 and len(evaluated[0]) == len(windows.examples) - 4
    assert not set(evaluated[0]) & {example.id for example in some.examples}


def test_the_record_survives_its_file_and_the_model_its_folder(
    loaded: LoadedModel, windows: WindowSet, evaluated: list[Sequence[str]], tmp_path: Path
) -> None:
    known = KnownPoints.of(loaded.model, windows, evaluate_model(loaded.model, windows))
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path)
    again = load_folder(tmp_path, task="question-answering")
    read = KnownPoints.model_validate_json(known.model_dump_json())
    assert np.array_equal(_points(again, windows, read), evaluate_model(loaded.model, windows).score.per_example)
    assert evaluated == []


def test_another_model_or_another_text_is_not_known(
    loaded: LoadedModel, windows: WindowSet, evaluated: list[Sequence[str]]
) -> None:
    known = KnownPoints.of(loaded.model, windows, evaluate_model(loaded.model, windows))
    other = load_checkpoint("random:bert-2x128", seed=6)
    assert np.array_equal(_points(other, windows, known), evaluate_model(other.model, windows).score.per_example)
    assert len(evaluated[0]) == len(windows.examples)

    first = windows.windows[0]
    ids = first.input_ids.copy()
    ids[-2] += 1
    changed = replace(windows, windows=(replace(first, input_ids=ids), *windows.windows[1:]))
    _points(loaded, changed, known)
    assert evaluated[1] == [windows.examples[0].id]
    assert len(_points(loaded, windows, None)) == len(evaluated[2]) == len(windows.examples)


def test_points_of_texts_that_are_scored_together_are_never_taken_from_elsewhere(
    evaluated: list[Sequence[str]],
) -> None:
    texts, _ = generate_texts(40, 4)
    model = load_checkpoint("random:bert-2x128", task="text-classification", seed=5)
    by_accuracy = make_text_windows(texts, model.tokenizer)
    known = KnownPoints.of(model.model, by_accuracy, evaluate_model(model.model, by_accuracy))
    assert len(known.points) == 40
    by_matthews = replace(by_accuracy, metric="matthews")
    points = _points(model, by_matthews, known)
    assert len(evaluated) == 1 and not np.array_equal(points, list(known.points.values()))
    assert KnownPoints.of(model.model, by_matthews, evaluate_model(model.model, by_matthews)).points == {}
