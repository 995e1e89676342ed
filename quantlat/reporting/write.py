"""Writing a report folder, and rebuilding one from its ``report.json`` alone.

::

    reports/<recipe>/
      report.json    everything, raw samples included
      results.csv    one row per measured model and per trial
      report.md      the report to read
      index.html     the same as one page: charts to point at, light and dark, prints; needs no network
      figures/       pareto, waterfall, baselines, retention, lengths, training (.png and .svg)

Every file is written beside its place and renamed, so that a reader never meets half a file. ``DOCUMENTS`` is where
another kind of document joins: a name, and a function of the data and the drawn figures.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from quantlat.errors import RecipeError, StorageError
from quantlat.reporting.caveats import with_caveats
from quantlat.reporting.collect import SCHEMA_VERSION, ReportData
from quantlat.reporting.markdown import render_markdown
from quantlat.reporting.tables import results_csv

if TYPE_CHECKING:
    from quantlat.reporting.figures import NamedFigure

FORMATS = ("png", "svg")
FIGURE_FOLDER = "figures"
REPORT_JSON = "report.json"


@dataclass(frozen=True)
class FigureFiles:
    """A drawn figure: its name, the sentence it is titled with, and its content by format (``png``, ``svg``)."""

    name: str
    title: str
    content: Mapping[str, bytes]

    def path(self, file_format: str) -> str:
        """Path relative to the report folder."""
        return f"{FIGURE_FOLDER}/{self.name}.{file_format}"


@dataclass(frozen=True)
class ReportPaths:
    """What was written."""

    folder: Path
    json: Path
    csv: Path
    markdown: Path
    html: Path
    figures: tuple[Path, ...]


def _markdown(data: ReportData, figures: Sequence[FigureFiles]) -> str:
    shown = {f.name: (f.path(next(iter(f.content))), f.title) for f in figures if f.content}
    return render_markdown(data, shown)


def _html(data: ReportData, _: Sequence[FigureFiles]) -> str:
    from quantlat.reporting.html import render_html  # here: its charts share the figures' data, and so matplotlib

    return render_html(data)


DOCUMENTS: Mapping[str, Callable[[ReportData, Sequence[FigureFiles]], str]] = {
    "results.csv": lambda data, _: results_csv(data),
    "report.md": _markdown,
    "index.html": _html,
}
"""Documents beside ``report.json``: file name, and what renders it."""


def write_report(data: ReportData, folder: Path, formats: Sequence[str] = FORMATS) -> ReportPaths:
    """Write every file of a report; an earlier report in the folder is replaced, other files are left alone.

    ``report.json`` is written first, so that ``rebuild`` can finish what an interruption cut short.

    Args:
        formats: of the figures, the first one is shown in ``report.md``; empty for no figures.

    Raises:
        RecipeError: a format is not one of ``FORMATS``.
        StorageError: the folder cannot be written.
    """
    unknown = [f for f in formats if f not in FORMATS]
    if unknown:
        raise RecipeError(f"report.figures: expected formats among {', '.join(FORMATS)}, got {', '.join(unknown)}")
    data = with_caveats(data)
    try:
        (folder / FIGURE_FOLDER).mkdir(parents=True, exist_ok=True)
        _write(folder / REPORT_JSON, to_json(data).encode())
        figures = _figures(data, formats) if formats else []
        written = _write_figures(figures, folder)
        for name, render in DOCUMENTS.items():
            _write(folder / name, render(data, figures).encode())
    except OSError as error:
        raise StorageError(
            f"cannot write the report into {folder}: {error.strerror or error}",
            "make room or choose another folder, then run the recipe again: `quantlat run RECIPE --from report`",
        ) from error
    return ReportPaths(
        folder=folder,
        json=folder / REPORT_JSON,
        csv=folder / "results.csv",
        markdown=folder / "report.md",
        html=folder / "index.html",
        figures=written,
    )


def rebuild(folder: Path, formats: Sequence[str] = FORMATS) -> ReportPaths:
    """Write every other file of a report again from its ``report.json``.

    Raises:
        StorageError: ``report.json`` is missing, damaged or of another version.
    """
    return write_report(read_report(folder), folder, formats)


def read_report(folder: Path) -> ReportData:
    """The data of a report folder.

    Raises:
        StorageError: ``report.json`` is missing, damaged or of another version.
    """
    path = folder / REPORT_JSON
    hint = "run the recipe's report stage again: `quantlat run RECIPE --from report`"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StorageError(f"expected a report at {path}: {error.strerror or error}", hint) from error
    except ValueError as error:
        raise StorageError(f"{path} is not valid JSON, perhaps cut short: {error}", hint) from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise StorageError(f"{path}: expected schema_version {SCHEMA_VERSION}, got {version!r}", hint)
    try:
        return ReportData.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the report"
        raise StorageError(f"{path}: {place}: {first['msg']} ({error.error_count()} problems in all)", hint) from error


def to_json(data: ReportData) -> str:
    """``report.json``: indented, with lists of plain numbers on one line."""
    text = json.dumps(data.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
    # JSON text has no raw line break inside a string, so this only ever meets lists of numbers.
    return re.sub(r"\[\n([-+\d.eE,\s]+?)\n\s*\]", lambda m: f"[{' '.join(m.group(1).split())}]", text) + "\n"


def _figures(data: ReportData, formats: Sequence[str]) -> list[FigureFiles]:
    from quantlat.reporting.figures import draw_figures  # here: matplotlib is slow to import
    from quantlat.reporting.figures.canvas import to_bytes

    def content(drawn: NamedFigure) -> dict[str, bytes]:
        return {f: to_bytes(drawn.figure, f, drawn.heading.title) for f in formats}

    return [FigureFiles(drawn.name, drawn.heading.title, content(drawn)) for drawn in draw_figures(data)]


def _write_figures(figures: Sequence[FigureFiles], folder: Path) -> tuple[Path, ...]:
    """Write the figures and remove those of an earlier report that this one does not have."""
    from quantlat.reporting.figures import FIGURE_NAMES

    written = []
    for figure in figures:
        for file_format, content in figure.content.items():
            path = folder / figure.path(file_format)
            _write(path, content)
            written.append(path)
    for name in FIGURE_NAMES:
        for file_format in FORMATS:
            path = folder / FIGURE_FOLDER / f"{name}.{file_format}"
            if path not in written:
                path.unlink(missing_ok=True)
    return tuple(written)


def _write(path: Path, content: bytes) -> None:
    """Write a file completely or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
