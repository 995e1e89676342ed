"""The facts of a machine: what is read, what this process may use of it, when two machines are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantlat.latency.advice import MeasurementWarning, machine_warnings
from quantlat.latency.machine import MachineFacts, read_cpu_quota, read_machine_facts, read_throttled_s

CPUINFO = "\n\n".join(
    f"processor\t: {cpu}\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nphysical id\t: 0\n"
    f"core id\t\t: {cpu % 4}\nflags\t\t: avx2 avx512f avx512_vnni hypervisor sse"
    for cpu in range(8)
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four hyper-threaded cores; the process may use CPUs 0, 1, 2 and 4 (4 is the sibling of 0)."""
    files = {
        "proc/cpuinfo": CPUINFO,
        "proc/meminfo": "MemTotal:       16777216 kB\nMemAvailable:    8388608 kB\n",
        "proc/loadavg": "0.50 0.40 0.30 1/200 999\n",
        "proc/self/status": "Name:\tpython\nCpus_allowed_list:\t0-2,4\n",
        "proc/self/cgroup": "0::/kubepods/pod7/main\n",
        "sys/fs/cgroup/kubepods/cpu.max": "300000 100000\n",
        "sys/fs/cgroup/kubepods/pod7/main/cpu.max": "max 100000\n",
        "sys/fs/cgroup/kubepods/pod7/main/memory.max": str(4 * 2**30),
        "sys/fs/cgroup/kubepods/pod7/main/cpu.stat": "throttled_usec 1500000\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_facts_of_a_stored_container(root: Path) -> None:
    facts = read_machine_facts(root)
    assert (facts.sockets, facts.cores, facts.threads) == (1, 4, 8)
    assert facts.affinity == (0, 1, 2, 4)
    assert facts.core_groups == ((0, 4), (1,), (2,))
    assert facts.isa == ("avx2", "avx512f", "avx512_vnni")
    assert facts.memory_gib == 4.0
    assert facts.available_gib == 8.0
    assert facts.load_1m == 0.5
    assert facts.governor == "powersave"
    assert facts.virtualised
    assert facts.has_int8_instructions


def test_the_tightest_quota_of_all_levels_counts(root: Path) -> None:
    assert read_cpu_quota(root) == 3.0
    facts = read_machine_facts(root)
    assert facts.usable_cpus == 3
    assert facts.usable_cores == 3
    assert facts.model_copy(update={"cpu_quota": 1.5}).usable_cpus == 1
    assert facts.model_copy(update={"cpu_quota": None}).usable_cpus == 4


def test_quota_and_throttling_of_cgroup_v1(root: Path) -> None:
    (root / "proc/self/cgroup").write_text("4:cpu,cpuacct:/job\n0::/\n")
    job = root / "sys/fs/cgroup/cpu/job"
    job.mkdir(parents=True)
    (job / "cpu.cfs_quota_us").write_text("250000\n")
    (job / "cpu.cfs_period_us").write_text("100000\n")
    (job / "cpu.stat").write_text("nr_periods 9\nthrottled_time 700000000\n")
    assert read_cpu_quota(root) == 2.5
    assert read_throttled_s(root) == 0.7


def test_a_path_outside_of_the_container_falls_back_to_the_mount_point(root: Path) -> None:
    (root / "proc/self/cgroup").write_text("0::/../../elsewhere\n")
    (root / "sys/fs/cgroup/cpu.max").write_text("150000 100000")
    assert read_cpu_quota(root) == 1.5


def test_a_system_without_any_of_these_files_still_gives_facts(tmp_path: Path) -> None:
    facts = read_machine_facts(tmp_path)
    assert facts.usable_cpus >= 1
    assert facts.threads >= 1
    assert facts.cpu_quota is None
    assert facts.governor is None


def test_load_does_not_change_the_fingerprint_but_quota_and_cpu_do(root: Path) -> None:
    facts = read_machine_facts(root)
    assert len(facts.fingerprint) == 16
    busy = facts.model_copy(update={"load_1m": 9.0, "available_gib": 0.1, "kernel": "9.9"})
    assert busy.fingerprint == facts.fingerprint
    for change in ({"cpu_quota": 2.0}, {"cpu_model": "other"}, {"affinity": (0,)}, {"isa": ("avx2",)}):
        assert facts.model_copy(update=change).fingerprint != facts.fingerprint


def test_facts_survive_json() -> None:
    facts = read_machine_facts()
    again = MachineFacts.model_validate_json(facts.model_dump_json())
    assert again == facts
    assert again.fingerprint == facts.fingerprint


def test_warnings_before_anything_is_measured(root: Path) -> None:
    facts = read_machine_facts(root)
    assert machine_warnings(facts, threads=3) == (MeasurementWarning.SLOW_GOVERNOR,)
    assert machine_warnings(facts, threads=4) == (
        MeasurementWarning.SLOW_GOVERNOR,
        MeasurementWarning.QUOTA,
        MeasurementWarning.SMT_SIBLINGS,
    )
    plain = facts.model_copy(update={"isa": ("avx2",), "governor": "performance", "cpu_quota": None})
    assert machine_warnings(plain, threads=5) == (
        MeasurementWarning.NO_INT8_INSTRUCTIONS,
        MeasurementWarning.MORE_THREADS_THAN_CORES,
    )


def test_every_warning_has_advice() -> None:
    for warning in MeasurementWarning:
        assert warning.advice.endswith(".")
