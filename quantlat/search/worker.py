"""Who measures a trial, and whether that process is still alive."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def this_worker() -> dict[str, str | int | None]:
    """Identity of this process, as it is stored with a trial."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": _started_at(os.getpid())}


def on_this_host(worker: Mapping[str, Any]) -> bool:
    """Whether a stored worker runs, or ran, on this machine."""
    return bool(worker.get("host") == socket.gethostname())


def is_alive(worker: Mapping[str, Any]) -> bool:
    """Whether a stored worker of this machine still runs."""
    return bool(_started_at(worker["pid"]) == worker["started"])


def _started_at(pid: int) -> str | None:
    """When a process was started, in the kernel's ticks; ``None`` if there is no such process.

    The number of a dead process may be given to a new one, but that was started later.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None if Path("/proc/self/stat").exists() else _exists(pid)
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else fields[19]


def _exists(pid: int) -> str | None:
    """For systems without ``/proc``, which cannot tell a new process of the same number from the old one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "exists"
