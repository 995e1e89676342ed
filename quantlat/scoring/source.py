"""Reading the input in chunks, without ever holding more than one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from quantlat.errors import DataError, RuntimeUnavailableError
from quantlat.scoring.rows import COLUMNS, MAX_ROW_BYTES, OPTIONAL, Chunk, RawRow, parse_line

PARQUET, JSONL = (".parquet", ".pq"), (".jsonl", ".ndjson", ".json")
_PIECE = 1 << 20
_BOM = b"\xef\xbb\xbf"


class Source(Protocol):
    """A file of rows."""

    @property
    def rows(self) -> int:
        """Rows of the file, good and bad."""
        ...

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All rows in their order, ``size`` at a time."""
        ...


def open_source(path: Path, task: str) -> Source:
    """The reader for a file's ending.

    Raises:
        DataError: no such file, another format, or a Parquet file without the columns of the task.
        RuntimeUnavailableError: Parquet without pyarrow.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file", "IN is a .jsonl or .parquet file.")
    if is_parquet(path):
        return ParquetSource.open(path, task)
    return JsonlSource.open(path)


def is_parquet(path: Path) -> bool:
    """Whether a file's ending means Parquet; anything but JSONL's endings is an error.

    Raises:
        DataError: neither.
    """
    if path.suffix in PARQUET:
        return True
    if path.suffix in JSONL:
        return False
    raise DataError(f"{path}: expected a name that ends in .jsonl or .parquet, got {path.suffix or 'no ending'}")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class JsonlSource:
    """One JSON object per line; blank lines do not count."""

    path: Path
    rows: int

    @classmethod
    def open(cls, path: Path) -> JsonlSource:
        """Count the rows."""
        with path.open("rb") as stream:
            return cls(path, sum(1 for _ in _lines(stream)))

    def chunks(self, size: int) -> Iterator[Chunk]:
        """See :class:`Source`."""
        rows: list[RawRow] = []
        index = 0
        with self.path.open("rb") as stream:
            for number, line in _lines(stream):
                rows.append(parse_line(number, line))
                if len(rows) == size:
                    yield Chunk(index, tuple(rows))
                    rows, index = [], index + 1
        if rows:
            yield Chunk(index, tuple(rows))


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers; of one that is too long only the beginning."""
    number = 0
    while line := stream.readline(MAX_ROW_BYTES + 1):
        number += 1
        tail = line
        while not tail.endswith(b"\n") and (tail := stream.readline(_PIECE)):
            pass
        if number == 1:
            line = line.removeprefix(_BOM)
        if line.strip():
            yield number, line


@dataclass(frozen=True)
class ParquetSource:
    """A Parquet file with the task's columns as text, and perhaps ``id``."""

    path: Path
    rows: int
    columns: tuple[str, ...]

    @classmethod
    def open(cls, path: Path, task: str) -> ParquetSource:
        """Look at the file's schema."""
        parquet = pyarrow_parquet()
        try:
            schema, rows = parquet.read_schema(path), parquet.read_metadata(path).num_rows
        except (OSError, ValueError) as error:  # pyarrow's errors are subclasses of ValueError
            raise DataError(f"{path} is not a Parquet file: {error}") from None
        missing = [column for column in COLUMNS[task] if column not in schema.names]
        if missing:
            raise DataError(
                f"{path} has no column {missing[0]!r}; its columns: {', '.join(schema.names)}",
                f"For {task} the columns are {', '.join(COLUMNS[task])}, and id if wanted.",
            )
        wanted = ("id", *COLUMNS[task], *OPTIONAL[task])
        return cls(path, rows, tuple(name for name in wanted if name in schema.names))

    def chunks(self, size: int) -> Iterator[Chunk]:
        """See :class:`Source`."""
        file = pyarrow_parquet().ParquetFile(self.path)
        number, index, waiting = 0, 0, []
        try:
            for batch in file.iter_batches(batch_size=size, columns=list(self.columns)):
                for value in batch.to_pylist():
                    number += 1
                    waiting.append(RawRow(number, value))
                    if len(waiting) == size:
                        yield Chunk(index, tuple(waiting))
                        waiting, index = [], index + 1
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path} is damaged behind row {number}: {error}") from None
        if waiting:
            yield Chunk(index, tuple(waiting))


def pyarrow_parquet() -> Any:
    """The module ``pyarrow.parquet``.

    Raises:
        RuntimeUnavailableError: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ModuleNotFoundError:
        raise RuntimeUnavailableError("Parquet files need pyarrow", "pip install pyarrow") from None
    return pyarrow.parquet
