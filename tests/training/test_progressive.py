from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from quantlat.data.batching import collate
from quantlat.data.windows import Window
from quantlat.errors import Interrupted, ModelError, RecipeError
from quantlat.models import QAModel, Tokenizer, load_checkpoint
from quantlat.models.bottleneck import Bottleneck
from quantlat.progress import Progress, QuietProgress
from quantlat.recipe.schema import ProgressiveDistillation
from quantlat.training.device import Execution
from quantlat.training.distillation import IntermediateStudent
from quantlat.training.losses import attention_kl, feature_map_losses
from quantlat.training.progressive import ProgressiveSchedule, ProgressiveStep, distill_progressively, phase_of
from quantlat.training.step import StepContext

Windows = tuple[Window, ...]
NewModel = Callable[..., QAModel]
InterruptedAt = Callable[[float], Progress]
QUIET = QuietProgress()
BLOCK = Bottleneck(size=16, embedding_size=16, feed_forwards=2)
MOBILE: dict[str, Any] = {"family": "mobilebert", "activation": "relu", "intermediate_size": 32, "bottleneck": BLOCK}
HALVES = ("encoder.layers.0.", "encoder.layers.1.")


def options(**changes: Any) -> ProgressiveDistillation:
    common = {"epochs": 4, "learning_rate": 5e-3, "batch_size": 8, "precision": "fp32", "freeze_embeddings": False}
    return ProgressiveDistillation(**{**common, **changes})


def distill(student: QAModel, teacher: QAModel, windows: Windows, folder: Path, **changes: Any) -> Any:
    progress = changes.pop("progress", QUIET)
    return distill_progressively(student, teacher, windows, options(**changes), state_dir=folder, progress=progress)


def changed(before: dict[str, Tensor], after: dict[str, Tensor], part: str) -> bool:
    return any(not torch.equal(before[name], after[name]) for name in before if part in name)


def snapshot(model: QAModel) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_every_layer_has_its_turn_and_the_steps_are_divided_evenly() -> None:
    phases = [phase_of(step, 10, 3) for step in range(10)]
    assert [layer for layer, _, _ in phases] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]
    assert [inside for _, inside, _ in phases] == [0, 1, 2, 0, 1, 2, 0, 1, 2, 3]
    assert [length for _, _, length in phases] == [3, 3, 3, 3, 3, 3, 4, 4, 4, 4]
    with pytest.raises(RecipeError, match="2 steps for 3 layers"):
        phase_of(0, 2, 3)


def test_rates_are_nothing_before_a_turn_full_in_it_and_a_share_after() -> None:
    schedule = ProgressiveSchedule(2, warmup_ratio=0.5, lower_layers_rate=0.1)
    groups = [
        schedule.group_of(f"student.{name}")
        for name in ("encoder.embeddings.word.weight", "encoder.layers.0.stack.0.up.bias", "encoder.layers.1.dense")
    ]
    assert groups == [0, 0, 1]
    rates = [[schedule.factor(group, step, 8) for step in range(8)] for group in (0, 1)]
    assert rates[0] == pytest.approx([0.5, 1.0, 1.0, 0.5, 0.05, 0.1, 0.1, 0.05])
    assert rates[1] == pytest.approx([0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 0.5])
    projection, head = schedule.group_of("hidden.weight"), schedule.group_of("student.qa_outputs.weight")
    assert [schedule.factor(projection, step, 8) for step in (1, 5)] == [1.0, 1.0]
    assert [schedule.factor(head, step, 8) for step in (1, 5)] == [0.0, 0.0]


def test_attention_transfer_is_the_divergence_of_real_queries() -> None:
    torch.manual_seed(0)
    mine, target = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    bias = (1 - mask)[:, None, None, :] * -1e4
    rows = [
        F.kl_div((mine + bias)[b, h, q].log_softmax(-1), (target + bias)[b, h, q].softmax(-1), reduction="sum")
        for b, h in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2))
        for q in range(int(mask[b].sum()))
    ]
    assert attention_kl(mine + bias, target + bias, mask).item() == pytest.approx(float(sum(rows)) / 18, rel=1e-5)
    assert attention_kl(target, target, mask).item() == pytest.approx(0.0, abs=1e-6)
    one_head = attention_kl(target.mean(1, keepdim=True), target, mask)
    assert torch.isfinite(one_head) and one_head > 0
    with pytest.raises(ModelError, match="same tokens"):
        attention_kl(mine[:, :, :3, :3], target, mask)


def test_feature_maps_are_compared_by_form_mean_and_variance() -> None:
    torch.manual_seed(0)
    target, mask = torch.randn(2, 5, 8), torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]])
    scaled = feature_map_losses(3.0 * target + 2.0, target, mask)
    real = mask.bool()
    means, variances = target.mean(-1)[real], target.var(-1, correction=0)[real]
    assert scaled.normalized.item() == pytest.approx(0.0, abs=1e-6)  # the same form
    assert scaled.mean.item() == pytest.approx(float((2.0 * means + 2.0).square().mean()), rel=1e-5)
    assert scaled.variance.item() == pytest.approx(float(8.0 * variances.mean()), rel=1e-5)
    padded = torch.where(real[..., None], target, 1e3)
    assert feature_map_losses(padded, target, mask).mean.item() == pytest.approx(0.0, abs=1e-9)


def test_a_step_reaches_the_layer_in_turn_and_no_further(new_model: NewModel, windows: Windows) -> None:
    student, teacher = new_model(**MOBILE), new_model(seed=1)
    model = IntermediateStudent(student, 32, seed=0, trains_embeddings=False)
    step, batch = ProgressiveStep(teacher, (1, 2), options()), collate(windows, range(4), 0)
    parts = step(model, batch, StepContext(0, 10, 42, Execution("fp32")))
    assert set(parts) == {"feature map", "mean", "variance", "attention"}
    reached = {name: parameter.grad is not None for name, parameter in student.named_parameters()}
    assert all(reached[name] for name in reached if HALVES[0] + "stack" in name)
    assert not any(reached[name] for name in reached if HALVES[1] in name or name.startswith("qa_outputs"))
    inputs = (batch.input_ids, batch.attention_mask, batch.token_type_ids)
    whole = teacher.encoder.observe(*inputs)
    output, scores = teacher.encoder.observe_layer(*inputs, 2)
    assert torch.allclose(output, whole.hidden_states[2], atol=1e-6)
    assert torch.allclose(scores, whole.scores[1], atol=1e-5)


def test_a_mobilebert_learns_feature_maps_and_attention_of_a_bert(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    student, teacher = new_model(**MOBILE, num_layers=4), new_model(seed=1, hidden_size=48)
    with torch.no_grad():
        for parameter in teacher.encoder.parameters():
            parameter.mul_(4.0)  # so that its attention is not uniform
    maps_only = {"mean_weight": 0.0, "variance_weight": 0.0, "attention_weight": 0.0}
    attention_only = {"mean_weight": 0.0, "variance_weight": 0.0, "feature_map_weight": 0.0}
    for name, weights in (("feature map", maps_only), ("attention", attention_only)):
        result = distill(student, teacher, windows, tmp_path / name.split()[0], epochs=16, **weights)
        losses = [loss for _, loss in result.loss_curve.points(name)]
        assert result.steps == 64
        # Batches differ in length and so in loss: the first and the last epoch of a layer's turn are compared.
        if name == "feature map":
            assert sum(losses[12:16]) < 0.8 * sum(losses[:4])
        assert sum(losses[60:]) < sum(losses[48:52]), name


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_lower_layers_follow_at_their_share_of_the_rate(
    new_model: NewModel, windows: Windows, tmp_path: Path, rate: float, interrupted_at: InterruptedAt
) -> None:
    student, teacher = new_model(**MOBILE), new_model(seed=1)
    fresh = snapshot(student)
    with pytest.raises(Interrupted):  # 16 steps: 8 for each layer, the interruption is where layer 2 begins
        distill(student, teacher, windows, tmp_path, lower_layers_rate=rate, progress=interrupted_at(8))
    half = snapshot(student)
    assert changed(fresh, half, HALVES[0]) and not changed(fresh, half, HALVES[1])
    resumed = new_model(**MOBILE)
    result = distill(resumed, teacher, windows, tmp_path, lower_layers_rate=rate)
    assert result.resumed
    done = snapshot(resumed)
    assert changed(half, done, HALVES[1]) and changed(half, done, HALVES[0]) == (rate > 0.0)
    assert not changed(fresh, done, "qa_outputs")
    straight = new_model(**MOBILE)
    distill(straight, teacher, windows, tmp_path / "straight", lower_layers_rate=rate)
    assert not changed(done, snapshot(straight), "")


def test_embeddings_and_head_come_from_a_teacher_of_the_same_shape(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    wide = replace(BLOCK, size=32, feed_forwards=1)
    student, teacher = new_model(**MOBILE), new_model(seed=1, **{**MOBILE, "bottleneck": wide})
    distill(student, teacher, windows, tmp_path, epochs=0.5, copy_from_teacher=True, freeze_embeddings=True)
    word, head = "encoder.embeddings.word.weight", "qa_outputs.weight"
    for name in (word, head):
        assert torch.equal(student.state_dict()[name], teacher.state_dict()[name])
    with pytest.raises(RecipeError, match="not of the student's shape"):
        distill(student, new_model(seed=1), windows, tmp_path / "bert", copy_from_teacher=True)


def test_impossible_transfers_are_refused(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    student, teacher = new_model(**MOBILE), new_model(seed=1)
    nothing = {"feature_map_weight": 0.0, "mean_weight": 0.0, "variance_weight": 0.0, "attention_weight": 0.0}
    with pytest.raises(RecipeError, match="nothing to teach"):
        distill(student, teacher, windows, tmp_path, **nothing)
    with pytest.raises(ModelError, match="progressive distillation needs one vocabulary"):
        distill(student, new_model(vocab_size=100), windows, tmp_path)
    with pytest.raises(RecipeError, match="1 steps for 2 layers"):
        distill(student, teacher, windows, tmp_path, max_steps=1)


def test_random_mobileberts_have_the_published_proportions(tokenizer: Tokenizer) -> None:
    config = load_checkpoint("random:mobilebert-2x128").config
    assert config.bottleneck is not None and config.vocab_size == tokenizer.vocab_size
    assert (config.bottleneck.size, config.bottleneck.feed_forwards, config.intermediate_size) == (32, 4, 128)
    assert config.num_heads == 2
