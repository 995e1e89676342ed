from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from quantlat.data.batching import Batch, collate
from quantlat.data.windows import Window
from quantlat.errors import DataError, Interrupted, RecipeError
from quantlat.models import QAModel, build_model
from quantlat.progress import Progress, QuietProgress
from quantlat.recipe.schema import LengthDropStage, TrainOptions
from quantlat.training.device import Execution
from quantlat.training.length_drop import LengthDropPlan, LengthDropStep, default_plan, train_length_drop
from quantlat.training.length_sampling import LateDrop, LengthDrop, SubNetwork, sub_networks
from quantlat.training.losses import forward_kl, span_cross_entropy
from quantlat.training.sandwich import Sandwich, shared_layers
from quantlat.training.soft_labels import SoftLabels, compute_soft_labels
from quantlat.training.step import StepContext

Windows = tuple[Window, ...]
NewModel = Callable[..., QAModel]
InterruptedAt = Callable[[float], Progress]


def stage(**changes: Any) -> LengthDropStage:
    train = {"epochs": 2, "learning_rate": 2e-3, "batch_size": 8, "precision": "fp32"}
    train |= {key: changes.pop(key) for key in tuple(changes) if key in TrainOptions.model_fields}
    values = {"sampler": "length_drop", **changes}
    return LengthDropStage(train=TrainOptions(**train), **values)


def context(step: int = 0) -> StepContext:
    return StepContext(step, 10, 42, Execution("fp32"))


def batch_of(windows: Windows, count: int = 6) -> tuple[Batch, np.ndarray]:
    return collate(windows, range(count), 0), np.array([window.length for window in windows[:count]])


@pytest.fixture(scope="module")
def labels(new_model: NewModel, windows: Windows, tmp_path_factory: pytest.TempPathFactory) -> SoftLabels:
    folder = tmp_path_factory.mktemp("labels")
    teacher = new_model(seed=5, hidden_size=48)
    return compute_soft_labels(teacher, windows, pad_token_id=0, state_dir=folder, progress=QuietProgress())


def sharpened(model: QAModel) -> QAModel:
    """Fresh weights hardly tell tokens apart; larger ones make every pass answer differently."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(8.0)
    return model


def gradients(model: QAModel) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("early", [0.0, 0.3])
@pytest.mark.parametrize("freeze", [True, False])
@pytest.mark.parametrize(("sampler", "layer_drop"), [(LengthDrop(0.4), 0.0), (LateDrop(), 0.0), (LateDrop(), 0.4)])
def test_branches_add_up_to_the_gradient_of_separate_passes(
    new_model: NewModel,
    windows: Windows,
    labels: SoftLabels,
    sampler: Any,
    layer_drop: float,
    freeze: bool,
    early: float,
) -> None:
    model = sharpened(new_model(num_layers=4)).train()
    model.set_answer_weight(1.0)
    for parameter in model.encoder.embeddings.parameters():
        parameter.requires_grad_(not freeze)
    batch, tokens = batch_of(windows)
    mask = batch.attention_mask
    weights = {"hard_label_weight": 0.3, "teacher_weight": 0.7, "early_answer_weight": early}
    options = stage(layer_drop=layer_drop, temperature=2.0, **weights)
    step = LengthDropStep(options, labels, LengthDropPlan(sampler=sampler), layers=4)
    parts = step(model, batch, context())
    shared = gradients(model)

    model.zero_grad(set_to_none=True)
    states = Sandwich.start(model, batch, tokens).states
    logits = model.head(states[-1], mask)
    full = 0.3 * span_cross_entropy(logits, batch.starts, batch.ends, mask)
    full = full + 0.7 * forward_kl(logits, labels.for_batch(batch), mask, 2.0)
    passes = sub_networks(sampler, tokens, 4, context().rng(), random_passes=2, layer_drop=layer_drop)
    divergences = []
    for passed in passes:
        lengths = torch.from_numpy(passed.lengths)
        sub = model(batch.input_ids, mask, batch.token_type_ids, lengths=lengths, skipped=passed.skipped)
        divergences.append(forward_kl(sub, logits.detach(), mask, 2.0))
    said = [model.head(state, mask) for state in states[max(1, min(shared_layers(p, tokens) for p in passes)) : -1]]
    told = torch.stack([forward_kl(logits_early, logits.detach(), mask, 2.0) for logits_early in said]).mean()
    ((full + early * told + sum(divergences)) / 4).backward()

    assert parts["full"].item() == pytest.approx(full.item(), rel=1e-5)
    assert parts["smallest"].item() == pytest.approx(divergences[0].item(), rel=1e-4)
    assert parts["random"].item() == pytest.approx((divergences[1] + divergences[2]).item() / 2, rel=1e-4)
    assert divergences[0].item() > 0.01 and told.item() > 0.01
    assert ("early" in parts) is (early > 0.0)
    separate = gradients(model)
    assert shared.keys() == separate.keys()
    assert any(name.startswith("encoder.embeddings") for name in shared) is not freeze
    for name, gradient in separate.items():
        torch.testing.assert_close(shared[name], gradient, atol=1e-5, rtol=1e-3)


def test_a_branch_computes_what_the_model_computes_with_those_lengths(new_model: NewModel, windows: Windows) -> None:
    model = sharpened(new_model(num_layers=4))
    batch, tokens = batch_of(windows)
    sandwich = Sandwich.start(model, batch, tokens)
    full = model(batch.input_ids, batch.attention_mask, batch.token_type_ids)
    torch.testing.assert_close(sandwich.logits, full)
    for passed in sub_networks(LateDrop(), tokens, 4, np.random.default_rng(1), random_passes=4, layer_drop=0.3):
        logits = sandwich.branch(passed)
        expected = model(
            batch.input_ids,
            batch.attention_mask,
            batch.token_type_ids,
            lengths=torch.from_numpy(passed.lengths),
            skipped=passed.skipped,
        )
        real = batch.attention_mask.bool()
        assert logits is not None
        torch.testing.assert_close(logits[real], expected[real], atol=1e-5, rtol=1e-4)


def test_layers_are_shared_up_to_the_first_drop_or_skip() -> None:
    tokens = np.array([10, 8])
    lengths = np.array([[10, 10, 5, 5], [8, 8, 8, 4]])
    assert shared_layers(SubNetwork(lengths), tokens) == 2
    assert shared_layers(SubNetwork(lengths, frozenset({1})), tokens) == 1
    assert shared_layers(SubNetwork(lengths, frozenset({3})), tokens) == 2
    assert shared_layers(SubNetwork(np.repeat(tokens[:, None], 4, axis=1)), tokens) == 4


def test_a_sub_network_that_drops_nothing_costs_nothing(new_model: NewModel, windows: Windows) -> None:
    batch, tokens = batch_of(windows)
    sandwich = Sandwich.start(new_model(), batch, tokens)
    assert sandwich.branch(SubNetwork(np.repeat(tokens[:, None], 2, axis=1))) is None


def test_the_full_pass_never_skips_a_layer(new_model: NewModel, windows: Windows, labels: SoftLabels) -> None:
    model = new_model(num_layers=4).train()
    whole = [0] * 4
    for i, layer in enumerate(model.encoder.layers):
        layer.register_forward_hook(lambda *_, i=i: whole.__setitem__(i, whole[i] + 1))
    step = LengthDropStep(stage(layer_drop=0.9, sandwich=3), labels, LengthDropPlan(), layers=4)
    batch, _ = batch_of(windows)
    reference = model(batch.input_ids, batch.attention_mask, batch.token_type_ids)
    expected = stage().hard_label_weight * span_cross_entropy(
        reference, batch.starts, batch.ends, batch.attention_mask
    ) + forward_kl(reference, labels.for_batch(batch), batch.attention_mask)
    whole[:] = [0] * 4
    for number in range(5):
        parts = step(model, batch, context(number))
        assert parts["full"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert whole == [5] * 4


def test_the_head_learns_to_know_answers_early_where_it_has_a_say(
    new_model: NewModel, windows: Windows, labels: SoftLabels, tmp_path: Path
) -> None:
    """The divergence of the middle layer's answers falls; without a say, or in another task, nothing of it is made."""
    found = {}
    for say, weight in ((1.0, 0.0), (1.0, 4.0), (0.0, 4.0)):
        model = sharpened(new_model(num_layers=4))
        model.set_answer_weight(say)
        options = stage(sampler="late", early_answer_weight=weight, epochs=4)
        folder = tmp_path / f"{say}-{weight}"
        result = train_length_drop(model, windows, options, labels=labels, state_dir=folder, progress=QuietProgress())
        batch, tokens = batch_of(windows)
        sandwich = Sandwich.start(model.eval(), batch, tokens)
        middle = model.head(sandwich.states[2], sandwich.mask)
        found[say, weight] = forward_kl(middle, sandwich.logits, batch.attention_mask).item()
        assert ("early" in result.loss_curve.components) is (say > 0.0 and weight > 0.0)
    assert found[1.0, 4.0] < 0.7 * found[1.0, 0.0]
    assert found[0.0, 4.0] > 0.7 * found[1.0, 0.0]


def test_lengths_come_from_the_real_tokens(new_model: NewModel, windows: Windows) -> None:
    model = new_model().train()
    batch, tokens = batch_of(windows)
    assert tokens.min() < batch.input_ids.size(1)
    kept: list[list[int]] = []
    drop = type(model.encoder.layers[0]).drop
    for layer in model.encoder.layers:
        layer.drop = lambda rows, keep, *more, layer=layer: (
            kept.append(keep.tolist()),
            drop(layer, rows, keep, *more),
        )[1]
    LengthDropStep(stage(sandwich=0, length_drop_ratio=0.5), None, LengthDropPlan(), layers=2)(model, batch, context())
    assert kept == [[math.ceil(n / 2) for n in tokens], [math.ceil(math.ceil(n / 2) / 2) for n in tokens]]


def test_the_teacher_may_speak_for_the_full_pass(new_model: NewModel, windows: Windows, labels: SoftLabels) -> None:
    model = new_model().train()
    batch, tokens = batch_of(windows)
    plan = LengthDropPlan(teacher_mix=1.0)
    parts = LengthDropStep(stage(sandwich=0), labels, plan, layers=2)(model, batch, context())
    lengths = torch.from_numpy(LengthDrop(0.2).smallest(tokens, 2))
    logits = model(batch.input_ids, batch.attention_mask, batch.token_type_ids, lengths=lengths)
    expected = forward_kl(logits, labels.for_batch(batch), batch.attention_mask)
    assert parts["smallest"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_embeddings_follow_the_teacher_with_dropped_tokens_too(new_model: NewModel) -> None:
    questions = new_model()
    assert default_plan(questions) == LengthDropPlan()
    assert default_plan(build_model(questions.config, "embedding")) == LengthDropPlan(teacher_mix=1.0)


def test_a_ramp_begins_gently_and_ends_at_full_strength() -> None:
    plan = LengthDropPlan(ramp=0.5)
    assert [plan.strength(step, 8) for step in (0, 1, 3, 4, 7)] == [0.25, 0.5, 1.0, 1.0, 1.0]
    assert LengthDropPlan().strength(0, 8) == 1.0


def test_training_brings_the_smallest_network_closer_to_the_full_one(
    new_model: NewModel, windows: Windows, labels: SoftLabels, tmp_path: Path
) -> None:
    result = train_length_drop(
        new_model(),
        windows,
        stage(epochs=20, learning_rate=5e-3, length_drop_ratio=0.5, freeze_embeddings=False, hard_label_weight=1.0),
        labels=labels,
        state_dir=tmp_path,
        progress=QuietProgress(),
    )
    assert result.loss_curve.components == ("total", "full", "smallest", "random")
    full = [loss for _, loss in result.loss_curve.points("full")]
    smallest = np.array([loss for _, loss in result.loss_curve.points("smallest")])
    assert np.mean(full[-8:]) < 0.6 * np.mean(full[:8])
    # The full pass sharpens, which drives the two apart; in-place distillation then closes the gap again.
    assert smallest[-8:].mean() < 0.7 * smallest.reshape(-1, 8).mean(1).max()


@pytest.mark.parametrize("sampler", ["length_drop", "late"])
def test_a_resumed_training_equals_an_uninterrupted_one_bit_by_bit(
    new_model: NewModel,
    windows: Windows,
    labels: SoftLabels,
    tmp_path: Path,
    interrupted_at: InterruptedAt,
    sampler: str,
) -> None:
    options = stage(sampler=sampler, layer_drop=0.2, dropout=0.1)
    quiet = QuietProgress()
    straight, resumed = new_model(), new_model()
    train_length_drop(straight, windows, options, labels=labels, state_dir=tmp_path / "a", progress=quiet)
    with pytest.raises(Interrupted):
        train_length_drop(
            new_model(), windows, options, labels=labels, state_dir=tmp_path / "b", progress=interrupted_at(5)
        )
    result = train_length_drop(resumed, windows, options, labels=labels, state_dir=tmp_path / "b", progress=quiet)
    assert result.resumed
    for (name, one), other in zip(straight.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


def test_the_state_of_another_plan_is_not_inherited(
    new_model: NewModel, windows: Windows, labels: SoftLabels, tmp_path: Path, interrupted_at: InterruptedAt
) -> None:
    with pytest.raises(Interrupted):
        train_length_drop(new_model(), windows, stage(), labels=labels, state_dir=tmp_path, progress=interrupted_at(2))
    progress = QuietProgress()
    plan = LengthDropPlan(ramp=0.5)
    result = train_length_drop(
        new_model(), windows, stage(), labels=labels, state_dir=tmp_path, progress=progress, plan=plan
    )
    assert not result.resumed and "ramp" in progress.warned[0]


def test_bf16_keeps_the_passes_together(
    new_model: NewModel, windows: Windows, labels: SoftLabels, tmp_path: Path
) -> None:
    results = [
        train_length_drop(
            new_model(),
            windows,
            stage(precision=precision, max_steps=3),
            labels=labels,
            state_dir=tmp_path / precision,
            progress=QuietProgress(),
        )
        for precision in ("bf16", "fp32")
    ]
    for component in ("full", "smallest"):
        mine, theirs = ([loss for _, loss in r.loss_curve.points(component)] for r in results)
        assert mine == pytest.approx(theirs, abs=0.05)


def test_a_full_pass_with_nothing_to_learn_from_is_refused(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match="nothing to learn"):
        train_length_drop(
            new_model(),
            windows,
            stage(hard_label_weight=0.0),
            labels=None,
            state_dir=tmp_path,
            progress=QuietProgress(),
        )


def test_soft_labels_of_other_windows_are_refused(
    new_model: NewModel, windows: Windows, labels: SoftLabels, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="do not belong"):
        train_length_drop(
            new_model(), windows[:20], stage(), labels=labels, state_dir=tmp_path, progress=QuietProgress()
        )


@pytest.mark.parametrize("values", [{"ramp": 1.5}, {"teacher_mix": -0.1}, {"sub_hard_label_weight": -1.0}])
def test_plans_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(RecipeError):
        LengthDropPlan(**values)
