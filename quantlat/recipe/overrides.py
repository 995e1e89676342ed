"""``--set key=value``: change single values of a recipe from the command line.

A key is a dotted path. Items of a list are named by their index or by their ``kind``:
``stages.length_drop.train.epochs=1``, ``data.sources.0.train=my.json``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from quantlat.errors import RecipeError
from quantlat.recipe.document import Mistake, NodePath, parse_value


def apply_overrides(
    data: Mapping[str, Any], overrides: Sequence[str]
) -> tuple[dict[str, Any], dict[NodePath, str], list[Mistake]]:
    """Return the changed data, which override set which path, and the overrides that make no sense."""
    changed: dict[str, Any] = copy.deepcopy(dict(data))
    origins: dict[NodePath, str] = {}
    mistakes: list[Mistake] = []
    for override in overrides:
        try:
            origins[_apply(changed, override)] = override
        except RecipeError as error:
            mistakes.append(Mistake((), f"--set {override}: {error.message}"))
    return changed, origins, mistakes


def _apply(data: dict[str, Any], override: str) -> NodePath:
    key, equals, text = override.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise RecipeError("expected key=value with a dotted key, such as search.trials=20")
    value = parse_value(text)
    at: Any = data
    path: NodePath = ()
    for part in parts[:-1]:
        step = _step(at, part, path)
        path = (*path, step)
        if isinstance(at, dict) and at.get(part) is None:
            at[part] = {}
        at = at[step]
    last = _step(at, parts[-1], path)
    at[last] = value
    return (*path, last)


def _step(at: Any, part: str, path: NodePath) -> str | int:
    """Key or index that ``part`` names within ``at``."""
    place = ".".join(str(step) for step in path) or "the recipe"
    if isinstance(at, dict):
        return part
    if not isinstance(at, list):
        raise RecipeError(f"{place} is a single value and has no '{part}'")
    kinds = [item.get("kind") if isinstance(item, dict) else None for item in at]
    if part in kinds:
        return kinds.index(part)
    if part.isascii() and part.isdigit() and int(part) < len(at):
        return int(part)
    named = ", ".join(str(kind) for kind in kinds if kind)
    raise RecipeError(
        f"{place} has no item '{part}'; use an index under {len(at)}" + (f" or one of: {named}" if named else "")
    )
