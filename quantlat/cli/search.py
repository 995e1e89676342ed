"""``quantlat search``: ask a finished run for another floor, thread count, batch or latency, without training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from quantlat.pipeline.search import SearchAnswer

Value = TypeVar("Value")


def search(
    run: Annotated[Path, typer.Argument(help="Run folder, such as runs/squad_int8.", metavar="RUN")],
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Most time, such as 10m.", show_default="the recipe's")
    ] = None,
    floor: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC:CHANGE", help="Loss allowed, such as f1:-1.0 or accuracy:-0.5.", show_default="the recipe's"
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="LATENCY", help="Instead: the most accurate within, say, 5ms.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of one request.", show_default="the recipe's")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Windows of one request.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Search a finished run again for another floor or latency. Nothing is trained; the run's search stays."""
    from quantlat.pipeline.search import (
        SearchQuestion,
        parse_budget,
        parse_floor,
        parse_target,
        search_again,
    )

    if floor is not None and target is not None:
        raise typer.BadParameter("give --floor or --target: one asks for speed, the other for accuracy")
    allowed = _parsed("--floor", parse_floor, floor)
    question = SearchQuestion(
        budget_s=_parsed("--budget", parse_budget, budget),
        max_drop=None if allowed is None else allowed.max_drop,
        metric=None if allowed is None else allowed.metric,
        target_ms=_parsed("--target", parse_target, target),
        threads=threads,
        batch=batch,
    )
    from quantlat.cli.console import ConsoleProgress, stdout_to_stderr

    with stdout_to_stderr(), ConsoleProgress() as progress:
        answer = search_again(run, question, progress)
    if as_json:
        typer.echo(answer.record.model_dump_json())
    else:
        _show(run, answer)
    answer.require_met()


def _parsed(option: str, parse: Callable[[str], Value], text: str | None) -> Value | None:
    try:
        return None if text is None else parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None


def _show(run: Path, answer: SearchAnswer) -> None:
    from rich.table import Table

    from quantlat.cli.console import print_table

    record = answer.record
    change = f"{record.metric_name} change"
    table = Table("profile", "tokens kept by each layer", "ms", "95 % interval", "of full length", change, "n")
    for name, profile in record.profiles.items():
        found = record.candidates[profile.candidate]
        table.add_row(
            name,
            ", ".join(f"{ratio:g}" for ratio in profile.ratios),
            f"{found.latency_ms:.2f}",
            f"{found.latency_ci_ms[0]:.2f} to {found.latency_ci_ms[1]:.2f}",
            f"{found.latency_relative:.3f}",
            f"{-found.drop:+.2f} ({-found.drop_ci[1]:+.2f} to {-found.drop_ci[0]:+.2f})",
            str(found.questions),
        )
    print_table(table)
    typer.echo(
        f"{record.runtime}, {record.threads} threads, batch {record.batch}: {record.trials} configurations in "
        f"{record.seconds:.0f} s, written to {answer.path}"
    )
    typer.echo(f"quantlat evaluate {run} --config {answer.path.stem}:balanced")
