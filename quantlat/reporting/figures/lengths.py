"""Latency by length: what a request of so many tokens costs, for the baselines and the profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures import canvas as cv
from quantlat.reporting.figures.labels import Box, stack
from quantlat.reporting.figures.waterfall import set_log_ticks
from quantlat.reporting.rows import profile_key
from quantlat.reporting.same_profiles import TimedModel, timed_models

BUCKET_TOKENS = 64
MIN_BUCKET_SAMPLES = 3
_MAX_DOTS = 150
# Beyond this ratio of slowest to fastest a linear axis would flatten the profiles to a line at zero.
_LOG_ABOVE = 6.0


@dataclass(frozen=True)
class Bucket:
    """Requests of ``low`` to ``high`` real tokens: median tokens, median ms, number of samples."""

    low: int
    high: int
    tokens: float
    median_ms: float
    n: int


@dataclass(frozen=True)
class LengthSeries:
    """One model: its buckets, and raw samples as (tokens, ms); profiles of one configuration are one model."""

    name: str
    buckets: tuple[Bucket, ...]
    samples: tuple[tuple[int, float], ...]
    is_profile: bool
    recommended: bool


@dataclass(frozen=True)
class LengthInfo:
    """Series from slowest to fastest; ``log`` when they span too much for a linear axis."""

    heading: cv.Heading
    series: tuple[LengthSeries, ...]
    log: bool


def length_buckets(tokens: Sequence[int], samples_ms: Sequence[float]) -> tuple[Bucket, ...]:
    """Medians by buckets of 64 tokens (1 to 64, 65 to 128, …); buckets of fewer than 3 samples are left out."""
    lengths, times = np.asarray(tokens, dtype=np.int64), np.asarray(samples_ms, dtype=np.float64)
    buckets = []
    for index in sorted(set(((lengths - 1) // BUCKET_TOKENS).tolist())):
        inside = (lengths - 1) // BUCKET_TOKENS == index
        n = int(inside.sum())
        if n >= MIN_BUCKET_SAMPLES:
            low, high = index * BUCKET_TOKENS + 1, (index + 1) * BUCKET_TOKENS
            middle = float(np.median(lengths[inside]))
            buckets.append(Bucket(low, high, middle, float(np.median(times[inside])), n))
    return tuple(buckets)


def lengths_info(data: ReportData) -> LengthInfo | None:
    """Bucket the raw samples of baselines and profiles; ``None`` without samples that know their tokens."""
    series = []
    for model in timed_models(data):
        buckets = length_buckets(model.row.sample_tokens, model.row.samples_ms) if model.row.sample_tokens else ()
        if buckets:
            series.append(_series(model, buckets))
    if not series:
        return None
    series.sort(key=lambda s: -s.buckets[-1].median_ms)
    medians = [b.median_ms for s in series for b in s.buckets]
    log = max(medians) > _LOG_ABOVE * min(medians)
    return LengthInfo(_heading(data, log), tuple(series), log)


def _series(model: TimedModel, buckets: tuple[Bucket, ...]) -> LengthSeries:
    pairs = list(zip(model.row.sample_tokens, model.row.samples_ms, strict=True))
    thinned = tuple(pairs[:: max(1, -(-len(pairs) // _MAX_DOTS))])
    return LengthSeries(model.name, buckets, thinned, model.is_profile, model.recommended)


def _heading(data: ReportData, log: bool) -> cv.Heading:
    title = f"Latency of “{data.headline.profile}” by request length"
    row = data.latency_of(profile_key(data.headline.profile))
    buckets = length_buckets(row.sample_tokens, row.samples_ms) if row is not None and row.sample_tokens else ()
    if len(buckets) > 1:
        first, last = buckets[0], buckets[-1]
        title = (
            f"“{data.headline.profile}” takes {fmt.milliseconds(first.median_ms)} for {first.tokens:.0f} tokens "
            f"and {fmt.milliseconds(last.median_ms)} for {last.tokens:.0f}"
        )
    subtitle = f"Dots: single requests; lines: medians of {BUCKET_TOKENS}-token buckets"
    subtitle += "; milliseconds on a log scale." if log else "."
    return cv.Heading(title, subtitle, cv.source_line(data))


def draw_lengths(info: LengthInfo) -> Figure:
    """Draw dots and bucket medians, named at the right end of each line."""
    with cv.style():
        page = cv.Canvas(info.heading, 4.33)
        axes = page.axes(0.72, 0.62, 4.95, 3.35)
        points = [b for s in info.series for b in s.buckets]
        times = [b.median_ms for b in points]
        tokens = [t for s in info.series for t, _ in s.samples]
        axes.set_xlim(0, max(tokens) * 1.02)
        if info.log:
            axes.set_yscale("log")
            axes.set_ylim(min(times) * 0.7, max(times) * 1.45)
            set_log_ticks(axes.yaxis, *axes.get_ylim())
        else:
            axes.set_ylim(0, max(times) * 1.2)
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        cv.quiet_axes(axes, grid="both")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("real tokens of the request", labelpad=7)
        top = axes.get_window_extent().y1
        page.text(cv.MARGIN * cv.DPI, top + 9, cv.Span("milliseconds", color=cv.GREY))
        for series in info.series:
            color = _color(series)
            xs, ys = zip(*series.samples, strict=True)
            axes.scatter(xs, ys, s=7, color=color, alpha=0.22, linewidths=0, zorder=2)
            axes.plot(
                [b.tokens for b in series.buckets],
                [b.median_ms for b in series.buckets],
                "o-",
                color=color,
                linewidth=2.4 if series.recommended else 1.6,
                markersize=4.5,
                zorder=3,
            )
        _end_labels(page, axes, info)
        return page.figure


def _color(series: LengthSeries) -> str:
    return cv.BLUE if series.recommended else cv.LIGHT_BLUE if series.is_profile else cv.GREY


def _end_labels(page: cv.Canvas, axes: Axes, info: LengthInfo) -> None:
    """Names right of the plot at the height of their line's end, pushed apart where they would touch."""
    box = axes.get_window_extent()
    left, width = box.x1 + 16, (cv.WIDTH - cv.MARGIN) * cv.DPI - box.x1 - 16
    blocks: list[list[cv.Span]] = []
    wanted = []
    for series in info.series:
        color = cv.BLUE if series.is_profile else cv.INK
        weight = "bold" if series.recommended else "normal"
        blocks.append(page.fit(series.name, width, cv.SMALL_SIZE, weight=weight, color=color))
        wanted.append(cv.to_pixels(axes, 0.0 if not info.log else 1.0, series.buckets[-1].median_ms)[1])
    heights = [page.block_size(b)[1] for b in blocks]
    middles = stack(wanted, heights, box.y0, box.y1)
    for series, block, middle, height in zip(info.series, blocks, middles, heights, strict=True):
        page.block(Box(left, middle - height / 2, left + width, middle + height / 2), block)
        end = cv.to_pixels(axes, series.buckets[-1].tokens, series.buckets[-1].median_ms)
        page.line((end[0] + 5, end[1]), (left - 4, middle), cv.FAINT, 0.7)
