"""Axes, ticks and texts of the page's charts."""

from __future__ import annotations

import pytest

from quantlat.reporting import html_numbers as num
from quantlat.reporting.html_chart import Axis, Tip, linear_ticks, log_ticks, padded, shortened, wrapped
from quantlat.reporting.rows import Interval, SpeedupRow


def test_an_axis_maps_its_ends_and_clips_on_request() -> None:
    axis = Axis(10.0, 1000.0, 0.0, 200.0, log=True)
    assert (axis.at(10.0), axis.at(100.0), axis.at(1000.0)) == (0.0, 100.0, 200.0)
    assert axis.inside(5000.0) == 200.0
    assert Axis(0.0, 4.0, 100.0, 0.0).at(1.0) == 75.0


def test_ticks_are_round_and_within_the_limits() -> None:
    assert linear_ticks(-1.6, 0.7, 6) == [-1.5, -1.0, -0.5, 0.0, 0.5]
    assert log_ticks(8.0, 70.0) == [10.0, 20.0, 50.0]
    assert len(log_ticks(11.0, 14.0)) >= 2


@pytest.mark.parametrize("values", [[3.0], [0.0], [2.0, 5.0]])
def test_limits_hold_the_values_also_when_there_is_only_one(values: list[float]) -> None:
    low, high = padded(values, log=False)
    assert low < min(values) <= max(values) < high


def test_long_texts_are_wrapped_and_cut() -> None:
    assert shortened("abcdefghij", 40.0, 10.0) == "abcdef…"
    assert wrapped("one two three four five six", 60.0, 10.0) == ("one two", "three fou…")
    assert wrapped("", 60.0) == ()


def test_a_tip_reads_as_one_sentence() -> None:
    tip = Tip("balanced", (("latency, ms", "7"),), (1.0, 0.5))
    assert tip.text == "balanced: latency, ms 7; keeps 1.00 0.50 of the tokens after each layer"


def test_intervals_have_the_decimals_of_their_estimate() -> None:
    assert num.points(Interval(estimate=72.04, low=70.0, high=73.96, n=9)).text == "72.0 (70.0 to 74.0)"
    ratio = SpeedupRow(of="a", over="b", ratio=Interval(estimate=2.5, low=2.341, high=2.6, n=5))
    assert num.times(2.5, ratio).text == "2.50× (2.34 to 2.60)"
    assert num.times(None, None) is num.NOTHING
