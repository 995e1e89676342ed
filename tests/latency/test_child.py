"""A child process measures: pinned, with sized thread pools, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quantlat.errors import MeasurementError, RuntimeUnavailableError
from quantlat.latency.child import measure_in_child
from quantlat.latency.machine import read_machine_facts
from quantlat.progress import QuietProgress
from tests.latency.child_jobs import Found, Job

JOBS = "tests.latency.child_jobs"


def call(name: str, progress: QuietProgress | None = None, spin_ms: float = 0.2) -> Found:
    return measure_in_child(f"{JOBS}:{name}", Job(spin_ms=spin_ms), Found, threads=1, progress=progress)


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def _gone(pid: int) -> bool:
    for _ in range(200):
        if not _alive(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.alone
def test_another_process_measures_on_as_many_cpus_as_threads_and_records_its_settings() -> None:
    progress = QuietProgress()
    before = os.times()
    found = call("spin", progress, spin_ms=20.0)
    after = os.times()
    settings = found.measurement.settings
    assert settings is not None
    assert found.pid != os.getpid()
    assert settings.own_process and settings.threads == 1
    assert settings.cpus == read_machine_facts().cpus_for(1)
    assert len(settings.cpus) == 1
    assert settings.environment["OMP_NUM_THREADS"] == "1"
    assert "kept" in settings.allocator or "glibc" not in settings.allocator
    assert found.measurement.machine == read_machine_facts().fingerprint  # pinning does not make another machine
    assert progress.warned == ["spinning"]
    # the parent slept: the child alone has spun for longer than the parent has computed
    assert after.children_user - before.children_user > after.user - before.user


def test_a_defect_in_the_child_is_told_with_where_it_happened() -> None:
    with pytest.raises(MeasurementError, match=r"(?s)ZeroDivisionError: no such luck.*child_jobs\.py"):
        call("defect")


def test_an_error_for_the_user_arrives_as_what_it_was() -> None:
    with pytest.raises(RuntimeUnavailableError, match="not here") as caught:
        call("unavailable")
    assert caught.value.hint == "pip install it"


def test_a_killed_child_is_a_measurement_error() -> None:
    with pytest.raises(MeasurementError, match=r"without a result \(killed by SIGKILL\)"):
        call("killed")


class Stop(QuietProgress):
    """Interrupts the parent as soon as the child has told its number."""

    def say(self, text: str) -> None:
        super().say(text)
        raise KeyboardInterrupt


def test_ctrl_c_ends_the_child() -> None:
    progress = Stop()
    with pytest.raises(KeyboardInterrupt):
        call("wait", progress)
    assert _gone(int(progress.said[0]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends a child with its parent")
def test_a_killed_parent_takes_the_child_along() -> None:
    code = (
        "from quantlat.latency.child import measure_in_child\n"
        "from quantlat.progress import QuietProgress\n"
        "from tests.latency.child_jobs import Found, Job\n"
        "class Show(QuietProgress):\n"
        "    def say(self, text):\n"
        "        print(text, flush=True)\n"
        f"measure_in_child('{JOBS}:wait', Job(spin_ms=1), Found, threads=1, progress=Show())\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _alive(child)
        parent.send_signal(signal.SIGKILL)
    assert _gone(child)
