"""Run a plan: skip what is finished, resume what was interrupted, commit and record each stage."""

from __future__ import annotations

import contextlib
import importlib.metadata
import math
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quantlat.errors import AccuracyFloorMissed, StorageError
from quantlat.pipeline.duration import duration
from quantlat.pipeline.interruption import interruptible, storage_errors
from quantlat.pipeline.lock import run_lock
from quantlat.pipeline.log import LoggedProgress, RunLog, run_log
from quantlat.pipeline.plan import Assessment, Plan, PlannedStage, State, assess, build_plan
from quantlat.pipeline.record import LOG, RunRecord, StageRecord, claim, now, write_record
from quantlat.pipeline.stage import MIB, PublishContext, StageContext
from quantlat.pipeline.store import Artifact, Manifest, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantlat.pipeline.stage import Stage
    from quantlat.progress import Progress
    from quantlat.recipe import LoadedRecipe

PACKAGES = (
    "quantlat",
    "torch",
    "transformers",
    "tokenizers",
    "neural_compressor",
    "torchao",
    "openvino",
    "onnxruntime",
    "optuna",
    "numpy",
)


@dataclass(frozen=True)
class RunOptions:
    """How a recipe is run.

    Attributes:
        run_dir: the run's folder; made if it does not exist.
        from_stage: do this stage and all later ones again.
        offline: use no network.
        smoke: the recipe is a smoke recipe.
    """

    run_dir: Path
    from_stage: str | None = None
    offline: bool = False
    smoke: bool = False


@dataclass(frozen=True)
class FinishedStage:
    """One stage of a finished run."""

    artifact: Artifact
    cached: bool


@dataclass(frozen=True)
class RunResult:
    """A complete run: its folder and the artefact of every stage, by stage name and in order."""

    run_dir: Path
    stages: Mapping[str, FinishedStage]

    @property
    def summary(self) -> str:
        """What the stages have to tell the user at the end."""
        texts = [finished.artifact.manifest.summary for finished in self.stages.values()]
        return "\n\n".join(text for text in texts if text)

    @property
    def floor_missed(self) -> str | None:
        """By how much the accuracy floor was missed, if it was."""
        missed = [finished.artifact.manifest.floor_missed for finished in self.stages.values()]
        return next((text for text in missed if text), None)

    def require_floor(self) -> None:
        """Raise :class:`AccuracyFloorMissed` if a stage missed the accuracy floor; the run is complete."""
        if self.floor_missed:
            raise AccuracyFloorMissed(
                f"The run is complete, but the accuracy floor was missed: {self.floor_missed}",
                "Train longer, raise search.max_drop, or use the nearest profile as it is.",
            )


def run_pipeline(loaded: LoadedRecipe, stages: Sequence[Stage], options: RunOptions, progress: Progress) -> RunResult:
    """Run a recipe to its end, or raise one of the errors of ``quantlat.errors``.

    The caller shows the result and then calls :meth:`RunResult.require_floor`.

    Raises:
        RunConflictError: the folder is in use or belongs to another recipe or version.
        StorageError: no space, no permission or a damaged artefact.
        Interrupted: Ctrl-C, SIGTERM or SIGHUP; the same command resumes.
    """
    run_dir = options.run_dir
    with interruptible(), storage_errors(run_dir):
        claim(run_dir, loaded)
        run_dir.mkdir(parents=True, exist_ok=True)
        with run_lock(run_dir), run_log(run_dir / LOG) as log:
            try:
                return _Runner(loaded, stages, options, LoggedProgress(progress, log), log).run()
            except BaseException as error:
                log.event("run stopped", error=type(error).__name__, message=str(error))
                raise


def free_bytes(path: Path) -> int:
    """Free disk space where ``path`` lies."""
    return shutil.disk_usage(path).free


class _Runner:
    """One execution of a plan under the run's lock."""

    def __init__(
        self,
        loaded: LoadedRecipe,
        stages: Sequence[Stage],
        options: RunOptions,
        progress: Progress,
        log: RunLog,
    ) -> None:
        self.loaded = loaded
        self.options = options
        self.progress = progress
        self.log = log
        self.store = Store(options.run_dir)
        self.record: RunRecord = claim(options.run_dir, loaded)
        self.plan: Plan = build_plan(loaded, stages, offline=options.offline)
        self.finished: dict[str, FinishedStage] = {}

    def run(self) -> RunResult:
        assessments = list(assess(self.plan, self.store, self.record, from_stage=self.options.from_stage))
        known = {name: stage for name, stage in self.record.stages.items() if name in self.plan}
        self._remember(stages=known)
        if self.options.from_stage:
            for step in self.plan.from_stage(self.options.from_stage):
                self.store.drop(step.name, step.key)
        for number, assessment in enumerate(assessments, start=1):
            self._finish(assessment, f"[{number}/{len(assessments)}]")
        for name, finished in self.finished.items():
            self.plan.step(name).stage.publish(
                PublishContext(
                    self.loaded,
                    finished.artifact,
                    self.options.run_dir,
                    self.progress,
                    self.options.smoke,
                )
            )
        result = RunResult(self.options.run_dir, dict(self.finished))
        self._remember(complete=True, floor_missed=result.floor_missed)
        self.log.event("run finished", floor_missed=result.floor_missed)
        return result

    def _finish(self, assessment: Assessment, counter: str) -> None:
        step, artifact = assessment.step, assessment.artifact
        cached = artifact is not None
        if artifact is not None:
            cost = duration(artifact.manifest.seconds)
            self.progress.say(f"{counter} {step.name}: cached ({cost} when it ran)")
            self.store.drop_state(step.name, step.key)
        else:
            if assessment.why.startswith("incomplete"):
                self.progress.warn(f"{step.name}: {assessment.why}; computing it again")
                self.store.drop(step.name, step.key)
            word = "resuming" if assessment.state is State.RESUME else "running"
            self.progress.say(f"{counter} {step.name}: {word} ({assessment.why})")
            artifact = self._execute(step)
            self.progress.say(f"{counter} {step.name}: done in {duration(artifact.manifest.seconds)}")
        self.finished[step.name] = FinishedStage(artifact, cached)
        self._remember(stages={**self.record.stages, step.name: _stage_record(artifact)})

    def _execute(self, step: PlannedStage) -> Artifact:
        self._check_space(step)
        self.log.event("stage started", stage=step.name, key=step.key)
        output = self.store.begin(step.name, step.key)
        context = StageContext(
            loaded=self.loaded,
            inputs={name: self.finished[name].artifact for name in step.inputs},
            output=output,
            state_dir=self.store.state_dir(step.name, step.key),
            progress=self.progress,
            offline=self.options.offline,
            smoke=self.options.smoke,
            run_dir=self.options.run_dir,
        )
        with self.store.timed(step.name, step.key):
            outcome = step.stage.run(context)
        manifest = Manifest(
            stage=step.name,
            stage_version=step.stage.version,
            key=step.key,
            part=step.part,
            outside=dict(step.outside),
            inputs=dict(step.inputs),
            packages=package_versions(),
            machine=_machine(),
            finished=now(),
            seconds=round(self.store.spent_seconds(step.name, step.key), 3),
            metrics=dict(outcome.metrics),
            floor_missed=outcome.floor_missed,
            summary=outcome.summary,
        )
        artifact = self.store.commit(output, manifest)
        self.store.drop_states(step.name)
        self.log.event("stage finished", stage=step.name, seconds=manifest.seconds, metrics=manifest.metrics)
        return artifact

    def _check_space(self, step: PlannedStage) -> None:
        needed = step.stage.needed_bytes(self.loaded.recipe)
        free = free_bytes(self.options.run_dir)
        if free < needed:
            raise StorageError(
                f"The stage '{step.name}' needs about {math.ceil(needed / MIB)} MiB in "
                f"{self.options.run_dir}, but only {free // MIB} MiB are free",
                "Free some space, or choose a folder on another disk with --out. Nothing finished was lost.",
            )

    def _remember(self, **changes: object) -> None:
        self.record = self.record.model_copy(update=changes)
        write_record(self.options.run_dir, self.record)


def package_versions() -> dict[str, str]:
    """Versions of the packages that decide a result, as far as they are installed."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions


def _machine() -> dict[str, str | int | float]:
    from quantlat.latency.machine import read_machine_facts  # its room imports numpy and scipy

    facts = read_machine_facts()
    return {
        "cpu": facts.cpu_model,
        "isa": " ".join(facts.isa),
        "usable_cores": facts.usable_cores,
        "memory_gib": facts.memory_gib,
        "fingerprint": facts.fingerprint,
    }


def _stage_record(artifact: Artifact) -> StageRecord:
    manifest = artifact.manifest
    return StageRecord(
        key=manifest.key,
        folder=artifact.folder.name,
        seconds=manifest.seconds,
        finished=manifest.finished,
        metrics=manifest.metrics,
    )
