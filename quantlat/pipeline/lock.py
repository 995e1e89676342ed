"""A lock on a run folder, so that two runs never write into it at once (POSIX record lock, ``fcntl``).

The kernel frees the lock when the process ends, however it ends, and child processes do not inherit it; a
leftover lock file of a killed run is therefore harmless.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quantlat.errors import RunConflictError, StorageError

LOCK_FILE = ".lock"

_held: set[Path] = set()  # POSIX locks do not exclude the process that holds them


@contextmanager
def run_lock(run_dir: Path) -> Iterator[None]:
    """Hold the lock of ``run_dir``, which must exist.

    Raises:
        RunConflictError: another run holds it; names its process.
        StorageError: the file system knows no locks.
    """
    path = (run_dir / LOCK_FILE).resolve()
    if path in _held:
        raise _conflict(run_dir, f"process {os.getpid()} (this one)")
    with path.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                stream.seek(0)
                raise _conflict(run_dir, stream.read().strip() or "another process") from None
            raise StorageError(
                f"{run_dir}: the file system cannot lock files ({error.strerror})",
                "Choose a folder on a local disk with --out.",
            ) from error
        _held.add(path)
        try:
            stream.truncate(0)
            stream.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            stream.flush()
            yield
        finally:
            _held.discard(path)


def _conflict(run_dir: Path, owner: str) -> RunConflictError:
    return RunConflictError(
        f"{run_dir} is in use by {owner}",
        "Wait for that run to end, stop it, or choose another folder with --out.",
    )
