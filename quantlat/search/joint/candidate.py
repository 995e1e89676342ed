"""What a joint search knows about one configuration."""

from __future__ import annotations

from quantlat.models.retention import ElasticConfig
from quantlat.search.candidate import MeasuredModel


class JointCandidate(MeasuredModel):
    """A joint configuration, measured; ``part`` is 0 for the questions that the search sees, 1 for those it never saw.

    Attributes:
        config: which tokens, heads, neurons and layers are kept, and which layers run in fp32.
        latency_ms: measured in place.
        latency_relative: relative to the whole model in fp32 at full length, in the same runtime and turns.
        latency_relative_range: smallest and largest of its rounds and of the least times.
    """

    config: ElasticConfig
    latency_relative_range: tuple[float, float]
