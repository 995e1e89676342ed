"""Where chunks are scored: in this process, or by Ray workers on any number of machines."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from quantlat.errors import QuantlatError, RuntimeUnavailableError
from quantlat.scoring.parts import ScoredRow
from quantlat.scoring.rows import Chunk, RawRow
from quantlat.scoring.scorer import PreparedChunk, ScoredChunk, Scorer, ScorerOptions

WAVE_CHUNKS = 256
"""Chunks that are handed to Ray at once, which bounds what the driver holds."""


def score_locally(scorer: Scorer, chunks: Iterable[Chunk]) -> Iterator[ScoredChunk]:
    """Score one chunk after the other; the next one is tokenized meanwhile."""
    with ThreadPoolExecutor(1, thread_name_prefix="quantlat-tokenize") as beside:
        following: Future[PreparedChunk] | None = None
        for chunk in chunks:
            ready, following = following, beside.submit(scorer.prepare, chunk)
            if ready is not None:
                yield scorer.score(ready.result())
        if following is not None:
            yield scorer.score(following.result())


def score_on_ray(options: ScorerOptions, chunks: Iterable[Chunk], address: str | None) -> Iterator[ScoredChunk]:
    """Score with Ray Data: one loaded bundle per group of ``options.threads`` cores.

    Ray starts a worker that dies again and repeats what it had in work. Chunks come back in any order.

    Args:
        address: of a running cluster; ``None`` starts one on this machine.

    Raises:
        RuntimeUnavailableError: Ray is not installed, or there is no cluster at the address.
    """
    threads = options.threads or 1
    with _cluster(address) as ray:
        workers = max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
        waiting = iter(chunks)
        while wave := [_packed(chunk) for chunk in itertools.islice(waiting, WAVE_CHUNKS)]:
            scored = ray.data.from_items(wave, override_num_blocks=len(wave)).map_batches(
                _Worker,
                fn_constructor_args=(options, threads),
                batch_size=1,
                num_cpus=threads,
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
            )
            for row in scored.iter_batches(batch_size=1, prefetch_batches=0):
                yield _unpacked(row)


class _Worker:
    """Runs in a Ray worker process; holds the bundle as long as it lives."""

    def __init__(self, options: ScorerOptions, threads: int) -> None:
        from dataclasses import replace

        self._scorer = Scorer(replace(options, threads=threads))

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        rows = tuple(RawRow(*row) for row in json.loads(str(batch["rows"][0])))
        scored = self._scorer.score(self._scorer.prepare(Chunk(int(batch["index"][0]), rows)))
        lines = "\n".join(row.model_dump_json() for row in scored.rows)
        return {"index": [scored.index], "lines": [lines], "tokens": [scored.tokens]}


def _packed(chunk: Chunk) -> dict[str, Any]:
    """A chunk as Ray moves it between processes: JSON, because rows come from outside."""
    rows = [[row.number, row.value, row.problem] for row in chunk.rows]
    return {"index": chunk.index, "rows": json.dumps(rows, default=_unusable)}


def _unusable(value: object) -> dict[str, str]:
    """A Parquet value that JSON does not know, such as a date: no text and no id either."""
    return {"unusable": type(value).__name__}


def _unpacked(batch: dict[str, Any]) -> ScoredChunk:
    lines = str(batch["lines"][0]).split("\n")
    rows = tuple(ScoredRow.model_validate_json(line) for line in lines)
    return ScoredChunk(int(batch["index"][0]), rows, int(batch["tokens"][0]))


@contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """A connection to Ray; a cluster that was started for it ends with it."""
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise RuntimeUnavailableError(
            f"--engine ray needs the package {error.name}, which is not installed", "pip install 'quantlat[ray]'"
        ) from None
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # Ray raises plain Exception when a cluster does not start in time
        where = "on this machine" if address is None else f"at {address}"
        raise RuntimeUnavailableError(
            f"no Ray cluster {where}: {error}", "Start one with `ray start --head` and name it with --address."
        ) from None
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    try:
        yield ray
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        raise (cause if isinstance(cause, QuantlatError) else error) from None
    finally:
        ray.shutdown()
