"""``quantlat validate``: check recipes and list every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def validate(
    recipes: Annotated[list[Path], typer.Argument(help="Recipe files.", metavar="RECIPE...")],
) -> None:
    """Check recipes without running them; all mistakes of all files, each with its line."""
    from quantlat.errors import RecipeError
    from quantlat.recipe import load_recipe

    mistakes: list[str] = []
    hints: list[str] = []
    for path in recipes:
        try:
            loaded = load_recipe(path)
        except RecipeError as error:
            mistakes.append(error.message)
            hints += [error.hint] if error.hint else []
        else:
            kinds = ", ".join(stage.kind for stage in loaded.recipe.stages)
            typer.echo(f"{path}: valid ({loaded.recipe.name}: {kinds})")
    if mistakes:
        raise RecipeError("\n".join(mistakes), hints[-1] if hints else None)
