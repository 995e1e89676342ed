"""``quantlat evaluate``: accuracy and latency of a finished run's model on any data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from quantlat.progress import Progress


def evaluate(
    run: Annotated[Path, typer.Argument(help="Run folder, such as runs/squad_int8.", metavar="RUN")],
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="SQuAD-format JSON, or labelled texts (.tsv, JSON lines).",
            show_default="the run's dev data",
        ),
    ] = None,
    runtime: Annotated[str | None, typer.Option(metavar="NAME", help="Runtime.", show_default="the run's own")] = None,
    config: Annotated[
        str | None,
        typer.Option(
            metavar="PROFILE",
            help="full, balanced or fast; NAME:PROFILE of a `quantlat search`.",
            show_default="balanced",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Evaluate the INT8 model of a run."""
    from pydantic_core import to_jsonable_python

    from quantlat.cli.console import ConsoleProgress, stdout_to_stderr

    with stdout_to_stderr(), ConsoleProgress() as progress:
        evaluation = _evaluate(run, data, runtime, config, progress)
    plain = to_jsonable_python(evaluation, fallback=lambda value: value.tolist())
    if as_json:
        typer.echo(json.dumps(plain))
        return
    for key, value in plain.items():
        if isinstance(value, dict):
            for name, number in value.items():
                typer.echo(f"{name:>12}  {_short(number)}")
        elif not isinstance(value, list):
            typer.echo(f"{key:>12}  {_short(value)}")


def _evaluate(run: Path, data: Path | None, runtime: str | None, profile: str | None, progress: Progress) -> Any:
    from quantlat.errors import DataError
    from quantlat.pipeline.evaluate import run_evaluation
    from quantlat.pipeline.interruption import interruptible

    if data is not None and not data.is_file():
        raise DataError(f"{data}: no such file", "--data takes SQuAD-format JSON, or labelled texts.")
    with interruptible("Nothing was evaluated.", None):
        return run_evaluation(run_dir=run, data=data, runtime=runtime, profile=profile, progress=progress)


def _short(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
