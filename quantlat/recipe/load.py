"""Read a recipe: YAML, ``--set`` overrides, validation, and every mistake at once with its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from quantlat.errors import RecipeError
from quantlat.recipe.base import expand_variables
from quantlat.recipe.document import Document, Mistake, NodePath, read_document
from quantlat.recipe.mistakes import mistakes_of
from quantlat.recipe.overrides import apply_overrides
from quantlat.recipe.schema import Recipe

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class LoadedRecipe:
    """A recipe and where it came from.

    Attributes:
        recipe: the validated recipe, overrides applied.
        path: the file.
        text: the file's text as written.
        base_dir: the file's folder; relative paths in the recipe are looked up from here.
        overrides: the ``--set`` arguments that were applied.
    """

    recipe: Recipe
    path: Path
    text: str
    base_dir: Path
    overrides: tuple[str, ...] = ()

    def resolve(self, path: str) -> Path:
        """Where a relative path of the recipe points: see :func:`resolve_path`."""
        return resolve_path(path, self.base_dir)


def resolve_path(path: str, base_dir: Path) -> Path:
    """Expand ``${VARIABLES}`` and ``~``; look a relative path up where a reader would.

    Searched in order: the recipe's folder, that folder's parent, the working folder. Returns the first that
    exists, else the path within the recipe's folder.
    """
    expanded = Path(expand_variables(path)[0]).expanduser()
    if expanded.is_absolute():
        return expanded
    candidates = [base_dir / expanded, base_dir.parent / expanded, Path.cwd() / expanded]
    return next((candidate for candidate in candidates if candidate.exists()), candidates[0])


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> LoadedRecipe:
    """Read and check a recipe.

    Raises:
        RecipeError: lists all mistakes, one per line, as ``file:line: key: message``.
    """
    document = read_document(Path(path))
    base_dir = document.path.absolute().parent
    data, origins, mistakes = apply_overrides(document.data, overrides)
    mistakes += [*document.mistakes, *_missing_files(data, base_dir)]
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        mistakes += mistakes_of(error, Recipe, data)
        raise _refusal(document, mistakes, origins) from None
    if mistakes:
        raise _refusal(document, mistakes, origins)
    return LoadedRecipe(recipe, document.path, document.text, base_dir, tuple(overrides))


def load_part(path: str | Path, model: type[Model]) -> Model:
    """Read a YAML file that holds one model, such as a calibration file, with the same care as a recipe.

    Raises:
        RecipeError: lists all mistakes, one per line, as ``file:line: key: message``.
    """
    document = read_document(Path(path))
    try:
        part = model.model_validate(document.data)
    except ValidationError as error:
        mistakes = [*document.mistakes, *mistakes_of(error, model, document.data)]
        raise _refusal(document, mistakes, {}) from None
    if document.mistakes:
        raise _refusal(document, document.mistakes, {})
    return part


def recipe_json_schema() -> dict[str, Any]:
    """JSON Schema of a recipe, for completion and checks in editors."""
    schema = Recipe.model_json_schema()
    _allow_written_durations(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "quantlat recipe"}


def _allow_written_durations(schema: dict[str, Any]) -> None:
    search = schema["$defs"]["SearchOptions"]["properties"]
    number = search["time_budget"]
    written = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(s|m|h)\s*$"}
    search["time_budget"] = {
        "anyOf": [{"type": "number", "exclusiveMinimum": 0}, written],
        "default": number["default"],
        "title": number["title"],
    }


def _missing_files(data: dict[str, Any], base_dir: Path) -> list[Mistake]:
    """Files that the recipe names and that must exist before hours of work begin."""
    stages = data.get("stages")
    mistakes: list[Mistake] = []
    for index, stage in enumerate(stages if isinstance(stages, list) else []):
        calibration = stage.get("calibration") if isinstance(stage, dict) else None
        if isinstance(calibration, str) and not resolve_path(calibration, base_dir).is_file():
            mistakes.append(
                Mistake(
                    ("stages", index, "calibration"),
                    f"no such calibration file '{calibration}', neither beside the recipe nor in its parent "
                    "folder nor in the working folder",
                )
            )
    return mistakes


def _refusal(document: Document, mistakes: Sequence[Mistake], origins: dict[NodePath, str]) -> RecipeError:
    located: list[tuple[int, str]] = []
    for mistake in mistakes:
        origin = _origin(mistake.path, origins)
        if origin is not None:
            located.append((0, Mistake(mistake.path, mistake.message).located(f"--set {origin}")))
        elif not mistake.path and mistake.line is None and mistake.message.startswith("--set "):
            located.append((0, mistake.message))
        else:
            line = mistake.line or document.line_of(mistake.path)
            located.append((line, Mistake(mistake.path, mistake.message, line).located(str(document.path))))
    lines = [text for _, text in sorted(located, key=lambda item: item[0])]
    count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
    return RecipeError("\n".join(lines), f"{count}; `quantlat schema` prints every key with its meaning.")


def _origin(path: NodePath, origins: dict[NodePath, str]) -> str | None:
    """The override that set ``path``, something above it or, for a whole block, something in it."""
    for set_path, override in origins.items():
        if path[: len(set_path)] == set_path:
            return override
    return None
