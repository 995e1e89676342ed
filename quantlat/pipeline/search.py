"""Ask a finished run another question for ``quantlat search``: another floor, thread count, batch, or a latency.

Nothing is trained and the run's own search stays as it is. Results lie beside it, in ``RUN/searches/``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quantlat.errors import AccuracyFloorMissed, LatencyTargetMissed, RecipeError, StorageError
from quantlat.metrics.metric import METRICS
from quantlat.pipeline.interruption import interruptible, storage_errors
from quantlat.pipeline.lock import run_lock
from quantlat.pipeline.record import StoredRun, open_run
from quantlat.pipeline.store import write_atomically
from quantlat.progress import Progress
from quantlat.recipe import Recipe
from quantlat.recipe.base import parse_duration
from quantlat.recipe.mistakes import suggestion
from quantlat.recipe.schema import SearchOptions
from quantlat.stages.artifacts import judged_by
from quantlat.stages.search import SearchRequest, floor_missed, search_model
from quantlat.stages.search_record import SearchRecord
from quantlat.tasks import task_of

SEARCHES = "searches"
_FLOOR = re.compile(r"\s*([a-z0-9]+)\s*:\s*([+-]?\d+(?:\.\d+)?)\s*", re.IGNORECASE)
_LATENCY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s)\s*")
_MILLISECONDS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
_LARGEST_DROP = 100.0


@dataclass(frozen=True)
class SearchQuestion:
    """What is asked; ``None`` leaves it as the run's recipe has it.

    Attributes:
        budget_s: most time.
        max_drop: points that may be lost.
        metric: the metric that they are of, by key; ``None``: the run's.
        target_ms: latency of a request that takes the floor's place.
        threads: of one request.
        batch: windows of a request.
    """

    budget_s: float | None = None
    max_drop: float | None = None
    metric: str | None = None
    target_ms: float | None = None
    threads: int | None = None
    batch: int = 1


@dataclass(frozen=True)
class SearchAnswer:
    """The search's record and where it lies."""

    path: Path
    record: SearchRecord

    def require_met(self) -> None:
        """Raise if the floor or the target was missed.

        Raises:
            AccuracyFloorMissed: no configuration reaches the floor.
            LatencyTargetMissed: no configuration meets the target.
        """
        missed = floor_missed(self.record)
        if missed is not None:
            raise AccuracyFloorMissed(missed, "Raise the floor, or use what there is.")
        target, by = self.record.target_ms, self.record.target_missed_by_ms
        if target is not None and by is not None:
            nearest = self.record.profiles["balanced"]
            ratios = ", ".join(f"{ratio:g}" for ratio in nearest.ratios)
            raise LatencyTargetMissed(
                f"no configuration meets {target:g} ms; the nearest takes {target + by:.2f} ms and keeps ({ratios}) "
                "of the tokens",
                "Give more threads, another runtime or a larger target, or use what there is.",
            )


@dataclass(frozen=True)
class Floor:
    """Points of a metric, by key, that may be lost."""

    metric: str
    max_drop: float


def parse_floor(text: str) -> Floor:
    """Points that may be lost, from ``f1:-1.0`` or ``accuracy:-0.5``.

    Raises:
        ValueError: saying what was expected.
    """
    match = _FLOOR.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a metric and the change it may suffer, such as f1:-1.0, got '{text}'")
    metric, change = match[1].lower(), float(match[2])
    known = [one.key for one in METRICS]
    if metric not in known:
        raise ValueError(f"unknown metric '{match[1]}'{suggestion(metric, known)}")
    if change > 0:
        raise ValueError(f"a floor is a loss: {metric}:-{change:g} allows {change:g} points less, got '{text}'")
    if change < -_LARGEST_DROP:
        raise ValueError(f"{metric} has {_LARGEST_DROP:g} points to lose, got '{text}'")
    return Floor(metric, abs(change))


def parse_target(text: str) -> float:
    """Milliseconds of ``5ms``, ``800us`` or ``0.2s``.

    Raises:
        ValueError: saying what was expected.
    """
    match = _LATENCY.fullmatch(text)
    value = float(match[1]) * _MILLISECONDS[match[2]] if match else 0.0
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"expected a latency such as 5ms, 800us or 0.2s, got '{text}'")
    return value


def parse_budget(text: str) -> float:
    """Seconds of ``90s``, ``10m`` or ``1h``.

    Raises:
        ValueError: saying what was expected.
    """
    value = parse_duration(text)
    if not isinstance(value, float) or value <= 0:
        raise ValueError(f"expected a duration such as 90s, 10m or 1h, got '{text}'")
    return value


def search_again(run_dir: Path, question: SearchQuestion, progress: Progress) -> SearchAnswer:
    """Search a run's INT8 model once more and write the result into ``RUN/searches/``.

    A search that was killed continues where it stopped.

    Raises:
        StorageError: the run has no INT8 model yet, or its folder cannot be written.
        RecipeError: the floor is of another task's metric.
        RunConflictError: the run is in use.
    """
    stored = open_run(run_dir)
    wanted = ("data", *judged_by(stored.recipe), "student", "quantization")
    needed = [stage for stage in wanted if stage not in stored.artifacts]
    if needed:
        raise StorageError(
            f"{run_dir} has no finished {needed[0]} stage", f"Finish it: quantlat run {stored.record.recipe_file}"
        )
    metric = task_of(stored.recipe).metric
    if question.metric not in (None, metric.key):
        raise RecipeError(
            f"{stored.recipe.task} is held to {metric.key}, got {question.metric}",
            f"Write {metric.key}:-{question.max_drop or 0:g}.",
        )
    recipe = _asked(stored.recipe, question)
    slug = _slug(recipe, question)
    folder = run_dir / SEARCHES
    with run_lock(run_dir), storage_errors(run_dir), interruptible():
        folder.mkdir(exist_ok=True)
        journal, best = folder / f"{slug}.journal", folder / f"{slug}.best.json"
        record = search_model(
            SearchRequest(
                recipe=recipe,
                inputs=stored.artifacts,
                journal=journal,
                best_path=best,
                progress=progress,
                batch=question.batch,
                target_ms=question.target_ms,
            )
        )
        path = folder / f"{slug}.json"
        write_atomically(path, record.model_dump_json(indent=1))
        for leftover in (journal, best):  # the record holds all they held
            leftover.unlink(missing_ok=True)
    return SearchAnswer(path, record)


def read_search(stored: StoredRun, name: str | None) -> SearchRecord:
    """The run's own search, or the one that ``quantlat search`` left under a name.

    Raises:
        RecipeError: there is none of that name.
    """
    if name is None:
        return SearchRecord.read(stored.artifact("search"))
    known = searches(stored.run_dir)
    if name not in known:
        raise RecipeError(
            f"{stored.run_dir} has no search {name!r}{suggestion(name, list(known))}",
            f"Its searches: {', '.join(known) or 'none; `quantlat search` makes one'}",
        )
    return SearchRecord.read_file(known[name])


def searches(run_dir: Path) -> Mapping[str, Path]:
    """Results of ``quantlat search`` in a run folder, by name."""
    found = sorted((run_dir / SEARCHES).glob("*.json"))
    return {path.stem: path for path in found if not path.name.endswith(".best.json")}


def _asked(recipe: Recipe, question: SearchQuestion) -> Recipe:
    changes: dict[str, object] = {"storage": None}
    if question.budget_s is not None:
        changes["time_budget"] = question.budget_s
    if question.max_drop is not None:
        changes["max_drop"] = question.max_drop
    if question.threads is not None:
        changes["threads"] = question.threads
    options = (recipe.search or SearchOptions()).model_copy(update=changes)
    return recipe.model_copy(update={"search": options})


def _slug(recipe: Recipe, question: SearchQuestion) -> str:
    """A name that tells the question; the same question gives the same name."""
    assert recipe.search is not None
    asked = f"target-{question.target_ms:g}ms" if question.target_ms else f"floor-{recipe.search.max_drop:g}"
    threads = f"threads-{recipe.search.threads}" if recipe.search.threads else "all-threads"
    return f"{asked}-{threads}-batch-{question.batch}"
