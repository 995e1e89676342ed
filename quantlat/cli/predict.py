"""``quantlat predict``: score a whole file with a bundle."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Engine(StrEnum):
    """Where rows are scored."""

    local = "local"
    ray = "ray"


def predict(
    bundle: Annotated[Path, typer.Argument(help="Bundle, made by `quantlat package`.", metavar="BUNDLE")],
    source: Annotated[
        Path,
        typer.Argument(
            help="JSONL or Parquet: question and context, or text and maybe text_pair; and id.", metavar="IN"
        ),
    ],
    out: Annotated[Path, typer.Argument(help="JSONL or Parquet file to write.", metavar="OUT")],
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="Profile for every row.", show_default="the most accurate")
    ] = None,
    budget_ms: Annotated[
        float | None, typer.Option(min=0.001, metavar="MS", help="Choose each row's profile by this budget.")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, help="Threads of the model, with ray of each worker.", show_default="all cores, with ray 1"
        ),
    ] = None,
    runtime: Annotated[str, typer.Option(metavar="NAME", help="native, openvino or auto.")] = "auto",
    max_batch_tokens: Annotated[int, typer.Option(min=1, metavar="N", help="Real tokens of one batch.")] = 4_096,
    chunk_rows: Annotated[
        int, typer.Option(min=1, metavar="N", help="Rows stored together: what a kill can cost.")
    ] = 256,
    engine: Annotated[
        Engine, typer.Option(help="This process, or Ray workers on one or more machines.")
    ] = Engine.local,
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Ray cluster.", show_default="a new one on this machine")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT and what another job began.")] = False,
) -> None:
    """Score a file: order is kept, bad rows go to OUT.rejected.jsonl, a killed run is resumed by the same command."""
    from quantlat.cli.console import ConsoleProgress, stdout_to_stderr
    from quantlat.pipeline.interruption import interruptible
    from quantlat.scoring import ScoreOptions, score_file
    from quantlat.scoring.scorer import ScorerOptions

    options = ScoreOptions(
        source=source,
        out=out,
        scorer=ScorerOptions(bundle, profile, budget_ms, threads, runtime, max_batch_tokens),
        engine=engine.value,
        address=address,
        chunk_rows=chunk_rows,
        overwrite=overwrite,
    )
    kept = "Scored chunks are kept."
    with stdout_to_stderr(), ConsoleProgress() as progress, interruptible(kept, "Run the same command to go on."):
        summary = score_file(options, progress)
    typer.echo(f"{summary.scored} rows scored: {out}")
    if summary.rejected_file is not None:
        typer.echo(f"{summary.rejected} rows could not be scored: {summary.rejected_file}")
