"""Counting what a training does, across interruptions, and the result it hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quantlat.training.curve import CurveRecorder, LossCurve


@dataclass(frozen=True)
class TrainResult:
    """What a training did.

    Attributes:
        steps: optimiser steps.
        windows: windows seen, repeats counted.
        tokens: real tokens seen; a step counts its windows once, however many passes it makes over them.
        tokens_per_second: the same per second of training.
        padding_waste: share of the computed positions that was padding, in [0, 1).
        seconds: wall time of all sessions of this training, state saving included.
        loss_curve: losses by step.
        resumed: whether it continued an interrupted training.
        precision: ``fp32`` or ``bf16``.
        device: torch's name of the device.
        processes: how many trained together.
    """

    steps: int
    windows: int
    tokens: int
    tokens_per_second: float
    padding_waste: float
    seconds: float
    loss_curve: LossCurve
    resumed: bool
    precision: str
    device: str
    processes: int


@dataclass
class Counters:
    """How far a training is: everything, besides its tensors, that a resumed one has to know."""

    step: int = 0
    windows: int = 0
    tokens: int = 0
    computed_tokens: int = 0
    seconds: float = 0.0
    epochs_reported: int = 0
    curve: CurveRecorder = field(default_factory=CurveRecorder)

    def add(self, windows: int, tokens: int, computed_tokens: int, losses: Mapping[str, float]) -> None:
        """Count one optimiser step."""
        self.step += 1
        self.windows += windows
        self.tokens += tokens
        self.computed_tokens += computed_tokens
        self.curve.add(losses)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**vars(self), "curve": self.curve.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Counters:
        """Inverse of :meth:`to_dict`.

        Raises:
            ValueError, KeyError, TypeError: not what :meth:`to_dict` writes.
        """
        numbers = {key: type(getattr(cls(), key))(values[key]) for key in vars(cls()) if key != "curve"}
        return cls(**numbers, curve=CurveRecorder.from_dict(values["curve"]))

    def result(self, *, resumed: bool, precision: str, device: str, processes: int) -> TrainResult:
        """The outcome of a training that is over."""
        return TrainResult(
            steps=self.step,
            windows=self.windows,
            tokens=self.tokens,
            tokens_per_second=self.tokens / self.seconds if self.seconds > 0 else 0.0,
            padding_waste=1.0 - self.tokens / self.computed_tokens if self.computed_tokens else 0.0,
            seconds=self.seconds,
            loss_curve=self.curve.finish(),
            resumed=resumed,
            precision=precision,
            device=device,
            processes=processes,
        )
