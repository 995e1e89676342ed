"""The settings under which a latency was measured: processors, threads, allocator, thread pools, kind of build.

Two measurements on one machine are only comparable when these agree too, so that they travel with the samples.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from quantlat.allocator import allocator_name

CHILD_VARIABLE = "QUANTLAT_MEASURING_CHILD"
"""Set to 1 in a process that was started to do nothing but measure."""

_PREFIXES = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "MALLOC_", "ONEDNN_", "DNNL_", "OV_", "TORCHINDUCTOR_")
_NAMES = ("GLIBC_TUNABLES", "TBB_NUM_THREADS")
_SANITIZERS = ("libasan", "libubsan", "libtsan", "libclang_rt.asan", "libclang_rt.tsan")


class MeasureSettings(BaseModel):
    """How the measuring process was set up.

    Attributes:
        own_process: whether a process of its own measured, with nothing else to do.
        threads: threads that a run may use.
        cpus: logical CPUs on which the process was allowed to run.
        allocator: who serves memory, and whether freed memory is kept.
        thread_pools: threads of each pool that was loaded, by library.
        environment: those variables that size or steer thread pools, kernels and allocators.
        debug: signs of a build that is not made for speed; empty for a normal one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    own_process: bool
    threads: int
    cpus: tuple[int, ...]
    allocator: str
    thread_pools: dict[str, int] = {}
    environment: dict[str, str] = {}
    debug: tuple[str, ...] = ()


def read_settings(*, threads: int) -> MeasureSettings:
    """The settings of this process; read them after the work, when the libraries are loaded."""
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return MeasureSettings(
        own_process=os.environ.get(CHILD_VARIABLE) == "1",
        threads=threads,
        cpus=tuple(cpus),
        allocator=allocator_name(),
        thread_pools=_thread_pools(),
        environment=relevant_environment(os.environ),
        debug=debug_signs(),
    )


def relevant_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that change how fast numeric libraries run, but no paths; nothing else of the environment."""
    return {
        name: value
        for name, value in sorted(environment.items())
        if (name.startswith(_PREFIXES) or name in _NAMES) and not name.endswith("_DIR")
    }


def debug_signs() -> tuple[str, ...]:
    """What makes this process slower than a release: debug interpreter, development mode, debug torch, sanitizers."""
    torch = sys.modules.get("torch")
    signs = {
        "debug build of Python": bool(sysconfig.get_config_var("Py_DEBUG")),
        "Python's development mode": sys.flags.dev_mode,
        "a trace or profile function": sys.gettrace() is not None or sys.getprofile() is not None,
        "debug build of PyTorch": bool(getattr(getattr(torch, "version", None), "debug", False)),
        "a sanitizer": any(name in _mapped_libraries() for name in _SANITIZERS),
    }
    return tuple(sign for sign, seen in signs.items() if seen)


def _mapped_libraries() -> str:
    try:
        return Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _thread_pools() -> dict[str, int]:
    """Sizes of the pools of loaded libraries; a library that is not loaded is not loaded for this."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_num_threads"):
        return {}
    return {"torch": torch.get_num_threads(), "torch interop": torch.get_num_interop_threads()}
