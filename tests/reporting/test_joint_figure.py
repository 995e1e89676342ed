"""The verdict of a comparison is what its numbers say."""

from __future__ import annotations

import pytest

from quantlat.reporting.figures.canvas import to_bytes
from quantlat.reporting.figures.joint import Arm, JointInfo, draw_joint, joint_info

LENGTH = Arm("length", ((1.0, 2.0, 5.0), (1.0, 3.0, 5.4)), ((0.3, 1.0), (0.2, 3.0), (0.25, 4.0)))
INT8 = Arm("INT8", ((1.0, 1.5), (1.0, 1.5)), ((0.35, 0.1), (1.0, 0.0)))


def _info(*finals: float) -> JointInfo:
    joint = Arm("joint", tuple((1.0, 2.0, final) for final in finals), ((0.1, 2.0), (0.4, 0.2), (0.05, 40.0)))
    return joint_info(
        [LENGTH, INT8, joint], source="machine · data", questions="all", runtime="native, 1 thread", worst_drop=10.0
    )


@pytest.mark.parametrize(
    ("finals", "verdict"),
    [
        ((6.5, 6.5), "covers 1.25 times the area of the best search of fewer axes (length)"),
        ((2.6, 2.6), "covers less than length: 0.50 of its area"),
        ((5.2, 6.0), "length cover about the same: the ranges of their seeds overlap (1.08 in the mean)"),
    ],
)
def test_the_heading_says_what_was_found(finals: tuple[float, ...], verdict: str) -> None:
    title = _info(*finals).heading.title
    assert title.startswith("After 3 evaluations the joint search") and verdict in title


def test_a_search_that_used_its_space_up_stays_where_it_was() -> None:
    assert INT8.padded(3).tolist() == [[1.0, 1.5, 1.5]] * 2
    assert LENGTH.front == ((0.2, 3.0), (0.3, 1.0))  # the third one is slower and worse


def test_equal_data_give_equal_pictures() -> None:
    first, again = (to_bytes(draw_joint(_info(6.5, 7.0)), "svg", "joint") for _ in range(2))
    assert first == again and b"hypervolume" in first
