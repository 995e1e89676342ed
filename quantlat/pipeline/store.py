"""The store: one folder per finished stage, named by the hash of everything that went into it.

::

    <run>/artifacts/<stage>-<key12>/manifest.json   what made it, and the hash of every payload file
                                    ...             payload
    <run>/artifacts/.partial-<stage>-<key12>/       being written; nobody reads it
    <run>/state/<stage>-<key12>/                    resumable state of an unfinished stage

An artefact becomes visible by one rename after everything is on the disk, so a killed process never leaves
half of one. What is read back is checked against the manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from quantlat.errors import StorageError

FORMAT = 1
"""Version of the layout of run folders and manifests; part of every key."""

MANIFEST = "manifest.json"
_CHUNK = 1024 * 1024
_PARTIAL, _REPLACED = ".partial-", ".replaced-"


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileRecord(_Stored):
    """Size and hash of one payload file."""

    bytes: int
    sha256: str


class Manifest(_Stored):
    """What an artefact is and how it came about.

    ``seconds`` is the time the stage took, over all the runs it needed; ``part``, ``outside`` and ``inputs``
    (stage name to key) are what the key was made of.
    """

    format: int = FORMAT
    stage: str
    stage_version: int
    key: str
    part: Any
    outside: dict[str, str] = {}
    inputs: dict[str, str] = {}
    packages: dict[str, str] = {}
    machine: dict[str, str | int | float] = {}
    finished: str
    seconds: float
    metrics: dict[str, float | int | str] = {}
    floor_missed: str | None = None
    summary: str = ""
    files: dict[str, FileRecord] = {}


@dataclass(frozen=True)
class Artifact:
    """A finished stage's folder and its manifest."""

    folder: Path
    manifest: Manifest

    def __truediv__(self, name: str) -> Path:
        """Path of a payload file."""
        return self.folder / name

    @property
    def bytes(self) -> int:
        """Size of the payload."""
        return sum(record.bytes for record in self.manifest.files.values())


class IncompleteArtifactError(StorageError):
    """An artefact lacks its manifest, a file or the end of a file; it is safe to compute it again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "`quantlat run` with the same recipe and folder computes it again.")


def artifact_key(stage: str, version: int, part: Any, outside: Mapping[str, str], inputs: Mapping[str, str]) -> str:
    """SHA-256 (64 hexadecimal digits) over everything that decides what the stage computes."""
    parts = {
        "format": FORMAT,
        "stage": stage,
        "version": version,
        "part": part,
        "outside": dict(outside),
        "inputs": dict(inputs),
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class Store:
    """The artefacts of one run folder. Only the process that holds the run's lock may write."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.artifacts_dir = run_dir / "artifacts"

    def folder(self, stage: str, key: str) -> Path:
        """Where the artefact lies once it is finished."""
        return self.artifacts_dir / _label(stage, key)

    def get(self, stage: str, key: str, *, verify: bool = True) -> Artifact | None:
        """The artefact, or None when it was never finished.

        Args:
            stage: name of the stage.
            key: its full key.
            verify: also hash every payload file; otherwise only presence and sizes are checked.

        Raises:
            IncompleteArtifactError: something is missing or truncated.
            StorageError: a file is not the one that was written.
        """
        folder = self.folder(stage, key)
        if not folder.is_dir():
            return None
        artifact = read_artifact(folder, verify=verify)
        if artifact.manifest.key != key:
            raise IncompleteArtifactError(f"{folder.name}: the manifest belongs to another artefact")
        return artifact

    def begin(self, stage: str, key: str) -> Path:
        """An empty temporary folder to write the payload into; leftovers of a killed run are removed."""
        for leftover in self._leftovers(stage):
            shutil.rmtree(leftover)
        folder = self.artifacts_dir / (_PARTIAL + _label(stage, key))
        folder.mkdir(parents=True)
        return folder

    def commit(self, folder: Path, manifest: Manifest) -> Artifact:
        """Make the payload in ``folder`` the artefact of ``manifest``: hash, flush, rename."""
        files: dict[str, FileRecord] = {}
        for path in _payload(folder):
            _flush(path)
            record = FileRecord(bytes=path.stat().st_size, sha256=file_hash(path))
            files[path.relative_to(folder).as_posix()] = record
        for path in folder.rglob("*"):
            if path.is_dir():
                _flush(path)
        manifest = manifest.model_copy(update={"files": files})
        write_atomically(folder / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
        final = self.folder(manifest.stage, manifest.key)
        replaced = self.artifacts_dir / (_REPLACED + final.name)
        if final.exists():
            final.rename(replaced)
        folder.rename(final)
        _flush(self.artifacts_dir)
        if replaced.exists():
            shutil.rmtree(replaced)
        return Artifact(final, manifest)

    def state_dir(self, stage: str, key: str) -> Path:
        """Folder for the resumable state of an unfinished stage; created if needed."""
        folder = self.run_dir / "state" / _label(stage, key)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def has_state(self, stage: str, key: str) -> bool:
        """Whether an interrupted run left state to resume from."""
        folder = self.run_dir / "state" / _label(stage, key)
        return folder.is_dir() and any(folder.iterdir())

    def drop_state(self, stage: str, key: str) -> None:
        """Forget the resumable state and the time spent on it."""
        shutil.rmtree(self.run_dir / "state" / _label(stage, key), ignore_errors=True)
        self._spent_file(stage, key).unlink(missing_ok=True)

    def drop_states(self, stage: str) -> None:
        """Forget the resumable state of every variant of a stage: once one is finished, the others only
        fill the disk."""
        for path in (self.run_dir / "state").glob(f"{stage}-*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def drop(self, stage: str, key: str) -> None:
        """Remove an artefact and its state. It disappears by one rename, before any file is deleted."""
        folder = self.folder(stage, key)
        if folder.exists():
            replaced = self.artifacts_dir / (_REPLACED + folder.name)
            if replaced.exists():
                shutil.rmtree(replaced)
            folder.rename(replaced)
            shutil.rmtree(replaced)
        self.drop_state(stage, key)

    @contextmanager
    def timed(self, stage: str, key: str) -> Iterator[None]:
        """Add the time spent inside to :meth:`spent_seconds`, also when it ends by an interruption."""
        before, start = self.spent_seconds(stage, key), time.monotonic()
        try:
            yield
        finally:
            file = self._spent_file(stage, key)
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, json.dumps(before + time.monotonic() - start))

    def spent_seconds(self, stage: str, key: str) -> float:
        """Time that earlier, interrupted runs spent on an unfinished stage."""
        try:
            return float(json.loads(self._spent_file(stage, key).read_text()))
        except (OSError, ValueError, TypeError):
            return 0.0

    def _spent_file(self, stage: str, key: str) -> Path:
        return self.run_dir / "state" / f"{_label(stage, key)}.seconds"

    def _leftovers(self, stage: str) -> list[Path]:
        return [path for prefix in (_PARTIAL, _REPLACED) for path in self.artifacts_dir.glob(f"{prefix}{stage}-*")]


def read_artifact(folder: Path, *, verify: bool = True) -> Artifact:
    """Load an artefact folder and check it against its manifest; errors as for :meth:`Store.get`."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ValidationError) as error:
        raise IncompleteArtifactError(f"{folder.name}: {MANIFEST} is missing or damaged") from error
    for name, record in manifest.files.items():
        path = folder / name
        size = path.stat().st_size if path.is_file() else -1
        if size < record.bytes:
            came = "is missing" if size < 0 else f"has {size} of {record.bytes} bytes"
            raise IncompleteArtifactError(f"{folder.name}: {name} {came}")
        if size != record.bytes or (verify and file_hash(path) != record.sha256):
            raise StorageError(
                f"{path} is not the file that the stage '{manifest.stage}' wrote (its SHA-256 differs): the "
                "disk is damaged, or somebody changed it",
                f"Compute it again with `--from {manifest.stage}`, or restore the file.",
            )
    return Artifact(folder, manifest)


def write_atomically(path: Path, text: str) -> None:
    """Write a small text file so that a reader or a crash sees the old or the new content, never a mix."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
    _flush(path.parent)


def _label(stage: str, key: str) -> str:
    return f"{stage}-{key[:12]}"


def _payload(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)


def _flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
