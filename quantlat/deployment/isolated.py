"""A bundle's model in a process of its own, which is started again when it dies.

A server must outlive whatever happens to the model's process: the kernel's out-of-memory killer, an illegal
instruction after a live migration, a person with ``kill``. The batch in work is computed once more by the new process,
so that nobody loses an answer. Both sides are this program; even so, what travels is numbers with their sizes, never
pickles (:mod:`quantlat.runtimes.frames`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from quantlat import errors
from quantlat.data.windows import Window
from quantlat.deployment.executors import Executor, open_executor
from quantlat.deployment.manifest import MODEL, read_manifest
from quantlat.errors import QuantlatError, RuntimeUnavailableError
from quantlat.models.retention import RetentionConfig
from quantlat.quantization.artifact import QuantizedModel
from quantlat.runtimes.base import IdArray, Logits
from quantlat.runtimes.frames import MAX_REQUEST_BYTES, Array, Frame, FrameError, read_frame, write_frame

logger = logging.getLogger("quantlat.deployment")

_ATTEMPTS = 2
"""Processes that a batch may cost. A batch that ends two of them is most likely the cause."""


class ProcessExecutor:
    """See :class:`quantlat.deployment.executors.Executor`; one batch after the other, from any thread.

    Attributes:
        restarts: processes that had to be started again.

    Raises:
        QuantlatError: what opening the model raised in the process.
    """

    def __init__(self, folder: Path, runtime: str, threads: int) -> None:
        self._command = [sys.executable, "-m", "quantlat.deployment.isolated", str(folder), runtime, str(threads)]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.runtime, self.kernels, self.elastic, self.restarts = runtime, "", False, 0
        self._start()

    @property
    def pid(self) -> int:
        """Of the model's process; 0 without one."""
        return self._process.pid if self._process is not None else 0

    def run(
        self, windows: Sequence[Window], config: RetentionConfig | None, *, exits: bool
    ) -> tuple[list[Logits], list[IdArray]]:
        """Compute a batch, in a new process if the old one is gone.

        Raises:
            RuntimeUnavailableError: the process died of this batch, and so did its successor.
        """
        fields = {
            "lengths": [window.length for window in windows],
            "ratios": None if config is None else list(config.ratios),
            "exits": exits,
        }
        request = Frame(
            "run",
            fields,
            {
                "input_ids": _joined([window.input_ids for window in windows], np.int64),
                "token_type_ids": _joined([window.token_type_ids for window in windows], np.int64),
            },
        )
        with self._lock:
            for _ in range(_ATTEMPTS):
                if self._process is None:
                    self._start()
                    self.restarts += 1
                reply = self._ask(request)
                if reply is not None:
                    return _results(reply)
        raise RuntimeUnavailableError("the model's process died of a batch twice", "See the log for its last words.")

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _start(self) -> None:
        self._process = subprocess.Popen(  # a session of its own: Ctrl-C must not end a batch that was accepted
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        hello = self._receive()
        if hello is None:
            raise RuntimeUnavailableError("the model's process ended while it was loading", "See its last words above.")
        self.kernels, self.elastic = str(hello.fields["kernels"]), bool(hello.fields["elastic"])

    def _ask(self, request: Frame) -> Frame | None:
        """The reply; ``None`` when the process is gone."""
        assert self._process is not None
        try:
            write_frame(cast("BinaryIO", self._process.stdin), request)
        except OSError:
            self._bury()
            return None
        return self._receive()

    def _receive(self) -> Frame | None:
        assert self._process is not None
        try:
            reply = read_frame(cast("BinaryIO", self._process.stdout), limit_bytes=MAX_REQUEST_BYTES)
        except FrameError:  # cut short: it died while it answered
            reply = None
        if reply is None:
            self._bury()
            return None
        if reply.kind == "error":
            raise _error(reply.fields)
        return reply

    def _bury(self) -> None:
        code = self._end()
        logger.error("the model's process ended with %s", f"signal {-code}" if code < 0 else f"exit code {code}")

    def _end(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            return process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _joined(parts: Sequence[Array], kind: type[np.generic]) -> Array:
    return np.concatenate([np.zeros(0, kind), *(np.ravel(part) for part in parts)], dtype=kind, casting="same_kind")


def _results(reply: Frame) -> tuple[list[Logits], list[IdArray]]:
    shapes, exits = reply.fields["shapes"], reply.fields["exits"]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    logits = [flat.reshape(shape) for flat, shape in zip(np.split(reply.arrays["logits"], ends), shapes, strict=True)]
    return logits, np.split(reply.arrays["exits"], np.cumsum(exits)[:-1]) if exits else []


def _error(fields: Mapping[str, object]) -> QuantlatError:
    """The error that the process reported, as one of this program's own kinds."""
    kind = getattr(errors, str(fields["error"]), None)
    if not (isinstance(kind, type) and issubclass(kind, QuantlatError)):
        kind = RuntimeUnavailableError
    return kind(str(fields["message"]), str(fields["hint"]) or None)


def _serve(executor: Executor, source: BinaryIO, sink: BinaryIO) -> None:
    """Answer frames until the other side closes."""
    while (request := read_frame(source, limit_bytes=MAX_REQUEST_BYTES)) is not None:
        try:
            ratios = request.fields["ratios"]
            config = None if ratios is None else RetentionConfig(tuple(ratios))
            logits, exits = executor.run(_windows(request), config, exits=bool(request.fields["exits"]))
        except QuantlatError as error:
            write_frame(sink, _reported(error))
            continue
        fields = {"shapes": [list(one.shape) for one in logits], "exits": [len(one) for one in exits]}
        arrays = {"logits": _joined(logits, np.float32), "exits": _joined(exits, np.int64)}
        write_frame(sink, Frame("logits", fields, arrays))


def _windows(request: Frame) -> list[Window]:
    ends = np.cumsum(request.fields["lengths"])[:-1]
    parts = zip(*(np.split(request.arrays[name], ends) for name in ("input_ids", "token_type_ids")), strict=True)
    return [Window(0, ids, types, np.full((len(ids), 2), -1, np.int32), 0, 0) for ids, types in parts]


def _reported(error: QuantlatError) -> Frame:
    return Frame("error", {"error": type(error).__name__, "message": error.message, "hint": error.hint or ""})


def main(arguments: Sequence[str]) -> int:
    """The process: open the model, say so, answer until standard input closes."""
    folder, runtime, threads = Path(arguments[0]), arguments[1], int(arguments[2])
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the frames
    try:
        executor = open_executor(folder, read_manifest(folder), QuantizedModel.load(folder / MODEL), runtime, threads)
    except QuantlatError as error:
        write_frame(sink, _reported(error))
        return error.exit_code
    with contextlib.closing(executor):
        write_frame(sink, Frame("ready", {"kernels": executor.kernels, "elastic": executor.elastic}))
        with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
            _serve(executor, cast("BinaryIO", sys.stdin.buffer), sink)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
