"""What the search stage leaves for the report, for ``evaluate`` and for deployment: ``search.json``."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from quantlat.errors import RecipeError, StorageError
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.pipeline.store import Artifact
from quantlat.recipe.mistakes import suggestion

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
        path: Path = artifact / SEARCH_JSON
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise StorageError(f"{path} is not a search record: {error}", "Run again with --from search.") from None
