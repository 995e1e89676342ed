from __future__ import annotations

import errno
from pathlib import Path

import pytest

from quantlat.errors import DataError, StorageError
from quantlat.pipeline.interruption import storage_errors


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "is full"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "is full"),  # as safetensors says it
        (PermissionError(errno.EACCES, "Permission denied", "runs/a"), "runs/a: Permission denied"),
        (OSError(errno.EROFS, "Read-only file system", "runs/a"), "runs/a: Read-only file system"),
    ],
)
def test_trouble_with_the_disk_becomes_a_storage_error_with_advice(error: Exception, expected: str) -> None:
    with pytest.raises(StorageError, match=expected) as caught, storage_errors(Path("runs/a")):
        raise error
    assert caught.value.hint


@pytest.mark.parametrize("error", [DataError("empty"), FileNotFoundError(2, "x"), ValueError("a defect")])
def test_other_errors_pass_through_unchanged(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, storage_errors(Path("runs/a")):
        raise error
    assert caught.value is error
