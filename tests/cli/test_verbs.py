"""The verbs through the command's own entry point; stages are toys, everything else is real."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import quantlat
from quantlat.cli import main
from quantlat.progress import Progress
from tests.pipeline.toy import ToyStage, counted, stages
from tests.recipe.documents import RECIPE, write

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def quantlat_command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``quantlat ARGS`` and return exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["quantlat", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with one recipe."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "recipes")
    return tmp_path


@pytest.fixture
def toys(project: Path, monkeypatch: pytest.MonkeyPatch) -> Sequence[ToyStage]:
    table = stages(project / "counts")
    module = types.ModuleType("quantlat.stages")
    module.STAGES = table  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "quantlat.stages", module)
    return table


def test_the_version_is_printed(quantlat_command: Command) -> None:
    assert quantlat_command("--version") == (0, f"quantlat {quantlat.__version__}\n", "")


def test_an_unknown_verb_or_option_is_a_command_line_error(quantlat_command: Command) -> None:
    assert quantlat_command("rnu")[0] == 2
    code, _, err = quantlat_command("run", "a.yaml", "--smok")
    assert code == 2
    assert "--smok" in err


def test_validate_names_valid_recipes_and_lists_all_mistakes_of_all_others(
    quantlat_command: Command, project: Path
) -> None:
    assert quantlat_command("validate", "recipes/tiny.yaml") == (
        0,
        "recipes/tiny.yaml: valid (tiny: length_drop, quantization)\n",
        "",
    )
    Path("recipes/bad.yaml").write_text(RECIPE.replace("seed: 7", "sede: 7"))
    Path("recipes/worse.yaml").write_text(RECIPE.replace("epochs", "epoch", 1))
    code, out, err = quantlat_command("validate", "recipes/bad.yaml", "recipes/tiny.yaml", "recipes/worse.yaml")
    assert code == 3
    assert out.startswith("recipes/tiny.yaml: valid")
    assert "recipes/bad.yaml:3: sede: unknown key (did you mean 'seed'?)" in err
    assert "recipes/worse.yaml:10: teacher.train.epoch: unknown key (did you mean 'epochs'?)" in err
    assert "Traceback" not in err


def test_a_missing_recipe_is_a_recipe_error_without_a_traceback(quantlat_command: Command, project: Path) -> None:
    code, out, err = quantlat_command("run", "recipes/tinny.yaml")
    assert (code, out) == (3, "")
    assert err.startswith("error: recipes/tinny.yaml: no such file\nThere is: recipes/tiny.yaml")


def test_the_schema_is_json(quantlat_command: Command) -> None:
    code, out, _ = quantlat_command("schema")
    assert code == 0
    assert json.loads(out)["title"] == "quantlat recipe"


def test_run_prints_progress_on_stderr_and_the_summary_on_stdout(
    quantlat_command: Command, project: Path, toys: Sequence[ToyStage]
) -> None:
    code, out, err = quantlat_command("run", "recipes/tiny.yaml")
    assert code == 0
    assert out == "data says hello\n\nteacher says hello\n\nsearch says hello\n"
    assert "[2/3] teacher: running (never run)" in err
    assert (project / "runs" / "tiny" / "run.json").is_file()
    assert "[2/3] teacher: cached" in quantlat_command("run", "recipes/tiny.yaml")[2]
    assert counted(project / "counts") == ["data", "teacher", "search"]


def test_set_and_out_and_from_reach_the_run(quantlat_command: Command, project: Path, toys: Sequence[ToyStage]) -> None:
    run = ("run", "recipes/tiny.yaml", "--out", "elsewhere", "--set", "search.trials=9")
    assert quantlat_command(*run)[0] == 0
    recipe = json.loads((project / "elsewhere" / "run.json").read_text())["recipe"]
    assert recipe["search"]["trials"] == 9
    assert quantlat_command(*run, "--from", "search")[0] == 0
    assert counted(project / "counts") == ["data", "teacher", "search", "search"]
    assert quantlat_command(*run, "--from", "serach")[0] == 3


def test_a_dry_run_shows_the_plan_and_does_nothing(
    quantlat_command: Command, project: Path, toys: Sequence[ToyStage]
) -> None:
    code, out, _ = quantlat_command("run", "recipes/tiny.yaml", "--dry-run")
    assert code == 0
    assert out.count("never run") == 3
    assert not (project / "runs").exists()
    quantlat_command("run", "recipes/tiny.yaml")
    _, out, _ = quantlat_command("run", "recipes/tiny.yaml", "--dry-run", "--set", "search.trials=9")
    rows = {line.split()[1]: line for line in out.splitlines() if line.startswith("│")}
    assert "cached" in rows["teacher"]
    assert "to do" in rows["search"]
    assert "trials: 60 → 9" in rows["search"]


def test_a_smoke_run_has_a_folder_of_its_own(
    quantlat_command: Command, project: Path, toys: Sequence[ToyStage]
) -> None:
    assert quantlat_command("run", "recipes/tiny.yaml", "--smoke")[0] == 0
    record = json.loads((project / "runs" / "tiny-smoke" / "run.json").read_text())
    assert record["recipe"]["teacher"]["model"] == "random:bert-2x128"


def test_a_missed_floor_ends_a_complete_run_with_10(
    quantlat_command: Command, project: Path, toys: Sequence[ToyStage]
) -> None:
    toys[2].floor_missed = "0.31 F1 points"
    code, out, err = quantlat_command("run", "recipes/tiny.yaml")
    assert code == 10
    assert "search says hello" in out
    assert "accuracy floor was missed: 0.31 F1 points" in err


def test_the_folder_of_another_recipe_is_refused_with_7(
    quantlat_command: Command, project: Path, toys: Sequence[ToyStage]
) -> None:
    quantlat_command("run", "recipes/tiny.yaml", "--out", "x")
    Path("recipes/other.yaml").write_text(RECIPE.replace("name: tiny", "name: other"))
    for options in ([], ["--dry-run"]):
        code, _, err = quantlat_command("run", "recipes/other.yaml", "--out", "x", *options)
        assert code == 7
        assert "x holds a run of the recipe 'tiny', not of 'other'" in err


def test_runs_lists_what_is_there_and_what_it_cost(
    quantlat_command: Command, project: Path, toys: Sequence[ToyStage]
) -> None:
    assert quantlat_command("runs") == (0, "There are no runs in runs.\n", "")
    quantlat_command("run", "recipes/tiny.yaml")
    (project / "runs" / "broken").mkdir()
    (project / "runs" / "broken" / "run.json").write_text("{")
    code, out, err = quantlat_command("runs")
    assert code == 0
    assert "runs/tiny: tiny, complete" in out
    assert "resumed 0" in out
    assert "broken" in err


def test_doctor_tells_the_machine_and_the_runtimes(quantlat_command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = quantlat_command("doctor")
    assert code == 0
    for word in ("processor", "AVX-512 VNNI", "quota", "GiB", "load", "openvino", "pytorch"):
        assert word in out
    code, out, _ = quantlat_command("doctor", "--json")
    report = json.loads(out)
    assert report["machine"]["usable_cores"] >= 1
    assert report["runtimes"]["pytorch"]["usable"] is True
    assert set(report["runtimes"]) >= {"pytorch", "inductor", "openvino", "onnxruntime", "ipex"}


@dataclass(frozen=True)
class FakeEvaluation:
    metrics: Mapping[str, float]
    n: int
    runtime: str
    profile: str
    data: str


@pytest.fixture
def fake_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_evaluation(
        run_dir: Path, data: Path | None, runtime: str | None, profile: str | None, progress: Progress
    ) -> FakeEvaluation:
        progress.say("evaluating")
        print("a library talks on stdout")
        return FakeEvaluation({"f1": 71.25, "em": 60.0}, 16, runtime or "openvino", profile or "balanced", str(data))

    module = types.ModuleType("quantlat.pipeline.evaluate")
    module.run_evaluation = run_evaluation  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "quantlat.pipeline.evaluate", module)


def test_evaluate_prints_exactly_one_json_object_on_stdout(
    quantlat_command: Command, project: Path, fake_evaluation: None
) -> None:
    Path("dev.json").write_text("{}")
    code, out, err = quantlat_command(
        "evaluate", "runs/tiny", "--data", "dev.json", "--runtime", "pytorch", "--config", "fast", "--json"
    )
    assert code == 0
    assert json.loads(out) == {
        "metrics": {"f1": 71.25, "em": 60.0},
        "n": 16,
        "runtime": "pytorch",
        "profile": "fast",
        "data": "dev.json",
    }
    assert "evaluating" in err
    assert "a library talks on stdout" in err
    assert "f1  71.25" in quantlat_command("evaluate", "runs/tiny")[1]


def test_evaluating_a_missing_file_is_a_data_error(
    quantlat_command: Command, project: Path, fake_evaluation: None
) -> None:
    code, out, err = quantlat_command("evaluate", "runs/tiny", "--data", "none.json", "--json")
    assert (code, out) == (4, "")
    assert "none.json: no such file" in err
