"""Label placement: direct labels near their points, never on top of each other.

Point-feature labelling as Christensen, Marks & Shieber (1995) state it: every label has candidate positions
around its point, ranked by preference, and the placement of least total cost is sought. Here candidates lie on
rings of growing radius, costs of candidates and of pairs are tabled once, and a descent that re-places one label
at a time is started from many orders of the labels. Labels that end up away from their point get a leader line.

Coordinates are pixels, y upwards. Nothing here draws.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Compass directions in order of preference: to the right and above reads best.
_DEGREES = (20, 0, 45, -20, -45, 160, 90, 180, -90, 135, -160, -135, 70, 110, -70, -110, 30, -30, 150, -150)
_RINGS = (0, 5, 11, 18, 26, 36, 48, 62, 78, 96, 118, 144, 176, 216, 270)
_OVERLAP = 1e6
_OUTSIDE = 1e8
_NEAR = 9.0
_AMBIGUOUS = 60.0
_MAX_ORDERS = 120


@dataclass(frozen=True)
class Box:
    """An axis-parallel rectangle."""

    x0: float
    y0: float
    x1: float
    y1: float

    def overlap(self, other: Box) -> float:
        """Shared area; 0 when the boxes only touch."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return width * height if width > 0 and height > 0 else 0.0

    def inside(self, other: Box) -> bool:
        """True when this box lies within the other."""
        return self.x0 >= other.x0 and self.y0 >= other.y0 and self.x1 <= other.x1 and self.y1 <= other.y1

    def grown(self, by: float) -> Box:
        """The box with a margin on every side."""
        return Box(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by)


@dataclass(frozen=True)
class Label:
    """A label of ``width`` by ``height`` for the point (x, y), whose mark has the radius ``clearance``.

    ``own`` are boxes that belong to the point, such as its mark and its error bars. No label may cover them, and
    other labels keep a distance, lest they seem to name them.
    """

    x: float
    y: float
    width: float
    height: float
    clearance: float = 7.0
    own: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Placement:
    """Where a label goes, and the leader line from its point if it could not stay close."""

    box: Box
    leader: tuple[tuple[float, float], tuple[float, float]] | None


@dataclass(frozen=True)
class _Candidates:
    """Positions of one label: boxes [c, 4], leader lines [c, 4] (start, end), whether one is drawn [c], cost [c]."""

    boxes: Array
    leaders: Array
    led: NDArray[np.bool_]
    cost: Array

    def placement(self, index: int) -> Placement:
        x0, y0, x1, y1 = (float(v) for v in self.leaders[index])
        leader = ((x0, y0), (x1, y1)) if self.led[index] else None
        return Placement(Box(*(float(v) for v in self.boxes[index])), leader)


def place_labels(
    labels: Sequence[Label],
    *,
    bounds: Box,
    blocked: Sequence[Box] = (),
    avoided: Sequence[tuple[Box, float]] = (),
    gap: float = 3.0,
) -> list[Placement]:
    """Place labels so that they overlap neither each other nor ``blocked`` boxes and stay within ``bounds``.

    Args:
        labels: in order of priority, most important first.
        bounds: where labels may lie.
        blocked: marks and fixed texts that no label may cover.
        avoided: lines and the like that labels keep off where there is a choice, with a weight each (1 is usual).
        gap: distance kept between labels and from ``blocked``.

    Returns:
        One placement per label, in order. On a page too full for all, the least overlap found.
    """
    if not labels:
        return []
    owned = [box for label in labels for box in label.own]
    solid, soft = _array([b.grown(gap) for b in (*blocked, *owned)]), _array([box for box, _ in avoided])
    weights = np.array([weight for _, weight in avoided], dtype=np.float64)
    tables = [_candidates(label, bounds, solid, soft, weights, gap) for label in labels]
    for i, table in enumerate(tables):
        table.cost[:] += _ambiguity(table.boxes, labels, i)
    pairs: dict[tuple[int, int], Array] = {}
    for i, j in itertools.combinations(range(len(labels)), 2):
        pairs[i, j] = _pair_cost(tables[i], tables[j], gap)
        pairs[j, i] = pairs[i, j].T
    best, lowest = [0] * len(labels), math.inf
    for order in _orders(len(labels)):
        chosen = _descend(order, tables, pairs)
        cost = sum(float(t.cost[c]) for t, c in zip(tables, chosen, strict=True))
        cost += sum(float(p[chosen[i], chosen[j]]) for (i, j), p in pairs.items() if i < j)
        if cost < lowest - 1e-9:
            best, lowest = chosen, cost
    return [table.placement(index) for table, index in zip(tables, best, strict=True)]


def _orders(n: int) -> list[tuple[int, ...]]:
    if math.factorial(n) <= _MAX_ORDERS:
        return list(itertools.permutations(range(n)))
    rng = np.random.default_rng(0)
    return [tuple(range(n)), *(tuple(int(i) for i in rng.permutation(n)) for _ in range(_MAX_ORDERS // 2))]


def _descend(order: tuple[int, ...], tables: Sequence[_Candidates], pairs: dict[tuple[int, int], Array]) -> list[int]:
    """Place labels greedily in ``order``, then move one at a time while that lowers the total."""
    chosen: dict[int, int] = {}
    for _ in range(6):
        before = dict(chosen)
        for i in order:
            cost = tables[i].cost + sum(pairs[i, j][:, c] for j, c in chosen.items() if j != i)
            chosen[i] = int(np.argmin(cost))
        if chosen == before:
            break
    return [chosen[i] for i in range(len(tables))]


def _array(boxes: Sequence[Box]) -> Array:
    return np.array([(b.x0, b.y0, b.x1, b.y1) for b in boxes], dtype=np.float64).reshape(-1, 4)


def _candidates(label: Label, bounds: Box, solid: Array, soft: Array, weights: Array, gap: float) -> _Candidates:
    ring, rank = np.meshgrid(np.array(_RINGS, float), np.arange(len(_DEGREES)), indexing="ij")
    angle = np.radians(np.array(_DEGREES, float))[rank.astype(int)]
    # The label's nearest corner or edge, not its middle, is `reach` away from the point.
    reach = (label.clearance + gap + ring).ravel()
    dx, dy = np.cos(angle).ravel(), np.sin(angle).ravel()
    cx = label.x + dx * reach + np.sign(dx) * label.width / 2 * np.minimum(1.0, np.abs(dx) * 2.2)
    cy = label.y + dy * reach + np.sign(dy) * label.height / 2 * np.minimum(1.0, np.abs(dy) * 2.2)
    half = np.array([label.width / 2, label.height / 2])
    boxes = np.stack([cx - half[0], cy - half[1], cx + half[0], cy + half[1]], axis=1)
    near = np.stack([np.clip(label.x, boxes[:, 0], boxes[:, 2]), np.clip(label.y, boxes[:, 1], boxes[:, 3])], axis=1)
    way = near - (label.x, label.y)
    distance = np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)
    unit = way / distance[:, None]
    leaders = np.concatenate([(label.x, label.y) + unit * label.clearance, near - 2 * unit], axis=1)
    led = distance > label.clearance + _NEAR
    cost = 1.5 * rank.ravel() + 1.4 * ring.ravel() + 8.0 * led
    limits = np.array([bounds.x0, bounds.y0, -bounds.x1, -bounds.y1])
    outside = (np.concatenate([boxes[:, :2], -boxes[:, 2:]], axis=1) < limits).any(axis=1)
    hits, lines = _overlap(boxes, solid), _overlap(boxes, soft)
    cost = cost + _OUTSIDE * outside + (_OVERLAP * (hits > 0) + hits).sum(axis=1)
    cost = cost + ((9.0 * (lines > 0) + 0.1 * lines) * weights).sum(axis=1)
    cost = cost + 40.0 * led * _through(leaders, solid).sum(axis=1)
    return _Candidates(boxes, leaders, led, cost)


def _ambiguity(boxes: Array, labels: Sequence[Label], index: int) -> Array:
    """What it costs a label to lie as near to the marks of another point as to its own."""

    def distance(to: Sequence[Box]) -> Array:
        if not to:
            return np.full(len(boxes), np.inf)
        other = _array(to)
        dx = np.maximum(other[None, :, 0] - boxes[:, None, 2], boxes[:, None, 0] - other[None, :, 2])
        dy = np.maximum(other[None, :, 1] - boxes[:, None, 3], boxes[:, None, 1] - other[None, :, 3])
        nearest: Array = np.min(np.hypot(np.maximum(dx, 0.0), np.maximum(dy, 0.0)), axis=1)
        return nearest

    label = labels[index]
    mine = distance(label.own or (Box(label.x, label.y, label.x, label.y),))
    others = distance([box for j, other in enumerate(labels) if j != index for box in other.own])
    return np.where(others < mine + 6.0, _AMBIGUOUS, 0.0)


def _pair_cost(a: _Candidates, b: _Candidates, gap: float) -> Array:
    """What it costs that label a is at i and label b at j: overlaps, leaders through labels, crossing leaders."""
    grown = b.boxes + np.array([-gap, -gap, gap, gap])
    shared = _overlap(a.boxes, grown)
    cost = _OVERLAP * (shared > 0) + shared
    cost[a.led] += 300.0 * _through(a.leaders[a.led], b.boxes)
    cost[:, b.led] += 300.0 * _through(b.leaders[b.led], a.boxes).T
    cost[np.ix_(a.led, b.led)] += 120.0 * _cross(a.leaders[a.led], b.leaders[b.led])
    return cost


def _overlap(a: Array, b: Array) -> Array:
    """Shared area [len(a), len(b)]."""
    width = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    height = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    shared: Array = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    return shared


def _through(leaders: Array, boxes: Array) -> NDArray[np.bool_]:
    """Whether each leader passes through each box [leaders, boxes] (slabs, Kay & Kajiya 1986)."""
    start, way = leaders[:, None, :2], leaders[:, None, 2:] - leaders[:, None, :2]
    way = np.where(np.abs(way) < 1e-12, 1e-12, way)
    first, second = (boxes[None, :, :2] - start) / way, (boxes[None, :, 2:] - start) / way
    enter, leave = np.minimum(first, second), np.maximum(first, second)
    t0 = np.maximum(np.maximum(enter[..., 0], enter[..., 1]), 0.0)
    t1 = np.minimum(np.minimum(leave[..., 0], leave[..., 1]), 1.0)
    found: NDArray[np.bool_] = t0 < t1
    return found


def _cross(a: Array, b: Array) -> NDArray[np.bool_]:
    """Whether leader i of a crosses leader j of b [len(a), len(b)]."""

    def side(p: Array, q: Array, r: Array) -> Array:
        out: Array = (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (
            r[..., 0] - p[..., 0]
        )
        return out

    p, q = a[:, None, :2], a[:, None, 2:]
    r, s = b[None, :, :2], b[None, :, 2:]
    crossed: NDArray[np.bool_] = (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)
    return crossed


def stack(wanted: Sequence[float], heights: Sequence[float], low: float, high: float, gap: float = 4.0) -> list[float]:
    """Middles of labels stacked in one column, as near to the wanted heights as their order and size allow.

    Labels keep the order of ``wanted`` (high to low); overlapping neighbours form a block centred on the mean of
    what its members want (pool-adjacent-violators), and blocks stay within ``[low, high]`` as far as they fit.
    """
    order = sorted(range(len(wanted)), key=lambda i: -wanted[i])
    blocks: list[tuple[list[int], float, float]] = []
    for i in order:
        members, height = [i], heights[i]
        top = min(max(wanted[i] + height / 2, low + height), high)
        while blocks and blocks[-1][1] - blocks[-1][2] - gap < top:
            above, above_top, above_height = blocks.pop()
            middle = ((above_top - above_height / 2) * len(above) + (top - height / 2) * len(members)) / (
                len(above) + len(members)
            )
            members, height = above + members, above_height + gap + height
            top = min(max(middle + height / 2, low + height), high)
        blocks.append((members, top, height))
    middles = [0.0] * len(wanted)
    for members, top, _ in blocks:
        y = top
        for i in members:
            middles[i] = y - heights[i] / 2
            y -= heights[i] + gap
    return middles
