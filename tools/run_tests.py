"""Run the tests in parts, side by side: ``python tools/run_tests.py [--beside COMMAND]... [PYTEST ARGUMENTS]``.

Every folder of ``tests/`` belongs to one part. A part is a process of its own, with one compute thread, its own
coverage file and its own cache; as many run at once as there are cores. Tests marked ``alone`` measure time or the
load of the machine: they run when everything else has ended. ``--beside "make sanitize"`` runs a command like a part.

The output of a part is shown when it has ended; the last line has the seconds of each. The exit code is 1 when
anything failed. Arguments that name tests (a path, or ``-m``) run just those, in one process.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What takes longest comes first, so that the cores end at about the same time.
PARTS: Mapping[str, tuple[str, ...]] = {
    "stages": ("tests/stages",),
    "runtimes": ("tests/runtimes",),
    "rest": (),  # every folder that is not named here
    "bundles": ("tests/deployment", "tests/serving", "tests/scoring"),
    "quantization": ("tests/quantization",),
    "search": ("tests/search",),
    "training": ("tests/training",),  # the settings of the allocator that it makes last as long as the process
}
REST, ALONE = "rest", "alone"
# Threads that wait by spinning would take the core from the part beside them.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
_MOST_AT_ONCE = 4
_NO_TESTS = 5  # pytest's exit code where nothing was selected
_NARROWING = ("-k", "--lf", "--last-failed")


@dataclass(frozen=True)
class Part:
    """A command to run, and what it sets in its environment."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Ended:
    """How a part ended, and all that it printed."""

    name: str
    code: int
    seconds: float
    output: str

    @property
    def how(self) -> str:
        """The exit code or the signal, in words."""
        return f"exit code {self.code}" if self.code >= 0 else f"signal {-self.code}"


def folders_of_parts(root: Path) -> dict[str, tuple[str, ...]]:
    """Folders (and single files) below ``tests/`` for each part; what no part names is in the rest."""
    found = [path.relative_to(root).as_posix() for path in sorted((root / "tests").iterdir()) if _has_tests(path)]
    named = {folder for folders in PARTS.values() for folder in folders}
    parts = {name: tuple(folder for folder in folders if folder in found) for name, folders in PARTS.items()}
    parts[REST] = tuple(entry for entry in found if entry not in named)
    return {name: folders for name, folders in parts.items() if folders}


def files_alone(root: Path) -> tuple[str, ...]:
    """Test files with a test marked ``alone``: the others need not be imported to run these."""
    files = sorted((root / "tests").rglob("test_*.py"))
    return tuple(f.relative_to(root).as_posix() for f in files if "mark.alone" in f.read_text(encoding="utf-8"))


def _has_tests(path: Path) -> bool:
    return path.match("test_*.py") if path.is_file() else next(path.rglob("test_*.py"), None) is not None


def _names_tests(argument: str, root: Path) -> bool:
    return bool(argument) and (root / argument.split("::")[0]).exists()


def pytest_part(name: str, where: Sequence[str], which: str, arguments: Sequence[str], scratch: Path) -> Part:
    """A pytest process of some folders that shares no file with the others."""
    files = {"COVERAGE_FILE": str(scratch / f"{name}.coverage")}
    cache = f"cache_dir={scratch / f'{name}.cache'}"
    command = (sys.executable, "-m", "pytest", *where, "-m", which, "-o", cache, *arguments)
    return Part(name, command, files if name == ALONE else files | ONE_THREAD)


def run_side_by_side(parts: Sequence[Part], at_once: int, root: Path, scratch: Path) -> list[Ended]:
    """Run all parts in their order, so many at once, and show each when it has ended."""
    waiting, ended = deque(parts), list[Ended]()
    running: dict[subprocess.Popen[bytes], tuple[str, float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                part = waiting.popleft()
                with (scratch / f"{part.name}.log").open("wb") as log:
                    environment = {**os.environ, **part.environment}
                    process = subprocess.Popen(
                        part.command, cwd=root, stdout=log, stderr=subprocess.STDOUT, env=environment
                    )
                running[process] = (part.name, time.monotonic())
                print(f"tests: {part.name} has begun", flush=True)
            time.sleep(0.1)
            for process in [process for process in running if process.poll() is not None]:
                name, began = running.pop(process)
                output = (scratch / f"{name}.log").read_text(encoding="utf-8", errors="replace")
                ended.append(Ended(name, process.returncode, time.monotonic() - began, output))
                print(f"\n===== {name}: {ended[-1].how} after {ended[-1].seconds:.0f} s =====\n{output}", flush=True)
    finally:
        for process in running:
            process.terminate()
    return ended


def failed(ended: Sequence[Ended], narrowed: bool) -> list[Ended]:
    """Parts that failed. One without tests did too, unless the arguments chose among the tests and others ran."""
    empty = [part for part in ended if part.code == _NO_TESTS]
    fine = (0, _NO_TESTS) if narrowed and len(empty) < len(ended) else (0,)
    return [part for part in ended if part.code not in fine]


def summary(ended: Sequence[Ended], bad: Sequence[Ended], seconds: float) -> str:
    """What failed, once more, and a last line with the seconds of each part."""
    lines = []
    for part in bad:
        lines.append(f"***** {part.name} FAILED with {part.how} *****")
        lines += [line for line in part.output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    times = ", ".join(f"{part.name} {part.seconds:.0f} s" for part in ended)
    verdict = f"FAILED in {', '.join(part.name for part in bad)}" if bad else "all parts passed"
    return "\n".join([*lines, f"tests: {verdict}; {times}; {seconds:.0f} s in all"])


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Run all parts, then what must be alone; exit code 1 when any of them fails."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--beside", action="append", default=[], metavar="COMMAND")
    own, given = parser.parse_known_args(arguments)
    if any(argument.startswith("-m") or _names_tests(argument, root) for argument in given):
        return subprocess.call([sys.executable, "-m", "pytest", *given], cwd=root)
    began, scratch = time.monotonic(), root / "build" / "tests"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    folders = folders_of_parts(root)
    parts = [Part(command.replace("/", "_"), tuple(shlex.split(command)), {}) for command in own.beside]
    parts += [pytest_part(name, where, "not alone", given, scratch) for name, where in folders.items()]
    ended = run_side_by_side(parts, min(_MOST_AT_ONCE, len(os.sched_getaffinity(0))), root, scratch)
    if files := files_alone(root):
        ended += run_side_by_side([pytest_part(ALONE, files, "alone", given, scratch)], 1, root, scratch)
    if measured := sorted(map(str, scratch.glob("*.coverage"))):
        subprocess.call([sys.executable, "-m", "coverage", "combine", "--quiet", *measured], cwd=root)
    bad = failed(ended, narrowed=any(argument.startswith(_NARROWING) for argument in given))
    print(summary(ended, bad, time.monotonic() - began), flush=True)
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
