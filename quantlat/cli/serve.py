"""``quantlat serve``: answer HTTP requests with a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    bundle: Annotated[Path, typer.Argument(help="Bundle, made by `quantlat package`.", metavar="BUNDLE")],
    host: Annotated[str, typer.Option(help="Address to listen on; others than loopback reach the network.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 lets the system choose.")] = 8000,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the model.", show_default="all cores")] = None,
    runtime: Annotated[str, typer.Option(metavar="NAME", help="native, openvino or auto.")] = "auto",
    max_batch_tokens: Annotated[int, typer.Option(min=1, metavar="N", help="Real tokens of one batch.")] = 1_024,
    max_queue_tokens: Annotated[
        int, typer.Option(min=1, metavar="N", help="Real tokens that may wait; more are refused with 429.")
    ] = 32_768,
    degrade_after_ms: Annotated[
        float, typer.Option(min=1, metavar="MS", help="Expected waiting time per step to a faster profile.")
    ] = 250.0,
    deadline_ms: Annotated[
        float, typer.Option(min=1, metavar="MS", help="How long a request may wait that names no deadline.")
    ] = 10_000.0,
    api_key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Accepted API keys, one per line.", show_default="no key")
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Host header to answer; repeatable.", show_default="loopback, else any"),
    ] = None,
    max_body_kib: Annotated[int, typer.Option(min=1, metavar="KIB", help="Largest request body.")] = 1_024,
    isolate: Annotated[
        bool,
        typer.Option("--isolate/--in-process", help="Run the model in a process of its own, restarted when it dies."),
    ] = True,
    log_requests: Annotated[
        bool, typer.Option("--log-requests", help="A line per request on stderr, without its text.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Check the bundle on this CPU before serving.")
    ] = True,
) -> None:
    """Serve a bundle over HTTP: /v1/answer, /v1/classify, /v1/rate or /v1/embed, /metrics, and a page at /."""
    from quantlat import serving
    from quantlat.serving import Limits, QueueOptions, ServerOptions, read_api_keys

    run = serving.serve  # fails here, before anything is loaded, where the extra is missing
    options = ServerOptions(
        host=host,
        port=port,
        api_keys=() if api_key_file is None else read_api_keys(api_key_file),
        allowed_hosts=tuple(allowed_host or ()),
        log_requests=log_requests,
        limits=Limits(body_bytes=max_body_kib << 10),
        queue=QueueOptions(max_batch_tokens, max_queue_tokens, degrade_after_ms, deadline_ms),
    )
    from quantlat.deployment import Predictor

    predictor = Predictor.load(
        bundle, threads=threads, runtime=runtime, check=check, isolated=isolate, batch_tokens=max_batch_tokens
    )
    try:
        predictor.warm_up()
        run(predictor, options, lambda text: typer.echo(text, err=True))
    finally:
        predictor.close()
