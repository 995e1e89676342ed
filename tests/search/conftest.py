"""A folder for storages. They flush every line to the disk, which takes long where other work keeps it busy."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder, in memory where the system has such a place."""
    if not _IN_MEMORY.is_dir():
        yield tmp_path
        return
    path = Path(tempfile.mkdtemp(dir=_IN_MEMORY, prefix="quantlat-test-"))
    yield path
    shutil.rmtree(path)
