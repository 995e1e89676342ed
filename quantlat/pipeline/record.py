"""``run.json``: whose folder a run folder is, and which artefacts are the current ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

import quantlat
from quantlat.errors import RunConflictError, StorageError
from quantlat.pipeline.lock import LOCK_FILE
from quantlat.pipeline.store import FORMAT, Artifact, read_artifact, write_atomically
from quantlat.recipe import LoadedRecipe, Recipe

RECORD = "run.json"
LOG = "log.jsonl"


class StageRecord(BaseModel):
    """The artefact that a stage made for the recipe as it stands in ``run.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    folder: str
    seconds: float
    finished: str
    metrics: dict[str, float | int | str] = {}


class RunRecord(BaseModel):
    """Content of ``run.json``. ``recipe`` is the resolved recipe, every default written out."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    quantlat: str
    name: str
    task: str
    recipe_file: str
    overrides: tuple[str, ...] = ()
    recipe: dict[str, Any]
    created: str
    updated: str
    complete: bool = False
    floor_missed: str | None = None
    stages: dict[str, StageRecord] = {}


@dataclass(frozen=True)
class StoredRun:
    """A run folder that was opened for reading.

    Attributes:
        run_dir: the folder.
        record: content of its ``run.json``.
        artifacts: the current artefact of each finished stage, in the order they were made.
    """

    run_dir: Path
    record: RunRecord
    artifacts: Mapping[str, Artifact]

    @property
    def recipe(self) -> Recipe:
        """The recipe that the run used."""
        return Recipe.model_validate(self.record.recipe)

    def artifact(self, stage: str) -> Artifact:
        """The artefact of ``stage``.

        Raises:
            StorageError: the run has not finished that stage.
        """
        if stage not in self.artifacts:
            raise StorageError(
                f"{self.run_dir}: the stage '{stage}' is not finished, only: {', '.join(self.artifacts)}",
                f"Run `quantlat run {self.record.recipe_file}` to the end first.",
            )
        return self.artifacts[stage]


def now() -> str:
    """The current time, ISO 8601 in UTC to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_record(loaded: LoadedRecipe) -> RunRecord:
    """The record of a run that begins now."""
    recipe, time = loaded.recipe, now()
    return RunRecord(
        quantlat=quantlat.__version__,
        name=recipe.name,
        task=recipe.task,
        recipe_file=str(loaded.path),
        overrides=loaded.overrides,
        recipe=recipe.model_dump(mode="json"),
        created=time,
        updated=time,
    )


def claim(run_dir: Path, loaded: LoadedRecipe) -> RunRecord:
    """The record to go on with: a new one for a new folder, else the folder's own if it fits the recipe.

    Writes nothing.

    Raises:
        RunConflictError: the folder belongs to another recipe, another version, or to something else.
    """
    fresh = new_record(loaded)
    found = read_record(run_dir)
    if found is None:
        _refuse_foreign_files(run_dir)
        return fresh
    _refuse_other_version(run_dir, found)
    for what, ours, theirs in (("recipe", fresh.name, found.name), ("task", fresh.task, found.task)):
        if ours != theirs:
            raise RunConflictError(
                f"{run_dir} holds a run of the {what} '{theirs}', not of '{ours}'",
                "Choose another folder with --out, or delete that one if it is no longer needed.",
            )
    return fresh.model_copy(update={"created": found.created, "stages": found.stages})


def read_record(run_dir: Path) -> RunRecord | None:
    """Content of ``run.json``, or None where there is none.

    Raises:
        RunConflictError: the file is damaged or of an unknown format.
    """
    path = run_dir / RECORD
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError as error:
        raise RunConflictError(
            f"{path} is damaged or was written by another version of quantlat",
            "Choose another folder with --out, or delete that one if it is no longer needed.",
        ) from error


def write_record(run_dir: Path, record: RunRecord) -> None:
    """Replace ``run.json``."""
    write_atomically(run_dir / RECORD, record.model_copy(update={"updated": now()}).model_dump_json(indent=1) + "\n")


def open_run(run_dir: Path, *, verify: bool = True) -> StoredRun:
    """Open a run folder for reading.

    Raises:
        StorageError: it is no run folder, or an artefact is damaged.
        RunConflictError: it was made by an incompatible version.
    """
    record = read_record(run_dir)
    if record is None:
        raise StorageError(
            f"{run_dir} is not the folder of a run: it has no {RECORD}",
            "`quantlat runs` lists the runs there are.",
        )
    _refuse_other_version(run_dir, record)
    artifacts = {
        name: read_artifact(run_dir / "artifacts" / stage.folder, verify=verify)
        for name, stage in record.stages.items()
    }
    return StoredRun(run_dir, record, artifacts)


def find_runs(folder: Path) -> Iterator[Path]:
    """Run folders in ``folder``, or ``folder`` itself if it is one."""
    if (folder / RECORD).is_file():
        yield folder
    elif folder.is_dir():
        yield from sorted(path.parent for path in folder.glob(f"*/{RECORD}"))


def _refuse_foreign_files(run_dir: Path) -> None:
    ours = {LOCK_FILE, LOG, "artifacts", "state"}
    foreign = sorted(path.name for path in run_dir.iterdir()) if run_dir.is_dir() else []
    foreign = [name for name in foreign if name not in ours and not name.startswith(f".{RECORD}")]
    if foreign:
        raise RunConflictError(
            f"{run_dir} is not empty and is not the folder of a run (it holds {', '.join(foreign[:3])})",
            "Choose a new or an empty folder with --out.",
        )


def _refuse_other_version(run_dir: Path, record: RunRecord) -> None:
    if record.format == FORMAT and _series(record.quantlat) == _series(quantlat.__version__):
        return
    raise RunConflictError(
        f"{run_dir} was made by quantlat {record.quantlat} (folder format {record.format}); this is quantlat "
        f"{quantlat.__version__} (format {FORMAT})",
        f"Choose another folder with --out, or install quantlat {record.quantlat} to go on with this one.",
    )


def _series(version: str) -> tuple[str, ...]:
    """Versions with equal major and minor number read each other's folders."""
    return tuple(version.split(".")[:2])
