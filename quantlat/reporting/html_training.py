"""Training curves as small multiples, and what every stage of the run cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures.training import Curve, smoothed, training_info
from quantlat.reporting.html_chart import Axis, Tick, Tip, path

_WIDTH, _HEIGHT = 286.0, 158.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 276.0, 12.0, 130.0


@dataclass(frozen=True)
class CurvePlot:
    """The loss of one training, as logged and smoothed."""

    id: str
    name: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    raw: str
    smooth: str
    end: tuple[float, float]
    last: str
    tip: Tip
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP
    bottom: float = _BOTTOM
    width: float = _WIDTH
    height: float = _HEIGHT


@dataclass(frozen=True)
class StageCost:
    """Time of a stage and its share of the run (0 to 1), throughput and metrics as text."""

    name: str
    time: str
    share: float
    share_text: str
    tokens_per_second: str
    metrics: str


@dataclass(frozen=True)
class TrainingPlots:
    """What the run cost, and how the trainings went."""

    title: str
    curves: tuple[CurvePlot, ...]
    costs: tuple[StageCost, ...]


def training_plots(data: ReportData) -> TrainingPlots | None:
    """Collect curves and costs; ``None`` when the report has no stages."""
    info = training_info(data)
    if info is None:
        return None
    named = {stage.name.replace("_", " "): stage for stage in data.stages}
    longest = max(cost.share for cost in info.costs) or 1.0
    costs = tuple(
        StageCost(
            name=cost.name,
            time=fmt.duration(cost.seconds),
            share=round(cost.share / longest, 4),
            share_text=fmt.percent(cost.share),
            tokens_per_second=fmt.significant(cost.tokens_per_second) if cost.tokens_per_second is not None else "",
            metrics=", ".join(
                f"{_words(name)} {fmt.metric(value)}" for name, value in named[cost.name].metrics.items()
            ),
        )
        for cost in info.costs
    )
    plots = tuple(_plot(curve, i) for i, curve in enumerate(_curves(data)))
    return TrainingPlots(info.heading.title, plots, costs)


def _curves(data: ReportData) -> list[Curve]:
    """Every training of every stage, in the order they ran; a stage with one training goes by the stage's name."""
    curves = []
    for stage in data.stages:
        name = stage.name.replace("_", " ")
        several = [(f"{name}: {_words(c.name)}", c.points) for c in stage.curves]
        for title, points in several or [(name, stage.loss_curve)]:
            if len(points) > 1:
                losses = tuple(loss for _, loss in points)
                curves.append(Curve(title, tuple(step for step, _ in points), losses, smoothed(losses)))
    return curves


def _words(metric: str) -> str:
    return metric.replace("_", " ")


def _plot(curve: Curve, index: int) -> CurvePlot:
    losses = np.asarray(curve.losses)
    low, high = float(losses.min()), float(np.quantile(losses, 0.98))
    pad = 0.1 * (high - low) or 0.1 * abs(high) or 1.0
    bottom = max(0.0, low - pad) if low >= 0 else low - pad
    x = Axis(curve.steps[0], max(curve.steps[-1], curve.steps[0] + 1), _LEFT, _RIGHT)
    y = Axis(bottom, high + pad, _BOTTOM, _TOP)
    xs = [x.at(step) for step in curve.steps]
    smooth = [y.inside(loss) for loss in curve.smooth]
    last = fmt.significant(curve.smooth[-1])
    lines = (
        ("steps", fmt.count(curve.steps[-1])),
        ("first loss", fmt.significant(curve.smooth[0])),
        ("last loss", last),
    )
    return CurvePlot(
        id=f"c-{index}",
        name=curve.name,
        x_ticks=x.ticks(wanted=4),
        y_ticks=y.ticks(wanted=4),
        raw=path(xs, [y.inside(loss) for loss in curve.losses]),
        smooth=path(xs, smooth),
        end=(xs[-1], smooth[-1]),
        last=last,
        tip=Tip(curve.name, lines),
    )
