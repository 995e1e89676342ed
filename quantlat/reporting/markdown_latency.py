"""The latency and throughput tables of ``report.md``."""

from __future__ import annotations

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.latency_tables import (
    NOT_SUPPORTED,
    PERCENTILES,
    PercentileCell,
    length_table,
    percentile_cells,
    setting_text,
    throughput_table,
)
from quantlat.reporting.rows import Interval, LatencyRow
from quantlat.reporting.tables import markdown_table
from quantlat.reporting.verdict import runtime_name

_ABSENT = "–"
_DISTURBED = " (disturbed)"


def latency_markdown(data: ReportData) -> str:
    """Every measurement: median, mean over the mix of lengths, and the percentiles that its samples support."""
    rows = []
    for row in data.latency:
        mean = _milliseconds(row.mean) if row.mean is not None else _ABSENT
        cells = (row.label, runtime_name(row.runtime), str(row.threads), str(row.batch), median_text(row), mean)
        rows.append((*cells, str(row.n), *map(_percentile, percentile_cells(row))))
    percentiles = (f"p{q}" for q in PERCENTILES)
    head = ("model", "runtime", "threads", "batch", "median (95 %)", "mean (95 %)", "samples", *percentiles)
    note = (
        "The mean is over the real mix of lengths. A percentile is only given where the number of samples n "
        "supports it (p90: 29, p95: 59, p99: 299). Brackets: 95 % intervals."
    )
    return f"{markdown_table(head, rows)}\n\n{note}"


def by_length_markdown(data: ReportData) -> str:
    """Medians of requests of similar length; empty in reports that do not have them."""
    found = length_table(data)
    if found is None:
        return ""
    head = ("median by real tokens", "threads", *(f"{low} to {high}" for low, high in found.groups))
    rows = [
        (
            line.row.label,
            str(line.row.threads),
            *(_milliseconds(part.median) if part is not None else _ABSENT for part in line.cells),
        )
        for line in found.lines
    ]
    return markdown_table(head, rows)


def throughput_markdown(data: ReportData) -> str:
    """Windows per second, a column for every number of threads and batch; empty where none was measured."""
    found = throughput_table(data)
    if found is None:
        return ""
    rows = []
    for line in found.lines:
        rates = (
            _ABSENT if row is None else _rate(row.windows_per_s) + ("" if row.reliable else _DISTURBED)
            for row in line.cells
        )
        rows.append((line.label, runtime_name(line.runtime), *rates))
    head = ("windows per second", "runtime", *(setting_text(*setting) for setting in found.settings))
    note = "The whole workload in batches of similar length; brackets: 95 % intervals over rounds."
    return f"{markdown_table(head, rows)}\n\n{note}"


def median_text(row: LatencyRow) -> str:
    """``27.9 ms [27.1, 28.4]``, with what makes the number doubtful."""
    doubt = "" if row.reliable else _DISTURBED
    level = "" if row.level >= 0.95 else f" ({fmt.percent(row.level)} only)"
    return f"{fmt.milliseconds(row.median_ms)} {fmt.span(*row.ci_ms, row.median_ms)}{level}{doubt}"


def _milliseconds(time: Interval) -> str:
    text = fmt.milliseconds(time.estimate)
    if not time.known:
        return text
    level = "" if time.level >= 0.95 else f" ({fmt.percent(time.level)} only)"
    return f"{text} {fmt.span(time.low, time.high, time.estimate)}{level}"


def _rate(rate: Interval) -> str:
    text = fmt.significant(rate.estimate)
    return f"{text} {fmt.span(rate.low, rate.high, rate.estimate)}" if rate.known else text


def _percentile(cell: PercentileCell) -> str:
    if cell.value is not None:
        return _milliseconds(cell.value)
    return f"{NOT_SUPPORTED} (needs {cell.needed})" if cell.needed is not None else _ABSENT
