"""The latency and throughput tables of the HTML page."""

from __future__ import annotations

from dataclasses import dataclass

from quantlat.reporting import formatting as fmt
from quantlat.reporting import html_numbers as num
from quantlat.reporting.collect import ReportData
from quantlat.reporting.latency_tables import length_table, percentile_cells, setting_text, throughput_table
from quantlat.reporting.rows import LatencyRow
from quantlat.reporting.verdict import runtime_name


@dataclass(frozen=True)
class Line:
    """A model and its numbers, one for each head of the table."""

    name: str
    detail: str
    is_profile: bool
    recommended: bool
    cells: tuple[num.Quantity, ...]


@dataclass(frozen=True)
class Table:
    """Heads after the model's own, and the lines."""

    title: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]


def measurement_table(data: ReportData) -> Table:
    """Every measurement: median, mean over the mix of lengths, and the percentiles that its samples support."""
    lines = []
    for row in data.latency:
        mean = num.quantity(row.mean, reliable=row.reliable) if row.mean is not None else num.NOTHING
        tail = (num.percentile(cell) for cell in percentile_cells(row))
        cells = (num.milliseconds(row), mean, *tail, num.Quantity(fmt.count(row.n)))
        lines.append(_line(data, row, cells))
    return Table("Every measurement", ("median", "mean", "p90", "p95", "p99", "samples"), tuple(lines))


def by_length_table(data: ReportData) -> Table | None:
    """Medians of requests of similar length; ``None`` in reports that do not have them."""
    found = length_table(data)
    if found is None:
        return None
    lines = []
    for line in found.lines:
        medians = (num.quantity(part.median) if part is not None else num.NOTHING for part in line.cells)
        lines.append(_line(data, line.row, tuple(medians)))
    heads = tuple(f"{low} to {high} tokens" if low != high else f"{low} tokens" for low, high in found.groups)
    return Table("By length of the request", heads, tuple(lines))


def rate_table(data: ReportData) -> Table | None:
    """Windows per second by threads and batch; ``None`` where no throughput was measured."""
    found = throughput_table(data)
    if found is None:
        return None
    lines = []
    for line in found.lines:
        rates = (
            num.quantity(row.windows_per_s, reliable=row.reliable) if row is not None else num.NOTHING
            for row in line.cells
        )
        best = line.profile is not None and line.profile == data.headline.profile
        cells = tuple(rates)
        lines.append(Line(line.label, runtime_name(line.runtime), line.profile is not None, best, cells))
    return Table(found.title, tuple(setting_text(*setting) for setting in found.settings), tuple(lines))


def _line(data: ReportData, row: LatencyRow, cells: tuple[num.Quantity, ...]) -> Line:
    precision = row.precision.upper() if row.precision == "int8" else row.precision
    detail = f"{runtime_name(row.runtime)}, {precision}, {setting_text(row.threads, row.batch)}"
    best = row.profile == data.headline.profile and row.threads == data.headline.threads
    return Line(row.label, detail, row.profile is not None, best, cells)
