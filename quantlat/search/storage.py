"""Where the trials of a search are kept: a journal file, or any optuna storage URL that several machines
share.

A journal file is appended to line by line. A process killed in the middle of a line leaves a torn end, which
optuna refuses to read; it is cut off when the file is opened again, and only the one unfinished trial is
lost.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from quantlat.errors import StorageError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

_BUSY_TIMEOUT_S = 60
_DEAD_AFTER_S = 10  # a lock that long unchanged; one line takes milliseconds
_CREATION_RETRIES = 4
_CREATION_PAUSE_S = 0.25


def open_storage(storage: str | Path | None) -> BaseStorage:
    """Open the storage of a search, and create it if it is not there.

    Args:
        storage: a path is a journal file; a string with ``://`` is an optuna URL such as
            ``sqlite:///search.db``, ``postgresql://host/db`` or ``redis://host``; ``None`` keeps trials
            in memory.

    Raises:
        StorageError: it cannot be reached, written or read.
    """
    if storage is None:
        from optuna.storages import InMemoryStorage

        return InMemoryStorage()
    if isinstance(storage, Path) or "://" not in storage:
        return _open_journal(Path(storage))
    return _open_url(storage)


def _open_journal(path: Path) -> BaseStorage:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = JournalFileSymlinkLock(str(path), grace_period=_DEAD_AFTER_S)
        lock.acquire()  # waits for whoever is writing, and breaks the lock of one that was killed
        try:
            cut_torn_end(path)
        finally:
            lock.release()
        return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
    except OSError as error:
        raise StorageError(
            f"the search journal {path} cannot be written: {error.strerror or error}",
            "Choose a folder that is writable and has space.",
        ) from error
    except (ValueError, KeyError) as error:
        raise StorageError(
            f"the search journal {path} is damaged: {error}", "Delete it; the search then starts anew."
        ) from error


def cut_torn_end(path: Path) -> None:
    """Remove an unfinished last line; the caller holds the lock, so that nobody is writing one."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        kept = size
        while kept:
            begin = max(0, kept - 4096)
            file.seek(begin)
            newline = file.read(kept - begin).rfind(b"\n")
            if newline >= 0:
                kept = begin + newline + 1
                break
            kept = begin
        if kept < size:
            file.truncate(kept)


def _open_url(url: str) -> BaseStorage:
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalRedisBackend
    from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

    try:
        if url.startswith(("redis://", "rediss://", "unix://")):
            return JournalStorage(JournalRedisBackend(url))
        # SQLite locks the whole file while it writes; the others wait instead of failing
        waiting = {"connect_args": {"timeout": _BUSY_TIMEOUT_S}} if url.startswith("sqlite") else {}
        for _ in range(_CREATION_RETRIES):
            try:
                return RDBStorage(url, engine_kwargs=waiting)
            except (IntegrityError, OperationalError, ProgrammingError):
                time.sleep(_CREATION_PAUSE_S)  # another process may be creating the same tables right now
        return RDBStorage(url, engine_kwargs=waiting)
    except ImportError as error:
        raise StorageError(
            f"the search storage {_without_password(url)} needs a Python package: {error}",
            "pip install the driver for this kind of database.",
        ) from error
    except (SQLAlchemyError, OSError, RuntimeError, ValueError) as error:
        raise StorageError(
            f"the search storage {_without_password(url)} cannot be used: {type(error).__name__}",
            "Check the URL, that the server runs, and that this user may create tables.",
        ) from error


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{credentials.partition(':')[0]}{at}{host}"
