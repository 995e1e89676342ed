"""Running the application with uvicorn: sockets, signals, logs."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from quantlat.deployment import Predictor
from quantlat.errors import StorageError
from quantlat.serving.app import create_app
from quantlat.serving.options import ServerOptions

_BACKLOG = 1024


class _Server(uvicorn.Server):
    """Tells when it is listening, and to which port the system bound it."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening()


def serve(predictor: Predictor, options: ServerOptions, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish what was accepted and return.

    Args:
        predictor: a loaded bundle; stays the caller's to close.
        say: told the address, once it is listening.

    Raises:
        StorageError: the address cannot be bound.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("quantlat.serving").setLevel(logging.INFO)
    with _bind(options) as bound, _calm_signals():
        config = uvicorn.Config(
            create_app(predictor, options),
            log_config=None,
            access_log=False,  # it would log query strings; the gate logs requests without them
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_keep_alive=30,
            timeout_graceful_shutdown=max(1, round(options.drain_s)),
        )
        host = f"[{options.host}]" if ":" in options.host else options.host
        url = f"http://{host}:{bound.getsockname()[1]}"

        def tell() -> None:
            with contextlib.suppress(OSError):  # nobody can read it, and that is no reason not to serve
                say(f"listening on {url}")

        _Server(config, tell).run(sockets=[bound])


@contextmanager
def _bind(options: ServerOptions) -> Iterator[socket.socket]:
    """A listening socket, opened first, so that a wrong address is an error and not a log line."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((options.host, options.port))
        except OSError as error:
            raise StorageError(
                f"cannot listen on {options.host} port {options.port}: {error.strerror or error}",
                "Choose another --port (0 lets the system choose) or --host.",
            ) from None
        bound.listen(_BACKLOG)
        yield bound
    finally:
        bound.close()


@contextmanager
def _calm_signals() -> Iterator[None]:
    """uvicorn raises the signal that ended it once more, after it is done; that must not end the process badly."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
