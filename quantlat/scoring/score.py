"""Scoring a file: open, find out what is done already, score the rest, put it together."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from quantlat.deployment import read_manifest
from quantlat.errors import DataError, StorageError
from quantlat.progress import Progress
from quantlat.scoring.engines import score_locally, score_on_ray
from quantlat.scoring.parts import Job, Parts
from quantlat.scoring.rows import Chunk
from quantlat.scoring.scorer import ScoredChunk, Scorer, ScorerOptions
from quantlat.scoring.source import Source, file_digest, is_parquet, open_source, pyarrow_parquet

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR)


@dataclass(frozen=True)
class ScoreOptions:
    """What is scored and where.

    Attributes:
        source: JSONL or Parquet file.
        out: JSONL or Parquet file to write.
        engine: this process, or Ray workers.
        address: of a running Ray cluster; ``None`` starts one on this machine.
        chunk_rows: rows that are stored together; what a kill can cost.
        overwrite: replace the output, and what another job began.
    """

    source: Path
    out: Path
    scorer: ScorerOptions
    engine: Literal["local", "ray"] = "local"
    address: str | None = None
    chunk_rows: int = 256
    overwrite: bool = False


@dataclass(frozen=True)
class ScoreSummary:
    """What came out.

    Attributes:
        scored: rows of the output.
        rejected: rows that could not be scored.
        rejected_file: where they are, with the reason; ``None`` without any.
        resumed: rows that an earlier, interrupted call had scored already.
    """

    scored: int
    rejected: int
    rejected_file: Path | None
    resumed: int


def score_file(options: ScoreOptions, progress: Progress) -> ScoreSummary:
    """Score every row of a file; the same call goes on where a killed one stopped.

    Raises:
        DataError: the input cannot be read.
        StorageError: the output exists already, or the disk is full.
        RunConflictError: another job or process is writing the same output.
        RuntimeUnavailableError: Ray or pyarrow is missing, or the bundle cannot run here.
    """
    job, source = describe_job(options)
    parts = Parts(options.out)
    with _storage_errors(options.out), parts.opened(job, overwrite=options.overwrite) as done:
        before = sum(min(job.chunk_rows, job.rows - index * job.chunk_rows) for index in done)
        if before:
            progress.say(f"{before} of {job.rows} rows were scored before; going on with the rest")
        with progress.task("scoring", job.rows, unit="row", done=before) as bar:
            for chunk in _scored(options, _missing(source, job, done)) if before < job.rows else ():
                parts.write(chunk.index, chunk.rows)
                bar.advance(len(chunk.rows), tokens=chunk.tokens)
        scored, refused = parts.assemble(job)
    return ScoreSummary(scored, refused, parts.rejected if refused else None, before)


def describe_job(options: ScoreOptions) -> tuple[Job, Source]:
    """Everything that decides the output's content, and the input; notices mistakes before anything is scored."""
    manifest = read_manifest(options.scorer.bundle)
    if options.source.resolve() == options.out.resolve():
        raise DataError(f"{options.out} is the input", "Name another file to write.")
    if is_parquet(options.out):
        pyarrow_parquet()  # a missing package must not be noticed after hours
    _check_profile(options.scorer, manifest.profile_names)
    source = open_source(options.source, manifest.task)
    job = Job(
        input_sha256=file_digest(options.source),
        rows=source.rows,
        bundle=manifest.fingerprint,
        task=manifest.task,
        profile=options.scorer.profile,
        budget_ms=options.scorer.budget_ms,
        chunk_rows=options.chunk_rows,
    )
    return job, source


@contextlib.contextmanager
def _storage_errors(out: Path) -> Iterator[None]:
    """Say what to do about a full disk or a folder that may not be written."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(
                f"the disk that holds {out} is full", "Free some space and run the same command; scored rows are kept."
            ) from error
        if error.errno in _FORBIDDEN:
            raise StorageError(f"{error.filename or out}: {error.strerror}", "Choose another OUT.") from error
        raise


def _missing(source: Source, job: Job, done: set[int]) -> Iterator[Chunk]:
    return (chunk for chunk in source.chunks(job.chunk_rows) if chunk.index not in done)


def _scored(options: ScoreOptions, chunks: Iterator[Chunk]) -> Iterator[ScoredChunk]:
    if options.engine == "ray":
        yield from score_on_ray(options.scorer, chunks, options.address)
        return
    with contextlib.closing(Scorer(options.scorer)) as scorer:
        yield from score_locally(scorer, chunks)


def _check_profile(options: ScorerOptions, known: tuple[str, ...]) -> None:
    if options.profile is not None and options.budget_ms is not None:
        raise DataError("--profile and --budget-ms exclude each other", "Give one of them.")
    if options.profile is not None and options.profile not in known:
        raise DataError(f"the bundle has no profile {options.profile!r}", f"It has: {', '.join(known)}.")
