"""A comparison for a terminal and as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantlat.reporting import formatting as fmt
from quantlat.reporting import html_numbers as num
from quantlat.reporting.comparability import DATA_MISMATCHES
from quantlat.reporting.compare import AccuracyDifference, ComparedRun, Comparison, LatencyRatio, Pair
from quantlat.reporting.rows import BASELINE_LETTERS, Interval, Role

if TYPE_CHECKING:
    from rich.console import RenderableType

_BASELINES = {Role.TEACHER: "fp32 teacher", Role.STUDENT: "fp32 student", Role.NNCF: "INT8 by NNCF"}
NOT_COMPARABLE = "not comparable"
DIFFERING = "These differ, or are not known to be equal:"
_NOT_INTERLEAVED = (
    "Two runs are not interleaved: how the machine drifted between them is not in the interval of a ratio."
)


@dataclass(frozen=True)
class Line:
    """One model in a pair of reports, ready to be shown."""

    name: str
    points: tuple[num.Quantity, num.Quantity]
    difference: num.Quantity
    latency: tuple[num.Quantity, num.Quantity]
    ratio: num.Quantity


@dataclass(frozen=True)
class PairView:
    """A pair of reports: a line per model, why latencies are not comparable, and remarks."""

    first: str
    second: str
    metric: str
    lines: tuple[Line, ...]
    mismatches: tuple[str, ...]
    notes: tuple[str, ...]


Facts = tuple[tuple[str, tuple[num.Quantity, ...]], ...]


def run_facts(runs: Sequence[ComparedRun]) -> Facts:
    """What each run reaches by itself: label, then one value per run."""
    rows = [
        ("recipe, date", [num.Quantity(f"{run.recipe}, {run.created}") for run in runs]),
        ("machine", [num.Quantity(run.machine) for run in runs]),
        ("setting", [num.Quantity(run.setting) for run in runs]),
        ("profile", [num.Quantity(run.profile) for run in runs]),
        ("accuracy floor", [num.Quantity(run.verdict) for run in runs]),
        ("latency, ms", [num.milliseconds(run.latency) if run.latency else num.NOTHING for run in runs]),
        *(
            (f"vs ({BASELINE_LETTERS[role]}) {_BASELINES[role]}", [_speedup(run, role) for run in runs])
            for role in _shown_baselines(runs)
        ),
        *(
            (metric, [num.points(r.points, 2) if r.points and r.metric == metric else num.NOTHING for r in runs])
            for metric in dict.fromkeys(run.metric for run in runs)
        ),
        ("MACs left", [num.Quantity(fmt.percent(run.macs_relative)) for run in runs]),
        ("INT8 size", [_size(run.int8_mib) for run in runs]),
        ("fp32 size", [_size(run.fp32_mib) for run in runs]),
        ("parameters", [_parameters(run) for run in runs]),
        ("warnings", [num.Quantity(str(run.warnings)) for run in runs]),
    ]
    return tuple((label, tuple(values)) for label, values in rows)


def _shown_baselines(runs: Sequence[ComparedRun]) -> list[Role]:
    measured = {row.over for run in runs for row in run.speedups}
    return [role for role in (Role.TEACHER, Role.STUDENT, Role.NNCF) if role.value in measured]


def _speedup(run: ComparedRun, role: Role) -> num.Quantity:
    row = next((row for row in run.speedups if row.over == role.value), None)
    return num.times(row.ratio.estimate, row) if row is not None else num.NOTHING


def _size(mebibytes: float | None) -> num.Quantity:
    return num.Quantity(fmt.mebibytes(mebibytes)) if mebibytes is not None else num.NOTHING


def _parameters(run: ComparedRun) -> num.Quantity:
    return num.Quantity(f"{run.parameters / 1e6:.1f} M") if run.parameters is not None else num.NOTHING


def pair_view(pair: Pair) -> PairView:
    """Lines, reasons and remarks of a pair."""
    accuracy = {row.key: row for row in pair.accuracy}
    latency = {row.key: row for row in pair.latency}
    keys = dict.fromkeys((*accuracy, *latency))
    notes = sorted({f"{pair.metric} is compared unpaired: {row.unpaired}." for row in pair.accuracy if row.unpaired})
    if any(mismatch.what in DATA_MISMATCHES for mismatch in pair.mismatches):
        notes.append(f"The data are not the same: {pair.metric} differs for that as much as for the models.")
    if any(row.ratio is not None for row in pair.latency):
        notes.append(_NOT_INTERLEAVED)
    return PairView(
        first=pair.first,
        second=pair.second,
        metric=pair.metric,
        lines=tuple(_line(accuracy.get(key), latency.get(key)) for key in keys),
        mismatches=(*(mismatch.text for mismatch in pair.mismatches), *_own_mismatches(pair)),
        notes=tuple(notes),
    )


def _own_mismatches(pair: Pair) -> list[str]:
    """What differs between single measurements, each once with the models it concerns."""
    concerned: dict[str, list[str]] = {}
    for row in pair.latency:
        for mismatch in row.mismatches:
            concerned.setdefault(mismatch.text, []).append(row.label)
    everywhere = len(pair.latency)
    return [
        text if len(labels) == everywhere else f"{text} ({', '.join(labels)})" for text, labels in concerned.items()
    ]


def _line(accuracy: AccuracyDifference | None, latency: LatencyRatio | None) -> Line:
    row = accuracy or latency
    assert row is not None
    return Line(
        name=row.label,
        points=(num.points(accuracy.first), num.points(accuracy.second)) if accuracy else (num.NOTHING, num.NOTHING),
        difference=_difference(accuracy) if accuracy else num.NOTHING,
        latency=(_milliseconds(latency.first_ms), _milliseconds(latency.second_ms))
        if latency
        else (num.NOTHING, num.NOTHING),
        ratio=_ratio(latency) if latency else num.NOTHING,
    )


def _difference(row: AccuracyDifference) -> num.Quantity:
    limits = num.span(row.difference.low, row.difference.high, fmt.signed) if row.difference.known else ""
    note = "" if row.distinguishable else num.NOT_DISTINGUISHABLE
    return num.Quantity(fmt.signed(row.difference.estimate), limits, note)


def _milliseconds(interval: Interval) -> num.Quantity:
    limits = num.span(interval.low, interval.high, num.like(interval.estimate))
    return num.Quantity(fmt.significant(interval.estimate), limits)


def _ratio(row: LatencyRatio) -> num.Quantity:
    if row.ratio is None:
        return num.Quantity(NOT_COMPARABLE)
    limits = num.span(row.ratio.low, row.ratio.high, num.like(row.ratio.estimate)) if row.ratio.known else ""
    note = "" if row.distinguishable else "not distinguishable from equal at this sample size"
    return num.Quantity(fmt.ratio(row.ratio.estimate), limits, note)


def terminal(comparison: Comparison) -> list[RenderableType]:
    """Tables and sentences for a terminal, from top to bottom."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    def cell(number: num.Quantity) -> Text:
        return Text("\n".join(part for part in (number.value, number.span, number.note) if part))

    facts = Table(title=Text("Side by side"), box=SIMPLE_HEAD, title_justify="left")
    facts.add_column("")
    for run in comparison.runs:
        facts.add_column(Text(run.name), overflow="fold")
    for label, values in run_facts(comparison.runs):
        facts.add_row(Text(label), *(Text(value.text) for value in values))
    found: list[RenderableType] = [facts]
    for pair in map(pair_view, comparison.pairs):
        table = Table(title=Text(f"{pair.second} against {pair.first}"), box=SIMPLE_HEAD, title_justify="left")
        table.add_column("model")
        scores = (f"{pair.metric} {what}" for what in ("before", "after", "difference"))
        for head in (*scores, "ms before", "ms after", "time ratio"):
            table.add_column(head, justify="right")
        for line in pair.lines:
            numbers = (*line.points, line.difference, *line.latency, line.ratio)
            table.add_row(Text(line.name), *(cell(number) for number in numbers))
        found.append(table)
        if pair.mismatches:
            found.append(Text(f"The latencies of {pair.second} and {pair.first} are not comparable. {DIFFERING}"))
            found += [Text(f"  {text}") for text in pair.mismatches]
        found += [Text(text) for text in pair.notes]
    found.append(Text("Ranges are 95 % intervals. A time ratio below 1 is faster.", style="dim"))
    return found


def render_comparison(comparison: Comparison) -> str:
    """The comparison as one HTML page that loads nothing. Equal comparisons give equal bytes."""
    from quantlat.reporting.html import page_environment, page_policy, page_source

    theme = page_source("theme.js")
    return (
        page_environment()
        .get_template("compare.html")
        .render(
            comparison=comparison,
            facts=run_facts(comparison.runs),
            pairs=[pair_view(pair) for pair in comparison.pairs],
            style=page_source("style.css"),
            theme=theme,
            policy=page_policy(theme),
            differing=DIFFERING,
        )
    )
