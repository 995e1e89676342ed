"""Stage ``data``: resolve the sources and divide the training part into fit, search and calibration."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from quantlat.pipeline.stage import MIB, Stage, StageContext, StageOutcome
from quantlat.pipeline.store import file_hash
from quantlat.recipe import LoadedRecipe, Recipe
from quantlat.recipe.base import expand_variables
from quantlat.stages.artifacts import Seed, TaskPart, write_data


class DataStage(Stage):
    """Leaves the splits ``fit``, ``search``, ``calibration`` and ``dev`` in the task's format, and ``data.json``."""

    name = "data"
    version = 1

    def part(self, recipe: Recipe) -> Sequence[BaseModel]:
        return [recipe.data, Seed(seed=recipe.seed), *TaskPart.of(recipe)]

    def outside(self, loaded: LoadedRecipe, *, offline: bool) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for source in loaded.recipe.data.sources:
            if source.kind != "files":
                continue
            for path in (source.train, source.dev):
                text, unset = expand_variables(path or "")
                candidates = [Path(text), loaded.base_dir / text] if path and not unset else []
                existing = next((c for c in candidates if c.is_file()), None)
                # An unset variable and a set one choose different sources, so both enter the key.
                found[str(path)] = file_hash(existing) if existing else "absent"
        return found

    def needed_bytes(self, recipe: Recipe) -> int:
        return 128 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        from quantlat.data import resolve_sources, split_train
        from quantlat.tasks import task_of

        recipe = context.recipe
        task_data = resolve_sources(
            recipe.data.sources,
            task=recipe.task,
            offline=context.offline,
            progress=context.progress,
            base_dir=context.loaded.base_dir,
        )
        train = list(task_data.train)
        if recipe.data.max_train_examples is not None and len(train) > recipe.data.max_train_examples:
            train = random.Random(recipe.seed).sample(train, recipe.data.max_train_examples)
        parts = split_train(
            train,
            search=recipe.data.search_fraction,
            calibration=recipe.data.calibration_fraction,
            seed=recipe.seed,
        )
        splits = {
            "fit": parts.fit,
            "search": parts.search,
            "calibration": parts.calibration,
            "dev": task_data.dev,
        }
        card = write_data(task_data, splits, context.output, task=recipe.task)
        items = task_of(recipe).metric.items
        return StageOutcome({"source": card.name, **{f"{k}_{items}": n for k, n in card.questions.items()}})
