"""``quantlat bench``: a model's latency in several runtimes, interleaved, and the engine's roofline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from quantlat.evaluation.benchmark import BenchmarkCase, BenchmarkResult
    from quantlat.models.retention import RetentionConfig

_FULL = "full"


def bench(
    source: Annotated[
        Path | None, typer.Argument(help="Run folder, bundle, or folder with a quantised model.", metavar="RUN|BUNDLE")
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(metavar="S", help="Random weights instead of a model: minilm-l6, minilm-l12 or bert-base."),
    ] = None,
    runtimes: Annotated[
        str, typer.Option(metavar="A,B", help="Runtimes to compare; openvino-nncf is OpenVINO's own INT8 model.")
    ] = "native,openvino",
    threads: Annotated[int, typer.Option(min=1, help="Threads of one run.")] = 1,
    batch: Annotated[int, typer.Option(min=1, help="Sequences per request.")] = 1,
    tokens: Annotated[str, typer.Option(metavar="N,N", help="Lengths to measure.")] = "64,128,176,384",
    workload: Annotated[bool, typer.Option("--workload", help="The run's own windows instead of lengths.")] = False,
    padded_batch: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Runtimes that pad run a request N sequences at a time, sorted."),
    ] = None,
    requests: Annotated[int, typer.Option(min=1, help="Windows of the workload.")] = 64,
    profile: Annotated[
        str | None,
        typer.Option(metavar="P", help="A profile of the run, or ratios such as 0.9,0.8,…, beside full."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=3, help="Interleaved rounds.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Measure a quantised model in several runtimes, and the native engine against this CPU's limit."""
    from quantlat.cli.console import ConsoleProgress, stdout_to_stderr
    from quantlat.evaluation.benchmark import length_cases, run_benchmark
    from quantlat.evaluation.benchmark_model import shape_model
    from quantlat.latency.measure import MeasureOptions
    from quantlat.quantization.artifact import QuantizedModel

    if (source is None) == (shape is None):
        raise typer.BadParameter("name a run, a folder with a quantised model, or a --shape (one of them)")
    with stdout_to_stderr(), ConsoleProgress() as progress:
        model = shape_model(shape) if shape is not None else QuantizedModel.load(_model_folder(_run(source)))
        cases: tuple[BenchmarkCase, ...]
        if workload:
            cases = (_workload(_run(source), model.config.family, requests, batch),)
        else:
            cases = length_cases(_lengths(tokens), batch, vocab_size=model.config.vocab_size)
        profiles: dict[str, RetentionConfig | None] = {_FULL: None}
        if profile is not None and profile != _FULL:
            profiles[profile] = _retention(source, profile)
        result = run_benchmark(
            model,
            cases,
            runtimes=[name.strip() for name in runtimes.split(",")],
            threads=threads,
            profiles=profiles,
            padded_batch=padded_batch,
            options=MeasureOptions(min_rounds=min(rounds, 10), max_rounds=rounds),
            progress=progress,
        )
    if as_json:
        typer.echo(result.model_dump_json())
    else:
        _show(result)


def _run(source: Path | None) -> Path:
    """The source, for what a shape alone does not have."""
    if source is None:
        raise typer.BadParameter("a --shape has no data and no profiles: name a run, or give lengths and ratios")
    return source


def _lengths(text: str) -> list[int]:
    try:
        lengths = [int(part) for part in text.split(",")]
    except ValueError:
        lengths = [0]
    if min(lengths) < 1:
        raise typer.BadParameter(f"--tokens takes positive lengths separated by commas, got {text!r}")
    return lengths


def _model_folder(source: Path) -> Path:
    """Where the quantised model of a model folder, a bundle or a run lies."""
    for folder in (source, source / "model"):
        if (folder / "quantized.json").is_file():
            return folder
    from quantlat.pipeline.record import open_run
    from quantlat.stages.artifacts import QUANTIZED

    return open_run(source).artifact("quantization") / QUANTIZED


def _retention(source: Path | None, profile: str) -> RetentionConfig:
    from quantlat.models.retention import RetentionConfig

    if profile[:1].isdigit():
        return RetentionConfig.parse(profile)
    if (_run(source) / "model" / "quantized.json").is_file():
        return _bundled(_run(source), profile)
    from quantlat.pipeline.record import open_run
    from quantlat.stages.search_record import SearchRecord

    return RetentionConfig(SearchRecord.read(open_run(_run(source)).artifact("search")).profile(profile).ratios)


def _bundled(bundle: Path, profile: str) -> RetentionConfig:
    from quantlat.deployment import read_manifest
    from quantlat.models.retention import RetentionConfig

    known = {found.name: found.ratios for found in read_manifest(bundle).profiles}
    if profile not in known:
        raise typer.BadParameter(f"{bundle} has no profile {profile!r}; it has {', '.join(known)}")
    return RetentionConfig(known[profile])


def _workload(source: Path, family: str, requests: int, batch: int) -> BenchmarkCase:
    """Windows of the run's dev data, drawn so that their lengths follow the whole set's."""
    from quantlat.evaluation.benchmark import workload_case
    from quantlat.latency.workload import Workload
    from quantlat.models import Tokenizer
    from quantlat.pipeline.record import open_run
    from quantlat.tasks import task_of

    run = open_run(source)
    task = task_of(run.recipe)
    text = (_model_folder(source) / "tokenizer.json").read_text(encoding="utf-8")
    examples = task.read(run.artifact("data") / task.split_file("dev"))
    windows = task.windows(examples, Tokenizer.from_json(text, family=family), run.recipe.data)
    drawn = Workload.from_windows(windows, requests)
    return workload_case([windows.windows[i] for i in drawn.indices], batch)


def _show(result: BenchmarkResult) -> None:
    from rich.table import Table

    from quantlat.cli.console import print_table

    table = Table("runtime", "profile", "batch", "tokens", "threads", "median ms", "95 % interval", "n", "warnings")
    for row in result.rows:
        table.add_row(
            row.runtime,
            row.profile,
            str(row.batch),
            str(row.tokens),
            str(row.threads),
            f"{row.median_ms:.2f}",
            f"{row.ci_ms[0]:.2f} to {row.ci_ms[1]:.2f}",
            str(row.n),
            ", ".join(row.warnings),
        )
    print_table(table)
    if result.savings:
        savings = Table("runtime", "profile", "tokens", "work / full", "time / full", "time saved / work saved")
        for saving in result.savings:
            kept = "" if saving.kept is None else f"{saving.kept:.2f}"
            cells = (f"{saving.macs:.3f}", f"{saving.time:.3f}", kept)
            savings.add_row(saving.runtime, saving.profile, str(saving.tokens), *cells)
        print_table(savings)
    if not result.roofline:
        return
    peak = "unknown" if result.int8_peak_gmacs is None else f"{result.int8_peak_gmacs:.0f} GMAC/s"
    typer.echo(f"native engine, one thread; INT8 peak of this core: {peak}")
    roofline = Table("kernel", "rows", "µs", "GMAC/s", "of peak")
    for kernel in result.roofline:
        share = "" if kernel.of_peak is None else f"{kernel.of_peak:.0%}"
        gmacs = f"{kernel.gmacs:.0f}" if kernel.gmacs else ""
        roofline.add_row(kernel.kernel, str(kernel.rows), f"{kernel.microseconds:.1f}", gmacs, share)
    print_table(roofline)
