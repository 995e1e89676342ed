"""How many threads the engine starts: no more than affinity and cgroup quota let run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantlat.runtimes.native import NativeRuntime
from tests.native.random_model import random_model
from tests.quantization.tiny import CONFIG

engine = pytest.importorskip("quantlat.native._engine", reason="the native engine was not built")

CPUS = len(os.sched_getaffinity(0))


@pytest.fixture
def one_cpu() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


def files(root: Path, **content: str) -> str:
    """A root with ``proc/self/cgroup`` and files below ``sys/fs/cgroup``; ``__`` stands for a slash."""
    for name, text in content.items():
        path = root / ("proc/self/cgroup" if name == "membership" else f"sys/fs/cgroup/{name.replace('__', '/')}")
        path = path.with_name(path.name.replace("cpu_max", "cpu.max"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


def test_affinity_limits_the_threads(one_cpu: None, tmp_path: Path) -> None:
    assert engine.available_cpus(str(tmp_path)) == 1
    session = NativeRuntime().load(random_model(CONFIG), threads=8, cache_dir=tmp_path)
    assert (session.threads, session.workers) == (8, 1)


@pytest.mark.skipif(CPUS < 2, reason="this process may use one CPU only")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, CPUS),
        ({"cpu_max": "max 100000\n"}, CPUS),
        ({"cpu_max": "100000 100000\n"}, 1),
        ({"cpu_max": "50000 100000\n"}, 1),
        ({"cpu_max": "x y\n"}, CPUS),
        ({"membership": "0::/a/b\n", "a__b__cpu_max": "max 100000\n", "a__cpu_max": "150000 100000\n"}, 1),
        ({"membership": "0::/a\n", "b__cpu_max": "100000 100000\n"}, CPUS),
    ],
    ids=["no files", "no limit", "one CPU", "half a CPU", "nonsense", "the group around it", "another group"],
)
def test_a_cgroup_quota_limits_the_threads(tmp_path: Path, content: dict[str, str], expected: int) -> None:
    assert engine.available_cpus(files(tmp_path, **content)) == expected


def test_a_session_of_the_engine_itself_has_the_threads_it_was_told() -> None:
    from quantlat.native.engine_file import engine_bytes

    assert engine.Session(engine.Model.parse(engine_bytes(random_model(CONFIG))), 5).threads == 5
