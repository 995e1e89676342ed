"""What a search needs of whatever measures its configurations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import Candidate, Cost
from quantlat.search.latency_table import LatencyTable


class Evaluator(Protocol):
    """Measures configurations; the search knows nothing of models, data or runtimes beyond this."""

    @property
    def reference_accuracy(self) -> float:
        """Accuracy, in points, of the model that the floor refers to, on all search questions."""

    @property
    def parts(self) -> int:
        """How many parts of the search split there are, each holding the one before."""

    @property
    def full_ms(self) -> float:
        """Mean latency of a request at full length."""

    def latency_table(self, known: LatencyTable | None = None) -> LatencyTable | None:
        """What latencies are predicted with: ``known`` from an earlier sitting, or a new one; ``None`` where they
        need no prediction.
        """

    def predict_costs(self, configs: Sequence[RetentionConfig], cost: Cost) -> NDArray[np.float64]:
        """Predicted costs relative to full length, without running anything."""

    def evaluate(self, config: RetentionConfig, part: int = 0) -> Candidate:
        """Measure one configuration on a part of the search split."""

    def evaluate_finalists(
        self, configs: Sequence[RetentionConfig], *, seconds: float | None = None
    ) -> tuple[Candidate, ...]:
        """Measure a few configurations against each other, as well as ``seconds`` allow (``None``: all data)."""
