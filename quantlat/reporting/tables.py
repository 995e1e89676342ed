"""The results as tables: ``results.csv``, the table at the end of a run, and the same table for the README."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantlat.metrics import F1, Metric
from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import (
    BASELINE_LETTERS,
    SAME_PREDICTIONS,
    AccuracyRow,
    Interval,
    LatencyRow,
    Role,
    profile_key,
)
from quantlat.reporting.same_profiles import same_notes
from quantlat.reporting.verdict import reference_accuracy, runtime_name

if TYPE_CHECKING:
    from rich.table import Table

NOT_DISTINGUISHABLE = "≈"
_ABSENT = "–"

COLUMNS = (
    "kind",
    "label",
    "key",
    "profile",
    "runtime",
    "precision",
    "padded",
    "split",
    "threads",
    "batch",
    "tokens_mean",
    "latency_ms",
    "latency_low_ms",
    "latency_high_ms",
    "latency_n",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "reliable",
    "f1",
    "f1_low",
    "f1_high",
    "em",
    "questions",
    "f1_difference",
    "f1_difference_low",
    "f1_difference_high",
    "distinguishable",
    "macs_relative",
    "ratios",
    "on_front",
)
"""Columns of ``results.csv`` where the metric is F1; see :func:`csv_columns`. ``kind`` is ``baseline``, ``profile`` or
``trial``; units end the names; scores are in points."""

Cells = dict[str, str | float | int | bool]


@dataclass(frozen=True)
class SummaryTable:
    """The summary as text: ``title``, column heads, rows, the index of the recommended row, and notes below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    recommended: int | None
    notes: tuple[str, ...]


def summary(data: ReportData, *, compact: bool = False) -> SummaryTable:
    """One row per baseline and profile: latency, accuracy, and how much faster than the teacher and the student.

    Args:
        compact: for a terminal; intervals become half-widths and the runtime is left out.
    """
    keys = [role.value for role in BASELINE_LETTERS] + [profile_key(p.name) for p in data.profiles]
    # of a padded baseline, only its latency is its own
    borrowed = {role.value for role in SAME_PREDICTIONS}
    keys = [
        k for k in keys if data.latency_of(k) is not None or (k not in borrowed and data.accuracy_of(k) is not None)
    ]
    over = [role for role in (Role.TEACHER, Role.STUDENT) if data.latency_of(role.value) is not None]
    best = profile_key(data.headline.profile)
    runtime = () if compact else ("runtime",)
    versus = tuple(f"vs ({BASELINE_LETTERS[role]})" for role in over)
    return SummaryTable(
        title=f"{data.recipe.name}: {data.data.name}",
        columns=("model", *runtime, "latency", *versus, data.metric.title, f"{data.metric.title} difference", "MACs"),
        rows=tuple(_summary_row(data, key, over, compact) for key in keys),
        recommended=keys.index(best) if best in keys else None,
        notes=_notes(data, versus, compact),
    )


def _summary_row(data: ReportData, key: str, over: Sequence[Role], compact: bool) -> tuple[str, ...]:
    latency, accuracy = data.latency_of(key), data.accuracy_of(key)
    row = latency or accuracy
    assert row is not None
    letter = BASELINE_LETTERS.get(row.role)
    name = f"({letter}) {row.label}" if letter else row.profile or row.label
    runtime = () if compact else (runtime_name(row.runtime),)
    speed = tuple(_speedup(data, key, role.value, compact) for role in over)
    macs = [fmt.percent(p.macs_relative) for p in data.profiles if profile_key(p.name) == key]
    return name, *runtime, _latency(latency, compact), *speed, *_accuracy(data, accuracy, compact), *(macs or [_ABSENT])


def _latency(row: LatencyRow | None, compact: bool) -> str:
    if row is None:
        return _ABSENT
    text = fmt.milliseconds(row.median_ms)
    return text if compact else f"{text} {fmt.span(*row.ci_ms, row.median_ms)}"


def _speedup(data: ReportData, key: str, over: str, compact: bool) -> str:
    if key == over:
        return fmt.ratio(1.0)
    value, row = data.speedup(key, over), data.speedup_row(key, over)
    if value is None:
        return _ABSENT
    digits = 3 if value >= 1 else 2
    text = fmt.ratio(value, digits)
    if compact or row is None or not row.ratio.known:
        return text
    return f"{text} {fmt.span(row.ratio.low, row.ratio.high, value, digits)}"


def _accuracy(data: ReportData, row: AccuracyRow | None, compact: bool) -> tuple[str, str]:
    """Points, and their difference to the reference marked where it cannot be told from zero."""
    if row is None:
        return _ABSENT, _ABSENT
    score = fmt.points(row.points.estimate) + _limits(row.points, fmt.points, compact)
    reference = reference_accuracy(data)
    if reference is not None and row.key == reference.key:
        return score, _ABSENT
    if row.difference is None:
        return score, fmt.signed(row.points.estimate - reference.points.estimate) if reference is not None else _ABSENT
    text = fmt.signed(row.difference.interval.estimate) + _limits(row.difference.interval, fmt.signed, compact)
    return score, text if row.difference.distinguishable else f"{text} {NOT_DISTINGUISHABLE}"


def _limits(interval: Interval, write: Callable[[float], str], compact: bool) -> str:
    if not interval.known:
        return ""
    if compact:
        return f" ± {write((interval.high - interval.low) / 2).lstrip('+')}"
    return f" [{write(interval.low)}, {write(interval.high)}]"


def _notes(data: ReportData, versus: Sequence[str], compact: bool) -> tuple[str, ...]:
    runtime = f", profiles in {runtime_name(data.headline.runtime)}" if compact else ""
    setting = f"{fmt.plural(data.headline.threads, 'thread')}, batch {data.headline.batch}{runtime}"
    reference = data.search.reference if data.search is not None else "fp32 student"
    times = f" {', '.join(versus)}: times faster than that baseline." if versus else ""
    shown = "±: half of the 95 % interval" if compact else "brackets: 95 % intervals"
    notes = [
        f"Latency: median request on the task's real lengths, {setting}.{times}",
        f"{data.metric.title} on {fmt.count(data.data.dev_questions)} dev {data.metric.items}, "
        f"difference to the {reference}; {shown}. MACs against full length without padding.",
    ]
    rows = (row for row in data.accuracy if row.difference is not None and row.split == "dev")
    if any(row.difference is not None and not row.difference.distinguishable for row in rows):
        notes.append(f"{NOT_DISTINGUISHABLE} not distinguishable from zero at this sample size.")
    notes += same_notes(data)
    date = data.created.date().isoformat()
    return (*notes, f"Data: {data.data.name}. Machine: {fmt.short_cpu(data.machine.cpu)}. Date: {date}.")


def summary_table(data: ReportData) -> Table:
    """The summary for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    content = summary(data, compact=True)
    caption = Text("\n".join(content.notes), style="dim")
    table = Table(title=Text(content.title), caption=caption, caption_justify="left", box=SIMPLE_HEAD)
    for i, column in enumerate(content.columns):
        table.add_column(Text(column), justify="left" if i == 0 else "right", no_wrap=i > 0)
    for i, row in enumerate(content.rows):
        style = "bold" if i == content.recommended else ""
        table.add_row(*(Text(cell) for cell in row), style=style)
    return table


def summary_markdown(data: ReportData) -> str:
    """The summary as a Markdown table with its notes; the recommended profile is bold."""
    content = summary(data)
    rows = [
        [f"**{cell}**" if i == content.recommended and cell != _ABSENT else cell for cell in row]
        for i, row in enumerate(content.rows)
    ]
    align = ["---" if i < 2 else "---:" for i in range(len(content.columns))]
    notes = "<br>\n".join(escape(note) for note in content.notes)
    return f"{markdown_table(content.columns, rows, align)}\n\n{notes}\n"


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]], align: Sequence[str] | None = None) -> str:
    """A Markdown table; ``align`` holds ``---`` or ``---:`` per column (left when absent)."""
    lines = [columns, align or ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(escape(cell) for cell in line) + " |" for line in lines)


def escape(text: str) -> str:
    """Text that Markdown shows as it is, also inside a table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def results_csv(data: ReportData) -> str:
    """``results.csv``: a row for every measured model in every runtime, and one for every trial of the search.

    Numbers are unrounded; an empty cell means that it was not measured. Latency and accuracy of the same model in
    the same runtime share a row; where threads or batch differ, accuracy is repeated.
    """
    buffer = io.StringIO()
    names = csv_columns(data.metric)
    writer = csv.DictWriter(buffer, list(names.values()), restval="", lineterminator="\n")
    writer.writeheader()
    for cells in (*_measured_rows(data), *_trial_rows(data)):
        writer.writerow({names[column]: cell for column, cell in cells.items()})
    return buffer.getvalue()


def csv_columns(metric: Metric) -> dict[str, str]:
    """What the :data:`COLUMNS` are called for a metric: ``accuracy_low`` for ``f1_low``, ``texts`` for ``questions``.

    Exact match is a column of question answering alone.
    """
    if metric == F1:
        return {column: column for column in COLUMNS}
    named = {column: column.replace("f1", metric.key, 1) for column in COLUMNS if column != "em"}
    return named | {"questions": metric.items}


def _measured_rows(data: ReportData) -> Iterator[Cells]:
    used: set[int] = set()
    for latency in data.latency:
        accuracy = _accuracy_in(data, latency)
        if accuracy is not None:
            used.add(id(accuracy))
        yield _common(data, latency) | _latency_cells(latency) | (_accuracy_cells(accuracy) if accuracy else {})
    for accuracy in data.accuracy:
        if id(accuracy) not in used:
            yield _common(data, accuracy) | _accuracy_cells(accuracy)


def _accuracy_in(data: ReportData, latency: LatencyRow) -> AccuracyRow | None:
    """Accuracy of the same model in the same runtime; for padded baselines that of the model without padding."""
    for row in data.accuracy:
        if row.key == latency.key and row.runtime == latency.runtime and row.split == "dev":
            return row
    return data.accuracy_of(latency.key) if latency.role is not Role.PROFILE else None


def _common(data: ReportData, row: LatencyRow | AccuracyRow) -> Cells:
    cells: Cells = {
        "kind": "baseline" if row.profile is None else "profile",
        "label": row.label,
        "key": row.key,
        "profile": row.profile or "",
        "runtime": row.runtime,
    }
    if row.profile is not None:
        for profile in data.profiles:
            if profile.name == row.profile:
                cells |= {"macs_relative": profile.macs_relative, "ratios": _ratios(profile.ratios)}
    return cells


def _latency_cells(row: LatencyRow) -> Cells:
    percentiles: Cells = {f"p{p.q:g}_ms": p.ms for p in row.percentiles if f"p{p.q:g}_ms" in COLUMNS}
    return percentiles | {
        "precision": row.precision,
        "padded": row.padded,
        "threads": row.threads,
        "batch": row.batch,
        "tokens_mean": row.tokens_mean,
        "latency_ms": row.median_ms,
        "latency_low_ms": row.ci_ms[0],
        "latency_high_ms": row.ci_ms[1],
        "latency_n": row.n,
        "reliable": row.reliable,
    }


def _accuracy_cells(row: AccuracyRow) -> Cells:
    cells: Cells = {"split": row.split, "f1": row.points.estimate, "questions": row.n}
    if row.em is not None:
        cells["em"] = row.em
    if row.points.known:
        cells |= {"f1_low": row.points.low, "f1_high": row.points.high}
    if row.difference is not None:
        cells |= {"f1_difference": row.difference.interval.estimate, "distinguishable": row.difference.distinguishable}
        if row.difference.interval.known:
            interval = row.difference.interval
            cells |= {"f1_difference_low": interval.low, "f1_difference_high": interval.high}
    return cells


def _trial_rows(data: ReportData) -> Iterator[Cells]:
    if data.search is None:
        return
    front = set(data.search.front)
    for c in data.search.candidates:
        cells: Cells = {
            "kind": "trial",
            "label": f"trial {c.number}",
            "split": "search",
            "latency_ms": c.latency_ms,
            "f1": c.accuracy.estimate,
            "f1_low": c.accuracy.low,
            "f1_high": c.accuracy.high,
            "questions": c.accuracy.n,
            "macs_relative": c.macs_relative,
            "ratios": _ratios(c.ratios),
            "on_front": c.number in front,
        }
        if c.latency_ci_ms is not None:
            cells |= {"latency_low_ms": c.latency_ci_ms[0], "latency_high_ms": c.latency_ci_ms[1]}
        if c.drop is not None:
            cells["f1_difference"] = -c.drop.estimate
        yield cells


def _ratios(values: tuple[float, ...]) -> str:
    return " ".join(f"{v:g}" for v in values)
