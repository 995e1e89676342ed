"""Latency, latency by length and throughput as plain data, which Markdown and HTML write down alike."""

from __future__ import annotations

from dataclasses import dataclass

from quantlat.latency import percentile_ci, samples_needed
from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import Interval, LatencyRow, LengthLatency, ThroughputRow

PERCENTILES = (90, 95, 99)
NOT_SUPPORTED = "not supported at this n"


@dataclass(frozen=True)
class PercentileCell:
    """A percentile (ms) with its interval, or how many samples it would have ``needed``.

    Neither is set where a report does not hold a percentile that its samples would support.
    """

    q: int
    value: Interval | None = None
    needed: int | None = None


def percentile_cells(row: LatencyRow) -> tuple[PercentileCell, ...]:
    """p90, p95 and p99 of one measurement; the interval comes from the raw samples, if the report holds them."""
    known = {p.q: p.ms for p in row.percentiles}
    return tuple(_percentile(row, q, known.get(q)) for q in PERCENTILES)


def _percentile(row: LatencyRow, q: int, ms: float | None) -> PercentileCell:
    needed = samples_needed(q)
    if ms is None:
        return PercentileCell(q, needed=needed if row.n < needed else None)
    if not row.samples_ms:
        return PercentileCell(q, Interval(estimate=ms, low=ms, high=ms, level=0.0, n=row.n))
    found = percentile_ci(row.samples_ms, q)
    limits = {"low": min(found.low, ms), "high": max(found.high, ms)}
    return PercentileCell(q, Interval(estimate=ms, **limits, level=found.level, n=found.n))


@dataclass(frozen=True)
class LengthLine:
    """The median of one model for every group of lengths; ``None`` where it has no such group."""

    row: LatencyRow
    cells: tuple[LengthLatency | None, ...]


@dataclass(frozen=True)
class LengthTable:
    """Groups of similar length as (shortest, longest) in real tokens, and a line for each model."""

    groups: tuple[tuple[int, int], ...]
    lines: tuple[LengthLine, ...]


def length_table(data: ReportData) -> LengthTable | None:
    """Latency by length of the request; ``None`` in reports that do not have it.

    Requests are the same for every model that reads the text alike, and so are the groups. A teacher with another
    tokenizer has groups of its own, which make columns of their own.
    """
    rows = [row for row in data.latency if row.by_length]
    groups = sorted({(part.tokens_low, part.tokens_high) for row in rows for part in row.by_length})
    if not groups:
        return None
    lines = []
    for row in rows:
        parts = {(part.tokens_low, part.tokens_high): part for part in row.by_length}
        lines.append(LengthLine(row, tuple(parts.get(group) for group in groups)))
    return LengthTable(tuple(groups), tuple(lines))


@dataclass(frozen=True)
class ThroughputLine:
    """The throughput of one model in every setting; ``None`` where it was not measured."""

    label: str
    profile: str | None
    runtime: str
    cells: tuple[ThroughputRow | None, ...]


@dataclass(frozen=True)
class ThroughputTable:
    """Settings as (threads, batch), few threads and small batches first, and a line for each model."""

    title: str
    settings: tuple[tuple[int, int], ...]
    lines: tuple[ThroughputLine, ...]


def throughput_table(data: ReportData) -> ThroughputTable | None:
    """Windows per second by threads and batch; ``None`` where no throughput was measured."""
    settings = tuple(sorted({(row.threads, row.batch) for row in data.throughput}))
    if not settings:
        return None
    models = dict.fromkeys((row.label, row.profile, row.runtime) for row in data.throughput)
    lines = []
    for label, profile, runtime in models:
        own = {(r.threads, r.batch): r for r in data.throughput if (r.label, r.runtime) == (label, runtime)}
        lines.append(ThroughputLine(label, profile, runtime, tuple(own.get(setting) for setting in settings)))
    return ThroughputTable(_throughput_title(data), settings, tuple(lines))


def setting_text(threads: int, batch: int) -> str:
    """``2 threads, batch 8``."""
    return f"{fmt.plural(threads, 'thread')}, batch {batch}"


def _throughput_title(data: ReportData) -> str:
    """The best that the recommended profile reaches, or what the table holds where it was not measured."""
    rows = [row for row in data.throughput if row.profile == data.headline.profile]
    if not rows:
        return "Windows per second"
    best = max(rows, key=lambda row: row.windows_per_s.estimate)
    rate = fmt.significant(best.windows_per_s.estimate)
    disturbed = "" if best.reliable else " (disturbed)"
    setting = f"batch {best.batch} with {fmt.plural(best.threads, 'thread')}"
    return f"“{best.profile}” gets through {rate} windows per second at {setting}{disturbed}"
