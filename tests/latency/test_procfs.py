"""Linux descriptions of machines are read right, whatever kernel or processor wrote them."""

from __future__ import annotations

import pytest

from quantlat.latency import procfs

XEON = "\n\n".join(
    f"""processor	: {cpu}
vendor_id	: GenuineIntel
model name	: Intel(R) Xeon(R)  Platinum 8480+
physical id	: {cpu // 4}
core id		: {cpu % 2}
flags		: fpu avx2 avx512f avx512_vnni amx_tile amx_int8"""
    for cpu in range(8)
)

GRAVITON = """processor	: 0
BogoMIPS	: 2100.00
Features	: fp asimd asimddp i8mm
CPU implementer	: 0x41
CPU part	: 0xd40

processor	: 1
Features	: fp asimd asimddp i8mm
CPU implementer	: 0x41
CPU part	: 0xd40
"""


def test_a_two_socket_hyper_threaded_xeon_has_four_cores_of_two_threads_each() -> None:
    info = procfs.parse_cpuinfo(XEON)
    assert (info.sockets, info.cores, info.threads) == (2, 4, 8)
    assert info.siblings == ((0, 2), (1, 3), (4, 6), (5, 7))
    assert info.model == "Intel(R) Xeon(R) Platinum 8480+"
    assert info.vendor == "GenuineIntel"
    assert {"avx512_vnni", "amx_int8"} <= info.flags


def test_arm_names_features_instead_of_flags_and_no_cores() -> None:
    info = procfs.parse_cpuinfo(GRAVITON)
    assert (info.sockets, info.cores, info.threads) == (1, 2, 2)
    assert info.flags == {"fp", "asimd", "asimddp", "i8mm"}


def test_an_empty_cpuinfo_gives_nothing_rather_than_an_error() -> None:
    assert procfs.parse_cpuinfo("") == procfs.CpuInfo("", "", frozenset(), 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "cpus"), [("0-3,8\n", (0, 1, 2, 3, 8)), ("5", (5,)), ("", ()), ("0-1,4-5", (0, 1, 4, 5))]
)
def test_cpu_lists(text: str, cpus: tuple[int, ...]) -> None:
    assert procfs.parse_cpu_list(text) == cpus


@pytest.mark.parametrize(
    ("text", "cpus"), [("200000 100000\n", 2.0), ("50000 100000", 0.5), ("max 100000", None), ("", None)]
)
def test_the_quota_of_cgroup_v2_is_quota_over_period(text: str, cpus: float | None) -> None:
    assert procfs.parse_cpu_max(text) == cpus


@pytest.mark.parametrize(
    ("quota", "period", "cpus"), [("150000", "100000", 1.5), ("-1\n", "100000", None), ("", "", None)]
)
def test_the_quota_of_cgroup_v1(quota: str, period: str, cpus: float | None) -> None:
    assert procfs.parse_cfs_quota(quota, period) == cpus


def test_cgroup_paths_of_both_versions() -> None:
    hybrid = "4:cpu,cpuacct:/docker/ab\n3:memory:/docker/cd\n0::/init.scope\n"
    unified, controllers = procfs.parse_cgroup_paths(hybrid)
    assert unified == "/init.scope"
    assert controllers == {"cpu": "/docker/ab", "cpuacct": "/docker/ab", "memory": "/docker/cd"}
    assert procfs.parse_cgroup_paths("") == (None, {})


def test_no_memory_limit_is_none_in_both_spellings() -> None:
    assert procfs.parse_memory_limit("9223372036854771712\n") is None
    assert procfs.parse_memory_limit("max\n") is None
    assert procfs.parse_memory_limit("6442450944") == 6 * 2**30


def test_throttled_time_has_another_unit_in_each_version() -> None:
    assert procfs.parse_throttled_s("nr_throttled 3\nthrottled_usec 2500000\n") == 2.5
    assert procfs.parse_throttled_s("nr_throttled 3\nthrottled_time 2500000000\n") == 2.5
    assert procfs.parse_throttled_s("usage_usec 5\n") is None


def test_scheduler_files() -> None:
    assert procfs.parse_schedstat_delay_ns("1018027562 96994 10\n") == 96994
    assert procfs.parse_schedstat_delay_ns("") is None
    # user nice system idle iowait irq softirq steal guest guest_nice
    assert procfs.parse_cpu_ticks("cpu  10 20 30 400 5 0 6 7 8 9\ncpu0 1 1 1 1\n") == (7, 478)
    assert procfs.parse_cpu_ticks("cpu  10 20 30 400\n") is None
    assert procfs.parse_loadavg("4.69 1.09 0.08 3/91 4695\n") == (4.69, 3)
    assert procfs.parse_memory_kib("MemTotal:       16384 kB\nMemFree: 1 kB", "MemTotal") == 16384
