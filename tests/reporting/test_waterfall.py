"""The attribution of the speedup: named causes whose factors multiply to the whole."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures.waterfall import log_ticks, waterfall_info
from quantlat.reporting.rows import LatencyRow, Role, profile_key


def _info(data: ReportData):  # type: ignore[no-untyped-def]
    info = waterfall_info(data)
    assert info is not None
    return info


def test_factors_multiply_to_the_ratio_of_baseline_a_and_the_profile(report: ReportData) -> None:
    info = _info(report)
    first, last = report.latency_of("teacher-fp32-padded"), report.latency_of("profile:balanced")
    assert first is not None
    assert last is not None
    assert info.total == first.median_ms / last.median_ms
    assert math.prod(step.factor for step in info.steps) == pytest.approx(info.total, rel=1e-12)
    assert info.start_ms == first.median_ms
    assert info.end_ms == last.median_ms == info.steps[-1].after_ms


def test_each_step_starts_where_the_one_before_it_ended(report: ReportData) -> None:
    info = _info(report)
    ends = [info.start_ms, *(step.after_ms for step in info.steps)]
    assert [step.before_ms for step in info.steps] == ends[:-1]


def test_causes_are_architecture_padding_int8_and_retention(report: ReportData) -> None:
    steps = _info(report).steps
    assert [s.name for s in steps] == ["smaller architecture", "no padding", "INT8 + runtime", "retention"]
    assert steps[0].detail == "12 layers × 768 → 6 layers × 384"
    assert steps[3].detail == "74 % of the MACs left"


def test_without_a_padded_student_padding_comes_off_the_teacher_first(make_report: Callable[..., ReportData]) -> None:
    info = _info(make_report(student_padded=False))
    assert [s.name for s in info.steps] == ["no padding", "smaller architecture", "INT8 + runtime", "retention"]
    assert math.prod(step.factor for step in info.steps) == pytest.approx(info.total, rel=1e-12)


def test_fp32_in_the_deployed_runtime_separates_runtime_from_int8(
    report: ReportData, make_latency: Callable[..., LatencyRow]
) -> None:
    rng = np.random.default_rng(0)
    row = make_latency(Role.STUDENT_RUNTIME, "student fp32 in OpenVINO", 0.1, rng, runtime="openvino")
    info = _info(report.model_copy(update={"latency": (*report.latency, row)}))
    assert [s.name for s in info.steps][2:] == ["runtime", "INT8", "retention"]
    assert math.prod(step.factor for step in info.steps) == pytest.approx(info.total, rel=1e-12)


def test_a_model_that_was_not_timed_merges_two_causes(report: ReportData) -> None:
    kept = tuple(r for r in report.latency if r.role not in (Role.STUDENT, Role.STUDENT_PADDED))
    info = _info(report.model_copy(update={"latency": kept, "speedups": ()}))
    assert info.steps[1].name == "smaller architecture, INT8 + runtime"


def test_a_step_that_slows_down_has_a_factor_under_one(make_report: Callable[..., ReportData]) -> None:
    info = _info(make_report(int8_per_token=0.2))
    assert info.steps[2].factor < 1.0
    assert math.prod(step.factor for step in info.steps) == pytest.approx(info.total, rel=1e-12)


def test_an_interval_is_shown_where_the_two_were_measured_side_by_side(report: ReportData) -> None:
    info = _info(report)
    row = report.speedup_row(profile_key("balanced"), profile_key("full"))
    assert row is not None
    assert info.steps[3].interval == (row.ratio.low, row.ratio.high)
    assert info.steps[0].interval is None


def test_the_total_has_the_interval_of_the_two_ends_measured_side_by_side(report: ReportData) -> None:
    info = _info(report)
    row = report.speedup_row("profile:balanced", "teacher-fp32-padded")
    assert row is not None
    assert info.total_interval == (row.ratio.low, row.ratio.high)
    assert info.total_text == "99.2× (97.2 to 101.2) in all"
    apart = _info(report.model_copy(update={"speedups": ()}))
    assert apart.total_interval is None
    assert apart.total_text == "99.2× in all"


def test_a_full_profile_as_headline_has_no_retention_step(make_report: Callable[..., ReportData]) -> None:
    assert _info(make_report(profiles=("full",))).steps[-1].name == "INT8 + runtime"


def test_one_timed_model_is_no_waterfall(report: ReportData) -> None:
    only = tuple(r for r in report.latency if r.profile == "balanced")
    assert waterfall_info(report.model_copy(update={"latency": only, "speedups": ()})) is None


@pytest.mark.parametrize(("low", "high"), [(5.0, 1000.0), (6.5, 9.2), (0.04, 0.09), (90, 3000), (7.0, 7.3)])
def test_ticks_of_a_log_axis_are_round_few_and_inside(low: float, high: float) -> None:
    ticks = log_ticks(low, high)
    assert 1 <= len(ticks) <= 12
    assert all(low <= t <= high for t in ticks)
