"""``quantlat runs``: which runs there are and what each of their stages cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from quantlat.pipeline.record import RunRecord

_SHOWN_METRICS = 4


def runs(
    folder: Annotated[Path, typer.Argument(help="A run folder, or a folder of run folders.", metavar="[DIR]")] = Path(
        "runs"
    ),
) -> None:
    """List runs: recipe, state, and time, size and metrics of every stage."""
    from quantlat.errors import RunConflictError
    from quantlat.pipeline.duration import duration
    from quantlat.pipeline.record import find_runs, read_record

    found = list(find_runs(folder))
    if not found:
        typer.echo(f"There are no runs in {folder}.")
    for run_dir in found:
        try:
            record = read_record(run_dir)
        except RunConflictError as error:
            typer.echo(f"{run_dir}: {error.message}", err=True)
            continue
        if record is not None:
            seconds = sum(stage.seconds for stage in record.stages.values())
            typer.echo(
                f"{run_dir}: {record.name}, {_state(record)}, {duration(seconds)} of work, last used {record.updated}"
            )
            _show_stages(run_dir, record)


def _show_stages(run_dir: Path, record: RunRecord) -> None:
    from rich.table import Table

    from quantlat.cli.console import print_table
    from quantlat.errors import StorageError
    from quantlat.pipeline.duration import duration
    from quantlat.pipeline.store import read_artifact

    table = Table("stage", "time", "MiB", "finished", "metrics")
    for name, stage in record.stages.items():
        try:
            size = f"{read_artifact(run_dir / 'artifacts' / stage.folder, verify=False).bytes / 2**20:.1f}"
        except StorageError:
            size = "damaged"
        metrics = [
            f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in list(stage.metrics.items())[:_SHOWN_METRICS]
        ]
        table.add_row(name, duration(stage.seconds), size, stage.finished, ", ".join(metrics))
    print_table(table)


def _state(record: RunRecord) -> str:
    if not record.complete:
        return "not finished"
    return f"accuracy floor missed: {record.floor_missed}" if record.floor_missed else "complete"
