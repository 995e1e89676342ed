"""The facts of this machine that decide how fast an INT8 model runs, and a fingerprint to compare them.

Two measurements may be compared only when their fingerprints are equal. The fingerprint covers what stays
the same while nobody reconfigures the machine: processor, instruction sets, topology, how many CPUs this
process may use, quota, memory, governor. Load and free memory are recorded beside it.

Read from ``/proc``, ``/sys`` and the cgroup files on Linux; on other systems what Python knows is filled
in and the rest stays empty.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict

from quantlat.latency import procfs

INT8_ISA = ("avx512_vnni", "avx_vnni", "amx_int8")
"""Instruction sets with int8 dot products; without one of them INT8 is rarely faster than fp32."""

RELEVANT_ISA = (
    "avx2",
    "avx_vnni",
    "avx_vnni_int8",
    "avx512f",
    "avx512bw",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "asimddp",
    "i8mm",
)


class MachineFacts(BaseModel):
    """What is known of the machine and of the share of it that this process may use.

    Attributes:
        isa: those of :data:`RELEVANT_ISA` that the processor has.
        threads: logical CPUs that the kernel sees; with hyper-threading more than ``cores``.
        affinity: logical CPUs on which this process may run.
        core_groups: for every core this process may use, its logical CPUs among ``affinity``.
        cpu_quota: CPUs' worth of time that the cgroup grants; ``None`` without a limit.
        memory_gib: memory of the machine, or the cgroup's limit where that is smaller.
        load_1m: load average when the facts were read; ``None`` where unknown.
        governor: frequency governor of the first usable CPU; ``None`` where the kernel does not say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    kernel: str
    architecture: str
    cpu_model: str
    cpu_vendor: str
    isa: tuple[str, ...]
    sockets: int
    cores: int
    threads: int
    affinity: tuple[int, ...]
    core_groups: tuple[tuple[int, ...], ...] = ()
    cpu_quota: float | None = None
    memory_gib: float = 0.0
    available_gib: float | None = None
    load_1m: float | None = None
    governor: str | None = None
    virtualised: bool = False

    def has(self, isa: str) -> bool:
        """Whether the processor has an instruction set, by its Linux name such as ``avx512_vnni``."""
        return isa in self.isa

    @property
    def has_int8_instructions(self) -> bool:
        """Whether int8 dot products run in hardware (VNNI, AMX, or Arm's equivalents)."""
        return any(self.has(isa) for isa in (*INT8_ISA, "asimddp", "i8mm"))

    @property
    def usable_cpus(self) -> int:
        """Logical CPUs' worth of time this process can get: affinity and quota together, at least 1."""
        limit = math.inf if self.cpu_quota is None else max(1.0, self.cpu_quota)
        return max(1, int(min(len(self.affinity), limit)))

    @property
    def usable_cores(self) -> int:
        """Physical cores this process can keep busy, at least 1: the sensible largest number of threads."""
        cores = len(self.core_groups) or self.cores
        return max(1, min(cores, self.usable_cpus)) if cores else self.usable_cpus

    def cpus_for(self, threads: int) -> tuple[int, ...]:
        """As many logical CPUs as threads, each on a core of its own as long as there are cores.

        The last cores come first: interrupts and daemons gather on the first ones. More threads than CPUs get all.
        """
        groups = self.core_groups or tuple((cpu,) for cpu in self.affinity)
        firsts = [group[0] for group in reversed(groups)]
        siblings = [cpu for group in reversed(groups) for cpu in group[1:]]
        others = [cpu for cpu in self.affinity if cpu not in firsts and cpu not in siblings]
        return tuple(sorted([*firsts, *siblings, *others][: max(1, threads)]))

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits; equal for two measurements only if their machines are."""
        stable = [
            self.system,
            self.architecture,
            self.cpu_model,
            self.cpu_vendor,
            sorted(self.isa),
            [self.sockets, self.cores, self.threads],
            [len(self.affinity), self.usable_cores],
            self.cpu_quota,
            round(self.memory_gib),
            self.governor,
            self.virtualised,
        ]
        return hashlib.sha256(json.dumps(stable).encode()).hexdigest()[:16]


def read_machine_facts(root: Path = Path("/")) -> MachineFacts:
    """Read the facts of this machine.

    Args:
        root: folder that stands for ``/``; tests point it at stored files of other machines.
    """
    info = procfs.parse_cpuinfo(_read(root / "proc/cpuinfo"))
    affinity = _affinity(root)
    meminfo = _read(root / "proc/meminfo")
    memory = (procfs.parse_memory_kib(meminfo, "MemTotal") or 0) / procfs.KIB_PER_GIB
    limit = _memory_limit_gib(root)
    available = procfs.parse_memory_kib(meminfo, "MemAvailable")
    load = procfs.parse_loadavg(_read(root / "proc/loadavg"))
    usable = set(affinity)
    groups = [tuple(cpu for cpu in group if cpu in usable) for group in info.siblings]
    governor = _read(root / f"sys/devices/system/cpu/cpu{min(affinity)}/cpufreq/scaling_governor").strip()
    return MachineFacts(
        system=platform.system(),
        kernel=platform.release(),
        architecture=platform.machine(),
        cpu_model=info.model or platform.processor(),
        cpu_vendor=info.vendor,
        isa=tuple(isa for isa in RELEVANT_ISA if isa in info.flags),
        sockets=max(1, info.sockets),
        cores=info.cores or os.cpu_count() or 1,
        threads=info.threads or os.cpu_count() or 1,
        affinity=affinity,
        core_groups=tuple(group for group in groups if group),
        cpu_quota=read_cpu_quota(root),
        memory_gib=round(memory if limit is None else min(memory or limit, limit), 3),
        available_gib=None if available is None else round(available / procfs.KIB_PER_GIB, 3),
        load_1m=load[0] if load else None,
        governor=governor or None,
        virtualised="hypervisor" in info.flags,
    )


def read_cpu_quota(root: Path = Path("/")) -> float | None:
    """CPUs' worth of time that the cgroups of this process grant; the tightest of all levels counts."""
    quotas = [procfs.parse_cpu_max(_read(folder / "cpu.max")) for folder in _cgroup_folders(root, None)]
    for folder in _cgroup_folders(root, "cpu"):
        quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
        quotas.append(procfs.parse_cfs_quota(quota, period))
    return min((quota for quota in quotas if quota is not None), default=None)


def read_throttled_s(root: Path = Path("/")) -> float | None:
    """Seconds for which the cgroups of this process were stopped by their quota since they were made."""
    folders = [*_cgroup_folders(root, None), *_cgroup_folders(root, "cpu")]
    seconds = [procfs.parse_throttled_s(_read(folder / "cpu.stat")) for folder in folders]
    return max((value for value in seconds if value is not None), default=None)


def _memory_limit_gib(root: Path) -> float | None:
    limits = [procfs.parse_memory_limit(_read(folder / "memory.max")) for folder in _cgroup_folders(root, None)]
    for folder in _cgroup_folders(root, "memory"):
        limits.append(procfs.parse_memory_limit(_read(folder / "memory.limit_in_bytes")))
    smallest = min((limit for limit in limits if limit is not None), default=None)
    return None if smallest is None else smallest / 2**30


def _cgroup_folders(root: Path, controller: str | None) -> Iterator[Path]:
    """Folders of this process's cgroup and its parents; ``controller`` ``None`` means the unified hierarchy.

    Inside a container the path may lie outside of what is mounted; the mount point itself is then the cgroup,
    and it is always among the folders.
    """
    unified, by_controller = procfs.parse_cgroup_paths(_read(root / "proc/self/cgroup"))
    path = unified if controller is None else by_controller.get(controller)
    mount = root / "sys/fs/cgroup"
    if controller is not None:
        mount = mount / controller  # where controllers share a hierarchy, each name is a link to it
    inside = PurePosixPath(path or "/").relative_to("/") if (path or "/").startswith("/") else PurePosixPath()
    if ".." in inside.parts:  # the process sits above the namespace's root
        inside = PurePosixPath()
    for part in (inside, *inside.parents):
        if (mount / part).is_dir():
            yield mount / part


def _affinity(root: Path) -> tuple[int, ...]:
    if root != Path("/"):
        status = _read(root / "proc/self/status")
        listed = [line.partition(":")[2] for line in status.splitlines() if line.startswith("Cpus_allowed_list")]
        return procfs.parse_cpu_list(listed[0]) if listed else (0,)
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def _read(path: Path) -> str:
    """Content of a small file, or nothing where it is not there or may not be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
