"""How the run spent its time: the loss of each training stage, and what every stage cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures import canvas as cv

_MAX_CURVES = 6
_ROW = 0.31
_CURVE = 1.9


@dataclass(frozen=True)
class Curve:
    """Loss by optimiser step, as logged and smoothed (centred running mean over a twentieth of the run)."""

    name: str
    steps: tuple[int, ...]
    losses: tuple[float, ...]
    smooth: tuple[float, ...]


@dataclass(frozen=True)
class Cost:
    """Wall seconds of a stage, its share of the run, and its training throughput."""

    name: str
    seconds: float
    share: float
    tokens_per_second: float | None


@dataclass(frozen=True)
class TrainingInfo:
    """Curves of the stages that trained and costs of all stages, in the order they ran."""

    heading: cv.Heading
    curves: tuple[Curve, ...]
    costs: tuple[Cost, ...]


def training_info(data: ReportData) -> TrainingInfo | None:
    """Collect curves and costs; ``None`` when the report has no stages."""
    if not data.stages:
        return None
    total = sum(s.seconds for s in data.stages)
    costs = tuple(
        Cost(_title(s.name), s.seconds, s.seconds / total if total else 0.0, s.tokens_per_second) for s in data.stages
    )
    curves = []
    for stage in data.stages:
        if len(stage.loss_curve) > 1:
            steps = tuple(step for step, _ in stage.loss_curve)
            losses = tuple(loss for _, loss in stage.loss_curve)
            curves.append(Curve(_title(stage.name), steps, losses, smoothed(losses)))
    longest = max(costs, key=lambda c: c.seconds)
    title = f"The run took {fmt.duration(total)}"
    title += f", {fmt.percent(longest.share)} of it for {longest.name}" if len(costs) > 1 else f": {longest.name}"
    subtitle = (
        "Above: training loss by step, each stage on its own scale. Below: seconds per stage."
        if curves
        else "Seconds per stage."
    )
    return TrainingInfo(cv.Heading(title, subtitle, cv.source_line(data)), tuple(curves[:_MAX_CURVES]), costs)


def _title(stage: str) -> str:
    return stage.replace("_", " ")


def smoothed(losses: tuple[float, ...]) -> tuple[float, ...]:
    """Centred running mean over a twentieth of the run."""
    half = max(1, len(losses) // 40)
    values = np.asarray(losses)
    return tuple(float(values[max(0, i - half) : i + half + 1].mean()) for i in range(len(values)))


def draw_training(info: TrainingInfo) -> Figure:
    """Small multiples of the losses above, bars of the stage costs below."""
    with cv.style():
        columns = {4: 2}.get(len(info.curves), min(len(info.curves), 3))
        lines = math.ceil(len(info.curves) / columns) if columns else 0
        bars = len(info.costs) * _ROW
        page = cv.Canvas(info.heading, lines * _CURVE + bars + 0.36)
        gap, left = 0.62, 0.62
        for i, curve in enumerate(info.curves):
            width = min((cv.WIDTH - left - cv.MARGIN - (columns - 1) * gap) / columns, 4.6)
            bottom = bars + 0.3 + (lines - 1 - i // columns) * _CURVE + 0.42
            _draw_curve(page, curve, left + (i % columns) * (width + gap), bottom, width)
        _draw_costs(page, info, bars)
        return page.figure


def _draw_curve(page: cv.Canvas, curve: Curve, left: float, bottom: float, width: float) -> None:
    axes = page.axes(left, bottom, width, 1.12)
    axes.plot(curve.steps, curve.losses, color=cv.PALE_BLUE, linewidth=0.9)
    axes.plot(curve.steps, curve.smooth, color=cv.BLUE, linewidth=1.8)
    cv.quiet_axes(axes, grid="y")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(labelsize=cv.SMALL_SIZE)
    low, high = float(np.min(curve.losses)), float(np.quantile(curve.losses, 0.98))
    pad = 0.1 * (high - low) or 0.1 * abs(high) or 1.0
    axes.set_ylim(max(0.0, low - pad) if low >= 0 else low - pad, high + pad)
    name = page.fit(curve.name, width * cv.DPI + 20, cv.TEXT_SIZE, weight="bold", lines=1)[0]
    page.text(left * cv.DPI - 20, (bottom + 1.12) * cv.DPI + 9, name)
    x, y = cv.to_pixels(axes, curve.steps[-1], max(curve.losses[-len(curve.losses) // 5 :]))
    page.text(x, y + 7, cv.Span(fmt.significant(curve.smooth[-1]), cv.SMALL_SIZE, cv.BLUE), ha="right")


def _draw_costs(page: cv.Canvas, info: TrainingInfo, height: float) -> None:
    labels = [page.fit(c.name, 240.0, cv.TEXT_SIZE, lines=1)[0] for c in info.costs]
    names = max(page.width_of(label) for label in labels) / cv.DPI + cv.MARGIN + 0.14
    axes = page.axes(names, 0.16, cv.WIDTH - names - 2.45, height)
    axes.set_ylim(len(info.costs) - 0.5, -0.5)
    axes.set_xlim(0, max(c.seconds for c in info.costs) or 1.0)
    axes.axis("off")
    left, right = cv.MARGIN * cv.DPI, (cv.WIDTH - cv.MARGIN) * cv.DPI
    for i, cost in enumerate(info.costs):
        axes.barh(i, cost.seconds, height=0.6, color=cv.LIGHT_BLUE)
        x, y = cv.to_pixels(axes, cost.seconds, float(i))
        page.text(left, y - 4, labels[i])
        page.text(x + 7, y - 4, cv.Span(fmt.duration(cost.seconds)))
        if cost.tokens_per_second is not None:
            speed = f"{fmt.significant(cost.tokens_per_second)} tokens/s"
            page.text(right, y - 4, cv.Span(speed, cv.SMALL_SIZE, cv.GREY), ha="right")
