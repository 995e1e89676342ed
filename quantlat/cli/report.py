"""``quantlat report``: write a run's report again, from what is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[
        Path, typer.Argument(help="Run folder, such as runs/squad_int8, or a folder with a report.json.", metavar="RUN")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where to write it.", show_default="reports/<recipe name>, or the report's folder"
        ),
    ] = None,
) -> None:
    """Write every file of a run's report again. Nothing is measured."""
    from quantlat.cli.console import ConsoleProgress, stdout_to_stderr
    from quantlat.pipeline.interruption import interruptible
    from quantlat.pipeline.report import rebuild_report

    with (
        stdout_to_stderr(),
        ConsoleProgress() as progress,
        interruptible("The report may be half new; the same command writes it completely.", None),
    ):
        written = rebuild_report(run, out, progress)
    for path in (written.html, written.markdown, written.csv, written.json):
        typer.echo(str(path))
    if written.figures:
        typer.echo(f"{written.figures[0].parent}: {len(written.figures)} figures")
