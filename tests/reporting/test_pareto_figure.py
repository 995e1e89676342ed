"""What the Pareto figure shows: differences to one reference on the same questions, on a scale of the front."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures.pareto import ParetoInfo, Point, pareto_info
from quantlat.reporting.rows import CandidateRow, Interval


def _info(data: ReportData) -> ParetoInfo:
    info = pareto_info(data)
    assert info is not None
    return info


def _interval(estimate: float) -> Interval:
    return Interval(estimate=estimate, low=estimate - 1, high=estimate + 1, n=400)


def _with_candidates(data: ReportData, candidates: tuple[CandidateRow, ...], front: tuple[int, ...]) -> ReportData:
    assert data.search is not None
    profiles = tuple(p.model_copy(update={"candidate": None}) for p in data.profiles)
    search = data.search.model_copy(update={"candidates": candidates, "front": front})
    return data.model_copy(update={"search": search, "profiles": profiles})


def test_trials_and_front_are_differences_to_the_reference_on_the_search_split(report: ReportData) -> None:
    ratios = (1.0,) * 6
    candidates = (
        CandidateRow(number=3, ratios=ratios, macs_relative=1.0, accuracy=_interval(72.6), latency_ms=8.5),
        CandidateRow(number=5, ratios=ratios, macs_relative=0.7, accuracy=_interval(71.6), latency_ms=7.0),
        CandidateRow(number=9, ratios=ratios, macs_relative=0.8, accuracy=_interval(70.6), latency_ms=7.5),
    )
    info = _info(_with_candidates(report, candidates, (3, 5)))
    assert info.trials == (Point(8.5, 0.0), Point(7.0, -1.0), Point(7.5, -2.0))
    assert info.front == (Point(7.0, -1.0), Point(8.5, 0.0))
    assert info.hidden == 0


def test_paired_drop_and_relative_time_are_used_where_the_search_has_them(report: ReportData) -> None:
    full = report.latency_of("profile:full")
    assert full is not None
    candidate = CandidateRow(
        number=0,
        ratios=(0.5,) * 6,
        macs_relative=0.5,
        accuracy=_interval(60.0),
        drop=_interval(0.25),
        latency_ms=99.0,
        latency_relative=0.8,
    )
    info = _info(_with_candidates(report, (candidate,), (0,)))
    assert info.trials == (Point(0.8 * full.median_ms, -0.25),)


def test_profiles_stand_at_their_dev_difference_with_its_interval(report: ReportData) -> None:
    marks = {m.name: m for m in _info(report).profiles}
    assert set(marks) == {"full", "balanced", "fast"}
    balanced, row = marks["balanced"], report.latency_of("profile:balanced")
    assert row is not None
    assert balanced.at == Point(row.median_ms, -0.7)
    assert balanced.x_interval == row.ci_ms
    assert balanced.y_interval == pytest.approx((-1.15, -0.25))
    assert balanced.captions == ("6.97 ms (6.71 to 7.46)", "−0.7 F1 (−1.1 to −0.2)")
    assert balanced.recommended
    assert not marks["fast"].recommended


def test_the_reference_is_at_zero_and_the_floor_at_what_may_be_lost(report: ReportData) -> None:
    info = _info(report)
    student = next(m for m in (*info.baselines, *info.off_scale) if m.name.startswith("(c)"))
    assert student.at.y == 0.0
    assert student.captions[1] == "0.0 F1"
    assert info.floor == -1.0
    assert info.reference == "fp32 student (72.0)"


def test_baselines_far_away_are_listed_and_do_not_flatten_the_front(make_report: Callable[..., ReportData]) -> None:
    info = _info(make_report(teacher_per_token=2.9))
    assert [m.name[:3] for m in info.off_scale] == ["(c)", "(b)", "(a)"]
    assert [m.name[:3] for m in info.baselines] == ["(d)"]
    slowest = max(m.at.x for m in info.profiles)
    assert info.x_limits[1] < 1.5 * slowest


def test_a_baseline_near_the_front_is_drawn_in_the_picture(make_report: Callable[..., ReportData]) -> None:
    info = _info(make_report(student_per_token=0.08))
    assert [m.name[:3] for m in info.baselines] == ["(c)", "(d)"]


def test_trials_that_collapsed_are_counted_not_drawn_to_scale(report: ReportData) -> None:
    good = CandidateRow(number=0, ratios=(1.0,), macs_relative=1.0, accuracy=_interval(72.0), latency_ms=8.0)
    bad = CandidateRow(number=1, ratios=(0.1,), macs_relative=0.1, accuracy=_interval(12.0), latency_ms=3.0)
    info = _info(_with_candidates(report, (good, bad), (0, 1)))
    assert info.hidden == 1
    assert info.y_limits[0] > -10


def test_profiles_of_one_configuration_share_a_mark(report: ReportData) -> None:
    same = tuple(p.model_copy(update={"ratios": (1.0,) * 6}) for p in report.profiles)
    (mark,) = _info(report.model_copy(update={"profiles": same})).profiles
    assert mark.name == "full = balanced = fast"
    assert mark.recommended


def test_a_missed_floor_is_what_the_title_says(make_report: Callable[..., ReportData]) -> None:
    title = _info(make_report(missed_by=0.31)).heading.title
    assert title == "Accuracy floor missed: the nearest profile is 0.31 F1 points short"


def test_the_title_says_when_the_loss_is_noise(make_report: Callable[..., ReportData]) -> None:
    title = _info(make_report(drops=(0.1, 0.2, 2.0))).heading.title
    assert title.endswith("for 0.2 F1 points, not distinguishable from zero")


def test_without_a_search_only_what_was_measured_is_shown(make_report: Callable[..., ReportData]) -> None:
    info = _info(make_report(searched=False))
    assert info.trials == info.front == ()
    assert info.floor is None
    assert len(info.profiles) == 3


def test_no_accuracy_is_no_figure(report: ReportData) -> None:
    assert pareto_info(report.model_copy(update={"accuracy": ()})) is None
