"""The picture: accuracy against latency, every mark of which tells its configuration and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quantlat.reporting import formatting as fmt
from quantlat.reporting import html_numbers as num
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures.labels import Box, Label, place_labels, stack
from quantlat.reporting.figures.pareto import Mark, ParetoInfo, pareto_info
from quantlat.reporting.html_chart import (
    SMALL_SIZE,
    TEXT_SIZE,
    WIDTH,
    Axis,
    Tick,
    Tip,
    padded,
    text_width,
    wrapped,
)
from quantlat.reporting.rows import BASELINE_LETTERS, CandidateRow, LatencyRow, profile_key
from quantlat.reporting.verdict import runtime_name

HEIGHT = 460.0
_TOP, _BOTTOM, _LEFT = 30.0, 410.0, 62.0
_RIGHT, _STRIP_RIGHT = 862.0, 652.0
_STRIP = 690.0
_LINE = 15.0


@dataclass(frozen=True)
class ParetoMark:
    """A point to draw; ``kind`` is trial, front, profile, recommended or baseline.

    ``x_span`` and ``y_span`` are the ends of the error bars; ``search`` is where the search had seen a profile.
    """

    id: str
    kind: str
    x: float
    y: float
    tip: Tip
    x_span: tuple[float, float] | None = None
    y_span: tuple[float, float] | None = None
    search: tuple[float, float] | None = None


@dataclass(frozen=True)
class Caption:
    """A text beside a mark: lines from (x, y) downwards, and the leader line to the mark if it is far off."""

    x: float
    y: float
    lines: tuple[str, ...]
    strong: bool
    leader: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class ParetoView:
    """One drawing of the picture."""

    id: str
    name: str
    right: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    zero: float
    floor: float | None
    floor_text: str
    front: str
    marks: tuple[ParetoMark, ...]
    captions: tuple[Caption, ...]
    off_scale: tuple[Caption, ...]
    hidden: int
    log: bool


@dataclass(frozen=True)
class ParetoChart:
    """The finding, how to read it, and the drawings: around the front, and with every baseline."""

    title: str
    subtitle: str
    reference: str
    views: tuple[ParetoView, ...]
    top: float = _TOP
    bottom: float = _BOTTOM
    left: float = _LEFT
    width: float = WIDTH
    height: float = HEIGHT


def pareto_chart(data: ReportData) -> ParetoChart | None:
    """Lay the picture out; ``None`` when no profile has both an accuracy and a latency."""
    info = pareto_info(data)
    if info is None:
        return None
    views = [_view(data, info, "near", "around the front", info.x_limits, info.y_limits, log=False)]
    if info.off_scale:
        marks = [*info.profiles, *info.baselines, *info.off_scale]
        x_limits = padded([m.at.x for m in marks] + [p.x for p in info.trials], log=True, by=0.1)
        heights = [m.at.y for m in marks] + [y for m in marks for y in m.y_interval or ()] + [p.y for p in info.trials]
        y_limits = padded([0.0, *heights, *([info.floor] if info.floor is not None else [])], log=False)
        views.append(_view(data, info, "all", "everything measured (log scale)", x_limits, y_limits, log=True))
    return ParetoChart(info.heading.title, info.heading.subtitle, info.reference, tuple(views))


def _view(
    data: ReportData,
    info: ParetoInfo,
    view: str,
    name: str,
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
    *,
    log: bool,
) -> ParetoView:
    off = () if log else info.off_scale
    right = _STRIP_RIGHT if off else _RIGHT
    x, y = Axis(*x_limits, _LEFT, right, log), Axis(*y_limits, _BOTTOM, _TOP)
    named = [*info.profiles, *info.baselines, *(info.off_scale if log else ())]
    marks = [_named_mark(data, mark, f"{view}-{i}", x, y) for i, mark in enumerate(named)]
    trials = _trials(data, info, view, x, y)
    floor = y.at(info.floor) if info.floor is not None else None
    front = _front_path(info, x, y, right)
    return ParetoView(
        id=view,
        name=name,
        right=right,
        x_ticks=x.ticks(),
        y_ticks=y.ticks(lambda v: f"{v:+g}".replace("-", fmt.MINUS) if v else "0"),
        zero=y.at(0.0),
        floor=floor,
        floor_text=f"accuracy floor {fmt.signed(info.floor, 1)}" if info.floor is not None else "",
        front=front,
        marks=(*trials, *marks),
        captions=_captions(named, marks, trials, right, floor, y.at(0.0), _front_runs(info, x, y, right)),
        off_scale=_strip(off, x, y),
        hidden=_trial_count(data) - len(trials),
        log=log,
    )


def _trial_count(data: ReportData) -> int:
    return len(data.search.candidates) if data.search is not None else 0


def _trials(data: ReportData, info: ParetoInfo, view: str, x: Axis, y: Axis) -> list[ParetoMark]:
    """The configurations within the picture, fastest first, which is the order of the arrow keys."""
    search = data.search
    if search is None:
        return []
    front = set(search.front)
    found = []
    for point, candidate in zip(info.trials, search.candidates, strict=True):
        if x.low <= point.x <= x.high and y.low <= point.y <= y.high:
            kind = "front" if candidate.number in front else "trial"
            tip = _trial_tip(data, candidate, kind)
            found.append(ParetoMark(f"{view}-t{candidate.number}", kind, x.at(point.x), y.at(point.y), tip))
    return sorted(found, key=lambda mark: mark.x)


def _believed(candidate: CandidateRow) -> list[tuple[str, str]]:
    """What the search took the difference for, where that is not what it measured."""
    believed = candidate.believed_drop
    if believed is None or (candidate.drop is not None and abs(candidate.drop.estimate - believed) < 0.005):
        return []
    return [("believed, with its neighbours", fmt.signed(-believed))]


def _trial_tip(data: ReportData, candidate: CandidateRow, kind: str) -> Tip:
    search = data.search
    assert search is not None
    write = num.like(candidate.latency_ms)
    limits = num.span(*candidate.latency_ci_ms, write) if candidate.latency_ci_ms is not None else ""
    drop = candidate.drop
    if drop is None:
        change = num.Quantity(fmt.signed(candidate.accuracy.estimate - search.reference_accuracy))
    else:
        known = num.span(-drop.high, -drop.low, fmt.signed) if drop.known else ""
        change = num.Quantity(fmt.signed(-drop.estimate), known)
    lines = [("latency", num.Quantity(f"{write(candidate.latency_ms)} ms", limits).text)]
    if candidate.latency_relative is not None:
        lines.append(("of full length", fmt.percent(candidate.latency_relative)))
    lines += [
        (f"{data.metric.title} difference", change.text),
        *_believed(candidate),
        (f"{data.metric.title}, search split", num.points(candidate.accuracy).text),
        ("MACs left", fmt.percent(candidate.macs_relative)),
    ]
    title = f"Configuration {candidate.number}" + (", on the front" if kind == "front" else "")
    return Tip(title, tuple(lines), candidate.ratios)


def _named_mark(data: ReportData, mark: Mark, name: str, x: Axis, y: Axis) -> ParetoMark:
    key = _key(data, mark)
    profile = next((p for p in data.profiles if profile_key(p.name) == key), None)
    row = data.latency_of(key)
    kind = "baseline" if profile is None else "recommended" if mark.recommended else "profile"
    return ParetoMark(
        id=name,
        kind=kind,
        x=x.at(mark.at.x),
        y=y.at(mark.at.y),
        tip=model_tip(data, mark.name, key, row, profile.ratios if profile is not None else ()),
        x_span=(x.inside(mark.x_interval[0]), x.inside(mark.x_interval[1])) if mark.x_interval else None,
        y_span=(y.inside(mark.y_interval[0]), y.inside(mark.y_interval[1])) if mark.y_interval else None,
        search=(x.inside(mark.search.x), y.inside(mark.search.y)) if mark.search is not None else None,
    )


def _key(data: ReportData, mark: Mark) -> str:
    """The key of the model that a mark stands for; profiles that are equal share a mark."""
    for role, letter in BASELINE_LETTERS.items():
        if mark.name.startswith(f"({letter}) "):
            return role.value
    names = mark.name.split(" = ")
    shown = data.headline.profile if data.headline.profile in names else names[0]
    return profile_key(shown)


def model_tip(data: ReportData, title: str, key: str, row: LatencyRow | None, ratios: tuple[float, ...] = ()) -> Tip:
    """What a measured model says of itself: runtime, latency, accuracy, each with its interval."""
    lines = []
    if row is not None:
        precision = row.precision.upper() if row.precision == "int8" else row.precision
        time = num.milliseconds(row)
        lines += [("runs in", f"{runtime_name(row.runtime)}, {precision}"), ("latency, ms", time.text)]
    accuracy = data.accuracy_of(key)
    if accuracy is not None:
        lines.append((data.metric.title, num.points(accuracy.points).text))
        if accuracy.difference is not None:
            lines.append((f"{data.metric.title} difference", num.difference(accuracy).text))
    macs = [p.macs_relative for p in data.profiles if profile_key(p.name) == key]
    lines += [("MACs left", fmt.percent(share)) for share in macs]
    return Tip(title, tuple(lines), ratios)


def _front_path(info: ParetoInfo, x: Axis, y: Axis, right: float) -> str:
    """The staircase of what is reachable, from the fastest configuration to the edge."""
    inside = [p for p in info.front if x.low <= p.x <= x.high]
    if not inside:
        return ""
    # The end of the front may lie far under the picture: the line leaves it at its edge, not across the page.
    parts = [f"M{x.at(inside[0].x):g} {y.inside(inside[0].y):g}"]
    parts += [f"H{x.at(p.x):g}V{y.inside(p.y):g}" for p in inside[1:]]
    return "".join(parts) + f"H{right:g}"


def _front_runs(info: ParetoInfo, x: Axis, y: Axis, right: float) -> list[Box]:
    """The level parts of the staircase, which captions avoid."""
    inside = [p for p in info.front if x.low <= p.x <= x.high]
    if not inside:
        return []
    ends = [*(x.at(p.x) for p in inside[1:]), right]
    heights = [-y.inside(p.y) for p in inside]
    return [Box(x.at(p.x), h - 2, end, h + 2) for p, h, end in zip(inside, heights, ends, strict=True)]


def _captions(
    named: Sequence[Mark],
    marks: Sequence[ParetoMark],
    trials: Sequence[ParetoMark],
    right: float,
    floor: float | None,
    zero: float,
    runs: Sequence[Box],
) -> tuple[Caption, ...]:
    """Direct labels, placed so that they cover neither marks nor each other."""
    texts, labels = [], []
    for source, mark in zip(named, marks, strict=True):
        size = SMALL_SIZE if mark.kind == "baseline" else TEXT_SIZE
        texts.append((*wrapped(source.name, 190.0, size), *source.captions))
        width = max(text_width(line, size) for line in texts[-1])
        # The placing room has y upwards.
        labels.append(Label(mark.x, -mark.y, width, _LINE * len(texts[-1]), own=_own(mark)))
    blocked = [Box(right - 150, -floor, right, -floor + 18)] if floor is not None else []
    lines = [(Box(_LEFT, -y - 1, right, -y + 1), 1.0) for y in (zero, floor) if y is not None]
    lines += [(run, 1.0) for run in runs]
    avoided = lines + [(Box(t.x - 4, -t.y - 4, t.x + 4, -t.y + 4), 0.8) for t in trials]
    bounds = Box(_LEFT + 2, -_BOTTOM + 2, right + 10, -_TOP)
    placed = place_labels(labels, bounds=bounds, blocked=blocked, avoided=avoided)
    captions = []
    for placement, lines_of, mark in zip(placed, texts, marks, strict=True):
        leader = None
        if placement.leader is not None:
            (x0, y0), (x1, y1) = placement.leader
            leader = (round(x0, 1), round(-y0, 1), round(x1, 1), round(-y1, 1))
        box = placement.box
        captions.append(Caption(round(box.x0, 1), round(-box.y1, 1), lines_of, mark.kind != "baseline", leader))
    return tuple(captions)


def _own(mark: ParetoMark) -> tuple[Box, ...]:
    boxes = [Box(mark.x - 7, -mark.y - 7, mark.x + 7, -mark.y + 7)]
    if mark.y_span is not None:
        boxes.append(Box(mark.x - 2, -max(mark.y_span), mark.x + 2, -min(mark.y_span)))
    if mark.x_span is not None:
        boxes.append(Box(min(mark.x_span), -mark.y - 2, max(mark.x_span), -mark.y + 2))
    return tuple(boxes)


def _strip(off: Sequence[Mark], x: Axis, y: Axis) -> tuple[Caption, ...]:
    """Baselines off the scale: named in a column beside the picture, with a line from its edge."""
    texts = [(*wrapped(mark.name, WIDTH - _STRIP, SMALL_SIZE), *mark.captions) for mark in off]
    heights = [_LINE * len(lines) for lines in texts]
    ends = [(x.inside(mark.at.x), y.inside(mark.at.y)) for mark in off]
    middles = stack([-end[1] for end in ends], heights, -_BOTTOM, -_TOP - 16, 10.0)
    return tuple(
        Caption(
            _STRIP, round(-middle - height / 2, 1), lines, False, (*end, _STRIP - 6, round(-middle - height / 2 + 9, 1))
        )
        for lines, height, middle, end in zip(texts, heights, middles, ends, strict=True)
    )
