"""The ``quantlat`` command and its verbs. Nothing heavy is imported before a verb runs."""

from __future__ import annotations

from typing import Annotated

import typer

import quantlat
from quantlat.cli.bench import bench
from quantlat.cli.compare import compare
from quantlat.cli.doctor import doctor
from quantlat.cli.evaluate import evaluate
from quantlat.cli.package import package
from quantlat.cli.predict import predict
from quantlat.cli.report import report
from quantlat.cli.run import run
from quantlat.cli.runs import runs
from quantlat.cli.schema import schema
from quantlat.cli.search import search
from quantlat.cli.selfcheck import selfcheck
from quantlat.cli.serve import serve
from quantlat.cli.validate import validate

app = typer.Typer(
    name="quantlat",
    help="Fast INT8 encoder language models on Intel Xeon CPUs, by measured proof.",
    epilog="Exit codes: 2 command line, 3 recipe, 4 data, 5 model, 6 storage, 7 run folder conflict, "
    "8 runtime, 9 measurement, 10 accuracy floor missed, 11 bundle, 12 latency target missed, "
    "130 interrupted (the same command resumes).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"quantlat {quantlat.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


_MAKE = (run, validate, schema, evaluate, search, bench, report, compare, runs, doctor)
_DEPLOY = (package, selfcheck, serve, predict)
for verb in (*_MAKE, *_DEPLOY):
    app.command()(verb)
