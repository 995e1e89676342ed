"""What the report measures on dev questions: models that are one model are evaluated once."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantlat.data import WindowSet, make_windows
from quantlat.data.embedded import generate
from quantlat.evaluation.dev import STUDENT, TEACHER, Contestants, ModelFolders, float_accuracy
from quantlat.models import LoadedModel, QAModel, load_checkpoint
from quantlat.progress import QuietProgress
from tests.quantization.tiny import quantized_model


@pytest.fixture(scope="module")
def teacher() -> LoadedModel:
    return load_checkpoint("random:bert-2x128", seed=5)


def _contestants(teacher: LoadedModel, student: LoadedModel, windows: WindowSet) -> Contestants:
    return Contestants(
        teacher=teacher,
        student=student,
        quantized=quantized_model(),
        profiles={"full": None},
        windows=windows,
        teacher_windows=windows,
        calibration=windows.windows[:2],
        threads=1,
        folders=ModelFolders(Path("teacher"), Path("student"), Path("quantized"), Path("scratch")),
    )


@pytest.mark.parametrize(("seed", "one_model"), [(5, True), (6, False)])
def test_a_student_that_is_the_teacher_is_evaluated_once(teacher: LoadedModel, seed: int, one_model: bool) -> None:
    student = load_checkpoint("random:bert-2x128", seed=seed)
    assert isinstance(student.model, QAModel)
    student.model.set_answer_weight(1.0)  # has no part in what is measured at full length
    _, dev = generate(48, 16, 3)
    windows = make_windows(dev, teacher.tokenizer, max_tokens=160, stride=32)
    contestants = _contestants(teacher, student, windows)
    assert contestants.same_shape
    found = float_accuracy(contestants, QuietProgress())
    assert list(found) == [TEACHER, STUDENT]
    assert (found[STUDENT] is found[TEACHER]) == one_model
    assert (found[STUDENT].predictions == found[TEACHER].predictions) == one_model
