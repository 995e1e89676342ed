"""Keep freed memory in the process instead of giving it back to the kernel.

glibc maps every tensor above 128 KiB afresh and unmaps it when it is freed; the kernel then zeroes the same pages
again and again. In training, where shapes change from batch to batch, that took a sixth of the time. Every part of
quantlat that computes asks for this setting, measured baselines too, so that comparisons stay fair.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from pathlib import Path

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_MIB = 1 << 20


@cache
def keep_freed_memory() -> bool:
    """Serve large blocks from the heap and do not shrink it; returns False where the C library is not glibc."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 64 * _MIB))
    return all(mallopt(name, value) == 1 for name, value in settings)


def release_freed_memory() -> None:
    """Give pages that nothing uses back to the kernel; called now and then, it bounds what fragmentation holds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def allocator_name() -> str:
    """Who serves this process's memory, e.g. ``glibc 2.36, freed memory kept``."""
    try:
        loaded = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        loaded = ""
    other = next((name for name in ("jemalloc", "tcmalloc", "mimalloc") if f"lib{name}" in loaded), None)
    if other is not None:
        return other
    name = " ".join(part for part in platform.libc_ver() if part) or "the system's"
    # asked for means in force: nothing takes the setting back
    kept = keep_freed_memory.cache_info().currsize and keep_freed_memory()
    return f"{name}, freed memory kept" if kept else name
