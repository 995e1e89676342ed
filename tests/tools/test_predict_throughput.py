"""The tool scores a real file with a real bundle, in turns with the engine alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from quantlat.runtimes.native import usable_kernels
from tests.deployment import tiny

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not usable_kernels(), reason="the native engine was not built")
def test_it_prints_both_rates_and_their_ratio(tmp_path: Path) -> None:
    bundle = tiny.write(tmp_path / "bundle").folder
    rows = [{"id": str(i), "question": tiny.QUESTIONS[0], "context": tiny.PASSAGE} for i in range(40)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [ROOT / "tools/predict_throughput.py", bundle, tmp_path / "in.jsonl", "--rounds", "2", "--threads", "1"]
    done = subprocess.run([sys.executable, *map(str, command)], check=True, capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "round 1",
        "round 2",
        "file",
        "engine alone",
        "share of the engine's",
    ]
    file, engine = (float(found.replace(",", "")) for found in re.findall(r"(\S+) tokens/s \[", done.stdout))
    share = float(lines[-1].split()[4].rstrip(":"))
    assert share == pytest.approx(file / engine, abs=0.01) and 0.0 < share < 1.0
