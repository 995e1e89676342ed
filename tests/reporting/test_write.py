"""Report folders: complete files, rebuilt from report.json alone, replaced as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from quantlat.errors import RecipeError, StorageError
from quantlat.reporting import read_report, rebuild, with_caveats, write_report
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures import FIGURE_NAMES
from quantlat.reporting.write import to_json


@pytest.fixture(scope="module")
def written(report: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / "squad_int8"
    write_report(report, folder)
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_report_is_json_csv_markdown_and_every_figure_in_both_formats(written: Path) -> None:
    figures = {f"figures/{name}.{ending}" for name in FIGURE_NAMES for ending in ("png", "svg")}
    assert set(_contents(written)) == {"report.json", "results.csv", "report.md", "index.html"} | figures
    assert (written / "figures/pareto.png").read_bytes().startswith(b"\x89PNG")


def test_report_json_round_trips_with_the_raw_samples(written: Path, report: ReportData) -> None:
    back = read_report(written)
    assert back == with_caveats(report)
    assert back.latency[0].samples_ms == report.latency[0].samples_ms


def test_numbers_stand_on_one_line_in_report_json(report: ReportData) -> None:
    lines = to_json(report).splitlines()
    assert any(line.strip().startswith('"samples_ms": [') and line.count(",") > 290 for line in lines)


def test_rebuilding_from_json_alone_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes((written / "report.json").read_bytes())
    rebuild(tmp_path)
    assert _contents(tmp_path) == _contents(written)


def test_a_new_report_replaces_the_old_and_leaves_other_files_alone(
    written: Path, tmp_path: Path, make_report: Callable[..., ReportData]
) -> None:
    folder = tmp_path / "again"
    (folder / "figures").mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    (folder / "figures/lengths.svg").write_text("from before")
    (folder / "report.md").write_text("from before")
    data = make_report(searched=False, profiles=("full",))
    paths = write_report(data, folder, formats=("png",))
    assert (folder / "notes.txt").read_text() == "mine"
    assert not (folder / "figures/lengths.svg").exists()
    assert "from before" not in paths.markdown.read_text()
    assert {p.suffix for p in paths.figures} == {".png"}


def test_no_formats_are_no_figures_and_no_broken_pictures(report: ReportData, tmp_path: Path) -> None:
    paths = write_report(report, tmp_path, formats=())
    assert paths.figures == ()
    assert "![" not in paths.markdown.read_text()


def test_every_picture_in_the_markdown_exists(written: Path) -> None:
    text = (written / "report.md").read_text()
    shown = [part.split(")")[0] for part in text.split("](figures/")[1:]]
    assert {Path(name).stem for name in shown} == set(FIGURE_NAMES)
    assert all((written / "figures" / name).is_file() for name in shown)


def test_the_markdown_reads_top_down_from_the_verdict(written: Path) -> None:
    text = (written / "report.md").read_text()
    heads = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert heads == [
        "Profiles",
        "Where the speed comes from",
        "Accuracy by runtime",
        "INT8",
        "Latency",
        "Data and caveats",
        "Stages",
        "Machine and versions",
        "Warnings",
        "How to reproduce",
    ]
    assert text.index("**`balanced` answers in 6.97 ms") < text.index("| model |") < text.index("pareto.png")
    assert "not distinguishable from zero at this sample size" in text
    assert "Size on disk: 86.7 MiB → 22.1 MiB (25 %)" in text
    assert "quantlat run recipes/squad_int8.yaml" in text
    assert "Passed over: hub rajpurkar/squad: no network" in text
    assert "must not be compared" in text


def test_percentiles_without_enough_samples_say_so(report: ReportData, tmp_path: Path) -> None:
    few = tuple(
        r.model_copy(
            update={"n": 40, "percentiles": r.percentiles[:1], "level": 0.9, "samples_ms": (), "sample_tokens": ()}
        )
        for r in report.latency
    )
    text = write_report(report.model_copy(update={"latency": few}), tmp_path, formats=()).markdown.read_text()
    line = next(line for line in text.splitlines() if line.startswith("| INT8 balanced"))
    assert "(90 % only)" in line
    unsupported = "not supported at this n (needs {})"
    assert line.endswith(f"| 40 | 12.1 ms | {unsupported.format(59)} | {unsupported.format(299)} |")


def test_a_missed_floor_is_the_first_thing_the_markdown_says(
    make_report: Callable[..., ReportData], tmp_path: Path
) -> None:
    text = write_report(make_report(missed_by=0.31), tmp_path, formats=()).markdown.read_text()
    assert "**The accuracy floor was missed by 0.31 F1 points" in text.splitlines()[2]
    assert "[1 warning](#warnings)" in text


def test_a_recipe_with_a_code_fence_does_not_end_the_block(report: ReportData, tmp_path: Path) -> None:
    recipe = report.recipe.model_copy(update={"text": "# ```\nname: x\n"})
    text = write_report(report.model_copy(update={"recipe": recipe}), tmp_path, formats=()).markdown.read_text()
    assert "````yaml\n# ```\nname: x\n````" in text


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(
    report: ReportData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(report, tmp_path, formats=())
    before = _contents(tmp_path)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    changed = report.model_copy(update={"command": "other"})
    with pytest.raises(StorageError, match="No space left on device"):
        write_report(changed, tmp_path, formats=())
    assert _contents(tmp_path) == before


def test_a_folder_that_is_a_file_is_a_storage_error(report: ReportData, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(StorageError, match="cannot write the report"):
        write_report(report, tmp_path / "reports", formats=())


def test_an_unknown_figure_format_is_named(report: ReportData, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="got gif"):
        write_report(report, tmp_path, formats=("png", "gif"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a report"),
        ('{"schema_version": 1, "crea', "not valid JSON"),
        ('{"schema_version": 99}', "expected schema_version 1, got 99"),
        ("[]", "expected schema_version 1, got None"),
        ('{"schema_version": 1}', "Field required"),
    ],
)
def test_a_damaged_report_says_what_is_wrong_and_what_to_do(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(StorageError, match=message) as caught:
        rebuild(tmp_path)
    assert caught.value.hint is not None
    assert "--from report" in caught.value.hint


def test_importing_reporting_does_not_import_matplotlib() -> None:
    code = "import quantlat.reporting, sys; raise SystemExit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
