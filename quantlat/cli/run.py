"""``quantlat run``: run a recipe, or show what a run would do."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from quantlat.pipeline.run import RunOptions
    from quantlat.recipe import LoadedRecipe


def run(
    recipe: Annotated[Path, typer.Argument(help="Recipe file, such as recipes/squad_int8.yaml.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a value, e.g. stages.length_drop.train.epochs=1."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run folder.", show_default="runs/<recipe name>")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="STAGE", help="Do this stage and all later ones again.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="All stages in under a minute, on a tiny random model.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False,
) -> None:
    """Run a recipe to its report. The same command resumes; finished stages are not computed again."""
    from quantlat.cli.console import ConsoleProgress
    from quantlat.pipeline.run import RunOptions, run_pipeline
    from quantlat.recipe import load_recipe, smoke_recipe, without_effect

    if offline:
        os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")
    loaded = load_recipe(recipe, set_ or ())
    if smoke:
        for override in without_effect(loaded.recipe, loaded.overrides):
            typer.echo(f"--set {override} has no effect: a smoke run chooses this value itself", err=True)
        loaded = replace(loaded, recipe=smoke_recipe(loaded.recipe))
    options = RunOptions(out or Path("runs") / loaded.recipe.name, from_stage=from_, offline=offline, smoke=smoke)
    if dry_run:
        _show_plan(loaded, options)
        return
    from quantlat.stages import STAGES

    with ConsoleProgress() as progress:
        result = run_pipeline(loaded, STAGES, options, progress)
    if result.summary:
        typer.echo(result.summary)
    result.require_floor()


def _show_plan(loaded: LoadedRecipe, options: RunOptions) -> None:
    from rich.table import Table

    from quantlat.cli.console import print_table
    from quantlat.pipeline.duration import duration
    from quantlat.pipeline.plan import assess, build_plan
    from quantlat.pipeline.record import claim
    from quantlat.pipeline.store import Store
    from quantlat.stages import STAGES

    record = claim(options.run_dir, loaded)
    plan = build_plan(loaded, STAGES, offline=options.offline)
    table = Table("stage", "state", "why", "time so far", "key", title=f"{loaded.path} in {options.run_dir}")
    store = Store(options.run_dir)
    for item in assess(plan, store, record, from_stage=options.from_stage, verify=False):
        spent = "" if item.seconds is None else duration(item.seconds)
        table.add_row(item.step.name, item.state.value, item.why, spent, item.step.key[:12])
    print_table(table)
