"""DynaBERT training: one set of weights that works at every width and depth.

Hou et al., NeurIPS 2020 (arXiv 2004.04037). Heads and neurons are first put in the order of their importance
(:mod:`quantlat.models.rewiring`). Then two trainings follow, both distillation of a frozen copy into the sub-networks::

    width            teacher: the model as it came          loss = w_l · KL(logits) + w_h · MSE(hidden states)
    width and depth  teacher: the width-adaptive model,     the same, hidden states of the layers that are left
                     at the width of its student

An optimiser step adds up the gradients of several sub-networks. The paper runs all of them, twelve in the second
training; here a step runs the largest, the smallest and some drawn at random (the sandwich rule), which on a CPU is the
difference between an hour and an afternoon.

With ``drop_tokens`` every sub-network also runs with lengths drawn as in LengthDrop training, so that a model that has
learnt to drop tokens does not forget it while it learns to be narrow, and learns both together. Where the answer head
has a say in which tokens leave, it keeps learning to know answers early
(:mod:`quantlat.training.length_drop`), from the states of each sub-network.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from quantlat.data.batching import Batch, collate, length_buckets
from quantlat.data.windows import Window
from quantlat.errors import DataError
from quantlat.models import ElasticConfig, EncoderConfig, TaskModel, WidthConfig, kept_layers
from quantlat.models.rewiring import Importance, ImportanceMeter, rewire
from quantlat.progress import Progress
from quantlat.recipe.schema import DynaBertStage, SubnetworkTraining
from quantlat.training.length_sampling import LengthSampler, make_sampler
from quantlat.training.loop import StepContext, TrainResult, train
from quantlat.training.losses import masked_mse
from quantlat.training.objective import objective_of
from quantlat.training.sliced import PassResult, SubnetworkPasses

_IMPORTANCE_BATCH = 8


def network_of(config: EncoderConfig, width: float, depth: float) -> ElasticConfig:
    """The sub-network of a width and a depth multiplier; the whole network is the one that leaves nothing out."""
    narrow = None if width == 1.0 else WidthConfig.uniform(config, width)
    shallow = None if depth == 1.0 else kept_layers(config.num_layers, depth)
    return ElasticConfig(width=narrow, layers=shallow)


def measure_importance(model: TaskModel, windows: Sequence[Window], *, seed: int) -> Importance:
    """Importance of heads and neurons on training windows with their labels; the model is left as it was.

    Raises:
        DataError: there are no windows.
    """
    if not windows:
        raise DataError("importance of heads and neurons needs training windows, got none")
    objective, meter = objective_of(model), ImportanceMeter(model)
    lengths = np.array([window.length for window in windows], dtype=np.int64)
    wanted = [(p, p.requires_grad) for p in model.parameters()]
    training, device = model.training, next(model.parameters()).device
    model.eval().requires_grad_(True)
    try:
        for indices in length_buckets(lengths, _IMPORTANCE_BATCH, seed=seed, epoch=0):
            model.zero_grad(set_to_none=True)
            batch = collate(windows, indices, model.config.pad_token_id).to(device)
            logits = model(batch.input_ids, batch.attention_mask, batch.token_type_ids)
            objective.hard_loss(logits, batch).backward()  # type: ignore[no-untyped-call]
            meter.add()
    finally:
        model.zero_grad(set_to_none=True)
        model.train(training)
        for parameter, before in wanted:
            parameter.requires_grad_(before)
    return meter.result()


@dataclass
class DynaBertStep:
    """The sub-networks of one optimiser step and what each learns.

    Attributes:
        teacher: frozen; runs at full length.
        networks: width and depth multipliers of every sub-network, the largest first and the smallest last.
        same_width: the teacher runs at its student's width, with all layers.
        sampler: draws lengths for a second pass of each sub-network; ``None``: none.
        early_answer_weight: weight of what the answer head says of states that enter layers in which the second pass
            drops tokens; nothing where the head has no say in that.
    """

    options: SubnetworkTraining
    teacher: TaskModel
    networks: tuple[tuple[float, float], ...]
    same_width: bool
    sampler: LengthSampler | None = None
    early_answer_weight: float = 0.0
    _passes: SubnetworkPasses | None = field(default=None, repr=False)
    _teacher_passes: SubnetworkPasses | None = field(default=None, repr=False)

    def __call__(self, model: nn.Module, batch: Batch, context: StepContext) -> Mapping[str, Tensor]:
        assert isinstance(model, TaskModel)
        if self._passes is None or self._passes.model is not model:
            self._passes = SubnetworkPasses(model)
            self._teacher_passes = SubnetworkPasses(self.teacher.to(batch.input_ids.device))
        rng = context.rng()
        chosen = self._chosen(rng)
        share = 1.0 / (len(chosen) * (1 if self.sampler is None else 2))
        taught: dict[float, PassResult] = {}
        losses: dict[str, list[Tensor]] = {"largest": [], "smallest": [], "random": [], "early": [], "dropped": []}
        for place, (width, depth) in enumerate(chosen):
            at = width if self.same_width else 1.0
            if at not in taught:
                taught[at] = self._teach(at, batch)
            network = network_of(model.config, width, depth)
            lengths = self._lengths(model, network, batch, rng)
            loss, early = self._losses(model, network, taught[at], batch, lengths)
            context.backward(share * (loss if early is None else loss + self.early_answer_weight * early))
            losses[("largest", "smallest")[place] if place < 2 else "random"].append(loss.detach())
            if early is not None:
                losses["early"].append(early.detach())
            if lengths is not None:
                # Only logits can be compared where tokens are missing.
                logits = self._passes.run(network, batch, lengths).logits
                dropped = self._divergence(model, logits, taught[at], batch)
                context.backward(share * dropped)
                losses["dropped"].append(dropped.detach())
        return {name: torch.stack(values).mean() for name, values in losses.items() if values}

    def _chosen(self, rng: np.random.Generator) -> list[tuple[float, float]]:
        """The largest, the smallest, and as many of the others as the options say."""
        largest, *others, smallest = self.networks
        picked = rng.permutation(len(others))[: self.options.sandwich]
        return [largest, smallest, *(others[int(i)] for i in picked)]

    def _teach(self, width: float, batch: Batch) -> PassResult:
        assert self._teacher_passes is not None
        with torch.no_grad():
            return self._teacher_passes.run(network_of(self.teacher.config, width, 1.0), batch)

    def _lengths(
        self, model: TaskModel, network: ElasticConfig, batch: Batch, rng: np.random.Generator
    ) -> Tensor | None:
        """Lengths of the sub-network's pass with dropped tokens, ``[b, layers that run]``."""
        if self.sampler is None:
            return None
        tokens = batch.attention_mask.sum(1).cpu().numpy().astype(np.int64)
        layers = len(network.layers) if network.layers is not None else model.config.num_layers
        return torch.from_numpy(self.sampler.random(tokens, layers, rng)).to(batch.input_ids.device)

    def _losses(
        self, model: TaskModel, network: ElasticConfig, taught: PassResult, batch: Batch, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Of the pass at full length: its loss, and the divergence of early answers."""
        assert self._passes is not None
        result = self._passes.run(network, batch)
        loss = self._divergence(model, result.logits, taught, batch)
        if self.options.hidden_weight > 0.0:
            layers = network.layers or tuple(range(model.config.num_layers))
            pairs = [(result.states[0], taught.states[0])]
            pairs += [(result.states[i + 1], taught.states[layer + 1]) for i, layer in enumerate(layers)]
            errors = [masked_mse(state, target, batch.attention_mask) for state, target in pairs]
            loss = loss + self.options.hidden_weight * torch.stack(errors).sum()
        return loss, self._early_answers(model, result, taught, batch, lengths)

    def _early_answers(
        self, model: TaskModel, result: PassResult, taught: PassResult, batch: Batch, lengths: Tensor | None
    ) -> Tensor | None:
        if lengths is None or self.early_answer_weight == 0.0 or model.scorer is None:
            return None
        mask = batch.attention_mask.to(torch.bool)
        whole = (lengths == mask.sum(1, keepdim=True)).all(0)
        first = max(1, int(whole.long().cumprod(0).sum()))
        states = result.states[first:-1]
        if not states:
            return None
        said = [self._divergence(model, model.head(state, mask), taught, batch) for state in states]
        return torch.stack(said).mean()

    def _divergence(self, model: TaskModel, logits: Tensor, taught: PassResult, batch: Batch) -> Tensor:
        divergence = objective_of(model).divergence(logits, taught.logits.float(), batch, 1.0)
        return self.options.logit_weight * divergence


def train_dynabert(
    model: TaskModel,
    windows: Sequence[Window],
    stage: DynaBertStage,
    *,
    state_dir: Path,
    progress: Progress,
    seed: int = 42,
) -> dict[str, TrainResult]:
    """Rewire ``model`` and make it width- and depth-adaptive, in place.

    Returns:
        The trainings by name: ``width`` and, unless the stage leaves it out, ``depth``.

    Raises:
        As :func:`quantlat.training.loop.train`.
    """
    chosen = np.random.default_rng(seed).permutation(len(windows))[: stage.importance_windows]
    progress.say(f"importance of heads and neurons on {len(chosen)} training windows")
    rewire(model, measure_importance(model, [windows[int(i)] for i in chosen], seed=seed))
    sampler = make_sampler("late") if stage.drop_tokens else None
    results: dict[str, TrainResult] = {}
    early = stage.early_answer_weight
    widths = sorted({1.0, *stage.widths}, reverse=True)
    if stage.width is not None:
        step = DynaBertStep(stage.width, _frozen(model), tuple((w, 1.0) for w in widths), False, sampler, early)
        results["width"] = _train(model, windows, step, stage, stage.width, state_dir / "width", progress, "width")
    if stage.depth is not None:
        depths = sorted({1.0, *stage.depths}, reverse=True)
        networks = tuple((w, d) for d in depths for w in widths)
        step = DynaBertStep(stage.depth, _frozen(model), networks, True, sampler, early)
        results["depth"] = _train(model, windows, step, stage, stage.depth, state_dir / "depth", progress, "depth")
    return results


def _train(
    model: TaskModel,
    windows: Sequence[Window],
    step: DynaBertStep,
    stage: DynaBertStage,
    options: SubnetworkTraining,
    state_dir: Path,
    progress: Progress,
    name: str,
) -> TrainResult:
    settings: dict[str, Any] = stage.model_dump(mode="json") | {"networks": step.networks, "adapts": name}
    return train(
        model,
        windows,
        step,
        options,
        pad_token_id=model.config.pad_token_id,
        state_dir=state_dir,
        progress=progress,
        name=f"DynaBERT {name} training",
        settings=settings,
    )


def _frozen(model: TaskModel) -> TaskModel:
    return copy.deepcopy(model).eval().requires_grad_(False)
