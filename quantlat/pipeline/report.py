"""Stored reports: written again for ``quantlat report``, side by side for ``quantlat compare``; nothing is measured."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from quantlat.errors import QuantlatError, StorageError
from quantlat.pipeline.record import RunRecord, read_record
from quantlat.pipeline.store import Artifact, read_artifact
from quantlat.progress import Progress
from quantlat.recipe import Recipe
from quantlat.reporting import ReportData, ReportPaths, read_report, write_report
from quantlat.reporting.compare import Comparison, NamedReport, compare
from quantlat.reporting.compare_view import render_comparison
from quantlat.reporting.rows import ExampleInfo, StageRow
from quantlat.reporting.write import FIGURE_FOLDER, FORMATS, REPORT_JSON

REPORT = "report"
EXAMPLE_QUESTIONS = 200
"""So many dev questions are looked through for the example."""

Part = TypeVar("Part")


def rebuild_report(place: Path, out: Path | None, progress: Progress) -> ReportPaths:
    """Write every file of a report again.

    Args:
        place: a run folder, or a folder with a ``report.json``.
        out: where to; ``None``: ``reports/<recipe name>`` for a run, the folder itself for a report.

    Raises:
        StorageError: there is no report, or it is damaged; the hint says which command makes one.
        RunConflictError: the run was made by an incompatible version.
    """
    record = read_record(place)
    if record is not None:
        data = _complete(_run_report(place, record), place, record, progress)
        formats = Recipe.model_validate(record.recipe).report.figures
        return write_report(data, out or Path("reports") / data.recipe.name, formats)
    return write_report(_report_folder(place), out or place, _drawn_formats(place))


def compare_reports(places: Sequence[Path], html: Path | None) -> Comparison:
    """Compare the reports of run or report folders with the first of them.

    Args:
        places: at least two folders.
        html: where to write the comparison as a page; ``None``: nowhere.

    Raises:
        StorageError: a folder has no report, it is damaged, or the page cannot be written.
        RunConflictError: a run was made by an incompatible version.
    """
    names = _names(places)
    comparison = compare([NamedReport(name, stored_report(place)) for name, place in zip(names, places, strict=True)])
    if html is not None:
        try:
            html.write_text(render_comparison(comparison), encoding="utf-8")
        except OSError as error:
            raise StorageError(
                f"cannot write {html}: {error.strerror or error}", "--html takes a file name."
            ) from error
    return comparison


def stored_report(place: Path) -> ReportData:
    """The report of a run folder or of a report folder, as it was stored."""
    record = read_record(place)
    return _run_report(place, record) if record is not None else _report_folder(place)


def _names(places: Sequence[Path]) -> list[str]:
    """The folders' own names, or as much of the paths as tells them apart."""
    parts = [place.resolve().parts for place in places]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [str(place) for place in places]


def _report_folder(place: Path) -> ReportData:
    if not place.exists():
        raise StorageError(f"{place}: no such folder", "`quantlat runs` lists the runs there are.")
    if not (place / REPORT_JSON).is_file():
        raise StorageError(
            f"expected a run or a report in {place}, but it holds neither run.json nor {REPORT_JSON}",
            "`quantlat runs` lists the runs there are; `quantlat run RECIPE` makes one, with its report.",
        )
    return read_report(place)


def _drawn_formats(folder: Path) -> Sequence[str]:
    """The formats that the report's figures have; all of them where nothing was drawn yet."""
    figures = folder / FIGURE_FOLDER
    return [name for name in FORMATS if any(figures.glob(f"*.{name}"))] if figures.is_dir() else FORMATS


def _run_report(run_dir: Path, record: RunRecord) -> ReportData:
    if REPORT not in record.stages:
        if Recipe.model_validate(record.recipe).search is None:
            raise StorageError(
                f"{run_dir} has no report: its recipe has no `search` part, so it ends with the INT8 model",
                f"Add `search` to {record.recipe_file} and run it again: `{_command(run_dir, record)}`",
            )
        done = ", ".join(record.stages) or "none"
        raise StorageError(
            f"{run_dir} has no report yet (finished stages: {done})",
            f"Run it to the end: `{_command(run_dir, record)}`. Finished stages are not computed again.",
        )
    artifact = read_artifact(run_dir / "artifacts" / record.stages[REPORT].folder, verify=False)
    return read_report(artifact / REPORT)


def _command(run_dir: Path, record: RunRecord) -> str:
    changes = [part for change in record.overrides for part in ("--set", change)]
    return shlex.join(["quantlat", "run", record.recipe_file, *changes, "--out", str(run_dir)])


def _complete(data: ReportData, run_dir: Path, record: RunRecord, progress: Progress) -> ReportData:
    """Add what an older report lacks and the run's artefacts still tell: curves of every training, the example."""

    def artifact(stage: str) -> Artifact:
        if stage not in record.stages:
            raise StorageError(f"the stage '{stage}' is not finished")
        return read_artifact(run_dir / "artifacts" / record.stages[stage].folder, verify=False)

    stages = _unless_gone(lambda: tuple(_with_curves(row, artifact) for row in data.stages), "curves", progress)
    data = data.model_copy(update={"stages": stages or data.stages})
    if data.example is not None:
        return data
    recipe = Recipe.model_validate(record.recipe)
    example = _unless_gone(lambda: _example(recipe, artifact), "example question", progress)
    return ReportData.model_validate(data.model_copy(update={"example": example}).model_dump())


def _unless_gone(make: Callable[[], Part], what: str, progress: Progress) -> Part | None:
    try:
        return make()
    except QuantlatError as error:  # a report without it is better than none
        progress.warn(f"the report goes without the {what}: {error.message}")
        return None


def _with_curves(row: StageRow, artifact: Callable[[str], Artifact]) -> StageRow:
    from quantlat.stages.report_training import training_curves

    if row.curves or not row.loss_curve:
        return row
    return row.model_copy(update={"curves": training_curves(artifact(row.name))})


def _example(recipe: Recipe, artifact: Callable[[str], Artifact]) -> ExampleInfo | None:
    from quantlat.models.tokenizer import Tokenizer
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.stages.artifacts import QUANTIZED, read_data_card, read_split
    from quantlat.stages.report_example import example_info
    from quantlat.stages.search_record import SearchRecord
    from quantlat.tasks import task_of

    folder = artifact("quantization") / QUANTIZED
    quantized = QuantizedModel.load(folder)
    tokenizer = Tokenizer.from_folder(folder, family=quantized.config.family)
    examples = read_split(artifact("data"), "dev", recipe.task)[:EXAMPLE_QUESTIONS]
    windows = task_of(recipe).windows(examples, tokenizer, recipe.data)
    profiles = SearchRecord.read(artifact("search")).profiles
    labels = read_data_card(artifact("data")).labels
    return example_info(windows, tokenizer, quantized, {name: row.config for name, row in profiles.items()}, labels)
