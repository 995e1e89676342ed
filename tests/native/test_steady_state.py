"""In the steady state the engine allocates nothing; counted in a program of its own, without Python around it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from quantlat.native.engine_file import write_engine_file
from tests.native.random_model import random_model
from tests.quantization.tiny import CONFIG

NATIVE = Path(__file__).parents[2] / "quantlat" / "native"
SOURCES = ("cpu", "encoder", "encoder_attention", "encoder_plan", "encoder_rows", "kernels_portable", "model_file")
SOURCES += ("selection", "thread_pool")

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++")
under_sanitizer = pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer allocates")


@needs_compiler
@under_sanitizer
def test_batches_no_larger_than_those_seen_allocate_nothing(tmp_path: Path) -> None:
    write_engine_file(random_model(CONFIG), tmp_path / "model.engine")
    program = tmp_path / "steady_state"
    sources = [str(Path(__file__).with_name("steady_state.cpp"))]
    sources += [str(NATIVE / f"{name}.cpp") for name in SOURCES]
    options = ["-std=c++17", "-O0", "-pthread", f"-I{NATIVE}"]
    subprocess.run(["g++", *options, *sources, "-o", str(program)], check=True)
    output = subprocess.run([program, tmp_path / "model.engine"], check=True, capture_output=True, text=True).stdout
    first, again = map(int, output.split())
    assert first > 0, "the counter counts nothing"
    assert again == 0
