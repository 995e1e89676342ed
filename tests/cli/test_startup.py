from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # CPU time rather than wall time: other work on the machine must not fail the test.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0
