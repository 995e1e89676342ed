"""LengthDrop training: one set of weights that works at every retention configuration.

Length-Adaptive Transformer (Kim & Cho, arXiv 2010.07003). Every optimiser step runs a sandwich of passes
over its batch: the full-length one, which learns from labels and the teacher, then the smallest sub-network
and some random ones, which learn the full pass' distribution (in-place distillation, detached)::

    full      w_t · KL(teacher ‖ full) + w_h · cross-entropy(labels) + w_e · mean_i KL(full ‖ head(X_i))
    smallest  KL(full ‖ smallest)                     each pass weighs 1 / number of passes;
    random    KL(full ‖ random), k times              gradients add up to one optimiser step

The last term of the full pass is ours (deep supervision: Lee et al., 2015, arXiv 1409.5185). Where the answer head
has a say in which tokens leave, it is asked about states X_i in the middle of the network, and so it is trained to know
the answer early. The states are those that enter the layers in which tokens are dropped.

Unlike in the published code the divergence is forward, padding takes no part, lengths are drawn from the
real token counts, and the full pass never skips a layer: it is the target of all others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from quantlat.data.batching import Batch
from quantlat.data.windows import Window
from quantlat.errors import RecipeError
from quantlat.models import EmbeddingModel, TaskModel
from quantlat.progress import Progress
from quantlat.recipe.schema import LengthDropStage
from quantlat.training.length_sampling import Lengths, LengthSampler, SubNetwork, make_sampler, sub_networks
from quantlat.training.loop import StepContext, TrainResult, train
from quantlat.training.objective import Objective, objective_of
from quantlat.training.sandwich import Sandwich, shared_layers
from quantlat.training.soft_labels import SoftLabels


@dataclass(frozen=True)
class LengthDropPlan:
    """What LengthDrop training may do beyond the paper; the defaults are the paper's.

    Attributes:
        sampler: how lengths are drawn; ``None``: the stage's ``sampler`` with its ``length_drop_ratio``.
        ramp: share of the steps over which drops grow linearly from nothing to full strength.
        teacher_mix: share of the external teacher's logits in the sub-networks' target, in [0, 1].
        sub_hard_label_weight: weight of the labels in the sub-networks' loss.
    """

    sampler: LengthSampler | None = None
    ramp: float = 0.0
    teacher_mix: float = 0.0
    sub_hard_label_weight: float = 0.0

    def __post_init__(self) -> None:
        for name in ("ramp", "teacher_mix"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise RecipeError(f"length_drop: {name} must lie in [0, 1], got {getattr(self, name)}")
        if self.sub_hard_label_weight < 0.0:
            raise RecipeError(f"length_drop: sub_hard_label_weight is negative ({self.sub_hard_label_weight})")

    def strength(self, step: int, total: int) -> float:
        """Share of the drawn drops that is carried out at ``step`` of ``total``."""
        ramp = math.ceil(self.ramp * total)
        return min(1.0, (step + 1) / ramp) if ramp else 1.0


def default_plan(model: TaskModel) -> LengthDropPlan:
    """The paper's plan; embeddings follow the teacher with dropped tokens, too.

    A distribution over answers may move as long as the right one stays on top, and in-place distillation lets the full
    pass meet the short ones half-way. An embedding that moves is another embedding: what counts is the order of all
    its distances, and the teacher's vectors are the only truth about them.
    """
    return LengthDropPlan(teacher_mix=1.0) if isinstance(model, EmbeddingModel) else LengthDropPlan()


class LengthDropStep:
    """The sandwich of passes of one optimiser step."""

    def __init__(
        self,
        stage: LengthDropStage,
        labels: SoftLabels | None,
        plan: LengthDropPlan,
        *,
        layers: int,
    ) -> None:
        self.stage, self.labels, self.plan, self.layers = stage, labels, plan, layers
        self.sampler = plan.sampler or make_sampler(stage.sampler, stage.length_drop_ratio)

    def __call__(self, model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        assert isinstance(model, TaskModel)
        objective = objective_of(model)
        share = 1.0 / (self.stage.sandwich + 2)
        tokens = batch.attention_mask.sum(1).cpu().numpy().astype(np.int64)
        teacher = self.labels.for_batch(batch) if self.labels is not None else None
        sandwich = Sandwich.start(model, batch, tokens)
        target = sandwich.logits.detach().float()
        if teacher is not None and self.plan.teacher_mix > 0.0:
            target = torch.lerp(target, teacher, self.plan.teacher_mix)
        passes = self._sub_networks(tokens, context)
        divergences = [self._sub_pass(objective, sandwich, batch, passed, target, share, context) for passed in passes]
        full = self._task_loss(objective, sandwich.logits, teacher, batch)
        loss, early = full, self._early_answers(objective, model, sandwich, batch, target, passes)
        if early is not None:
            loss = full + self.stage.early_answer_weight * early
        context.backward(share * loss, sandwich.gradients())
        parts = {"full": full.detach(), "smallest": divergences[0]}
        if early is not None:
            parts["early"] = early.detach()
        if len(divergences) > 1:
            parts["random"] = torch.stack(divergences[1:]).mean()
        return parts

    def _task_loss(self, objective: Objective, logits: Tensor, teacher: Tensor | None, batch: Batch) -> Tensor:
        loss = logits.new_zeros((), dtype=torch.float32)
        if self.stage.hard_label_weight > 0.0:
            loss = loss + self.stage.hard_label_weight * objective.hard_loss(logits, batch)
        if teacher is not None and self.stage.teacher_weight > 0.0:
            soft = objective.divergence(logits, teacher, batch, self.stage.temperature)
            loss = loss + self.stage.teacher_weight * soft
        return loss

    def _early_answers(
        self,
        objective: Objective,
        model: TaskModel,
        sandwich: Sandwich,
        batch: Batch,
        target: Tensor,
        passes: Sequence[SubNetwork],
    ) -> Tensor | None:
        """Mean divergence of what the head says of the states that enter the layers in which this step drops tokens.

        ``None`` where the head has no say there, or its weight is 0.
        """
        if self.stage.early_answer_weight == 0.0 or model.scorer is None:
            return None
        first = max(1, min(shared_layers(passed, sandwich.tokens) for passed in passes))
        states = sandwich.states[first:-1]
        if not states:
            return sandwich.logits.new_zeros((), dtype=torch.float32)
        said = [model.head(state, sandwich.mask) for state in states]
        return torch.stack([objective.divergence(s, target, batch, self.stage.temperature) for s in said]).mean()

    def _sub_networks(self, tokens: Lengths, context: StepContext) -> list[SubNetwork]:
        return sub_networks(
            self.sampler,
            tokens,
            self.layers,
            context.rng(),
            random_passes=self.stage.sandwich,
            layer_drop=self.stage.layer_drop,
            strength=self.plan.strength(context.step, context.total),
        )

    def _sub_pass(
        self,
        objective: Objective,
        sandwich: Sandwich,
        batch: Batch,
        passed: SubNetwork,
        target: Tensor,
        share: float,
        context: StepContext,
    ) -> Tensor:
        """Forward and backward of one sub-network; returns its divergence from ``target``."""
        weight, temperature = self.plan.sub_hard_label_weight, self.stage.temperature
        logits = sandwich.branch(passed)
        if logits is None:
            # The full network itself, as may happen on short inputs: nothing to learn from its own logits.
            return objective.divergence(sandwich.logits.detach(), target, batch, temperature)
        divergence = objective.divergence(logits, target, batch, temperature)
        loss = divergence
        if weight > 0.0:
            loss = loss + weight * objective.hard_loss(logits, batch)
        context.backward(share * loss)
        return divergence.detach()


def train_length_drop(
    model: TaskModel,
    windows: Sequence[Window],
    stage: LengthDropStage,
    *,
    labels: SoftLabels | None,
    state_dir: Path,
    progress: Progress,
    plan: LengthDropPlan | None = None,
    on_epoch_end: Callable[[int], None] | None = None,
) -> TrainResult:
    """Make ``model`` length-adaptive, in place.

    Args:
        labels: the teacher's soft labels of ``windows``; ``None``: the full pass learns from the labels
            alone.

    Raises:
        DataError: the soft labels are of other windows.
        RecipeError: neither soft nor hard labels have a weight.
        Others: as :func:`quantlat.training.loop.train`.
    """
    plan = plan or default_plan(model)
    taught = stage.teacher_weight > 0.0 and labels is not None
    if not taught and stage.hard_label_weight == 0.0:
        raise RecipeError(
            "length_drop: the full-length pass has nothing to learn from: hard_label_weight is 0 and there are no "
            "soft labels (no teacher, or teacher_weight 0)",
            "Set stages.length_drop.hard_label_weight, such as 1.0.",
        )
    if labels is not None:
        labels.check(windows)
    step = LengthDropStep(stage, labels, plan, layers=model.config.num_layers)
    settings: dict[str, Any] = stage.model_dump(mode="json") | {
        "plan": repr(plan),
        "sampler": repr(step.sampler),
        "soft_labels": labels.fingerprint() if labels is not None else None,
    }
    return train(
        model,
        windows,
        step,
        stage.train,
        pad_token_id=model.config.pad_token_id,
        state_dir=state_dir,
        progress=progress,
        name="LengthDrop training",
        settings=settings,
        on_epoch_end=on_epoch_end,
    )
