"""The figures of a report, one per file: an info function returns plain data, a draw function only draws it.

An info function that returns ``None`` says that the report has nothing for its figure to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure

from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures.baselines import baselines_info, draw_baselines
from quantlat.reporting.figures.canvas import Heading
from quantlat.reporting.figures.lengths import draw_lengths, lengths_info
from quantlat.reporting.figures.pareto import pareto_info
from quantlat.reporting.figures.pareto_drawing import draw_pareto
from quantlat.reporting.figures.retention import draw_retention, retention_info
from quantlat.reporting.figures.training import draw_training, training_info
from quantlat.reporting.figures.waterfall import draw_waterfall, waterfall_info

FIGURE_NAMES = ("pareto", "waterfall", "baselines", "retention", "lengths", "training")


@dataclass(frozen=True)
class NamedFigure:
    """A drawn figure, the file name it gets (without extension) and its heading."""

    name: str
    heading: Heading
    figure: Figure


def draw_figures(data: ReportData) -> Iterator[NamedFigure]:
    """Draw every figure the report has data for, in the order a reader meets them."""
    if (pareto := pareto_info(data)) is not None:
        yield NamedFigure("pareto", pareto.heading, draw_pareto(pareto))
    if (waterfall := waterfall_info(data)) is not None:
        yield NamedFigure("waterfall", waterfall.heading, draw_waterfall(waterfall))
    if (baselines := baselines_info(data)) is not None:
        yield NamedFigure("baselines", baselines.heading, draw_baselines(baselines))
    retention = retention_info(data)
    yield NamedFigure("retention", retention.heading, draw_retention(retention))
    if (lengths := lengths_info(data)) is not None:
        yield NamedFigure("lengths", lengths.heading, draw_lengths(lengths))
    if (training := training_info(data)) is not None:
        yield NamedFigure("training", training.heading, draw_training(training))
