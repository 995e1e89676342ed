"""The one training loop: fine-tuning, distillation and LengthDrop differ only in the step they hand to it.

Batches are length buckets; AdamW with warm-up, linear decay and gradient clipping; bf16, GPU and several
processes where there are any. The batch size is that of all processes together, so the result does not
depend on how many there are.

Every random number of a step comes from a generator seeded by (seed, step), and batches from (seed, epoch):
there is no random state to carry over, and a resumed training continues with exactly the batches, lengths
and dropout masks of an uninterrupted one. On a CPU with one process and the same number of threads the
weights are then equal bit by bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from quantlat.allocator import release_freed_memory
from quantlat.data.batching import collate, length_buckets, shape_class
from quantlat.data.windows import Window
from quantlat.errors import DataError, Interrupted, RecipeError
from quantlat.models import ElasticEncoder
from quantlat.progress import Progress, ProgressTask, QuietProgress
from quantlat.recipe.schema import TrainOptions
from quantlat.training.counters import Counters, TrainResult
from quantlat.training.device import Execution
from quantlat.training.fingerprints import weights_fingerprint, windows_fingerprint
from quantlat.training.optimizer import (
    LinearSchedule,
    Schedule,
    build_optimizer,
    optimizer_tensors,
    restore_optimizer,
    set_rates,
)
from quantlat.training.signals import DeferredSignals
from quantlat.training.state import StateFolder
from quantlat.training.step import Step, StepContext

__all__ = ["StepContext", "TrainResult", "TrainingDiverged", "train"]

SAVE_EVERY_S = 60.0
_TOKENS_AT_ONCE = 3072  # of one pass on a CPU, padding included; attention needs memory for their square
_RELEASE_EVERY = 64  # steps; batches of other lengths leave holes in the heap, but touching released pages again costs


class TrainingDiverged(RecipeError):
    """A loss or gradient became NaN or infinite."""


def train(
    model: nn.Module,
    windows: Sequence[Window],
    step: Step,
    options: TrainOptions,
    *,
    pad_token_id: int,
    state_dir: Path,
    progress: Progress,
    name: str = "training",
    settings: Mapping[str, Any] | None = None,
    schedule: Schedule | None = None,
    on_epoch_end: Callable[[int], None] | None = None,
    save_every_s: float = SAVE_EVERY_S,
) -> TrainResult:
    """Train ``model`` in place; it ends in ``eval()`` mode on the device it was trained on.

    Args:
        model: every parameter with ``requires_grad`` is trained, except the embeddings of its encoder when
            ``options.freeze_embeddings``.
        windows: what to train on.
        step: see :data:`Step`.
        pad_token_id: fills the input ids of batches.
        state_dir: state of an unfinished training; a folder of its own. It is saved every ``save_every_s``
            seconds and at an interruption, and continued from when options, settings, data and initial
            weights are the same.
        name: shown to the user.
        settings: whatever else determines the result (loss weights, teacher), JSON values.
        schedule: learning rates; by default warm-up and linear decay, the same for all parameters.
        on_epoch_end: called with the epoch (from 0) after its last step.

    Raises:
        TrainingDiverged: a loss or gradient is not finite; the weights of the last good step are saved.
        DataError: there is nothing to train on.
        StorageError: the state cannot be written.
        Interrupted, KeyboardInterrupt: passed on after the state was saved.
    """
    if not windows:
        raise DataError(f"{name}: there are no windows to train on", "Check data.sources and max_train_examples.")
    run = _Training(model, windows, step, options, pad_token_id, Path(state_dir), progress, name, schedule)
    run.resume(settings or {})
    with run.prepared():
        run.loop(on_epoch_end, save_every_s)
    return run.counters.result(
        resumed=run.resumed,
        precision=run.execution.precision,
        device=str(run.execution.device),
        processes=run.execution.processes,
    )


class _Training:
    """One call of :func:`train`."""

    def __init__(
        self,
        model: nn.Module,
        windows: Sequence[Window],
        step: Step,
        options: TrainOptions,
        pad_token_id: int,
        state_dir: Path,
        progress: Progress,
        name: str,
        schedule: Schedule | None,
    ) -> None:
        self.model, self.windows, self.step, self.options = model, windows, step, options
        self.pad_token_id, self.state_dir, self.name = pad_token_id, state_dir, name
        self.execution = Execution(options.precision)
        self.progress = progress if self.execution.is_main else QuietProgress()
        self.lengths = np.array([window.length for window in windows], dtype=np.int64)
        self.steps_per_epoch = math.ceil(len(windows) / options.batch_size)
        self.total = max(1, round(options.epochs * self.steps_per_epoch))
        if options.max_steps is not None:
            self.total = min(self.total, options.max_steps)
        model.to(self.execution.device)
        self.execution.agree_on_weights(model)
        frozen = _embedding_parameters(model) if options.freeze_embeddings else set()
        self.parameters = {name: p for name, p in model.named_parameters() if p.requires_grad and id(p) not in frozen}
        self.others = [p for p in model.parameters() if p.requires_grad and id(p) in frozen]
        self.schedule = schedule or LinearSchedule(options.warmup_ratio)
        self.optimizer = build_optimizer(self.parameters, options, self.schedule)
        self.counters = Counters()
        self.resumed = False
        self.consistent = True  # False while weights and counters do not belong to the same step

    def resume(self, settings: Mapping[str, Any]) -> None:
        """Continue a saved state of the same training, if there is one."""
        signature = {
            **settings,
            **self.options.model_dump(mode="json"),
            "training": self.name,
            "precision": self.execution.precision,
            "windows": windows_fingerprint(self.windows),
            "initial_weights": weights_fingerprint(self.model),
        }
        self.state = StateFolder(self.state_dir, signature)
        saved = self.state.load(self.progress)
        if saved is None:
            return
        try:
            counters = Counters.from_dict(saved.counters)
            weights = {key: saved.tensors[f"weights/{key}"] for key in self.parameters}
            if any(weights[key].shape != p.shape for key, p in self.parameters.items()):
                raise ValueError("weights of another shape")
            restore_optimizer(self.optimizer, self.parameters, saved.tensors)
        except (KeyError, ValueError, TypeError) as error:
            self.progress.warn(f"{self.state_dir} is damaged and is not used; {self.name} starts over ({error})")
            self.optimizer = build_optimizer(self.parameters, self.options, self.schedule)
            return
        with torch.no_grad():
            for key, parameter in self.parameters.items():
                parameter.copy_(weights[key])
        self.counters, self.resumed = counters, True
        self.progress.say(f"{self.name}: continuing at step {counters.step} of {self.total}")

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Training mode, frozen embeddings, dropout rate and random state, all put back afterwards."""
        encoders = [m for m in self.model.modules() if isinstance(m, ElasticEncoder)]
        devices = [self.execution.device] if self.execution.device.type == "cuda" else []
        self.model.train()
        for parameter in self.others:
            parameter.requires_grad_(False)
        for encoder in encoders:
            encoder.set_dropout(self.options.dropout)
        try:
            with torch.random.fork_rng(devices=devices):
                yield
        finally:
            for encoder in encoders:
                encoder.set_dropout(0.0)
            for parameter in self.others:
                parameter.requires_grad_(True)
            self.optimizer.zero_grad(set_to_none=True)
            self.model.eval()

    def loop(self, on_epoch_end: Callable[[int], None] | None, save_every_s: float) -> None:
        """Run the steps that are left."""
        counters = self.counters
        first, before, started = counters.step, counters.seconds, time.monotonic()
        saved_at, batches, epoch = started, [], -1
        try:
            with (
                self.progress.task(self.name, self.total, unit="step", done=first) as bar,
                DeferredSignals() as signals,
            ):
                while counters.step < self.total:
                    wanted, position = divmod(counters.step, self.steps_per_epoch)
                    if wanted != epoch:
                        batches, epoch = self._batches(wanted), wanted
                    self._run_step(batches[position], bar)
                    counters.seconds = before + time.monotonic() - started
                    self._report_epochs(on_epoch_end)
                    signals.deliver()
                    if counters.step % _RELEASE_EVERY == 0:
                        release_freed_memory()
                    if time.monotonic() - saved_at >= save_every_s and counters.step < self.total:
                        self.save()
                        saved_at = time.monotonic()
                self._report_epochs(on_epoch_end)
        except (KeyboardInterrupt, Interrupted, TrainingDiverged):
            # In the middle of a step weights and counters disagree: the last complete save is the better state.
            if self.consistent:
                self.save()
            raise
        if counters.step > first:
            self.save()
        self.execution.wait()

    def _batches(self, epoch: int) -> list[NDArray[np.int64]]:
        return length_buckets(self.lengths, self.options.batch_size, seed=self.options.seed, epoch=epoch)

    def _report_epochs(self, on_epoch_end: Callable[[int], None] | None) -> None:
        while self.counters.epochs_reported < self.counters.step // self.steps_per_epoch:
            if on_epoch_end is not None:
                on_epoch_end(self.counters.epochs_reported)
                self.model.train()
            self.counters.epochs_reported += 1

    def _run_step(self, indices: NDArray[np.int64], bar: ProgressTask) -> None:
        """Passes, clipping, update and counting of one optimiser step."""
        counters, execution, options = self.counters, self.execution, self.options
        mine = indices[execution.rank :: execution.processes]
        # A process left without a window repeats one at weight 0: all of them must reach the reductions.
        weight = len(mine) * execution.processes / len(indices)
        mine = mine if len(mine) else indices[:1]
        if options.dropout > 0.0:
            torch.manual_seed(_mixed(options.seed, counters.step, execution.rank))
        self.optimizer.zero_grad(set_to_none=True)
        losses: dict[str, Tensor] = {}
        for chunk in self._chunks(mine):
            share = weight * len(chunk) / len(mine)
            for name, value in self._forward_backward(chunk, share).items():
                losses[name] = losses[name] + share * value if name in losses else share * value
        execution.average_gradients(self.parameters.values())
        norm = nn.utils.clip_grad_norm_(self.parameters.values(), options.max_grad_norm)
        values = execution.average(torch.stack(list(losses.values())))
        *measured, gradient_norm = torch.cat([values, norm.detach().float().reshape(1)]).tolist()
        self._check_finite(dict(zip(losses, measured, strict=True)), gradient_norm)

        set_rates(self.optimizer, self.schedule, peak=options.learning_rate, step=counters.step, total=self.total)
        self.consistent = False
        self.optimizer.step()
        tokens = int(self.lengths[indices].sum())
        computed = sum(len(chunk) * self._width(chunk) for chunk in self._chunks(indices))
        counters.add(len(indices), tokens, computed, dict(zip(losses, measured, strict=True)))
        self.consistent = True
        bar.note(f"loss {measured[0]:.3f}")
        bar.advance(1, tokens=tokens)

    def _chunks(self, indices: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Parts of a batch that run one after the other, so that long windows do not decide the peak memory."""
        if self.execution.device.type != "cpu":
            return [indices]
        computed = len(indices) * self._width(indices)
        return np.array_split(indices, min(len(indices), math.ceil(computed / _TOKENS_AT_ONCE)))

    def _width(self, indices: NDArray[np.int64]) -> int:
        return shape_class(int(self.lengths[indices].max()))

    def _forward_backward(self, indices: NDArray[np.int64], share: float) -> dict[str, Tensor]:
        """Add ``share`` times the gradient of these windows; returns the loss and its parts, fp32 scalars."""
        execution = self.execution
        batch = collate(self.windows, indices, self.pad_token_id, width=self._width(indices)).to(execution.device)
        context = StepContext(self.counters.step, self.total, self.options.seed, execution, share)
        with execution.autocast():
            parts = self.step(self.model, batch, context)
        if context.loss is None:
            raise RuntimeError("a training step must call context.backward at least once")
        return {name: value.detach().float() for name, value in {"total": context.loss, **parts}.items()}

    def _check_finite(self, losses: Mapping[str, float], gradient_norm: float) -> None:
        values = {**losses, "gradient norm": gradient_norm}
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad:
            groups = {group["schedule_group"] for group in self.optimizer.param_groups}
            factors = [self.schedule.factor(group, self.counters.step, self.total) for group in groups]
            rate = self.options.learning_rate * max(factors)
            raise TrainingDiverged(
                f"{self.name}: {bad[0]} became {values[bad[0]]} at step {self.counters.step + 1} of {self.total} "
                f"(learning rate {rate:.2g}, {self.execution.precision})",
                "Lower learning_rate, raise warmup_ratio, or set precision: fp32. "
                f"The weights before this step are kept in {self.state_dir}.",
            )

    def save(self) -> None:
        """Write the state; a finished training needs its weights only."""
        if self.execution.is_main:
            tensors: dict[str, Tensor] = {f"weights/{key}": p for key, p in self.parameters.items()}
            if self.counters.step < self.total:
                tensors |= optimizer_tensors(self.optimizer, self.parameters)
            self.state.save(f"step-{self.counters.step:07d}", tensors, self.counters.to_dict())


def _embedding_parameters(model: nn.Module) -> set[int]:
    encoders = (m for m in model.modules() if isinstance(m, ElasticEncoder))
    return {id(p) for encoder in encoders for p in encoder.embeddings.parameters()}


def _mixed(*numbers: int) -> int:
    """A seed for torch that differs for neighbouring steps."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
