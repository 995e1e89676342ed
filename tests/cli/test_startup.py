from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_STARTS = 5
HEAVY = (
    "torch",
    "transformers",
    "openvino",
    "onnxruntime",
    "neural_compressor",
    "matplotlib",
    "optuna",
    "scipy",
)


@pytest.mark.alone
@pytest.mark.parametrize(
    "arguments", [["--help"], ["validate", *map(str, sorted((ROOT / "recipes").glob("*.yaml")))], ["schema"]]
)
def test_light_verbs_import_nothing_heavy_and_start_within_a_second(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from quantlat.cli import main\n"
        f"sys.argv = ['quantlat', *{arguments!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as stop:\n    assert not stop.code\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    # CPU time rather than wall time, and the least of some starts: other work on the machine must not fail the test.
    assert any(_cpu_seconds([sys.executable, "-c", code]) < 1.0 for _ in range(_STARTS))


def _cpu_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
