"""What happens to real processes: killed, interrupted, two at once, out of space, without permission."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantlat.pipeline.store import Store
from tests.pipeline.toy import PAYLOAD, counted, recipe, run, stages

ROOT = Path(__file__).parents[2]


def start(run_dir: Path, counts: Path, behaviour: str = "") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.pipeline.toy", str(run_dir), str(counts), behaviour],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=_default_signals,
    )
    if behaviour.startswith("hang"):
        assert process.stdout is not None
        assert process.stdout.readline() == "hanging\n"
    return process


def _default_signals() -> None:
    """What a terminal gives; under nohup or in the background some are ignored, and a child inherits that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    return tmp_path / "counts"


def test_a_process_killed_while_writing_leaves_no_visible_half(tmp_path: Path, counts: Path) -> None:
    run_dir = tmp_path / "toy"
    process = start(run_dir, counts, "hang-mid-write")
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=120) == -signal.SIGKILL
    partial = [path for path in (run_dir / "artifacts").iterdir() if path.name.startswith(".partial-teacher")]
    assert (partial[0] / PAYLOAD).read_bytes() == b"half"
    store = Store(run_dir)
    assert [path.name.split("-")[0] for path in store.artifacts_dir.glob("[!.]*")] == ["data"]

    result = run(recipe(), stages(counts), run_dir)
    assert counted(counts) == ["data", "teacher", "teacher", "search"]
    teacher = result.stages["teacher"].artifact
    assert (teacher / PAYLOAD).read_text() == "teacher(data())"
    assert teacher.manifest.metrics["resumed"] == 1
    assert not list(store.artifacts_dir.glob(".*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_with_130_and_the_same_command_resumes(
    tmp_path: Path, counts: Path, number: signal.Signals
) -> None:
    process = start(tmp_path / "toy", counts, "hang")
    process.send_signal(number)
    _, message = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Run the same command to resume" in message
    again = start(tmp_path / "toy", counts)
    assert again.wait(timeout=120) == 0
    assert counted(counts) == ["data", "teacher", "teacher", "search"]
    teacher = run(recipe(), stages(counts), tmp_path / "toy").stages["teacher"].artifact
    assert (teacher / PAYLOAD).read_text() == "teacher(data())"


def test_a_second_run_in_the_same_folder_is_refused_and_names_the_first(tmp_path: Path, counts: Path) -> None:
    first = start(tmp_path / "toy", counts, "hang")
    try:
        second = start(tmp_path / "toy", counts)
        _, message = second.communicate(timeout=120)
        assert second.returncode == 7
        assert f"in use by process {first.pid}" in message
        assert counted(counts) == ["data", "teacher"]
    finally:
        first.kill()
        first.wait()
    assert start(tmp_path / "toy", counts).wait(timeout=120) == 0  # the killed run's lock is gone


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 KiB, where the tests may mount one."""
    mount = shutil.which("mount")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = mount is not None and (
        subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
        == 0
    )
    if not mounted:
        pytest.skip("no permission to mount a small file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_really_full_disk_is_a_storage_error_and_loses_nothing(tiny_disk: Path, counts: Path) -> None:
    run_dir = tiny_disk / "toy"
    assert start(run_dir, counts).wait(timeout=120) == 0
    filler = tiny_disk / "filler"
    with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as stream:
        while stream.write(b"x" * 4096):
            pass
    shutil.rmtree(next((run_dir / "artifacts").glob("search-*")))
    filler_took_it = filler.open("ab", buffering=0)
    with pytest.raises(OSError, match="No space"), filler_took_it:
        while filler_took_it.write(b"x" * 4096):
            pass
    process = start(run_dir, counts)
    _, message = process.communicate(timeout=120)
    assert process.returncode == 6
    assert "is full" in message or "are free" in message
    filler.unlink()
    assert start(run_dir, counts).wait(timeout=120) == 0


def test_a_disk_that_fills_up_during_a_stage_is_a_storage_error(tmp_path: Path, counts: Path) -> None:
    process = start(tmp_path / "toy", counts, "full")
    _, message = process.communicate(timeout=120)
    assert process.returncode == 6
    assert "is full" in message
    assert start(tmp_path / "toy", counts).wait(timeout=120) == 0
    assert counted(counts) == ["data", "teacher", "teacher", "search"]


def test_a_folder_without_write_permission_is_a_storage_error(tmp_path: Path, counts: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    if os.access(locked, os.W_OK):  # root writes anywhere, but makes no folders in /sys
        locked = Path("/sys")
    process = start(locked / "toy", counts)
    _, message = process.communicate(timeout=120)
    assert process.returncode == 6
    assert "--out" in message
    assert counted(counts) == []
