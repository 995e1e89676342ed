"""What a joint search is worth beside searches of fewer axes: hypervolume by evaluation, and their fronts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlat.reporting.figures import canvas as cv
from quantlat.search.pareto import pareto_front

_COLORS = (cv.GREEN, cv.VERMILION, cv.GREY, cv.LIGHT_BLUE, cv.FAINT)
_BODY, _PANEL, _BOTTOM = 3.75, 2.75, 0.55


@dataclass(frozen=True)
class Arm:
    """One search, with several seeds.

    Attributes:
        name: what it searched.
        hypervolumes: after each evaluation, one row a seed; rows may differ in length where a space was used up.
        points: latency relative to the fp32 model, and points lost, of every seed's front.
    """

    name: str
    hypervolumes: tuple[tuple[float, ...], ...]
    points: tuple[tuple[float, float], ...]

    @property
    def final(self) -> tuple[float, ...]:
        """Hypervolume of each seed at the end."""
        return tuple(row[-1] for row in self.hypervolumes)

    @property
    def front(self) -> tuple[tuple[float, float], ...]:
        """Pareto front of all seeds' points, cheapest first."""
        chosen = pareto_front([cost for cost, _ in self.points], [-drop for _, drop in self.points])
        return tuple(self.points[i] for i in chosen)

    def padded(self, evaluations: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """``[seeds, evaluations]``; a search that ended early stays where it was."""
        return np.array([[*row, *[row[-1]] * (evaluations - len(row))] for row in self.hypervolumes])


@dataclass(frozen=True)
class JointInfo:
    """The comparison: the joint search last, the others before it."""

    heading: cv.Heading
    arms: tuple[Arm, ...]
    evaluations: int
    worst_drop: float


def joint_info(arms: Sequence[Arm], *, source: str, questions: str, runtime: str, worst_drop: float) -> JointInfo:
    """State the verdict, whatever it is.

    Args:
        arms: the joint one last.
        source: machine, data and date.
        questions: which ones the fronts were measured on.
        worst_drop: points lost at the hypervolume's reference.
    """
    evaluations = max(len(row) for arm in arms for row in arm.hypervolumes)
    heading = cv.Heading(
        _verdict(arms, evaluations),
        f"Left: area between the front and the fp32 model's latency at {worst_drop:g} points lost; lines are means of "
        f"the seeds, bands their range. Right: the fronts on {questions}; towards the lower left is better. Latency is "
        f"measured in place ({runtime}).",
        source,
    )
    return JointInfo(heading, tuple(arms), evaluations, worst_drop)


def _verdict(arms: Sequence[Arm], evaluations: int) -> str:
    """Seeds whose ranges overlap decide nothing."""
    *others, joint = arms
    best = max(others, key=lambda arm: float(np.mean(arm.final)))
    factor = float(np.mean(joint.final)) / max(float(np.mean(best.final)), 1e-12)
    if min(joint.final) > max(best.final):
        found = f"covers {factor:.2f} times the area of the best search of fewer axes ({best.name})"
    elif max(joint.final) < min(best.final):
        found = f"covers less than {best.name}: {factor:.2f} of its area"
    else:
        found = f"and {best.name} cover about the same: the ranges of their seeds overlap ({factor:.2f} in the mean)"
    return f"After {evaluations} evaluations the joint search {found}"


def draw_joint(info: JointInfo) -> Figure:
    """Two panels beside each other."""
    colors = dict(zip([arm.name for arm in info.arms], [*_COLORS[: len(info.arms) - 1], cv.BLUE], strict=True))
    with cv.style():
        page = cv.Canvas(info.heading, _BODY)
        areas = page.axes(0.62, _BOTTOM, 3.2, _PANEL)
        fronts = page.axes(4.5, _BOTTOM, 3.2, _PANEL)
        for arm in info.arms:
            _draw_areas(areas, arm, info.evaluations, colors[arm.name])
            _draw_front(fronts, arm, colors[arm.name], info.worst_drop)
        areas.set_title("hypervolume (points × share of fp32 latency)", loc="left", fontsize=cv.TEXT_SIZE)
        areas.set_xlabel("evaluations")
        areas.set_ylim(bottom=0)
        fronts.set_title("points lost", loc="left", fontsize=cv.TEXT_SIZE)
        fronts.set_xlabel("latency, relative to the fp32 model at full length")
        fronts.set_xlim(left=0)
        fronts.legend(frameon=False, loc="upper right", fontsize=cv.SMALL_SIZE)
        for axes in (areas, fronts):
            cv.quiet_axes(axes, grid="both")
    return page.figure


def _draw_areas(axes: Axes, arm: Arm, evaluations: int, color: str) -> None:
    rows, steps = arm.padded(evaluations), np.arange(1, evaluations + 1)
    axes.fill_between(steps, rows.min(0), rows.max(0), color=color, alpha=0.18, linewidth=0)
    axes.plot(steps, rows.mean(0), color=color, linewidth=1.8)


def _draw_front(axes: Axes, arm: Arm, color: str, worst_drop: float) -> None:
    """Every seed's points, and a stair through the best of them; what is broken is left out."""
    shown = [(cost, drop) for cost, drop in arm.points if drop <= worst_drop]
    stair = [(cost, drop) for cost, drop in arm.front if drop <= worst_drop]
    axes.scatter([x for x, _ in shown], [y for _, y in shown], s=9, color=color, alpha=0.45, linewidths=0)
    axes.step([x for x, _ in stair], [y for _, y in stair], where="post", color=color, linewidth=1.6, label=arm.name)
