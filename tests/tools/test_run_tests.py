"""The tests run in parts: each of them once, what measures time after everything else, and no failure is lost."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = "[tool:pytest]\naddopts = -q --strict-markers --import-mode=importlib\nmarkers =\n    alone: measures time\n"
NOTE = """import json, os, time
from pathlib import Path
import pytest

def note(name):
    began = time.time()
    time.sleep(0.2)
    line = {"name": name, "process": os.getpid(), "began": began, "ended": time.time()}
    line |= {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "COVERAGE_FILE")}
    with Path("notes.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\\n")

"""
PLAIN = "def test_{0}():\n    note('{0}')\n"
MARKED = "@pytest.mark.alone\n" + PLAIN
FAILING = "def test_{0}():\n    note('{0}')\n    assert 1 == 2\n"
Notes = dict[str, dict[str, object]]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_tests", ROOT / "tools" / "run_tests.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_tests"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with tests in two named folders, in one that no part names, and in a file of its own."""
    for variable in ("COVERAGE_FILE", "PYTEST_ADDOPTS", "OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # importing them would be most of the time
    (tmp_path / "setup.cfg").write_text(SETTINGS)
    write(tmp_path, "stages/test_a", PLAIN.format("a"))
    write(tmp_path, "training/deep/test_b", PLAIN.format("b") + MARKED.format("timed"))
    write(tmp_path, "unheard_of/test_c", PLAIN.format("c"))
    write(tmp_path, "test_d", PLAIN.format("d"))
    return tmp_path


def write(tree: Path, name: str, tests: str) -> None:
    path = tree / "tests" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(NOTE + tests)


def notes(tree: Path) -> Notes:
    """What each test noted; fails if one ran twice."""
    lines = [json.loads(line) for line in (tree / "notes.jsonl").read_text().splitlines()]
    assert len({line["name"] for line in lines}) == len(lines)
    return {line.pop("name"): line for line in lines}


def last_line(capfd: pytest.CaptureFixture[str]) -> tuple[str, str]:
    printed = capfd.readouterr().out
    return printed, printed.splitlines()[-1]


def test_every_test_file_of_this_project_is_in_one_part(script: ModuleType) -> None:
    parts = script.folders_of_parts(ROOT)
    assert set(parts) == set(script.PARTS)
    assert all((ROOT / folder).is_dir() for folders in script.PARTS.values() for folder in folders)
    files = list((ROOT / "tests").rglob("test_*.py"))
    assert len(files) > 100
    for file in files:
        ours = [n for n, entries in parts.items() for e in entries if file == ROOT / e or ROOT / e in file.parents]
        assert len(ours) == 1, (file, ours)


def test_what_measures_contention_is_marked(script: ModuleType) -> None:
    assert {"tests/latency/test_contention.py", "tests/latency/test_repeat.py"} <= set(script.files_alone(ROOT))


def test_every_test_runs_once_and_what_measures_time_when_all_others_have_ended(
    script: ModuleType, tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert script.main(["-vv"], root=tree) == 0
    found = notes(tree)
    assert set(found) == {"a", "b", "c", "d", "timed"}
    processes = {name: note["process"] for name, note in found.items()}
    assert processes["c"] == processes["d"] and len(set(processes.values())) == 4
    timed = found.pop("timed")
    assert timed["began"] >= max(note["ended"] for note in found.values())  # type: ignore[type-var,operator]
    assert timed["OMP_NUM_THREADS"] is None and {note["OMP_NUM_THREADS"] for note in found.values()} == {"1"}
    printed, last = last_line(capfd)
    assert all(f"test_{name} PASSED" in printed for name in ("a", "b", "c", "d", "timed"))
    assert last.startswith("tests: all parts passed; ") and re.search(r"; \d+ s in all$", last)
    assert all(re.search(rf"[;,] {part} \d+ s[,;]", last) for part in ("stages", "training", "rest", "alone"))


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="this process may use one CPU only")
def test_parts_run_side_by_side(script: ModuleType, tree: Path) -> None:
    wait = "def test_{0}():\n    end = time.time() + 60\n    Path('{0}').touch()\n    while not Path('{1}').exists():\n"
    wait += "        assert time.time() < end\n        time.sleep(0.01)\n"
    write(tree, "stages/test_a", wait.format("a", "c"))
    write(tree, "unheard_of/test_c", wait.format("c", "a"))
    assert script.main([], root=tree) == 0


@pytest.mark.parametrize(
    ("name", "tests", "part"),
    [
        ("stages/test_a", FAILING.format("a"), "stages"),
        ("test_d", FAILING.format("d"), "rest"),
        ("training/deep/test_b", PLAIN.format("b") + "@pytest.mark.alone\n" + FAILING.format("timed"), "alone"),
        ("unheard_of/test_c", "import nothing_of_this_name\n", "rest"),
    ],
)
def test_a_failure_in_any_part_is_the_exit_code_and_is_said_again_at_the_end(
    script: ModuleType, tree: Path, capfd: pytest.CaptureFixture[str], name: str, tests: str, part: str
) -> None:
    write(tree, name, tests)
    assert script.main([], root=tree) == 1
    printed, last = last_line(capfd)
    assert last.startswith(f"tests: FAILED in {part}; ")
    repeated = printed[printed.index(f"***** {part} FAILED with exit code ") :]
    assert f"FAILED tests/{name}.py" in repeated or f"ERROR tests/{name}.py" in repeated
    assert "timed" in notes(tree)  # the others were not given up


def test_a_part_that_dies_or_has_lost_its_tests_has_failed(
    script: ModuleType, tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tree, "stages/test_a", "def test_a():\n    os.kill(os.getpid(), 9)\n")
    write(tree, "unheard_of/test_c", "")
    (tree / "tests/test_d.py").unlink()
    assert script.main([], root=tree) == 1
    printed, last = last_line(capfd)
    assert (
        "***** stages FAILED with signal 9 *****" in printed and "***** rest FAILED with exit code 5 *****" in printed
    )
    assert "training" not in last.partition(";")[0]


def test_other_commands_run_like_parts(script: ModuleType, tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert script.main(["--beside", "sh -c 'echo well; touch here'"], root=tree) == 0
    assert (tree / "here").exists() and "\nwell\n" in last_line(capfd)[0]
    (tree / "notes.jsonl").unlink()
    assert script.main(["--beside", "sh -c 'echo ill; exit 3'"], root=tree) == 1
    printed, last = last_line(capfd)
    assert "\nill\n" in printed and last.startswith("tests: FAILED in sh -c 'echo ill; exit 3'; ")
    assert len(notes(tree)) == 5


def test_named_tests_run_in_one_process_and_nothing_else_does(script: ModuleType, tree: Path) -> None:
    assert script.main(["tests/training", "tests/test_d.py::test_d", "--beside", "touch here"], root=tree) == 0
    found = notes(tree)
    assert set(found) == {"b", "timed", "d"} and len({note["process"] for note in found.values()}) == 1
    assert found["b"]["OMP_NUM_THREADS"] is None and not (tree / "here").exists()
    (tree / "notes.jsonl").unlink()
    assert script.main(["-m", "alone"], root=tree) == 0
    assert set(notes(tree)) == {"timed"}
    assert script.main(["tests/nowhere", "tests/training"], root=tree) != 0


def test_a_choice_by_name_may_leave_parts_empty_but_not_all_of_them(script: ModuleType, tree: Path) -> None:
    assert script.main(["-k", "test_c"], root=tree) == 0
    assert set(notes(tree)) == {"c"}
    assert script.main(["-k", "test_of_this_name_there_is_none"], root=tree) == 1


def test_the_coverage_of_all_parts_is_put_together(
    script: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coverage = pytest.importorskip("coverage", reason="needs pytest-cov")
    (tree / "covered.py").write_text(
        "def one():\n    return 1\n\ndef two():\n    return 2\n\ndef none():\n    return 0\n"
    )
    (tree / "setup.cfg").write_text(SETTINGS + "pythonpath = .\n[coverage:run]\nsource = covered\nparallel = True\n")
    write(tree, "stages/test_a", PLAIN.format("a") + "    import covered\n    assert covered.one() == 1\n")
    write(tree, "test_d", PLAIN.format("d") + "    import covered\n    assert covered.two() == 2\n")
    assert script.main(["-p", "pytest_cov", "--cov=covered", "--cov-report="], root=tree) == 0
    data = coverage.CoverageData(str(tree / ".coverage"))
    data.read()
    assert sorted(data.lines(str(tree / "covered.py"))) == [1, 2, 4, 5, 7]
    files = {note["COVERAGE_FILE"] for note in notes(tree).values()}
    assert len(files) == 4 and all(Path(str(file)).parent == tree / "build/tests" for file in files)
