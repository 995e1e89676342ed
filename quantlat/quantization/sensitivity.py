"""Which linears suffer most from INT8, measured, and which of them to leave in fp32.

The ranking runs the fp32 model with one linear alone in INT8 and takes the squared error of the logits. Linears
then go back to fp32 from the top of the ranking until an accuracy criterion holds. INC observes the fp32 model, so
the scales of the other linears do not depend on which ones stay in fp32 and nothing is calibrated again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np
import torch
from torch import Tensor, nn

from quantlat.errors import ModelError
from quantlat.models.heads import TaskModel
from quantlat.progress import Progress, QuietProgress
from quantlat.quantization.artifact import FloatLinear, QuantizedLinear, QuantizedModel
from quantlat.quantization.calibration import CalibrationWindow
from quantlat.quantization.layout import layout_of
from quantlat.quantization.reference import ReferenceLinear, build_task_model


@dataclass(frozen=True)
class LinearSensitivity:
    """Error that one linear alone in INT8 makes.

    Attributes:
        logit_mse: mean squared difference of the logits from fp32's, over all tokens of the windows.
    """

    name: str
    logit_mse: float


@dataclass(frozen=True)
class SensitivityStep:
    """One try: linears in fp32 (beyond those asked for by name) and the score reached."""

    fp32_linears: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class SensitivityResult:
    """Outcome of :func:`choose_fp32_linears`.

    Attributes:
        model: the quantised model of the best step: the first that reaches the floor, else the highest score.
        floor: score that had to be reached; ``reached`` says whether it was.
        ranking: most sensitive first; empty when it was not needed.
        steps: every try, in order.
    """

    model: QuantizedModel
    floor: float
    reached: bool
    ranking: tuple[LinearSensitivity, ...]
    steps: tuple[SensitivityStep, ...]


def match_linears(model: TaskModel, patterns: Sequence[str]) -> frozenset[str]:
    """Full names of the linears that match names or fnmatch patterns.

    Raises:
        ModelError: a pattern matches nothing, which is a misspelt name more often than not.
    """
    names = tuple(layout_of(model.config, model.task).linears)
    chosen: set[str] = set()
    for pattern in patterns:
        matched = [name for name in names if fnmatchcase(name, pattern)]
        if not matched:
            raise ModelError(f"fp32_linears: no linear matches {pattern!r}", f"The linears are: {', '.join(names)}")
        chosen.update(matched)
    return frozenset(chosen)


def with_fp32(quantized: QuantizedModel, model: TaskModel, names: Sequence[str]) -> QuantizedModel:
    """The quantised model with some linears back in fp32, with the weights of ``model``."""
    linears = dict(quantized.linears)
    for name in names:
        module = model.get_submodule(name)
        weight, bias = (_floats(module.weight), _floats(module.bias))
        linears[name] = FloatLinear(weight, bias)
    return replace(quantized, linears=linears)


def rank_linears(
    quantized: QuantizedModel,
    model: TaskModel,
    windows: Sequence[CalibrationWindow],
    *,
    progress: Progress | None = None,
) -> tuple[LinearSensitivity, ...]:
    """Every INT8 linear with the error it makes alone, most sensitive first."""
    names = quantized.int8_linears
    floating = build_task_model(with_fp32(quantized, model, names))
    expected = [_logits(floating, window) for window in windows]
    ranking = []
    with (progress or QuietProgress()).task("sensitivity", total=len(names), unit="linear") as task:
        for name in names:
            linear = quantized.linears[name]
            assert isinstance(linear, QuantizedLinear)
            parent, _, attribute = name.rpartition(".")
            owner: nn.Module = floating.get_submodule(parent)
            before = getattr(owner, attribute)
            setattr(owner, attribute, ReferenceLinear(linear, "folded"))
            errors = [
                (_logits(floating, window) - wanted).square().flatten()
                for window, wanted in zip(windows, expected, strict=True)
            ]
            setattr(owner, attribute, before)
            ranking.append(LinearSensitivity(name, float(torch.cat(errors).mean())))
            task.advance(1)
    return tuple(sorted(ranking, key=lambda entry: -entry.logit_mse))


def choose_fp32_linears(
    quantized: QuantizedModel,
    model: TaskModel,
    windows: Sequence[CalibrationWindow],
    *,
    evaluate: Callable[[TaskModel], float],
    floor: float,
    max_fp32_linears: int,
    progress: Progress | None = None,
) -> SensitivityResult:
    """Leave the most sensitive linears in fp32 until ``evaluate`` reaches ``floor``.

    Args:
        windows: for the ranking; a few dozen suffice.
        evaluate: score of a task model (higher is better), such as F1 at full length.
        max_fp32_linears: how many may go back to fp32 beyond those that already are.
    """
    best = quantized
    steps = [SensitivityStep((), evaluate(build_task_model(quantized)))]
    if steps[0].score >= floor or max_fp32_linears == 0:
        return SensitivityResult(best, floor, steps[0].score >= floor, (), tuple(steps))
    ranking = rank_linears(quantized, model, windows, progress=progress)
    for count in range(1, min(max_fp32_linears, len(ranking)) + 1):
        names = tuple(entry.name for entry in ranking[:count])
        candidate = with_fp32(quantized, model, names)
        score = evaluate(build_task_model(candidate))
        if score > max(step.score for step in steps):
            best = candidate
        steps.append(SensitivityStep(names, score))
        if score >= floor:
            return SensitivityResult(candidate, floor, True, ranking, tuple(steps))
    return SensitivityResult(best, floor, False, ranking, tuple(steps))


def _logits(model: TaskModel, window: CalibrationWindow) -> Tensor:
    ids = torch.from_numpy(np.asarray(window.input_ids, np.int64))[None]
    types = torch.from_numpy(np.asarray(window.token_type_ids, np.int64))[None]
    with torch.inference_mode():
        return model(ids, torch.ones_like(ids), types)  # type: ignore[no-any-return]


def _floats(tensor: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    assert isinstance(tensor, Tensor)
    return copy.deepcopy(tensor.detach().to(torch.float32).contiguous().numpy())
