"""Measure in a child process: threads fixed, cores pinned, nothing else to do; the parent sleeps meanwhile.

The parent starts a Python that calls :func:`main`, writes one line of JSON to its standard input (what to call,
with which plain data, on which CPUs) and then blocks in a read of its standard output, so that it takes no time from
the child. The child answers with lines of JSON: progress as it comes, at last a result or an error. Nothing is
pickled; models are loaded in the child from their folders.

The child ends when its parent does: on Ctrl-C or any other exception the parent ends it, and if the parent is killed
the kernel does (``PR_SET_PDEATHSIG``).
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ConfigDict

import quantlat
from quantlat import errors
from quantlat.allocator import keep_freed_memory
from quantlat.errors import MeasurementError, QuantlatError
from quantlat.latency.machine import MachineFacts, read_machine_facts
from quantlat.latency.settings import CHILD_VARIABLE
from quantlat.progress import Progress, ProgressTask, QuietProgress

Result = TypeVar("Result", bound=BaseModel)
_PR_SET_PDEATHSIG = 1
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_STDERR_LINES = 12
_PATIENCE_S = 5.0
_CHILD = f"from {__name__} import main; main()"


@dataclass(frozen=True)
class ChildContext:
    """What the called function gets beside its job.

    Attributes:
        machine: facts of the machine as the parent sees it, before cores were pinned.
        threads: threads that the child was set up for.
        progress: passes through to the parent's.
    """

    machine: MachineFacts
    threads: int
    progress: Progress


class _Order(BaseModel):
    """The line that the child reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    function: str
    job: str
    threads: int
    cpus: tuple[int, ...]
    machine: MachineFacts
    parent: int


def measure_in_child(
    function: str,
    job: BaseModel,
    result: type[Result],
    *,
    threads: int,
    machine: MachineFacts | None = None,
    progress: Progress | None = None,
) -> Result:
    """Call ``function(job as JSON, ChildContext)`` in a pinned child process and return what it returns.

    Args:
        function: ``module:name``, chosen by the calling code. It must return a ``result``.
        job: plain data: paths, numbers, token ids.
        threads: size of the thread pools, and number of CPUs that the child is pinned to.
        machine: facts of this machine; read when ``None``.
        progress: shows what the child says.

    Raises:
        MeasurementError: the child failed or was killed. Errors that a user can mend arrive as what they were.
    """
    machine = machine or read_machine_facts()
    order = _Order(
        function=function,
        job=job.model_dump_json(),
        threads=threads,
        cpus=machine.cpus_for(threads),
        machine=machine,
        parent=os.getpid(),
    )
    with tempfile.TemporaryFile() as stderr:
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=_environment(threads),
            start_new_session=True,  # a terminal's Ctrl-C reaches the parent alone, which then ends the child
        )
        try:
            return result.model_validate_json(_converse(child, order, progress or QuietProgress(), stderr))
        finally:
            _end(child)


def _environment(threads: int) -> dict[str, str]:
    """The parent's environment with sized thread pools, and the same quantlat first on the path."""
    root = str(Path(quantlat.__file__).resolve().parents[1])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    sizes = dict.fromkeys(_THREAD_VARIABLES, str(threads))
    return {**os.environ, **sizes, "PYTHONPATH": path, CHILD_VARIABLE: "1"}


def _converse(child: subprocess.Popen[bytes], order: _Order, progress: Progress, stderr: IO[bytes]) -> str:
    """Give the order, pass progress on, return the result's JSON."""
    assert child.stdin is not None and child.stdout is not None
    try:
        child.stdin.write(order.model_dump_json().encode() + b"\n")
        child.stdin.close()
    except BrokenPipeError:
        pass  # it died at once; the missing answer says so
    with ExitStack() as tasks:
        running: dict[int, ProgressTask] = {}
        for line in child.stdout:
            message = json.loads(line)
            match message["kind"]:
                case "result":
                    return str(message["json"])
                case "error":
                    raise _error(message)
                case "say":
                    progress.say(message["text"])
                case "warn":
                    progress.warn(message["text"])
                case "task":
                    opened = progress.task(message["name"], message["total"], unit=message["unit"])
                    running[message["id"]] = tasks.enter_context(opened)
                case "advance":
                    running[message["id"]].advance(message["amount"])
                case "note":
                    running[message["id"]].note(message["text"])
                case "done":
                    tasks.close()
                    running.clear()
    raise _died(child, stderr)


def _error(message: dict[str, Any]) -> QuantlatError:
    """The child's error in this process: one for the user as it was, a defect as a MeasurementError."""
    known = getattr(errors, message["type"], None)
    if isinstance(known, type) and issubclass(known, QuantlatError):
        return known(message["text"], message["hint"])
    return MeasurementError(
        f"the measuring process failed: {message['type']}: {message['text']}\n{message['traceback']}".rstrip()
    )


def _died(child: subprocess.Popen[bytes], stderr: IO[bytes]) -> MeasurementError:
    code = child.wait()
    stderr.seek(0)
    last = stderr.read().decode(errors="replace").splitlines()[-_STDERR_LINES:]
    cause = f"exit status {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
    return MeasurementError(
        "\n".join([f"the measuring process ended without a result ({cause})", *last]),
        "If memory was short, close other programs; then run the same command again." if code < 0 else None,
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    """Leave no child behind, whatever happened."""
    if child.stdout is not None:
        child.stdout.close()
    try:
        child.wait(timeout=0.0 if child.poll() is None and sys.exc_info()[0] else _PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class _SentTask:
    """A progress task whose steps are sent to the parent."""

    def __init__(self, number: int, send: Callable[..., None]) -> None:
        self._number, self._send = number, send

    def advance(self, amount: float = 1, *, tokens: int = 0) -> None:
        self._send(kind="advance", id=self._number, amount=amount)

    def note(self, text: str) -> None:
        self._send(kind="note", id=self._number, text=text)


class _SentProgress:
    """Progress that is sent to the parent."""

    def __init__(self, send: Callable[..., None]) -> None:
        self._send, self._tasks = send, 0

    @contextmanager
    def task(
        self, name: str, total: float | None = None, *, unit: str = "step", done: float = 0
    ) -> Iterator[ProgressTask]:
        self._tasks += 1
        self._send(kind="task", id=self._tasks, name=name, total=total, unit=unit)
        try:
            yield _SentTask(self._tasks, self._send)
        finally:
            self._send(kind="done", id=self._tasks)

    def say(self, text: str) -> None:
        self._send(kind="say", text=text)

    def warn(self, text: str) -> None:
        self._send(kind="warn", text=text)


def main() -> None:
    """The child: set itself up, call, answer."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what libraries print must not mix with the answers

    def send(**message: object) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    order = _Order.model_validate_json(sys.stdin.readline())
    _die_with(order.parent)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, order.cpus)
    keep_freed_memory()
    try:
        module, _, name = order.function.partition(":")
        function: Callable[[str, ChildContext], BaseModel] = getattr(importlib.import_module(module), name)
        found = function(order.job, ChildContext(order.machine, order.threads, _SentProgress(send)))
        send(kind="result", json=found.model_dump_json())
    except QuantlatError as error:
        send(kind="error", type=type(error).__name__, text=error.message, hint=error.hint, traceback="")
    except Exception as error:  # anything else is a defect, told with where it happened
        where = "".join(traceback.format_exc(limit=-3))
        send(kind="error", type=type(error).__name__, text=str(error), hint=None, traceback=where)


def _die_with(parent: int) -> None:
    """Ask the kernel to end this process when its parent ends; a parent that is already gone ends it now."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return  # not Linux: the parent's own clean-up has to do
    if os.getppid() != parent:
        os._exit(1)
