"""Batch scoring on a real Ray cluster of two nodes, one worker each, of which one is killed at work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="needs the extra ray: pip install 'quantlat[ray]'")

from quantlat.progress import QuietProgress
from quantlat.scoring import ScoreOptions, score_file
from quantlat.scoring.parts import Parts
from quantlat.scoring.scorer import ScorerOptions

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300.0
ROWS = 600


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one processor each, as two machines would be."""
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    started.add_node(num_cpus=1)
    started.wait_for_nodes()
    yield started
    started.shutdown()


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "in.jsonl"
    context = "was built in {year} by a company from Paris. " * 40
    with path.open("w", encoding="utf-8") as stream:
        for n in range(ROWS):
            row = {"id": n, "question": "When was it built?", "context": f"Tower {n} " + context.format(year=1000 + n)}
            stream.write("no row\n" if n == 77 else json.dumps(row) + "\n")
    return path


def workers() -> list[int]:
    """Processes in which Ray runs our worker."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            title = entry.read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::") and b"_Worker" in title:
            found.append(int(entry.parent.name))
    return found


def test_a_worker_killed_at_work_costs_no_row_and_doubles_none(
    cluster: Any, bundle: Path, questions: Path, tmp_path: Path
) -> None:
    local, out = tmp_path / "local.jsonl", tmp_path / "ray.jsonl"
    score_file(ScoreOptions(questions, local, ScorerOptions(bundle, threads=1)), QuietProgress())
    command = [sys.executable, "-m", "quantlat.cli", "predict", str(bundle), str(questions), str(out)]
    command += ["--threads", "1", "--chunk-rows", "2", "--engine", "ray", "--address", cluster.address]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    until = time.monotonic() + PATIENCE_S
    while len(workers()) < 2 or len(list(Parts(out).folder.glob("part-*.jsonl"))) < 10:
        assert process.poll() is None and time.monotonic() < until, process.communicate()[0][-3_000:]
        time.sleep(0.05)
    os.kill(workers()[0], signal.SIGKILL)
    assert not out.exists()  # it was at work
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said[-3_000:]
    assert out.read_bytes() == local.read_bytes()
    assert [json.loads(line)["row"] for line in out.open()] == [n for n in range(1, ROWS + 1) if n != 78]
    refused = Parts(out).rejected.read_text().splitlines()
    assert len(refused) == 1 and json.loads(refused[0])["row"] == 78
