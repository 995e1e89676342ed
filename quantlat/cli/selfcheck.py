"""``quantlat selfcheck``: is this bundle right and as fast as promised on this machine?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def selfcheck(
    bundle: Annotated[Path, typer.Argument(help="Folder of a bundle.", metavar="BUNDLE")],
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of one request.", show_default="the promise's")
    ] = None,
    runtime: Annotated[str, typer.Option(help="auto, native or openvino.")] = "auto",
    seconds: Annotated[float, typer.Option(min=0, help="About how long to measure latency; 0: not at all.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Check a bundle's files, this CPU, the golden inputs, and latency against the promise."""
    from quantlat.cli.console import ConsoleProgress, stdout_to_stderr
    from quantlat.deployment.promise import lines_of, self_check
    from quantlat.errors import BundleError

    with stdout_to_stderr(), ConsoleProgress() as progress:
        report = self_check(bundle, threads=threads, runtime=runtime, seconds=seconds, progress=progress)
    typer.echo(report.model_dump_json() if as_json else "\n".join(lines_of(report)))
    if not report.passed or report.promise_kept is False:
        raise typer.Exit(BundleError.exit_code)
