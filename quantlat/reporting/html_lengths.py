"""Latency by length of the request, and how the latencies of single requests are distributed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantlat.latency import median_ci
from quantlat.reporting import formatting as fmt
from quantlat.reporting import html_numbers as num
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures.labels import stack
from quantlat.reporting.figures.lengths import LengthSeries, lengths_info
from quantlat.reporting.html_chart import SMALL_SIZE, WIDTH, Axis, Tick, Tip, dots, path, shortened
from quantlat.reporting.rows import LatencyRow
from quantlat.reporting.same_profiles import TimedModel, timed_models

_HEIGHT = 440.0
_TOP, _BOTTOM, _LEFT, _RIGHT = 26.0, 392.0, 62.0, 640.0
_LABEL = _RIGHT + 22

_ROW, _NAMES, _END, _FIRST = 46.0, 242.0, 690.0, 10.0
_BINS = 72


@dataclass(frozen=True)
class LengthPoint:
    """The median of one bucket of lengths, with its interval."""

    id: str
    x: float
    y: float
    low: float
    high: float
    tip: Tip


@dataclass(frozen=True)
class LengthLine:
    """One model: medians by bucket, single requests as dots, and its name at ``label_y``.

    ``kind`` is recommended, profile or baseline; ``dash`` tells baselines apart without colour.
    """

    name: str
    kind: str
    dash: str
    line: str
    dots: str
    points: tuple[LengthPoint, ...]
    label_y: float
    end: tuple[float, float]


@dataclass(frozen=True)
class LengthsChart:
    """Latency by length of the request."""

    title: str
    subtitle: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[LengthLine, ...]
    top: float = _TOP
    bottom: float = _BOTTOM
    left: float = _LEFT
    right: float = _RIGHT
    label: float = _LABEL
    width: float = WIDTH
    height: float = _HEIGHT


_DASHES = ("", "7 4", "2 3", "9 3 2 3", "4 2")


def lengths_chart(data: ReportData) -> LengthsChart | None:
    """Lay the lines out; ``None`` without samples that know their tokens."""
    info = lengths_info(data)
    if info is None:
        return None
    times = [b.median_ms for s in info.series for b in s.buckets]
    longest = max(max(_row_of(data, s).sample_tokens) for s in info.series)
    limits = (min(times) * 0.7, max(times) * 1.45) if info.log else (0.0, max(times) * 1.2)
    x, y = Axis(0.0, longest * 1.02, _LEFT, _RIGHT), Axis(*limits, _BOTTOM, _TOP, info.log)
    ends = [y.inside(s.buckets[-1].median_ms) for s in info.series]
    labels = stack([-end for end in ends], [15.0] * len(ends), -_BOTTOM, -_TOP, 3.0)
    baselines = [s.name for s in info.series if not s.is_profile]
    lines = tuple(
        _length_line(data, series, i, x, y, -label, baselines)
        for i, (series, label) in enumerate(zip(info.series, labels, strict=True))
    )
    # What matters most is drawn last, on top.
    order = sorted(lines, key=lambda line: ("baseline", "profile", "recommended").index(line.kind))
    heading = info.heading
    return LengthsChart(heading.title, heading.subtitle, x.ticks(), y.ticks(), tuple(order))


def _length_line(
    data: ReportData, series: LengthSeries, index: int, x: Axis, y: Axis, label: float, baselines: Sequence[str]
) -> LengthLine:
    row = _row_of(data, series)
    points = []
    for i, bucket in enumerate(series.buckets):
        inside = [
            ms
            for tokens, ms in zip(row.sample_tokens, row.samples_ms, strict=True)
            if bucket.low <= tokens <= bucket.high
        ]
        interval = median_ci(inside)
        limits = num.span(interval.low, interval.high, num.like(bucket.median_ms))
        lines = (
            ("tokens", f"{bucket.low} to {bucket.high}"),
            ("median", num.Quantity(fmt.milliseconds(bucket.median_ms), limits).text),
            ("samples", fmt.count(bucket.n)),
        )
        middle, at = x.at(bucket.tokens), y.inside(bucket.median_ms)
        low, high = y.inside(interval.low), y.inside(interval.high)
        points.append(LengthPoint(f"l-{index}-{i}", middle, at, low, high, Tip(series.name, lines)))
    shown = [(t, ms) for t, ms in series.samples if y.low < ms < y.high]
    kind = "recommended" if series.recommended else "profile" if series.is_profile else "baseline"
    dash = "" if series.is_profile else _DASHES[baselines.index(series.name) % len(_DASHES)]
    return LengthLine(
        name=shortened(series.name, WIDTH - _LABEL, SMALL_SIZE),
        kind=kind,
        dash=dash,
        line=path([p.x for p in points], [p.y for p in points]),
        dots=dots([x.at(t) for t, _ in shown], [y.at(ms) for _, ms in shown]),
        points=tuple(points),
        label_y=round(label, 1),
        end=(points[-1].x, points[-1].y),
    )


def _row_of(data: ReportData, series: LengthSeries) -> LatencyRow:
    """The latency row a series was made from."""
    return next(model.row for model in timed_models(data) if model.name == series.name)


@dataclass(frozen=True)
class Distribution:
    """The latencies of one model: a histogram, its median with interval, and percentiles that n supports."""

    id: str
    y: float
    name: str
    kind: str
    area: str
    median: float
    ends: tuple[float, float]
    percentiles: tuple[tuple[float, str], ...]
    time: num.Quantity
    tip: Tip


@dataclass(frozen=True)
class DistributionChart:
    """One histogram per model on a common logarithmic axis."""

    height: float
    bottom: float
    ticks: tuple[Tick, ...]
    rows: tuple[Distribution, ...]
    top: float = _FIRST
    left: float = _NAMES
    right: float = _END
    width: float = WIDTH
    row: float = _ROW


def distribution_chart(data: ReportData) -> DistributionChart | None:
    """Lay the histograms out; ``None`` where there are no raw samples."""
    models = [model for model in timed_models(data) if model.row.samples_ms]
    if not models:
        return None
    # A few outliers must not squeeze everything else; they are in report.json.
    low = min(float(np.quantile(model.row.samples_ms, 0.002)) for model in models)
    high = max(float(np.quantile(model.row.samples_ms, 0.998)) for model in models)
    x = Axis(low / 1.08, high * 1.08, _NAMES, _END, log=True)
    bottom = _FIRST + len(models) * _ROW
    found = tuple(_distribution(model, i, x) for i, model in enumerate(models))
    return DistributionChart(bottom + 42, bottom, x.ticks(), found)


def _distribution(model: TimedModel, index: int, x: Axis) -> Distribution:
    row = model.row
    base = _FIRST + (index + 1) * _ROW - 6
    time = num.milliseconds(row)
    lines = [("median, ms", time.text)]
    lines += [(f"p{p.q:g}", fmt.milliseconds(p.ms)) for p in row.percentiles]
    spread = (fmt.milliseconds(min(row.samples_ms)), fmt.milliseconds(max(row.samples_ms)))
    lines += [("range", " to ".join(spread)), ("samples", fmt.count(row.n))]
    return Distribution(
        id=f"d-{index}",
        y=base,
        name=shortened(model.name, _NAMES - 18, SMALL_SIZE),
        kind="recommended" if model.recommended else "profile" if model.is_profile else "baseline",
        area=_histogram(np.asarray(row.samples_ms), x, base, _ROW - 16),
        median=x.inside(row.median_ms),
        ends=(x.inside(row.ci_ms[0]), x.inside(row.ci_ms[1])),
        percentiles=tuple((x.inside(p.ms), f"p{p.q:g}") for p in row.percentiles if p.q > 50),
        time=time,
        tip=Tip(model.name, tuple(lines)),
    )


def _histogram(samples: NDArray[np.float64], x: Axis, base: float, height: float) -> str:
    """SVG path data of a histogram with equal bins on the axis, as high as ``height`` at its highest."""
    edges = np.geomspace(x.low, x.high, _BINS + 1)
    counts, _ = np.histogram(np.clip(samples, x.low, x.high), edges)
    # Neighbouring bins are mixed a little: with few samples single bins only show noise.
    smooth = np.convolve(counts, [0.25, 0.5, 0.25], mode="same")
    tops = base - smooth / max(float(smooth.max()), 1.0) * height
    left = [x.at(float(edge)) for edge in edges]
    parts = [f"M{left[0]:g} {base:g}"]
    parts += [f"V{top:.1f}H{right:g}" for top, right in zip(tops, left[1:], strict=True)]
    return "".join(parts) + f"V{base:g}Z"
