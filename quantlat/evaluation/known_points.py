"""Points that a model was given on single examples, kept so that no later stage asks it the same again.

Points follow from the model's numbers and from an example with its windows. Both are hashed into the record, so that it
answers for exactly what it was made from and for nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from quantlat.evaluation.windows import EvaluationResult, evaluate_model
from quantlat.progress import Progress
from quantlat.runtimes.session import weights_fingerprint
from quantlat.tasks import get_task

if TYPE_CHECKING:
    from quantlat.data.windows import WindowSet
    from quantlat.models import TaskModel


class KnownPoints(BaseModel):
    """Full-length points of one fp32 model.

    Attributes:
        model: :func:`quantlat.runtimes.session.weights_fingerprint`.
        points: 0 to 100, by hash of an example and its windows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: str
    points: dict[str, float]

    @classmethod
    def of(cls, model: TaskModel, windows: WindowSet, result: EvaluationResult) -> KnownPoints:
        """What an evaluation of ``model`` on these windows found; nothing for tasks that score examples together."""
        if get_task(windows.task, windows.metric).scored_together:
            return cls(model="", points={})
        points = map(float, result.score.per_example)
        return cls(model=weights_fingerprint(model), points=dict(zip(_example_keys(windows), points, strict=True)))


def points_per_example(
    model: TaskModel, windows: WindowSet, known: KnownPoints | None, *, progress: Progress, name: str
) -> NDArray[np.float64]:
    """Full-length points of every example, ``[examples]``; only what is not known is evaluated."""
    together = get_task(windows.task, windows.metric).scored_together
    if together or known is None or not known.points or known.model != weights_fingerprint(model):
        return evaluate_model(model, windows, progress=progress, name=name).score.per_example
    keys = list(_example_keys(windows))
    missing = [i for i, key in enumerate(keys) if key not in known.points]
    points = np.array([known.points.get(key, 0.0) for key in keys])
    if missing:
        rest = evaluate_model(model, windows.part(missing), progress=progress, name=name)
        points[missing] = rest.score.per_example
    return points


def _example_keys(windows: WindowSet) -> Iterator[str]:
    """A hash of every example and its windows, in the order of the examples."""
    digests = [hashlib.sha256(repr(example).encode()) for example in windows.examples]
    for window in windows.windows:
        for array in (window.input_ids, window.token_type_ids):
            digests[window.example_index].update(np.ascontiguousarray(array).tobytes())
    return (digest.hexdigest() for digest in digests)
