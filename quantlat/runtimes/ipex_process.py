"""Finding IPEX's environment, and the worker process that runs in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

import quantlat
from quantlat.errors import RuntimeUnavailableError
from quantlat.runtimes.frames import MAX_REQUEST_BYTES, Frame, FrameError, read_frame, write_frame

VARIABLE = "QUANTLAT_IPEX_PYTHON"
FOLDER = ".venv-ipex"
INSTALL = f"make ipex  # or name the python of an environment with IPEX 2.8 in {VARIABLE}"

_ENTRY = Path(__file__).parent / "ipex_worker" / "start.py"
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_STDERR_LINES = 12
_PATIENCE_S = 5.0
_QUESTION = """
import importlib.metadata, json
found = {}
for name in ("intel-extension-for-pytorch", "torch", "numpy"):
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True)
class IpexEnvironment:
    """Where the worker can run.

    Attributes:
        python: its interpreter.
        version: versions of IPEX and of its PyTorch.
        reason: why there is none; empty where there is.
    """

    python: Path = Path()
    version: str = ""
    reason: str = ""


def find_environment() -> IpexEnvironment:
    """``$QUANTLAT_IPEX_PYTHON``, else ``.venv-ipex`` beside quantlat's own environment or its source folder."""
    if named := os.environ.get(VARIABLE):
        python = Path(named).expanduser().absolute()
        if not _is_program(python):
            return IpexEnvironment(reason=f"{VARIABLE} is {named!r}, which is no program")
        return _inspect(python)
    # Never the current folder: a program must not be run because it lies where somebody happens to be.
    beside = (Path(sys.prefix).parent, Path(quantlat.__file__).absolute().parents[1])
    candidates = [folder / FOLDER / "bin" / "python" for folder in beside]
    python = next((path for path in candidates if _is_program(path)), Path())
    if python == Path():
        return IpexEnvironment(reason=f"there is no environment {FOLDER} (IPEX needs PyTorch 2.8, apart from ours)")
    return _inspect(python)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _inspect(python: Path) -> IpexEnvironment:
    # an environment that is still being installed changes its folder's time
    packages = sorted(python.parent.parent.glob("lib/python*/site-packages"))
    return _ask_interpreter(python, tuple(folder.stat().st_mtime_ns for folder in packages))


@lru_cache(maxsize=8)
def _ask_interpreter(python: Path, changed: tuple[int, ...]) -> IpexEnvironment:
    try:
        asked = subprocess.run([python, "-I", "-c", _QUESTION], capture_output=True, text=True, timeout=60, check=True)
        found: dict[str, str] = json.loads(asked.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return IpexEnvironment(reason=f"{python} does not answer as a Python interpreter: {error}")
    if missing := sorted({"intel-extension-for-pytorch", "torch", "numpy"} - set(found)):
        return IpexEnvironment(reason=f"not installed in the environment of {python}: {', '.join(missing)}")
    ipex, torch = found["intel-extension-for-pytorch"], found["torch"]
    if ipex.split(".")[:2] != torch.split(".")[:2]:
        return IpexEnvironment(reason=f"the environment of {python} has IPEX {ipex}, which cannot use torch {torch}")
    return IpexEnvironment(python, f"{ipex} (torch {torch})")


class IpexWorker:
    """A worker process and the pipe to it.

    Not for use by several threads at once. It ends with :meth:`close` and, because its pipe ends, with this process.
    """

    def __init__(self, python: Path, *, threads: int) -> None:
        self._stderr: BinaryIO = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115
        environment = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(threads))}
        self._process = subprocess.Popen(
            [python, "-I", _ENTRY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=environment,
        )

    @property
    def process_id(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, request: Frame, *, expected: str) -> Frame:
        """Send a frame and return the answer.

        Raises:
            RuntimeUnavailableError: the worker refuses, answers something else, or has ended.
        """
        stdin, stdout = cast("BinaryIO", self._process.stdin), cast("BinaryIO", self._process.stdout)
        try:
            write_frame(stdin, request)
            answer = read_frame(stdout, limit_bytes=MAX_REQUEST_BYTES)
        except (OSError, ValueError, FrameError) as error:
            raise self._ended(str(error)) from None
        if answer is None:
            raise self._ended("no answer")
        if answer.kind == "error":
            raise RuntimeUnavailableError(f"the IPEX worker cannot {request.kind}: {answer.fields.get('text')}")
        if answer.kind != expected:
            raise self._ended(f"expected {expected!r}, got {answer.kind!r}")
        return answer

    def close(self) -> None:
        """End the process; nothing happens when it has ended."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()  # the end of its input tells it to stop
        try:
            self._process.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if not self._stderr.closed:
            self._stderr.close()

    def _ended(self, what: str) -> RuntimeUnavailableError:
        """The pipe is of no use any more: end the process and tell its last words."""
        try:
            code = self._process.wait(timeout=1.0)  # one that has just died has a status worth telling
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        last: list[str] = []
        if not self._stderr.closed:
            self._stderr.seek(0)
            last = self._stderr.read().decode(errors="replace").splitlines()[-_STDERR_LINES:]
        self.close()
        return RuntimeUnavailableError(
            "\n".join([f"the IPEX worker failed ({what}; exit status {code})", *last]),
            "`make ipex` builds its environment anew; quantlat doctor says what it found.",
        )
