"""What is done already: one file per scored chunk, so that a kill loses at most the chunk in work.

::

    OUT.parts/job.json            what is scored, with what, and how; another job may not mix with it
              part-00000012.jsonl one line per row of chunk 12, scored or refused
    OUT                           appears by one rename when every chunk is there
    OUT.rejected.jsonl            rows that could not be scored, with the reason

A part appears by one rename after it has reached the disk. It is whole or it is not there, and each chunk has
exactly one name: nothing can be lost or be there twice.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from quantlat.errors import RunConflictError, StorageError
from quantlat.scoring.source import is_parquet, pyarrow_parquet

FORMAT = 1
_ROWS_PER_GROUP = 8_192
_VECTORS_PER_GROUP = 1_024  # a vector of 384 numbers takes about 12 KiB while its row waits


class Job(BaseModel):
    """Everything that decides the content of the output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    input_sha256: str
    rows: int
    bundle: str
    task: str
    profile: str | None
    budget_ms: float | None
    chunk_rows: int

    @property
    def chunks(self) -> int:
        """Number of chunks of the input."""
        return -(-self.rows // self.chunk_rows)


class ScoredRow(BaseModel):
    """One line of a part: a result, or the reason why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int
    id: str | int | None
    result: dict[str, Any] | None = None
    reason: str | None = None


class Parts:
    """The parts of one output file."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out.with_name(out.name + ".parts")
        self.rejected = out.with_name(out.name + ".rejected.jsonl")

    @contextmanager
    def opened(self, job: Job, *, overwrite: bool) -> Iterator[set[int]]:
        """Hold the parts of ``job`` against other processes; gives the chunks that are there already.

        Raises:
            StorageError: the output exists and may not be overwritten.
            RunConflictError: the parts belong to another job, or another process works on them.
        """
        if self.out.exists() and not self.folder.exists() and not overwrite:
            raise StorageError(f"{self.out} exists already", "Choose another name, or give --overwrite.")
        if overwrite and self.folder.exists() and self._stored() != job:
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunConflictError(f"another process is writing {self.out}", "Wait until it has ended.") from None
            self._claim(job)
            yield self._done(job)

    def write(self, index: int, rows: Iterable[ScoredRow]) -> None:
        """Store a chunk's rows."""
        lines = "".join(row.model_dump_json() + "\n" for row in rows)
        _write_file(self._part(index), lines.encode())

    def assemble(self, job: Job) -> tuple[int, int]:
        """Put the parts together, in order; returns how many rows were scored and how many refused."""
        scored = refused = 0
        partial, rejected = _partial(self.out), _partial(self.rejected)
        with rejected.open("wb") as side:
            with _writer(partial, job.task, parquet=is_parquet(self.out)) as put:
                for row in self._rows(job):
                    if row.result is None:
                        refused += 1
                        side.write(_line({"row": row.row, "id": row.id, "reason": row.reason}))
                    else:
                        scored += 1
                        put({"row": row.row, "id": row.id, **row.result})
            _flush(side)
        if scored + refused != job.rows:
            raise StorageError(
                f"{self.folder} holds {scored + refused} rows, expected {job.rows}", "Remove it and start again."
            )
        rejected.replace(self.rejected)
        if not refused:
            self.rejected.unlink()
        partial.replace(self.out)
        _flush_folder(self.out.parent)
        shutil.rmtree(self.folder)
        return scored, refused

    def _rows(self, job: Job) -> Iterator[ScoredRow]:
        for index in range(job.chunks):
            try:
                for line in self._part(index).read_bytes().splitlines():
                    yield ScoredRow.model_validate_json(line)
            except (OSError, ValidationError):
                raise StorageError(
                    f"{self._part(index)} is missing or damaged", "Remove it and run the same command again."
                ) from None

    def _part(self, index: int) -> Path:
        return self.folder / f"part-{index:08d}.jsonl"

    def _stored(self) -> Job | None:
        try:
            return Job.model_validate_json((self.folder / "job.json").read_bytes())
        except (OSError, ValidationError):
            return None

    def _claim(self, job: Job) -> None:
        stored = self._stored()
        if stored == job:
            return
        if not any(self.folder.glob("part-*.jsonl")):
            _write_file(self.folder / "job.json", job.model_dump_json(indent=1).encode())
            return
        changed = [] if stored is None else [n for n in Job.model_fields if getattr(stored, n) != getattr(job, n)]
        raise RunConflictError(
            f"{self.folder} was begun by another job: {', '.join(changed) or 'job.json'} differ",
            "Run the same command as before, or give --overwrite to begin anew.",
        )

    def _done(self, job: Job) -> set[int]:
        for leftover in self.folder.glob(".*.partial"):
            leftover.unlink()
        return {index for index in range(job.chunks) if self._part(index).is_file()}


@contextmanager
def _writer(path: Path, task: str, *, parquet: bool) -> Iterator[Any]:
    """A function that takes one row after the other and writes it."""
    if not parquet:
        with path.open("wb") as stream:
            yield lambda row: stream.write(_line(row))
            _flush(stream)
        return
    import pyarrow

    schema = pyarrow.schema([(name, _arrow_type(pyarrow, kind)) for name, kind in _COLUMNS[task]])
    group = _VECTORS_PER_GROUP if "vector" in schema.names else _ROWS_PER_GROUP
    waiting: list[dict[str, Any]] = []
    with pyarrow_parquet().ParquetWriter(path, schema) as writer:

        def put(row: dict[str, Any]) -> None:
            waiting.append({**row, "id": None if row["id"] is None else str(row["id"])})
            if len(waiting) == group:
                writer.write_table(pyarrow.Table.from_pylist(waiting, schema))
                waiting.clear()

        yield put
        writer.write_table(pyarrow.Table.from_pylist(waiting, schema))


_COLUMNS = {
    "question-answering": [
        ("row", "int64"), ("id", "string"), ("text", "string"), ("start", "int64"), ("end", "int64"),
        ("score", "float64"), ("profile", "string"), ("tokens", "int64"),
    ],
    "text-classification": [
        ("row", "int64"), ("id", "string"), ("label", "string"), ("score", "float64"), ("profile", "string"),
        ("tokens", "int64"),
    ],
    "text-regression": [
        ("row", "int64"), ("id", "string"), ("value", "float64"), ("profile", "string"), ("tokens", "int64"),
    ],
    "embedding": [
        ("row", "int64"), ("id", "string"), ("vector", "floats"), ("profile", "string"), ("tokens", "int64"),
    ],
}  # fmt: skip


def _arrow_type(pyarrow: Any, kind: str) -> Any:
    """A column's type by its name; lists, which Arrow has no name for, are ``floats``."""
    return pyarrow.list_(pyarrow.float32()) if kind == "floats" else kind


def _line(row: dict[str, Any]) -> bytes:
    return (json.dumps(row, ensure_ascii=False) + "\n").encode()


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


def _write_file(path: Path, content: bytes) -> None:
    partial = _partial(path)
    with partial.open("wb") as stream:
        stream.write(content)
        _flush(stream)
    partial.replace(path)
    _flush_folder(path.parent)


def _flush(stream: IO[bytes]) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
