"""Loss curves that stay small however long the training is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_POINTS = 200


@dataclass(frozen=True)
class LossCurve:
    """Named losses over a training, at most 200 points.

    Attributes:
        components: names of the losses; ``total`` is what was minimised.
        steps: last optimiser step (counted from 1) of the steps that a point averages.
        values: ``[points][components]``.
    """

    components: tuple[str, ...]
    steps: tuple[int, ...]
    values: tuple[tuple[float, ...], ...]

    def points(self, component: str = "total") -> tuple[tuple[int, float], ...]:
        """``(step, loss)`` pairs of one component."""
        column = self.components.index(component)
        return tuple((step, row[column]) for step, row in zip(self.steps, self.values, strict=True))


@dataclass
class CurveRecorder:
    """Averages neighbouring steps as they come, so that its state is small and exact to resume.

    Bins of ``width`` steps are kept; when there are as many as wanted, neighbours are merged and the width
    doubles.
    """

    components: tuple[str, ...] = ()
    width: int = 1
    sums: list[list[float]] = field(default_factory=list)
    count: int = 0

    def add(self, losses: Mapping[str, float]) -> None:
        """Record one optimiser step; every step has the same components."""
        if not self.components:
            self.components = tuple(losses)
        row = [losses[name] for name in self.components]
        if self.count % self.width == 0:
            if len(self.sums) == MAX_POINTS:
                self._merge()
            self.sums.append(row)
        else:
            self.sums[-1] = [a + b for a, b in zip(self.sums[-1], row, strict=True)]
        self.count += 1

    def finish(self) -> LossCurve:
        """The curve so far."""
        steps, values = [], []
        for i, row in enumerate(self.sums):
            last = min((i + 1) * self.width, self.count)
            steps.append(last)
            values.append(tuple(value / (last - i * self.width) for value in row))
        return LossCurve(self.components, tuple(steps), tuple(values))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "components": list(self.components),
            "width": self.width,
            "sums": self.sums,
            "count": self.count,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CurveRecorder:
        """Inverse of :meth:`to_dict`.

        Raises:
            ValueError, KeyError, TypeError: not what :meth:`to_dict` writes.
        """
        recorder = cls(
            tuple(str(name) for name in values["components"]),
            int(values["width"]),
            [[float(value) for value in row] for row in values["sums"]],
            int(values["count"]),
        )
        if len(recorder.sums) != math.ceil(recorder.count / max(1, recorder.width)):
            raise ValueError("loss curve does not fit its step count")
        return recorder

    def _merge(self) -> None:
        pairs = [self.sums[i : i + 2] for i in range(0, len(self.sums), 2)]
        self.sums = [[sum(column) for column in zip(*pair, strict=True)] for pair in pairs]
        self.width *= 2
