"""Run the tests in parts, two of them side by side: ``python tools/run_tests.py [PYTEST ARGUMENTS]``.

The smoke runs of the recipes wait for single threads most of their time, so they share the cores with the tests of
runtimes, quantisation and search. Whatever measures time runs alone. Training has a process of its own, because its
allocator settings last. Exit code 1 when any part fails. Arguments that name tests run just those, in one process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BESIDE = ("tests/stages",)
HEAVY = ("tests/runtimes", "tests/quantization", "tests/search")
ALONE = ("tests/training",)
_SCRATCH = ROOT / "build" / "tests_beside"


def command(arguments: list[str], *parts: str, without: tuple[str, ...] = ()) -> list[str]:
    """A pytest command line for some folders, or for everything but others."""
    return [sys.executable, "-m", "pytest", *parts, *(f"--ignore={part}" for part in without), *arguments]


def main(arguments: list[str]) -> int:
    """Run all parts; the one beside is shown when it has ended."""
    if any((ROOT / argument.split("::")[0]).exists() for argument in arguments):
        return subprocess.call(command(arguments), cwd=ROOT)
    _SCRATCH.mkdir(parents=True, exist_ok=True)
    log, coverage = _SCRATCH / "log.txt", _SCRATCH / ".coverage"
    coverage.unlink(missing_ok=True)
    codes = []
    with log.open("w", encoding="utf-8") as written:
        beside = subprocess.Popen(
            command(arguments, *BESIDE),
            cwd=ROOT,
            stdout=written,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COVERAGE_FILE": str(coverage)},  # two processes must not write one file
        )
        try:
            codes.append(subprocess.call(command(arguments, *HEAVY), cwd=ROOT))
            codes.append(beside.wait())
        finally:
            beside.terminate()
    print(log.read_text(encoding="utf-8"), flush=True)
    codes.append(subprocess.call(command(arguments, without=(*BESIDE, *HEAVY, *ALONE)), cwd=ROOT))
    codes.append(subprocess.call(command(arguments, *ALONE), cwd=ROOT))
    if coverage.exists():
        subprocess.call([sys.executable, "-m", "coverage", "combine", "--append", "--quiet", str(coverage)], cwd=ROOT)
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
