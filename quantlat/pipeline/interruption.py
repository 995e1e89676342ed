"""Turning what stops a run from outside (signals, a full disk, missing permissions) into clear errors."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from quantlat.errors import Interrupted, QuantlatError, StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_FOLDER = (errno.ENOTDIR, errno.ENAMETOOLONG, errno.EEXIST)
_FULL_TEXTS = ("No space left on device", "database or disk is full", "os error 28")


_KEPT = "Finished stages are kept, and an unfinished one saved its state."
_RESUME = "Run the same command to resume (without --from, if you gave it)."


@contextmanager
def interruptible(consequence: str = _KEPT, hint: str | None = _RESUME) -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block like Ctrl-C does, and report all three as :class:`Interrupted`.

    Long steps see a ``KeyboardInterrupt``, save their state and let it pass.

    Args:
        consequence: what the interruption means, for the error's message.
        hint: how to go on.
    """
    stopped_by: list[int] = []
    process = os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:
        if os.getpid() != process:  # a library's forked helper inherits the handler and has nothing to save
            os._exit(128 + number)
        stopped_by.append(number)
        raise KeyboardInterrupt

    previous = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup must keep its meaning
                previous[number] = signal.signal(number, stop)
    try:
        yield
    except KeyboardInterrupt:
        name = signal.Signals(stopped_by[0]).name if stopped_by else "Ctrl-C"
        raise Interrupted(f"Interrupted by {name}. {consequence}", hint) from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def storage_errors(run_dir: Path) -> Iterator[None]:
    """Report a full disk and missing permissions inside the block as :class:`StorageError`."""
    try:
        yield
    except QuantlatError:
        raise
    except OSError as error:
        translated = _translated(error, run_dir)
        if translated is None:
            raise
        raise translated from error
    except Exception as error:  # safetensors and sqlite report a full disk in exceptions of their own
        if any(text in str(error) for text in _FULL_TEXTS):
            raise _full(run_dir) from error
        raise


def _translated(error: OSError, run_dir: Path) -> StorageError | None:
    where = error.filename or run_dir
    if error.errno in _FULL or any(text in str(error) for text in _FULL_TEXTS):
        return _full(run_dir)
    if error.errno in _FORBIDDEN:
        return StorageError(
            f"{where}: {error.strerror}",
            "Make the folder writable for this user, or choose another one with --out.",
        )
    if error.errno in _NO_FOLDER:
        return StorageError(
            f"{where}: a folder is needed here, but: {error.strerror}", "Choose another folder with --out."
        )
    return None


def _full(run_dir: Path) -> StorageError:
    return StorageError(
        f"The disk that holds {run_dir} is full",
        "Free some space and run the same command to resume; nothing finished was lost. Folders in its "
        "artifacts/ that run.json does not name belong to earlier settings and can be deleted.",
    )
