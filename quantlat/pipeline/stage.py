"""What a stage of the pipeline is: a named step that turns earlier artefacts into one new artefact.

Stages live in ``quantlat/stages`` (one file each, listed in its table) and never import each other: they meet
in the store. A stage class names :class:`Stage` as its base to inherit the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel

from quantlat.pipeline.store import Artifact
from quantlat.progress import Progress
from quantlat.recipe import LoadedRecipe, Recipe

if TYPE_CHECKING:
    from quantlat.pipeline.plan import Plan

MIB = 1024 * 1024
Metric = float | int | str


@dataclass(frozen=True)
class StageContext:
    """What a running stage may use.

    Attributes:
        loaded: the recipe and where it lies; ``loaded.resolve(path)`` finds files that it names.
        inputs: artefacts of the stages named by ``Stage.inputs``, by stage name; read only.
        output: empty temporary folder; what is written here becomes the artefact when the stage returns.
        state_dir: folder for resumable state; survives interruptions and kills, removed after the commit.
        progress: where to say what is going on.
        offline: no network may be used.
        smoke: the run only proves that everything runs through.
        run_dir: the run's folder (for a search's journal file, say).
    """

    loaded: LoadedRecipe
    inputs: Mapping[str, Artifact]
    output: Path
    state_dir: Path
    progress: Progress
    offline: bool
    smoke: bool
    run_dir: Path

    @property
    def recipe(self) -> Recipe:
        """The validated recipe."""
        return self.loaded.recipe


@dataclass(frozen=True)
class StageOutcome:
    """What a finished stage reports.

    Attributes:
        metrics: numbers and short texts for the manifest, such as ``tokens_per_second`` or ``f1``.
        floor_missed: set when the stage could not reach the accuracy floor: by how much, and what is nearest.
            The run goes on and ends with exit code 10.
        summary: text that the command prints at the end of the run, also when the stage was cached.
    """

    metrics: Mapping[str, Metric] = field(default_factory=dict)
    floor_missed: str | None = None
    summary: str = ""


@dataclass(frozen=True)
class PublishContext:
    """What ``Stage.publish`` may use: the committed artefact and where the run lives."""

    loaded: LoadedRecipe
    artifact: Artifact
    run_dir: Path
    progress: Progress
    smoke: bool


class Stage(Protocol):
    """One stage. ``version`` goes into the key: raise it when the stage computes something else."""

    name: str
    version: int

    def part(self, recipe: Recipe) -> BaseModel | Sequence[BaseModel] | None:
        """The part (or parts) of the recipe that decide the result; None: the recipe has no such stage."""
        ...

    def inputs(self, plan: Plan) -> Sequence[str]:
        """Names of the earlier stages whose artefacts are needed; ``plan`` holds the stages before it."""
        return ()

    def outside(self, loaded: LoadedRecipe, *, offline: bool) -> Mapping[str, str]:
        """Fingerprints of what the stage reads beyond recipe and inputs, such as a calibration file's hash.

        They enter the key, so that a changed file is noticed. See :func:`quantlat.pipeline.store.file_hash`.
        """
        return {}

    def needed_bytes(self, recipe: Recipe) -> int:
        """Rough disk space that the stage writes at its peak, artefact and resumable state together."""
        return 256 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        """Do the work. On interruption (KeyboardInterrupt) save what ``state_dir`` needs and let it pass."""
        ...

    def publish(self, context: PublishContext) -> None:
        """Called at the end of every complete run, cached or not; the place to copy a report out."""
        return
