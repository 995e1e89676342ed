"""Progressive knowledge transfer of MobileBERT (Sun et al., ACL 2020, arXiv 2004.02984, §3.3 and §3.4).

The student's layers learn one after the other. While it is the turn of layer ``m``, the loss compares that layer alone
with the teacher's layer ``g(m)``: its feature map (normalised, and its mean and variance) and its attention::

    phase 1    x ─ layer 1*                        * learns at the full rate
    phase 2    x ─ layer 1' ─ layer 2*             ' follows at `lower_layers_rate`
    phase 3    x ─ layer 1' ─ layer 2' ─ layer 3*

Layers above the one whose turn it is are not computed at all, in the student or in the teacher, which saves about half
of the work of comparing all layers at every step. Each phase has its own warm-up and its own linear decay.

Unlike in the published code, a token's mean and variance are compared with those of the layer in turn (there: with
those of all teacher layers at once), padding takes no part, and student and teacher may differ in depth (layer map),
in width (a projection learnt along, thrown away afterwards) and in heads (means over heads are compared).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from quantlat.data.batching import Batch
from quantlat.data.windows import Window
from quantlat.errors import RecipeError
from quantlat.models import TaskModel
from quantlat.progress import Progress
from quantlat.recipe.schema import ProgressiveDistillation
from quantlat.training.device import training_device
from quantlat.training.distillation import IntermediateStudent, check_comparable, layer_map
from quantlat.training.fingerprints import weights_fingerprint
from quantlat.training.loop import StepContext, TrainResult, train
from quantlat.training.losses import attention_kl, feature_map_losses
from quantlat.training.optimizer import learning_rate_factor

_LAYERS, _EMBEDDINGS, _PROJECTION = "student.encoder.layers.", "student.encoder.embeddings.", "hidden."
_NEVER, _ALWAYS = -1, -2  # groups of what has no turn of its own


def phase_of(step: int, total: int, layers: int) -> tuple[int, int, int]:
    """Layer whose turn it is (from 0) at ``step`` of ``total``, the step inside its phase, and the phase's length.

    Raises:
        RecipeError: fewer steps than layers, so that some layer would have no turn.
    """
    if total < layers:
        raise RecipeError(
            f"progressive distillation has {total} steps for {layers} layers: every layer needs at least one",
            "Raise epochs or max_steps.",
        )
    bounds = [total * layer // layers for layer in range(layers + 1)]
    layer = next(layer for layer in range(layers) if step < bounds[layer + 1])
    return layer, step - bounds[layer], bounds[layer + 1] - bounds[layer]


class ProgressiveSchedule:
    """Learning rates of the phases: nothing before a layer's turn, warm-up and decay in it, a share of that after.

    The embeddings belong to the first layer, a projection to every phase; the task head is not trained.
    """

    def __init__(self, layers: int, *, warmup_ratio: float, lower_layers_rate: float) -> None:
        self.layers, self.warmup_ratio, self.lower_layers_rate = layers, warmup_ratio, lower_layers_rate

    def group_of(self, name: str) -> int:
        """See :class:`quantlat.training.optimizer.Schedule`; the layer's number from 0."""
        if name.startswith(_LAYERS):
            return int(name.removeprefix(_LAYERS).split(".", 1)[0])
        if name.startswith(_EMBEDDINGS):
            return 0
        return _ALWAYS if name.startswith(_PROJECTION) else _NEVER

    def factor(self, group: int, step: int, total: int) -> float:
        """See :class:`quantlat.training.optimizer.Schedule`."""
        layer, inside, length = phase_of(step, total, self.layers)
        if group == _NEVER or group > layer:
            return 0.0
        rate = learning_rate_factor(inside, length, self.warmup_ratio)
        return rate if group in (layer, _ALWAYS) else self.lower_layers_rate * rate


class ProgressiveStep:
    """One step: student and teacher up to the layer whose turn it is."""

    def __init__(self, teacher: TaskModel, mapping: tuple[int, ...], options: ProgressiveDistillation) -> None:
        self.teacher, self.mapping, self.options = teacher.eval(), mapping, options

    def __call__(self, model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        assert isinstance(model, IntermediateStudent)
        mask, options = batch.attention_mask, self.options
        layer, _, _ = phase_of(context.step, context.total, len(self.mapping))
        inputs = (batch.input_ids, mask, batch.token_type_ids)
        with torch.no_grad():
            target, target_scores = self.teacher.encoder.observe_layer(*inputs, self.mapping[layer])
        mine, scores = model.student.encoder.observe_layer(*inputs, layer + 1)
        maps = feature_map_losses(model.hidden(mine), target, mask)
        attention = attention_kl(scores, target_scores, mask)
        context.backward(
            options.feature_map_weight * maps.normalized
            + options.mean_weight * maps.mean
            + options.variance_weight * maps.variance
            + options.attention_weight * attention
        )
        parts = {"feature map": maps.normalized, "mean": maps.mean, "variance": maps.variance, "attention": attention}
        return {name: part.detach() for name, part in parts.items()}


def distill_progressively(
    student: TaskModel,
    teacher: TaskModel,
    windows: Sequence[Window],
    options: ProgressiveDistillation,
    *,
    state_dir: Path,
    progress: Progress,
    on_epoch_end: Callable[[int], None] | None = None,
) -> TrainResult:
    """Train the layers of ``student`` in place, one after the other; its task head is not touched (but see below).

    With ``options.copy_from_teacher`` the student begins with the teacher's embeddings and task head, as the paper's
    students do.

    Raises:
        ModelError: the vocabularies differ in size, or the windows are too long for the teacher.
        RecipeError: a wrong layer map, fewer steps than layers, nothing left to teach, or nothing to copy.
        Others: as :func:`quantlat.training.loop.train`.
    """
    check_comparable(student, teacher, windows, "progressive")
    layers = student.config.num_layers
    mapping = layer_map(options.layer_map, layers, teacher.config.num_layers)
    if not (options.feature_map_weight or options.mean_weight or options.variance_weight or options.attention_weight):
        raise RecipeError(
            "progressive distillation has nothing to teach: all of its weights are 0",
            "Give one of them a value above 0, or leave the step out.",
        )
    if options.copy_from_teacher:
        copy_ends(student, teacher)
    if student.config.num_heads != teacher.config.num_heads and options.attention_weight > 0.0:
        progress.say(
            f"the student has {student.config.num_heads} attention heads, the teacher {teacher.config.num_heads}: "
            "means over heads are compared"
        )
    return train(
        IntermediateStudent(student, teacher.config.hidden_size, seed=options.seed, trains_embeddings=False),
        windows,
        ProgressiveStep(teacher.to(training_device()), mapping, options),
        options,
        pad_token_id=student.config.pad_token_id,
        state_dir=state_dir,
        progress=progress,
        name="progressive distillation",
        settings={"teacher": weights_fingerprint(teacher), "layers": list(mapping)},
        schedule=ProgressiveSchedule(
            layers, warmup_ratio=options.warmup_ratio, lower_layers_rate=options.lower_layers_rate
        ),
        on_epoch_end=on_epoch_end,
    )


def copy_ends(student: TaskModel, teacher: TaskModel) -> None:
    """Give the student the teacher's embeddings and task head.

    Raises:
        RecipeError: they are not of the same shape.
    """
    mine, theirs = (
        {name: tensor for name, tensor in model.state_dict().items() if ".layers." not in name}
        for model in (student, teacher)
    )
    differing = sorted(set(mine) ^ set(theirs)) or [name for name in mine if mine[name].shape != theirs[name].shape]
    if differing:
        raise RecipeError(
            f"copy_from_teacher: the teacher's {differing[0]} is not of the student's shape",
            "Set copy_from_teacher: false, or pick a teacher with the student's embeddings and hidden size.",
        )
    with torch.no_grad():
        for name, tensor in mine.items():
            tensor.copy_(theirs[name])
