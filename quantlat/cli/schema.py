"""``quantlat schema``: the JSON Schema of recipes."""

from __future__ import annotations

import json

import typer


def schema() -> None:
    """Print the JSON Schema of recipes, for completion and checks in editors."""
    from quantlat.recipe import recipe_json_schema

    typer.echo(json.dumps(recipe_json_schema(), indent=2))
