"""``quantlat compare``: runs side by side, with a test for each difference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    places: Annotated[
        list[Path],
        typer.Argument(help="Run or report folders; the first is what the others are compared with.", metavar="A B"),
    ],
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write one self-contained page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Compare finished runs: accuracy, latency, size. Nothing is measured."""
    from quantlat.cli.console import stdout_to_stderr

    if len(places) < 2:
        raise typer.BadParameter("a comparison needs at least two run or report folders", param_hint="A B")
    with stdout_to_stderr():
        from quantlat.pipeline.report import compare_reports

        comparison = compare_reports(places, html)
    if as_json:
        typer.echo(comparison.model_dump_json())
    else:
        from rich.console import Console

        from quantlat.reporting.compare_view import terminal

        console = Console()
        for part in terminal(comparison):
            console.print(part)
    if html is not None:
        typer.echo(str(html), err=as_json)
