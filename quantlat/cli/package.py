"""``quantlat package``: a finished run as a bundle that serves without PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def package(
    run: Annotated[Path, typer.Argument(help="Run folder, such as runs/squad_int8.", metavar="RUN")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the bundle.")],
    wheel: Annotated[bool, typer.Option("--wheel", help="Also write the bundle as a wheel beside DIR.")] = False,
    docker: Annotated[bool, typer.Option("--docker", help="Also write a Dockerfile into the bundle.")] = False,
    openvino: Annotated[bool, typer.Option(help="Put the OpenVINO fallback into the bundle.")] = True,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of one request.", show_default="the run's")
    ] = None,
) -> None:
    """Package a run: INT8 model, profiles with latency measured now, self-check, licences, what to install."""
    from quantlat.cli.console import ConsoleProgress, stdout_to_stderr
    from quantlat.pipeline.interruption import interruptible
    from quantlat.pipeline.package import package_run

    with (
        stdout_to_stderr(),
        ConsoleProgress() as progress,
        interruptible("Nothing was written; the same command starts again.", None),
    ):
        packaged = package_run(
            run, out, wheel=wheel, docker=docker, openvino=openvino, threads=threads, progress=progress
        )
        for note in packaged.bundle.notes:
            progress.warn(note)
    bundle = packaged.bundle
    typer.echo(f"{bundle.folder}: {bundle.size_mib:.1f} MiB, {len(bundle.manifest.files)} files")
    if packaged.wheel is not None:
        typer.echo(f"{packaged.wheel}: {packaged.wheel.stat().st_size / 2**20:.1f} MiB")
    typer.echo(f"Check it where it will run: quantlat selfcheck {out}")
