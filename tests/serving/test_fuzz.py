"""The server against its own OpenAPI description: schemathesis sends what it allows and what it forbids."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'quantlat[serve]'")
if importlib.util.find_spec("schemathesis") is None:
    pytest.skip("needs schemathesis: pip install schemathesis", allow_module_level=True)

from tests.serving.bundles import write_tiny_bundle
from tests.serving.live import PATIENCE_S, running_process

# 503 and 504 are described: shutting down, and a deadline that the request itself set. The body's limit, which the
# description cannot say, is an allowed reason to refuse.
_SETTINGS = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "4xx", "503", "504"]
negative_data_rejection.expected-statuses = ["400", "404", "405", "413", "422"]
"""
_FEWEST_CASES = 50


@pytest.mark.parametrize("task", ["question-answering", "text-classification", "embedding"])
def test_the_server_keeps_its_own_description(task: str, tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "bundle", task)
    (tmp_path / "schemathesis.toml").write_text(_SETTINGS)
    with running_process([sys.executable, "-m", "tests.serving.fuzzed", str(bundle)]) as server:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"]
        command += ["--max-examples", "10", "--generation-deterministic"]
        command += ["--no-shrink", "--no-color"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=4 * PATIENCE_S)
        assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]
        cases = re.search(r"(\d+) generated", done.stdout)
        assert cases is not None and int(cases[1]) >= _FEWEST_CASES, done.stdout[-2_000:]
        assert server.process.poll() is None and server.get("/ready").status == 200
    assert not any("Traceback" in line or "failed" in line for line in server.log), "".join(server.log)
