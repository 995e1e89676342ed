"""Recipes: the validated description of a run, read from YAML."""

from quantlat.recipe.load import LoadedRecipe, load_part, load_recipe, recipe_json_schema, resolve_path
from quantlat.recipe.schema import Recipe
from quantlat.recipe.smoke import smoke_recipe, without_effect

__all__ = [
    "LoadedRecipe",
    "Recipe",
    "load_part",
    "load_recipe",
    "recipe_json_schema",
    "resolve_path",
    "smoke_recipe",
    "without_effect",
]
