"""Task-specific TinyBERT distillation (Jiao et al., arXiv 1909.10351).

Intermediate distillation teaches the student the teacher's embeddings, hidden states and attention scores::

    L = w_e · MSE(W_e E_S, E_T) + Σ_m [ w_h · MSE(W_h H_S^m, H_T^{g(m)}) + w_a · MSE(A_S^m, A_T^{g(m)}) ]

with student layers m = 1…M, teacher layers 1…N and the layer map g, uniform ``g(m) = m · N / M`` unless
given. The projections W_e and W_h exist where the hidden sizes differ; they are learnt along and thrown
away. Prediction distillation then teaches the predicted distributions (start and end, or classes) with a
temperature.

Unlike in the published code, the teacher is in ``eval()`` and without gradients, attention is compared as
unnormalised scores, and padding takes no part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from quantlat.data.batching import Batch
from quantlat.data.windows import Window
from quantlat.errors import ModelError, RecipeError
from quantlat.models import TaskModel
from quantlat.progress import Progress
from quantlat.recipe.schema import IntermediateDistillation, PredictionDistillation
from quantlat.training.device import training_device
from quantlat.training.fingerprints import weights_fingerprint
from quantlat.training.loop import StepContext, TrainResult, train
from quantlat.training.losses import masked_mse, masked_score_mse
from quantlat.training.objective import objective_of
from quantlat.training.soft_labels import SoftLabels


def layer_map(mapping: str | Sequence[int], student_layers: int, teacher_layers: int) -> tuple[int, ...]:
    """Teacher layer, counted from 1, that each student layer follows.

    Args:
        mapping: ``uniform`` (``g(m) = m · N / M``, rounded) or one teacher layer per student layer.

    Raises:
        RecipeError: a wrong number of layers, or layers that the teacher does not have.
    """
    if mapping == "uniform":
        return tuple(max(1, round(m * teacher_layers / student_layers)) for m in range(1, student_layers + 1))
    chosen = tuple(int(layer) for layer in mapping)
    if len(chosen) != student_layers:
        raise RecipeError(
            f"layer_map names {len(chosen)} teacher layers, but the student has {student_layers} layers",
            "Give one teacher layer (counted from 1) per student layer, or layer_map: uniform.",
        )
    if not all(1 <= layer <= teacher_layers for layer in chosen):
        raise RecipeError(f"layer_map {list(chosen)}: the teacher has layers 1 to {teacher_layers}")
    return chosen


class IntermediateStudent(nn.Module):
    """The student with the projections that compare it to a teacher of another hidden size.

    Attributes:
        student: trained in place.
        hidden: W_h, ``[H_S] -> [H_T]``, shared by all layers as in the published code; identity for equal
            sizes.
        embedding: W_e, likewise for embeddings.
    """

    def __init__(self, student: TaskModel, teacher_size: int, *, seed: int, trains_embeddings: bool) -> None:
        super().__init__()
        self.student = student
        size = student.config.hidden_size
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.hidden: nn.Module = nn.Identity() if size == teacher_size else nn.Linear(size, teacher_size)
            # With frozen embeddings W_e would be learnt without teaching the student anything.
            project = trains_embeddings and size != teacher_size
            self.embedding: nn.Module = nn.Linear(size, teacher_size) if project else nn.Identity()


class IntermediateStep:
    """One step of intermediate distillation; the teacher runs once in it."""

    def __init__(self, teacher: TaskModel, mapping: tuple[int, ...], options: IntermediateDistillation) -> None:
        self.teacher = teacher.eval()
        self.mapping = mapping
        self.options = options
        self.embedding_weight = 0.0 if options.freeze_embeddings else options.embedding_weight

    def __call__(self, model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        assert isinstance(model, IntermediateStudent)
        mask, inputs = batch.attention_mask, (batch.input_ids, batch.attention_mask, batch.token_type_ids)
        with torch.no_grad():
            target = self.teacher.encoder.observe(*inputs)
        mine = model.student.encoder.observe(*inputs)
        zero = mine.hidden_states[0].new_zeros((), dtype=torch.float32)
        embedding, hidden, attention = zero, zero, zero
        if self.embedding_weight > 0.0:
            projected = model.embedding(mine.hidden_states[0])
            embedding = masked_mse(projected, target.hidden_states[0], mask)
        for m, g in enumerate(self.mapping, start=1):
            if self.options.hidden_weight > 0.0:
                hidden = hidden + masked_mse(model.hidden(mine.hidden_states[m]), target.hidden_states[g], mask)
            if self.options.attention_weight > 0.0:
                attention = attention + masked_score_mse(mine.scores[m - 1], target.scores[g - 1], mask)
        context.backward(
            self.embedding_weight * embedding
            + self.options.hidden_weight * hidden
            + self.options.attention_weight * attention
        )
        parts = {"hidden": hidden.detach(), "attention": attention.detach()}
        return {**parts, "embedding": embedding.detach()} if self.embedding_weight > 0.0 else parts


def distill_intermediate(
    student: TaskModel,
    teacher: TaskModel,
    windows: Sequence[Window],
    options: IntermediateDistillation,
    *,
    state_dir: Path,
    progress: Progress,
    on_epoch_end: Callable[[int], None] | None = None,
) -> TrainResult:
    """Train ``student`` in place to compute what ``teacher`` computes; its task head is not touched.

    Both must read the same tokens (:func:`quantlat.training.alignment.require_same_tokens`). Attention is
    compared head by head, or as means over heads where their numbers differ.

    Raises:
        ModelError: the vocabularies differ in size, or the windows are too long for the teacher.
        RecipeError: a wrong layer map, or nothing left to teach.
        Others: as :func:`quantlat.training.loop.train`.
    """
    check_comparable(student, teacher, windows, "intermediate")
    mapping = layer_map(options.layer_map, student.config.num_layers, teacher.config.num_layers)
    step = IntermediateStep(teacher.to(training_device()), mapping, options)
    if step.embedding_weight + options.hidden_weight + options.attention_weight == 0.0:
        raise RecipeError(
            "intermediate distillation has nothing to teach: all of its weights are 0 (embedding_weight counts as 0 "
            "when freeze_embeddings is set)",
            "Give hidden_weight or attention_weight a value above 0, or leave the step out.",
        )
    if student.config.num_heads != teacher.config.num_heads and options.attention_weight > 0.0:
        progress.say(
            f"the student has {student.config.num_heads} attention heads, the teacher {teacher.config.num_heads}: "
            "means over heads are compared"
        )
    model = IntermediateStudent(
        student,
        teacher.config.hidden_size,
        seed=options.seed,
        trains_embeddings=step.embedding_weight > 0.0,
    )
    return train(
        model,
        windows,
        step,
        options,
        pad_token_id=student.config.pad_token_id,
        state_dir=state_dir,
        progress=progress,
        name="intermediate distillation",
        settings={"teacher": weights_fingerprint(teacher), "layers": list(mapping)},
        on_epoch_end=on_epoch_end,
    )


class PredictionStep:
    """One full-length pass against the teacher's soft labels, and against the hard ones if they have a weight."""

    def __init__(self, labels: SoftLabels, options: PredictionDistillation) -> None:
        self.labels, self.options = labels, options

    def __call__(self, model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        logits = model(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        target, objective = self.labels.for_batch(batch), objective_of(model)
        soft = objective.divergence(logits, target, batch, self.options.temperature)
        parts, loss = {"soft": soft.detach()}, soft
        if self.options.hard_label_weight > 0.0:
            hard = objective.hard_loss(logits, batch)
            parts["hard"] = hard.detach()
            loss = soft + self.options.hard_label_weight * hard
        context.backward(loss)
        return parts


def distill_prediction(
    student: TaskModel,
    windows: Sequence[Window],
    labels: SoftLabels,
    options: PredictionDistillation,
    *,
    state_dir: Path,
    progress: Progress,
    on_epoch_end: Callable[[int], None] | None = None,
) -> TrainResult:
    """Train ``student`` in place on the teacher's ``labels`` of ``windows``.

    Raises:
        DataError: the labels are of other windows.
        Others: as :func:`quantlat.training.loop.train`.
    """
    labels.check(windows)
    return train(
        student,
        windows,
        PredictionStep(labels, options),
        options,
        pad_token_id=student.config.pad_token_id,
        state_dir=state_dir,
        progress=progress,
        name="prediction distillation",
        settings={"soft_labels": labels.fingerprint()},
        on_epoch_end=on_epoch_end,
    )


def check_comparable(student: TaskModel, teacher: TaskModel, windows: Sequence[Window], step: str) -> None:
    """Refuse what cannot be compared token by token; ``step`` is the recipe's key, for the error.

    Raises:
        ModelError: the vocabularies differ in size, or the windows are too long for the teacher.
    """
    if student.config.vocab_size != teacher.config.vocab_size:
        raise ModelError(
            f"{step} distillation needs one vocabulary, but the student has {student.config.vocab_size} tokens "
            f"and the teacher {teacher.config.vocab_size}",
            f"Set stages.distillation.{step} to null, or pick a teacher with the student's tokenizer.",
        )
    longest = max((window.length for window in windows), default=0)
    if longest > teacher.config.max_positions:
        raise ModelError(
            f"windows have up to {longest} tokens, but the teacher reads {teacher.config.max_positions}",
            "Lower data.max_tokens.",
        )
