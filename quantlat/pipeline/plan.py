"""The plan of a run: which stages a recipe has, the key of each, what is cached and why the rest is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from quantlat.errors import RecipeError, StorageError
from quantlat.pipeline.record import RunRecord
from quantlat.pipeline.stage import Stage
from quantlat.pipeline.store import (
    Artifact,
    IncompleteArtifactError,
    Manifest,
    Store,
    artifact_key,
    read_artifact,
)
from quantlat.recipe import LoadedRecipe, Recipe
from quantlat.recipe.mistakes import suggestion


@dataclass(frozen=True)
class PlannedStage:
    """One stage of a plan with everything its key was made of."""

    stage: Stage
    key: str
    part: Any
    outside: Mapping[str, str]
    inputs: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of the stage."""
        return self.stage.name


@dataclass(frozen=True)
class Plan:
    """The stages of a recipe in the order they run."""

    loaded: LoadedRecipe
    steps: tuple[PlannedStage, ...] = ()

    @property
    def recipe(self) -> Recipe:
        """The recipe that is planned."""
        return self.loaded.recipe

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the stages in order."""
        return tuple(step.name for step in self.steps)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def step(self, name: str) -> PlannedStage:
        """The stage called ``name``; KeyError if the recipe has none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def last_of(self, *names: str) -> str:
        """Whichever of ``names`` comes last in the plan: who made the newest student, say."""
        planned = [name for name in self.names if name in names]
        if not planned:
            raise KeyError(f"the plan has none of {', '.join(names)}")
        return planned[-1]

    def from_stage(self, name: str) -> tuple[PlannedStage, ...]:
        """The stage called ``name`` and all later ones.

        Raises:
            RecipeError: the recipe has no such stage.
        """
        if name not in self.names:
            raise RecipeError(
                f"--from {name}: this recipe has no such stage{suggestion(name, self.names)}",
                f"Its stages are: {', '.join(self.names)}",
            )
        return self.steps[self.names.index(name) :]


class State(StrEnum):
    """What is to be done about a stage."""

    CACHED = "cached"
    RESUME = "resume"
    TO_DO = "to do"


@dataclass(frozen=True)
class Assessment:
    """A planned stage, what is to be done, why, its artefact if it is finished, and the time spent so far."""

    step: PlannedStage
    state: State
    why: str
    artifact: Artifact | None = None
    seconds: float | None = None


def build_plan(loaded: LoadedRecipe, stages: Sequence[Stage], *, offline: bool = False) -> Plan:
    """Work out the stages of a recipe and their keys; reads small files, computes nothing."""
    plan = Plan(loaded)
    for stage in stages:
        part = stage.part(loaded.recipe)
        if part is None:
            continue
        inputs = {name: plan.step(name).key for name in stage.inputs(plan)}
        outside = dict(stage.outside(loaded, offline=offline))
        dumped = _dump(part)
        key = artifact_key(stage.name, stage.version, dumped, outside, inputs)
        plan = Plan(loaded, (*plan.steps, PlannedStage(stage, key, dumped, outside, inputs)))
    return plan


def assess(
    plan: Plan, store: Store, record: RunRecord | None, *, from_stage: str | None = None, verify: bool = True
) -> Iterator[Assessment]:
    """Look up every stage in the store.

    Args:
        plan: the plan.
        store: where finished stages lie.
        record: the run folder's record, which tells what a changed stage looked like before.
        from_stage: stages from here on are to be done again.
        verify: hash the payload of cached artefacts.

    Raises:
        StorageError: a finished artefact was changed after it was written.
    """
    again = {step.name for step in plan.from_stage(from_stage)} if from_stage else set()
    for step in plan.steps:
        yield _assess(step, store, record, step.name in again, verify)


def _assess(step: PlannedStage, store: Store, record: RunRecord | None, again: bool, verify: bool) -> Assessment:
    if again:
        return Assessment(step, State.TO_DO, "--from")
    try:
        artifact = store.get(step.name, step.key, verify=verify)
    except IncompleteArtifactError as error:
        return Assessment(step, State.TO_DO, f"incomplete: {error.message}")
    if artifact is not None:
        return Assessment(step, State.CACHED, "", artifact, artifact.manifest.seconds)
    if store.has_state(step.name, step.key):
        spent = store.spent_seconds(step.name, step.key)
        return Assessment(step, State.RESUME, "interrupted", seconds=spent)
    return Assessment(step, State.TO_DO, _why(step, store, record))


def _why(step: PlannedStage, store: Store, record: RunRecord | None) -> str:
    before = record.stages.get(step.name) if record is not None else None
    if before is None:
        return "never run"
    try:
        manifest = read_artifact(store.artifacts_dir / before.folder, verify=False).manifest
    except StorageError:
        return "the earlier artefact is gone"
    return "; ".join(_changes(step, manifest)) or "the key differs"


def _changes(step: PlannedStage, manifest: Manifest) -> Iterator[str]:
    if manifest.stage_version != step.stage.version:
        yield f"stage version {manifest.stage_version} → {step.stage.version}"
    before, after = dict(_leaves(manifest.part)), dict(_leaves(step.part))
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    for key in changed[:3]:
        yield f"{key}: {before.get(key)} → {after.get(key)}"
    if len(changed) > 3:
        yield f"{len(changed) - 3} more changes"
    for name, fingerprint in step.outside.items():
        if manifest.outside.get(name) != fingerprint:
            yield f"{name} changed"
    renewed = [name for name, key in step.inputs.items() if manifest.inputs.get(name) != key]
    if renewed:
        yield f"new input: {', '.join(renewed)}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    items: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    if not items:
        yield path, value
    for key, inner in items:
        yield from _leaves(inner, f"{path}.{key}" if path else str(key))


def _dump(part: BaseModel | Sequence[BaseModel]) -> Any:
    if isinstance(part, BaseModel):
        return part.model_dump(mode="json")
    return [piece.model_dump(mode="json") for piece in part]
