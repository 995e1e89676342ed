"""``quantlat report``: rebuilding from a report folder and from a run, and what it says where there is no report."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from quantlat.cli import main
from quantlat.pipeline.record import RunRecord, StageRecord, new_record, write_record
from quantlat.pipeline.store import Manifest, Store, artifact_key
from quantlat.recipe import load_recipe
from quantlat.reporting import write_report
from quantlat.reporting.collect import ReportData
from tests.recipe.documents import RECIPE, write
from tests.reporting.conftest import build

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def quantlat_report(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``quantlat report ARGS`` and return exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["quantlat", "report", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def data() -> ReportData:
    return build(trials=4)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a recipe and, in ``runs/tiny``, a run of it without any finished stage."""
    monkeypatch.chdir(tmp_path)
    recipe = write(tmp_path / "recipes", RECIPE.replace("time_budget: 10m", "time_budget: 10m\nreport: {figures: []}"))
    (tmp_path / "runs" / "tiny").mkdir(parents=True)
    write_record(Path("runs/tiny"), _record(recipe))
    return tmp_path


def _record(recipe: Path) -> RunRecord:
    return new_record(load_recipe(recipe.relative_to(Path.cwd()), ["seed=8"]))


def _finish_report(project: Path, data: ReportData) -> Path:
    """Commit a report artefact to the run; returns its folder."""
    run_dir, key = Path("runs/tiny"), artifact_key("report", 1, None, {}, {})
    store = Store(run_dir)
    folder = store.begin("report", key)
    (folder / "report").mkdir()
    write_report(data, folder / "report", formats=())
    manifest = Manifest(stage="report", stage_version=1, key=key, part=None, finished="now", seconds=1.0)
    artifact = store.commit(folder, manifest)
    record = _record(project / "recipes" / "tiny.yaml")
    stage = StageRecord(key=key, folder=artifact.folder.name, seconds=1.0, finished="now")
    write_record(run_dir, record.model_copy(update={"stages": {"report": stage}}))
    return artifact.folder


def test_a_report_folder_is_rebuilt_in_place_from_its_json(
    quantlat_report: Command, tmp_path: Path, data: ReportData
) -> None:
    write_report(data, tmp_path / "a", formats=())
    before = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir() if path.is_file()}
    for name in ("index.html", "report.md", "results.csv"):
        (tmp_path / "a" / name).unlink()
    code, out, _ = quantlat_report(tmp_path / "a")
    assert code == 0
    assert out.splitlines() == [
        str(tmp_path / "a" / n) for n in ("index.html", "report.md", "results.csv", "report.json")
    ]
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir() if path.is_file()} == before


def test_out_leaves_the_report_alone_and_draws_every_figure_of_a_lone_json(
    quantlat_report: Command, tmp_path: Path, data: ReportData
) -> None:
    write_report(data, tmp_path / "a", formats=())
    shutil.rmtree(tmp_path / "a" / "figures")
    (tmp_path / "a" / "index.html").unlink()
    code, out, _ = quantlat_report(tmp_path / "a", "--out", tmp_path / "b")
    assert code == 0
    assert "12 figures" in out
    assert not (tmp_path / "a" / "index.html").exists()
    assert (tmp_path / "b" / "index.html").is_file()


def test_the_report_of_a_run_is_written_where_the_run_publishes_it(
    quantlat_report: Command, project: Path, data: ReportData
) -> None:
    artifact = _finish_report(project, data)
    before = sorted((path, path.stat().st_mtime_ns) for path in artifact.rglob("*"))
    code, out, err = quantlat_report("runs/tiny")
    assert code == 0
    assert out.splitlines()[0] == "reports/squad_int8/index.html"
    assert Path("reports/squad_int8/index.html").is_file()
    assert sorted((path, path.stat().st_mtime_ns) for path in artifact.rglob("*")) == before
    # The toy run has no other stages to take the example from: said, and no reason to fail.
    assert "goes without the example question" in err


def test_a_run_without_a_report_says_which_command_makes_it(quantlat_report: Command, project: Path) -> None:
    code, out, err = quantlat_report("runs/tiny")
    assert (code, out) == (6, "")
    assert "runs/tiny has no report yet (finished stages: none)" in err
    assert "`quantlat run recipes/tiny.yaml --set seed=8 --out runs/tiny`" in err
    assert "Traceback" not in err


def test_a_run_of_a_recipe_without_a_search_says_that_it_never_has_a_report(
    quantlat_report: Command, project: Path
) -> None:
    recipe = write(project / "recipes", RECIPE.split("search:")[0])
    write_record(Path("runs/tiny"), _record(recipe))
    code, _, err = quantlat_report("runs/tiny")
    assert code == 6
    assert "no `search` part" in err


@pytest.mark.parametrize(("place", "message"), [("none", "none: no such folder"), (".", "neither run.json nor")])
def test_what_is_no_run_is_named(quantlat_report: Command, project: Path, place: str, message: str) -> None:
    code, _, err = quantlat_report(place)
    assert code == 6
    assert message in err
    assert "`quantlat runs` lists" in err


def test_a_damaged_report_is_a_storage_error(quantlat_report: Command, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"schema_version": 1, "crea')
    code, _, err = quantlat_report(tmp_path)
    assert code == 6
    assert "not valid JSON" in err
    assert "--from report" in err
