from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from quantlat.data.batching import Batch, collate, length_buckets, padding_waste
from quantlat.data.windows import Window
from quantlat.errors import DataError, Interrupted, StorageError
from quantlat.models import QAModel
from quantlat.progress import Progress, QuietProgress
from quantlat.recipe.schema import TrainOptions
from quantlat.training.loop import StepContext, TrainingDiverged, TrainResult, train
from quantlat.training.losses import span_cross_entropy
from quantlat.training.teacher import label_step

Windows = tuple[Window, ...]
NewModel = Callable[..., QAModel]
InterruptedAt = Callable[[float], Progress]


def options(**changes: Any) -> TrainOptions:
    values: dict[str, Any] = {"epochs": 2, "learning_rate": 1e-3, "batch_size": 8, "precision": "fp32"}
    return TrainOptions(**{**values, **changes})


def run(
    model: nn.Module,
    windows: Windows,
    state_dir: Path,
    *,
    progress: Progress | None = None,
    step: Any = label_step,
    **changes: Any,
) -> TrainResult:
    loop = {k: changes.pop(k) for k in ("save_every_s", "on_epoch_end", "settings") if k in changes}
    return train(
        model,
        windows,
        step,
        options(**changes),
        pad_token_id=0,
        state_dir=state_dir,
        progress=progress or QuietProgress(),
        **loop,
    )


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def assert_bitwise_equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def test_the_loss_goes_down(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    result = run(
        new_model(), windows, tmp_path, epochs=15, learning_rate=5e-3, freeze_embeddings=False, warmup_ratio=0.0
    )
    losses = [loss for _, loss in result.loss_curve.points()]
    assert len(losses) == result.steps == 60
    assert np.mean(losses[-4:]) < 0.5 * np.mean(losses[:4])


def test_the_result_counts_what_was_done(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    result = run(new_model(), windows[:30], tmp_path, epochs=2, batch_size=8)
    lengths = [window.length for window in windows[:30]]
    batches = [b for epoch in (0, 1) for b in length_buckets(lengths, 8, seed=42, epoch=epoch)]
    assert (result.steps, result.windows, result.tokens) == (8, 60, 2 * sum(lengths))
    assert result.padding_waste == pytest.approx(padding_waste(lengths, batches))
    assert result.padding_waste < 0.1
    assert result.tokens_per_second == pytest.approx(result.tokens / result.seconds)
    assert (result.precision, result.device, result.processes, result.resumed) == ("fp32", "cpu", 1, False)


def test_max_steps_cuts_the_training_and_its_schedule(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    assert run(new_model(), windows, tmp_path, max_steps=3).steps == 3


@pytest.mark.parametrize("stop_after", [1, 3, 4, 7])
def test_a_resumed_training_equals_an_uninterrupted_one_bit_by_bit(
    new_model: NewModel, windows: Windows, tmp_path: Path, interrupted_at: InterruptedAt, stop_after: int
) -> None:
    straight = new_model()
    expected = run(straight, windows, tmp_path / "a", dropout=0.1)
    with pytest.raises(Interrupted):
        run(new_model(), windows, tmp_path / "b", progress=interrupted_at(stop_after), dropout=0.1)
    resumed = new_model()
    result = run(resumed, windows, tmp_path / "b", dropout=0.1)
    assert result.resumed and result.steps == expected.steps == 8
    assert_bitwise_equal(weights(resumed), weights(straight))
    assert result.loss_curve == expected.loss_curve
    assert (result.tokens, result.padding_waste) == (expected.tokens, expected.padding_waste)


def test_ctrl_c_during_a_step_finishes_the_step_and_saves(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    def interrupting(model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        if context.step == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return label_step(model, batch, context)

    straight = new_model()
    run(straight, windows, tmp_path / "a")
    with pytest.raises(KeyboardInterrupt):
        run(new_model(), windows, tmp_path / "b", step=interrupting)
    assert (tmp_path / "b" / "step-0000003.safetensors").is_file()
    resumed = new_model()
    assert run(resumed, windows, tmp_path / "b").resumed
    assert_bitwise_equal(weights(resumed), weights(straight))


def test_a_crash_inside_a_step_leaves_the_last_regular_save(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    def crashing(model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        if context.step == 5:
            raise RuntimeError("power cut")
        return label_step(model, batch, context)

    straight = new_model()
    run(straight, windows, tmp_path / "a")
    with pytest.raises(RuntimeError, match="power cut"):
        run(new_model(), windows, tmp_path / "b", step=crashing, save_every_s=0.0)
    resumed = new_model()
    assert run(resumed, windows, tmp_path / "b").resumed
    assert_bitwise_equal(weights(resumed), weights(straight))


def test_an_interruption_inside_a_step_does_not_save_half_updated_weights(
    new_model: NewModel, windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = new_model()
    run(straight, windows, tmp_path / "a")
    update, calls = torch.optim.AdamW.step, []

    def torn(self: torch.optim.AdamW, closure: None = None) -> None:
        update(self)
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(torch.optim.AdamW, "step", torn)
    with pytest.raises(KeyboardInterrupt):
        run(new_model(), windows, tmp_path / "b", save_every_s=0.0)
    monkeypatch.undo()
    resumed = new_model()
    assert run(resumed, windows, tmp_path / "b").resumed
    assert_bitwise_equal(weights(resumed), weights(straight))


def test_a_finished_training_is_not_repeated(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    straight = new_model()
    expected = run(straight, windows, tmp_path)

    def never(model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        raise AssertionError("computed twice")

    again = new_model()
    result = run(again, windows, tmp_path, step=never)
    assert (result.steps, result.loss_curve) == (expected.steps, expected.loss_curve)
    assert result.seconds == expected.seconds
    assert_bitwise_equal(weights(again), weights(straight))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"learning_rate": 2e-3}, "learning_rate"),
        ({"batch_size": 4}, "batch_size"),
        ({"settings": {"teacher": "other"}}, "teacher"),
    ],
)
def test_the_state_of_other_options_is_not_inherited(
    new_model: NewModel,
    windows: Windows,
    tmp_path: Path,
    interrupted_at: InterruptedAt,
    changes: dict[str, Any],
    named: str,
) -> None:
    with pytest.raises(Interrupted):
        run(new_model(), windows, tmp_path / "b", progress=interrupted_at(3))
    progress = QuietProgress()
    other = new_model()
    assert not run(other, windows, tmp_path / "b", progress=progress, **changes).resumed
    assert any(named in warning for warning in progress.warned)
    fresh = new_model()
    run(fresh, windows, tmp_path / "a", **changes)
    assert_bitwise_equal(weights(other), weights(fresh))


def test_the_state_of_other_data_or_weights_is_not_inherited(
    new_model: NewModel, windows: Windows, tmp_path: Path, interrupted_at: InterruptedAt
) -> None:
    with pytest.raises(Interrupted):
        run(new_model(), windows, tmp_path, progress=interrupted_at(3))
    for model, data, named in (
        (new_model(), windows[::-1], "windows"),
        (new_model(seed=1), windows, "initial_weights"),
    ):
        with pytest.raises(Interrupted):
            run(new_model(), windows, tmp_path, progress=interrupted_at(3))
        progress = QuietProgress()
        assert not run(model, data, tmp_path, progress=progress, max_steps=None).resumed
        assert named in progress.warned[0]


def test_damaged_counters_start_the_training_over(
    new_model: NewModel, windows: Windows, tmp_path: Path, interrupted_at: InterruptedAt
) -> None:
    with pytest.raises(Interrupted):
        run(new_model(), windows, tmp_path, progress=interrupted_at(3))
    document = tmp_path / "state.json"
    document.write_text(document.read_text().replace('"tokens"', '"token"', 2))
    progress = QuietProgress()
    assert not run(new_model(), windows, tmp_path, progress=progress).resumed
    assert progress.warned


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_nan_stops_the_training_before_the_weights_are_touched(
    new_model: NewModel, windows: Windows, tmp_path: Path, where: str
) -> None:
    model = new_model()
    good: dict[str, Tensor] = {}

    def diverging(trained: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        if context.step < 2:
            return label_step(trained, batch, context)
        good.update(weights(trained))
        logits = trained(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        loss = span_cross_entropy(logits, batch.starts, batch.ends, batch.attention_mask)
        if where == "gradient":
            logits.register_hook(lambda gradient: gradient * float("nan"))
        context.backward(loss if where == "gradient" else loss * float("nan"))
        return {}

    with pytest.raises(TrainingDiverged) as error:
        run(model, windows, tmp_path, step=diverging)
    assert "step 3 of 8" in error.value.message and "learning_rate" in str(error.value.hint)
    assert error.value.exit_code == 3
    assert_bitwise_equal(weights(model), good)
    assert (tmp_path / "step-0000002.safetensors").is_file()


def test_frozen_embeddings_stay_and_are_trainable_afterwards(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    for frozen in (True, False):
        model = new_model()
        before = weights(model)
        run(model, windows, tmp_path / str(frozen), freeze_embeddings=frozen, max_steps=2)
        changed = {name for name, tensor in weights(model).items() if not torch.equal(tensor, before[name])}
        embeddings = {name for name in before if name.startswith("encoder.embeddings.")}
        assert changed & embeddings == (set() if frozen else changed & embeddings)
        assert bool(changed & embeddings) is not frozen
        assert "qa_outputs.weight" in changed
        assert all(p.requires_grad for p in model.parameters())
        assert not model.training


def test_dropout_is_active_in_training_only(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    rates = []

    def watching(model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        assert isinstance(model, QAModel) and model.training
        rates.append(model.encoder.embeddings.dropout.rate)
        return label_step(model, batch, context)

    model = new_model()
    state = torch.random.get_rng_state()
    run(model, windows, tmp_path, step=watching, dropout=0.25, max_steps=1)
    assert rates == [0.25]
    assert model.encoder.embeddings.dropout.rate == 0.0
    assert torch.equal(torch.random.get_rng_state(), state)


def test_epochs_are_reported_once_even_when_interrupted_in_between(
    new_model: NewModel, windows: Windows, tmp_path: Path, interrupted_at: InterruptedAt
) -> None:
    reported: list[int] = []
    with pytest.raises(Interrupted):
        run(new_model(), windows, tmp_path, progress=interrupted_at(4), on_epoch_end=reported.append)
    run(new_model(), windows, tmp_path, on_epoch_end=reported.append)
    assert reported == [0, 1]


def test_several_passes_add_up_to_one_optimiser_step(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    def halves(model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        for _ in range(2):
            logits = model(batch.input_ids, batch.attention_mask, batch.token_type_ids)
            context.backward(0.5 * span_cross_entropy(logits, batch.starts, batch.ends, batch.attention_mask))
        return {}

    once, twice = new_model(), new_model()
    first = run(once, windows, tmp_path / "a", max_steps=3)
    second = run(twice, windows, tmp_path / "b", max_steps=3, step=halves)
    assert [v for _, v in second.loss_curve.points()] == pytest.approx([v for _, v in first.loss_curve.points()])
    for name, tensor in weights(once).items():
        torch.testing.assert_close(weights(twice)[name], tensor, atol=1e-5, rtol=1e-4)


def test_a_batch_of_many_tokens_runs_in_parts_that_add_up_to_it(
    new_model: NewModel, windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parted = new_model(), new_model()
    first = run(whole, windows, tmp_path / "a", max_steps=3)
    sizes: list[int] = []

    def watched(model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        sizes.append(len(batch.indices))
        return label_step(model, batch, context)

    monkeypatch.setattr("quantlat.training.loop._TOKENS_AT_ONCE", 300)  # batches of 8 windows of up to 96 tokens
    second = run(parted, windows, tmp_path / "b", max_steps=3, step=watched)
    assert len(sizes) > 3 and sum(sizes) == 3 * 8
    assert [v for _, v in second.loss_curve.points()] == pytest.approx([v for _, v in first.loss_curve.points()])
    # What softmax does not see moves freely under Adam, so the models are compared by what they say.
    batch = collate(windows, range(8), 0)

    def distributions(model: QAModel) -> Tensor:
        logits: Tensor = model(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        return logits.softmax(1)

    with torch.no_grad():
        torch.testing.assert_close(distributions(parted), distributions(whole), atol=1e-5, rtol=1e-3)
        moved = (distributions(whole) - distributions(new_model())).abs().max()
    assert moved > 1e-3


def test_bf16_trains_fp32_weights(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    model, reference = new_model(), new_model()
    result = run(model, windows, tmp_path / "a", precision="bf16", max_steps=4)
    expected = run(reference, windows, tmp_path / "b", precision="fp32", max_steps=4)
    assert result.precision == "bf16"
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    pairs = zip(result.loss_curve.points(), expected.loss_curve.points(), strict=True)
    assert all(abs(mine - theirs) < 0.05 for (_, mine), (_, theirs) in pairs)
    assert result.loss_curve != expected.loss_curve


def test_nothing_to_train_on_is_a_data_error(new_model: NewModel, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no windows"):
        run(new_model(), (), tmp_path)


def test_a_state_that_cannot_be_written_is_a_storage_error(
    new_model: NewModel, windows: Windows, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        run(new_model(), windows, tmp_path / "file" / "state", max_steps=1)


def test_a_step_without_a_backward_pass_is_a_defect(new_model: NewModel, windows: Windows, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="backward"):
        run(new_model(), windows, tmp_path, step=lambda model, batch, context: {})
