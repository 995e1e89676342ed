from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from quantlat.data.batching import Batch, collate
from quantlat.data.windows import Window
from quantlat.errors import DataError, Interrupted, ModelError, RecipeError
from quantlat.models import QAModel
from quantlat.progress import Progress, QuietProgress
from quantlat.recipe.schema import IntermediateDistillation, PredictionDistillation
from quantlat.training.device import Execution
from quantlat.training.distillation import (
    IntermediateStep,
    IntermediateStudent,
    PredictionStep,
    distill_intermediate,
    distill_prediction,
    layer_map,
)
from quantlat.training.losses import forward_kl, span_cross_entropy
from quantlat.training.soft_labels import SoftLabels, compute_soft_labels
from quantlat.training.step import StepContext

Windows = tuple[Window, ...]
NewModel = Callable[..., QAModel]
InterruptedAt = Callable[[float], Progress]
QUIET = QuietProgress()
COMMON = {"epochs": 4, "learning_rate": 2e-3, "batch_size": 8, "precision": "fp32"}


def intermediate(**changes: Any) -> IntermediateDistillation:
    return IntermediateDistillation(**{**COMMON, **changes})


def prediction(**changes: Any) -> PredictionDistillation:
    return PredictionDistillation(**{**COMMON, **changes})


def context() -> StepContext:
    return StepContext(0, 10, 42, Execution("fp32"))


def one_step(student: QAModel, teacher: QAModel, batch: Batch, **changes: Any) -> dict[str, Tensor]:
    options = intermediate(**changes)
    mapping = layer_map(options.layer_map, student.config.num_layers, teacher.config.num_layers)
    model = IntermediateStudent(
        student, teacher.config.hidden_size, seed=0, trains_embeddings=not options.freeze_embeddings
    )
    return dict(IntermediateStep(teacher, mapping, options)(model, batch, context()))


@pytest.fixture(scope="module")
def labels(new_model: NewModel, windows: Windows, tmp_path_factory: pytest.TempPathFactory) -> SoftLabels:
    teacher = new_model(seed=5, hidden_size=48)
    with torch.no_grad():
        teacher.qa_outputs.weight.mul_(20.0)
    folder = tmp_path_factory.mktemp("labels")
    return compute_soft_labels(teacher, windows, pad_token_id=0, state_dir=folder, progress=QUIET, precision="fp32")


@pytest.mark.parametrize(
    ("student", "teacher", "expected"),
    [
        (6, 12, (2, 4, 6, 8, 10, 12)),
        (4, 12, (3, 6, 9, 12)),
        (3, 3, (1, 2, 3)),
        (2, 5, (2, 5)),
        (4, 2, (1, 1, 2, 2)),
    ],
)
def test_the_uniform_map_spreads_the_teachers_layers(student: int, teacher: int, expected: tuple[int, ...]) -> None:
    assert layer_map("uniform", student, teacher) == expected


def test_a_map_that_does_not_fit_is_refused() -> None:
    assert layer_map((1, 12), 2, 12) == (1, 12)
    with pytest.raises(RecipeError, match="names 3 teacher layers, but the student has 2"):
        layer_map((1, 2, 3), 2, 12)
    with pytest.raises(RecipeError, match="layers 1 to 12"):
        layer_map((1, 13), 2, 12)


def test_a_student_that_equals_its_teacher_has_nothing_to_learn(new_model: NewModel, windows: Windows) -> None:
    parts = one_step(new_model(), new_model(), collate(windows, range(4), 0), freeze_embeddings=False)
    assert set(parts) == {"hidden", "attention", "embedding"}
    assert all(value.item() == pytest.approx(0.0, abs=1e-10) for value in parts.values())


def test_the_losses_are_those_of_the_mapped_layers(new_model: NewModel, windows: Windows) -> None:
    student, teacher = new_model(), new_model(seed=1, num_layers=4)
    batch = collate(windows, [3], 0)  # alone, so without padding
    parts = one_step(student, teacher, batch, layer_map=(1, 4))
    with torch.no_grad():
        mine = student.encoder.observe(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        theirs = teacher.encoder.observe(batch.input_ids, batch.attention_mask, batch.token_type_ids)
    pairs = ((1, 1), (2, 4))
    hidden = sum((mine.hidden_states[m] - theirs.hidden_states[g]).square().mean() for m, g in pairs)
    scores = sum((mine.scores[m - 1] - theirs.scores[g - 1]).square().mean() for m, g in pairs)
    assert parts["hidden"].item() == pytest.approx(float(hidden), rel=1e-5)
    assert parts["attention"].item() == pytest.approx(float(scores), rel=1e-5)


def test_weights_of_zero_switch_a_part_off(new_model: NewModel, windows: Windows) -> None:
    batch = collate(windows, range(4), 0)
    student = new_model()
    parts = one_step(student, new_model(seed=1), batch, hidden_weight=0.0)
    assert parts["hidden"].item() == 0.0 and parts["attention"].item() > 0.0
    # Nothing behind the last attention scores has been taught.
    assert student.encoder.layers[1].feed_forward.up.weight.grad is None
    assert student.encoder.layers[1].attention.query.weight.grad is not None


def test_what_stands_in_padding_does_not_change_the_gradient(new_model: NewModel, windows: Windows) -> None:
    gradients = []
    for pad in (0, 77):
        student = new_model()
        one_step(student, new_model(seed=1, hidden_size=48), collate(windows, range(6), pad))
        gradients.append({n: p.grad for n, p in student.named_parameters() if "layers" in n and p.grad is not None})
    assert gradients[0]
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, atol=1e-7, rtol=1e-4)


def test_the_teacher_stays_in_eval_without_gradients_and_unchanged(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    teacher = new_model(seed=1).train()
    teacher.encoder.set_dropout(0.5)
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    reference, student = new_model(), new_model()
    distill_intermediate(student, teacher, windows, intermediate(epochs=1), state_dir=tmp_path / "a", progress=QUIET)
    assert not teacher.training
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in teacher.state_dict().items())
    calm = new_model(seed=1)
    distill_intermediate(reference, calm, windows, intermediate(epochs=1), state_dir=tmp_path / "b", progress=QUIET)
    for one, other in zip(student.parameters(), reference.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_smaller_student_learns_through_projections_that_are_thrown_away(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    teacher, student = new_model(seed=1, hidden_size=64, num_heads=4, num_layers=4), new_model()
    head = student.qa_outputs.weight.clone()
    names = set(student.state_dict())
    progress = QuietProgress()
    result = distill_intermediate(
        student,
        teacher,
        windows,
        intermediate(epochs=10, freeze_embeddings=False),
        state_dir=tmp_path,
        progress=progress,
    )
    assert result.loss_curve.components == ("total", "hidden", "attention", "embedding")
    for component in ("hidden", "embedding"):
        losses = [loss for _, loss in result.loss_curve.points(component)]
        assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])
    assert set(student.state_dict()) == names
    assert torch.equal(student.qa_outputs.weight, head)
    assert any("2 attention heads, the teacher 4" in said for said in progress.said)


def test_frozen_embeddings_are_not_taught(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    student = new_model()
    before = student.encoder.embeddings.word.weight.clone()
    result = distill_intermediate(
        student,
        new_model(seed=1, hidden_size=64),
        windows,
        intermediate(epochs=1),
        state_dir=tmp_path,
        progress=QUIET,
    )
    assert "embedding" not in result.loss_curve.components
    assert torch.equal(student.encoder.embeddings.word.weight, before)


def test_an_interrupted_intermediate_distillation_resumes_with_its_projections(
    new_model: NewModel, windows: Windows, tmp_path: Path, interrupted_at: InterruptedAt
) -> None:
    teacher, options = new_model(seed=1, hidden_size=64), intermediate(epochs=2)
    straight, resumed = new_model(), new_model()
    distill_intermediate(straight, teacher, windows, options, state_dir=tmp_path / "a", progress=QUIET)
    with pytest.raises(Interrupted):
        distill_intermediate(
            new_model(), teacher, windows, options, state_dir=tmp_path / "b", progress=interrupted_at(3)
        )
    assert distill_intermediate(resumed, teacher, windows, options, state_dir=tmp_path / "b", progress=QUIET).resumed
    for one, other in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_an_intermediate_distillation_without_a_purpose_is_refused(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match="nothing to teach"):
        distill_intermediate(
            new_model(),
            new_model(seed=1),
            windows,
            intermediate(hidden_weight=0.0, attention_weight=0.0),
            state_dir=tmp_path,
            progress=QUIET,
        )


def test_teachers_that_read_something_else_are_refused(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="one vocabulary"):
        distill_intermediate(
            new_model(),
            new_model(vocab_size=5000),
            windows,
            intermediate(),
            state_dir=tmp_path,
            progress=QUIET,
        )
    with pytest.raises(ModelError, match="the teacher reads 64"):
        distill_intermediate(
            new_model(),
            new_model(max_positions=64),
            windows,
            intermediate(),
            state_dir=tmp_path,
            progress=QUIET,
        )


def test_prediction_distillation_follows_the_soft_labels(
    new_model: NewModel, windows: Windows, labels: SoftLabels, tmp_path: Path
) -> None:
    result = distill_prediction(
        new_model(),
        windows,
        labels,
        prediction(epochs=20, learning_rate=5e-3, freeze_embeddings=False),
        state_dir=tmp_path,
        progress=QUIET,
    )
    losses = [loss for _, loss in result.loss_curve.points("soft")]
    assert np.mean(losses[-4:]) < 0.5 * np.mean(losses[:4])
    assert result.loss_curve.components == ("total", "soft")


def test_hard_labels_join_with_their_weight(new_model: NewModel, windows: Windows, labels: SoftLabels) -> None:
    model, batch = new_model(), collate(windows, range(6), 0)
    step = PredictionStep(labels, prediction(temperature=2.0, hard_label_weight=0.25))
    running = context()
    parts = step(model, batch, running)
    logits = model(batch.input_ids, batch.attention_mask, batch.token_type_ids)
    soft = forward_kl(logits, labels.for_batch(batch), batch.attention_mask, 2.0).item()
    hard = span_cross_entropy(logits, batch.starts, batch.ends, batch.attention_mask).item()
    assert (parts["soft"].item(), parts["hard"].item()) == pytest.approx((soft, hard), rel=1e-5)
    assert running.loss is not None and running.loss.item() == pytest.approx(soft + 0.25 * hard, rel=1e-5)


def test_soft_labels_of_other_windows_are_refused(
    new_model: NewModel, windows: Windows, labels: SoftLabels, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="do not belong"):
        distill_prediction(new_model(), windows[::-1], labels, prediction(), state_dir=tmp_path, progress=QUIET)
