"""What a joint search knows about one configuration."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from quantlat.latency import MeasurementWarning
from quantlat.models.retention import ElasticConfig
from quantlat.search.candidate import Cost


class JointCandidate(BaseModel):
    """A measured configuration. Accuracy is in points (0-100); intervals are 95 %.

    Attributes:
        accuracy, accuracy_ci: mean score over its questions.
        drop, drop_ci, drop_standard_error: reference minus this, paired question by question.
        part: 0 for the questions that the search sees, 1 for those that it never saw.
        latency_ms: mean request over the task's lengths, measured in place.
        latency_relative: the same relative to the whole model in fp32 at full length, in the same runtime and turns.
        latency_relative_range: smallest and largest of its rounds and of the least times.
        macs_relative: multiply-accumulates relative to the whole model at full length, whatever their precision.
        warnings: what disturbed the latency.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: ElasticConfig
    accuracy: float
    accuracy_ci: tuple[float, float]
    drop: float
    drop_ci: tuple[float, float]
    drop_standard_error: float = Field(ge=0)
    questions: int
    part: int = 0
    latency_ms: float = Field(gt=0)
    latency_relative: float = Field(gt=0)
    latency_relative_range: tuple[float, float]
    macs_relative: float = Field(gt=0)
    warnings: tuple[MeasurementWarning, ...] = ()

    def cost(self, kind: Cost = "latency") -> float:
        """The cost that the search minimises, relative to the whole model in fp32 at full length."""
        return self.latency_relative if kind == "latency" else self.macs_relative
