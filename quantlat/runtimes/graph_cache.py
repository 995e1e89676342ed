"""Compiled graphs on disk, so that a graph is exported and compiled once for a model, a machine and a version.

Exporting and compiling takes seconds to half a minute; the result depends on the model's numbers, the library, the
CPU and on this package's source. All of them are in the key, so an entry never goes stale, it is only replaced.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

_LIMIT_BYTES = 2 << 30
_SOURCES = (
    "quantlat.models.elastic",
    "quantlat.models.mobilebert",
    "quantlat.models.heads",
    "quantlat.quantization.graph",
    "quantlat.quantization.reference",
)


class GraphCache:
    """A folder of entries; each entry is a folder named by the hash of its key.

    Entries may hold native code (inductor), so a folder that other users can write to is not used: the cache is
    then private to the process and removed with it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        chosen = folder or default_folder()
        if not _is_private_folder(chosen):
            self._temporary = tempfile.TemporaryDirectory(prefix="quantlat-graphs-")
            chosen = Path(self._temporary.name)
        self.folder = chosen

    def entry(self, key: Sequence[str], build: Callable[[Path], None]) -> Path:
        """Folder of the entry for ``key``; ``build`` fills it when it is not there yet.

        An entry appears whole or not at all, also when two processes build it at once or one is killed.
        """
        name = hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]
        path = self.folder / name
        if path.is_dir():
            os.utime(path)
            return path
        work = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=self.folder))
        try:
            build(work)
            try:
                work.rename(path)
            except OSError:  # another process was faster; its entry is as good as ours
                if not path.is_dir():
                    raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
        self._remove_old(keep=path)
        return path

    def _remove_old(self, keep: Path) -> None:
        entries = sorted(
            (entry for entry in self.folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")),
            key=lambda entry: entry.stat().st_mtime,
            reverse=True,
        )
        total = 0
        for entry in entries:
            total += sum(file.stat().st_size for file in entry.rglob("*") if file.is_file())
            if total > _LIMIT_BYTES and entry != keep:
                shutil.rmtree(entry, ignore_errors=True)


def default_folder() -> Path:
    """``$QUANTLAT_CACHE``, else ``$XDG_CACHE_HOME/quantlat``, else ``~/.cache/quantlat``; its part ``graphs``."""
    if chosen := os.environ.get("QUANTLAT_CACHE"):
        return Path(chosen) / "graphs"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "quantlat" / "graphs"


@lru_cache(maxsize=8)
def source_fingerprint(*modules: str) -> str:
    """Hash of the source that makes graphs: the models, the reference and the given runtime modules."""
    digest = hashlib.sha256()
    for name in (*_SOURCES, *modules):
        digest.update(inspect.getsource(importlib.import_module(name)).encode())
    return digest.hexdigest()


def _is_private_folder(folder: Path) -> bool:
    """Make the folder if needed; true when it is ours, writable, and nobody else can write to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.stat()
    except OSError:
        return False
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return status.st_uid == os.getuid() and not others_write and os.access(folder, os.W_OK | os.X_OK)
