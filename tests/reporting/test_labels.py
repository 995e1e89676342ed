"""Labels never overlap each other or a mark, and stay on the page."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from quantlat.reporting.figures.labels import Box, Label, place_labels, stack

PAGE = Box(0, 0, 520, 360)


def _same_point(n: int) -> list[Label]:
    return [Label(260, 180, 110, 30) for _ in range(n)]


def _random(n: int, seed: int) -> list[Label]:
    rng = np.random.default_rng(seed)
    return [Label(rng.uniform(20, 500), rng.uniform(20, 340), rng.uniform(60, 130), 30) for _ in range(n)]


CASES = {
    "one": [Label(260, 180, 110, 30)],
    "seven on one point": _same_point(7),
    "four corners": [Label(x, y, 120, 30) for x in (2, 518) for y in (2, 358)],
    "a tight row": [Label(200 + 8 * i, 180, 110, 30) for i in range(6)],
    "a tight column": [Label(260, 150 + 6 * i, 110, 30) for i in range(6)],
    "ten at random": _random(10, 0),
    "twelve at random": _random(12, 1),
}


@pytest.mark.parametrize("labels", CASES.values(), ids=CASES.keys())
def test_labels_overlap_neither_each_other_nor_marks_and_stay_on_the_page(labels: list[Label]) -> None:
    marks = [Box(label.x - 6, label.y - 6, label.x + 6, label.y + 6) for label in labels]
    placed = place_labels(labels, bounds=PAGE, blocked=marks)
    assert len(placed) == len(labels)
    for a, b in itertools.combinations(placed, 2):
        assert a.box.overlap(b.box) == 0
    for placement, label in zip(placed, labels, strict=True):
        assert placement.box.inside(PAGE)
        assert all(placement.box.overlap(mark) == 0 for mark in marks)
        assert placement.box.x1 - placement.box.x0 == pytest.approx(label.width)
        assert placement.box.y1 - placement.box.y0 == pytest.approx(label.height)


def test_a_free_label_sits_beside_its_point_without_a_leader() -> None:
    (placed,) = place_labels([Label(260, 180, 110, 30)], bounds=PAGE)
    assert placed.leader is None
    assert placed.box.x0 > 260


def test_a_label_pushed_away_gets_a_leader_that_starts_at_its_mark_and_ends_at_the_label() -> None:
    wall = Box(200, 120, 320, 240)
    (placed,) = place_labels([Label(260, 180, 110, 30)], bounds=PAGE, blocked=[wall])
    assert placed.box.overlap(wall) == 0
    assert placed.leader is not None
    start, end = placed.leader
    assert math.hypot(start[0] - 260, start[1] - 180) == pytest.approx(7.0)
    grown = placed.box.grown(3)
    assert grown.x0 <= end[0] <= grown.x1
    assert grown.y0 <= end[1] <= grown.y1


def test_an_avoided_line_is_left_free_when_there_is_room_elsewhere() -> None:
    line = Box(260, 178, 520, 200)
    (placed,) = place_labels([Label(260, 180, 110, 30)], bounds=PAGE, avoided=[(line, 1.0)])
    assert placed.box.overlap(line) == 0


def test_a_label_does_not_sit_where_it_would_seem_to_name_another_point() -> None:
    bar = Box(259, 60, 261, 300)
    neighbour = Label(140, 180, 100, 30, own=(Box(139, 60, 141, 300),))
    label = Label(260, 180, 100, 30, own=(bar,))
    for placed, own, other in zip(place_labels([label, neighbour], bounds=PAGE), (260, 140), (140, 260), strict=True):
        gaps = [max(placed.box.x0 - x, x - placed.box.x1) for x in (own, other)]
        assert gaps[0] + 4 < gaps[1]


def test_placing_twice_gives_the_same_places() -> None:
    labels = _random(8, 4)
    assert place_labels(labels, bounds=PAGE) == place_labels(labels, bounds=PAGE)


def test_no_labels_are_no_placements() -> None:
    assert place_labels([], bounds=PAGE) == []


def test_stacked_labels_stay_where_they_want_to_be_when_they_fit() -> None:
    assert stack([300.0, 100.0], [20.0, 20.0], 0, 400) == [300.0, 100.0]


@pytest.mark.parametrize("wanted", [[200.0] * 5, [395.0, 396.0, 10.0, 2.0, 200.0], [0.0] * 6, [400.0] * 6])
def test_stacked_labels_keep_their_order_do_not_touch_and_stay_in_the_column(wanted: list[float]) -> None:
    heights = [20.0 + 4 * (i % 3) for i in range(len(wanted))]
    middles = stack(wanted, heights, 0, 400, gap=4)
    spans = sorted((m - h / 2, m + h / 2) for m, h in zip(middles, heights, strict=True))
    assert spans[0][0] >= -1e-9
    assert spans[-1][1] <= 400 + 1e-9
    assert all(above[0] - below[1] >= 4 - 1e-9 for below, above in itertools.pairwise(spans))
    pairs = sorted(zip(wanted, middles, strict=True), key=lambda p: p[0])
    assert all(a[1] < b[1] for a, b in itertools.pairwise(pairs) if a[0] < b[0])
