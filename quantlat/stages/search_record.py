"""What the search stage leaves for the report, for ``evaluate`` and for deployment: ``search.json``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from quantlat.errors import RecipeError, StorageError
from quantlat.metrics import metric_named
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.pipeline.store import Artifact
from quantlat.recipe.mistakes import suggestion

if TYPE_CHECKING:
    from quantlat.search import Candidate, SearchResult

SEARCH_JSON = "search.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrialRecord(_Record):
    """One measured configuration; accuracies in points on the search split, latency on its length mix."""

    ratios: tuple[float, ...]
    accuracy: float
    accuracy_ci: tuple[float, float]
    drop: float
    drop_ci: tuple[float, float]
    questions: int
    latency_ms: float
    latency_ci_ms: tuple[float, float]
    latency_relative: float
    macs_relative: float
    stage: str
    drop_shrunken: float | None = None
    part: int = 0

    @property
    def believed_drop(self) -> float:
        """What the search took for the drop; see ``quantlat.search.candidate.Candidate.believed_drop``."""
        if self.drop_shrunken is None:
            return self.drop
        return max(self.drop, self.drop_shrunken) if self.stage == "final" else self.drop_shrunken


class LatencyTableRecord(_Record):
    """What latencies were predicted with while searching.

    Attributes:
        request_ms, layer_ms: coefficients, see :mod:`quantlat.search.latency_table`.
        row_block: rows of the kernel's block that explain the times best.
        checked: configurations that the table was compared with, not fitted to.
        mean_error, worst_error: of their predicted mean latency, as a share.
        finalists_error: the same mean over the finalists, against their measurement from end to end.
    """

    request_ms: tuple[float, ...]
    layer_ms: tuple[float, ...]
    row_block: int
    checked: int
    mean_error: float
    worst_error: float
    finalists_error: float | None = None


class ProfileRecord(_Record):
    """A named configuration."""

    ratios: tuple[float, ...]
    macs_relative: float
    candidate: int

    @property
    def config(self) -> ElasticConfig | None:
        """What sessions take: ``None`` at full length, which runs the plain graph."""
        retention = RetentionConfig(self.ratios)
        return None if retention.is_full else ElasticConfig(retention)


class SearchRecord(_Record):
    """Settings and outcome of a search."""

    runtime: str
    threads: int
    runtime_timings_ms: dict[str, float]
    reference: str
    reference_accuracy: float
    max_drop: float
    missed_by: float | None
    windows: int
    trials: int
    seconds: float
    seed: int
    sampler: str
    candidates: tuple[TrialRecord, ...]
    front: tuple[int, ...]
    profiles: dict[str, ProfileRecord]
    notes: tuple[str, ...] = ()
    stopped_by: str = ""
    batch: int = 1
    target_ms: float | None = None
    target_missed_by_ms: float | None = None
    latency_table: LatencyTableRecord | None = None
    metric: str = "f1"

    @property
    def metric_name(self) -> str:
        """The metric inside a sentence."""
        return metric_named(self.metric).name

    def profile(self, name: str) -> ProfileRecord:
        """The profile of that name.

        Raises:
            RecipeError: there is none.
        """
        if name not in self.profiles:
            known = list(self.profiles)
            raise RecipeError(
                f"the run has no profile {name!r}{suggestion(name, known)}", f"Its profiles: {', '.join(known)}"
            )
        return self.profiles[name]

    @classmethod
    def read(cls, artifact: Artifact) -> SearchRecord:
        """The record of a search artefact."""
        return cls.read_file(artifact / SEARCH_JSON)

    @classmethod
    def read_file(cls, path: Path) -> SearchRecord:
        """The record in a file.

        Raises:
            StorageError: it is not one.
        """
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise StorageError(f"{path} is not a search record: {error}", "Run again with --from search.") from None


def latency_table_record(result: SearchResult) -> LatencyTableRecord | None:
    """The table that the search predicted with, and how far it was off the finalists; ``None`` without one."""
    import numpy as np

    table = result.table
    if table is None:
        return None
    finals = [c for c in result.candidates if c.stage == "final" and not c.config.is_full]
    error = None
    if finals:
        measured = np.array([candidate.latency_relative for candidate in finals])
        error = float(np.abs(table.relative([c.config for c in finals]) / measured - 1.0).mean())
    return LatencyTableRecord(
        request_ms=table.request_ms,
        layer_ms=table.layer_ms,
        row_block=table.row_block,
        checked=table.check.configurations,
        mean_error=table.check.mean_error,
        worst_error=table.check.worst_error,
        finalists_error=error,
    )


def trial_record(candidate: Candidate) -> TrialRecord:
    """One configuration as it is written down."""
    return TrialRecord(
        ratios=candidate.config.ratios,
        accuracy=candidate.accuracy,
        accuracy_ci=candidate.accuracy_ci,
        drop=candidate.drop,
        drop_ci=candidate.drop_ci,
        questions=candidate.questions,
        latency_ms=candidate.latency_ms,
        latency_ci_ms=candidate.latency_ci_ms,
        latency_relative=candidate.latency_relative,
        macs_relative=candidate.macs_relative,
        stage=candidate.stage,
        drop_shrunken=candidate.drop_shrunken,
        part=candidate.part,
    )
