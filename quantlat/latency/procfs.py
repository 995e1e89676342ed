"""Parsers for the files in which Linux describes a machine and what its scheduler did.

Pure functions from text to values, so that they can be tested on stored files of other machines. Formats:
``proc(5)``, and ``Documentation/admin-guide/cgroup-v2.rst``, ``Documentation/scheduler/sched-stats.rst``
of the kernel. A text that does not hold the expected field gives ``None`` or an empty value, never an
error: these files differ between kernels, architectures and containers, and a missing fact must not stop
a measurement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

KIB_PER_GIB = 1024.0 * 1024.0
_NO_LIMIT_BYTES = 1 << 60  # cgroup v1 writes "no limit" as the largest page-aligned integer, about 2**63


@dataclass(frozen=True)
class CpuInfo:
    """What ``/proc/cpuinfo`` says; counts are of what this kernel sees, which in a container is the host."""

    model: str
    vendor: str
    flags: frozenset[str]
    sockets: int
    cores: int
    threads: int
    siblings: tuple[tuple[int, ...], ...] = ()
    """Logical CPUs that share a physical core, one group for each core."""


def parse_cpuinfo(text: str) -> CpuInfo:
    """Read ``/proc/cpuinfo`` of x86 or Arm (which names no core, so that each thread counts as one)."""
    blocks = [_fields(block) for block in text.strip().split("\n\n")]
    cpus = [block for block in blocks if block.get("processor", "").isdigit()]
    if not cpus:
        return CpuInfo("", "", frozenset(), 0, 0, 0)
    first = cpus[0]
    groups: dict[tuple[str, str], list[int]] = {}
    for cpu in cpus:
        key = (cpu.get("physical id", "0"), cpu.get("core id", cpu["processor"]))
        groups.setdefault(key, []).append(int(cpu["processor"]))
    flags = first.get("flags") or first.get("Features") or ""
    return CpuInfo(
        model=" ".join((first.get("model name") or first.get("CPU part") or "").split()),
        vendor=first.get("vendor_id") or first.get("CPU implementer") or "",
        flags=frozenset(flags.split()),
        sockets=len({socket for socket, _ in groups}),
        cores=len(groups),
        threads=len(cpus),
        siblings=tuple(tuple(group) for group in groups.values()),
    )


def _fields(block: str) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in block.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """CPU numbers of a list such as ``0-3,8`` (the format of cpusets and of ``lscpu``)."""
    cpus: list[int] = []
    for part in text.strip().split(","):
        match = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if match:
            low, high = int(match[1]), int(match[2] or match[1])
            cpus.extend(range(low, high + 1))
    return tuple(cpus)


def parse_memory_kib(text: str, field: str) -> int | None:
    """A field of ``/proc/meminfo`` or ``/proc/<pid>/status`` in KiB, such as ``MemTotal`` or ``VmRSS``."""
    match = re.search(rf"^{re.escape(field)}:\s+(\d+)\s+kB", text, re.MULTILINE)
    return int(match[1]) if match else None


def parse_cgroup_paths(text: str) -> tuple[str | None, Mapping[str, str]]:
    """``/proc/self/cgroup``: path in the unified hierarchy (v2), and paths by controller (v1)."""
    unified: str | None = None
    by_controller: dict[str, str] = {}
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            unified = path
        for controller in filter(None, controllers.split(",")):
            by_controller[controller] = path
    return unified, by_controller


def parse_cpu_max(text: str) -> float | None:
    """``cpu.max`` of cgroup v2 (``quota period`` in microseconds) as a number of CPUs; ``None``: no limit."""
    match = re.fullmatch(r"(\d+)\s+(\d+)", text.strip())
    return int(match[1]) / int(match[2]) if match and int(match[2]) else None


def parse_cfs_quota(quota_us: str, period_us: str) -> float | None:
    """``cpu.cfs_quota_us`` and ``cpu.cfs_period_us`` of cgroup v1 as a number of CPUs; -1 means no limit."""
    try:
        quota, period = int(quota_us), int(period_us)
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None


def parse_memory_limit(text: str) -> int | None:
    """``memory.max`` (v2) or ``memory.limit_in_bytes`` (v1) in bytes; ``None``: no limit."""
    value = text.strip()
    return int(value) if value.isdigit() and int(value) < _NO_LIMIT_BYTES else None


def parse_throttled_s(text: str) -> float | None:
    """Seconds for which a cgroup was stopped by its quota, from ``cpu.stat`` of either version."""
    for key, units_per_s in (("throttled_usec", 1e6), ("throttled_time", 1e9)):
        match = re.search(rf"^{key}\s+(\d+)", text, re.MULTILINE)
        if match:
            return int(match[1]) / units_per_s
    return None


def parse_schedstat_delay_ns(text: str) -> int | None:
    """Nanoseconds that a thread was ready to run but waited for a CPU: second field of ``schedstat``."""
    fields = text.split()
    return int(fields[1]) if len(fields) >= 2 and fields[1].isdigit() else None


def parse_cpu_ticks(text: str) -> tuple[int, int] | None:
    """``(stolen, total)`` clock ticks of all CPUs together, from the first line of ``/proc/stat``.

    Stolen ticks are those in which this virtual machine wanted to run and the host ran something else.
    """
    match = re.search(r"^cpu\s+([\d ]+)$", text, re.MULTILINE)
    if match is None:
        return None
    ticks = [int(field) for field in match[1].split()]
    if len(ticks) < 8:
        return None
    return ticks[7], sum(ticks[:8])  # guest ticks (9th, 10th) are already inside user and nice


def parse_loadavg(text: str) -> tuple[float, int] | None:
    """``/proc/loadavg``: load average over one minute, and the tasks that are runnable right now."""
    match = re.match(r"\s*([\d.]+)\s+[\d.]+\s+[\d.]+\s+(\d+)/\d+", text)
    return (float(match[1]), int(match[2])) if match else None
