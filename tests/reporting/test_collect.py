"""The data structure refuses what cannot be true, and finds rows by what they are."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from quantlat.metrics.bootstrap import bootstrap_mean, paired_difference
from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import AccuracyRow, Difference, Headline, Interval, LatencyRow, Role, SpeedupRow


def test_intervals_of_the_metrics_convert_as_they_are() -> None:
    found = bootstrap_mean([70.0, 72.0, 75.0, 71.0], seed=1)
    assert Interval.model_validate(found).model_dump() == {
        "estimate": 72.0,
        "low": found.low,
        "high": found.high,
        "level": 0.95,
        "n": 4,
    }
    difference = paired_difference([1.0, 2.0, 4.0], [1.0, 1.0, 1.0], seed=1)
    row = Difference(reference="x", interval=difference.interval, distinguishable=difference.distinguishable)
    assert row.interval.estimate == pytest.approx(4 / 3)


def test_an_unbounded_interval_says_that_nothing_is_known() -> None:
    interval = Interval.model_validate(bootstrap_mean([70.0], seed=1))
    assert (interval.low, interval.high, interval.level) == (70.0, 70.0, 0.0)
    assert not interval.known


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_estimate_must_be_finite(value: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Interval(estimate=value, low=0.0, high=1.0, n=3)


def test_swapped_limits_are_refused() -> None:
    with pytest.raises(ValidationError, match="swapped"):
        Interval(estimate=1.0, low=2.0, high=0.0, n=3)


def test_a_median_outside_its_interval_is_refused(report: ReportData) -> None:
    row = report.latency[0].model_dump() | {"median_ms": 1.0}
    with pytest.raises(ValidationError, match="outside"):
        LatencyRow.model_validate(row)


def test_samples_need_a_token_count_each(report: ReportData) -> None:
    row = report.latency[0].model_dump() | {"sample_tokens": (1, 2)}
    with pytest.raises(ValidationError, match="300 samples but 2 token counts"):
        LatencyRow.model_validate(row)


def test_profile_rows_and_only_they_name_a_profile() -> None:
    interval = Interval(estimate=70.0, low=69.0, high=71.0, n=10)
    for role, profile in ((Role.PROFILE, None), (Role.STUDENT, "full")):
        with pytest.raises(ValidationError, match="name their profile"):
            AccuracyRow(label="x", role=role, profile=profile, runtime="pytorch", points=interval, em=60.0, n=10)


def test_unknown_fields_are_refused(report: ReportData) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        ReportData.model_validate(report.model_dump() | {"verdict": "great"})


def test_data_are_frozen(report: ReportData) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        report.command = "x"  # type: ignore[misc]


def test_headline_speedups_and_front_must_name_what_exists(report: ReportData) -> None:
    assert report.search is not None
    ratio = Interval(estimate=2.0, low=1.9, high=2.1, n=5)
    wrong: list[tuple[str, object, str]] = [
        ("headline", Headline(profile="turbo", runtime="openvino", threads=2), "turbo"),
        ("speedups", (SpeedupRow(of="profile:balanced", over="nothing", ratio=ratio),), "nothing"),
        ("search", report.search.model_copy(update={"front": (10_000,)}), "10000"),
    ]
    for field, value, named in wrong:
        with pytest.raises(ValidationError, match=named):
            ReportData.model_validate(report.model_dump() | {field: value})


def test_profiles_are_looked_up_in_the_deployed_runtime_and_setting(report: ReportData) -> None:
    row = report.latency_of("profile:full")
    assert row is not None
    elsewhere = row.model_copy(update={"runtime": "onnxruntime", "median_ms": row.ci_ms[0]})
    other_threads = row.model_copy(update={"threads": 1, "median_ms": row.ci_ms[0]})
    data = report.model_copy(update={"latency": (elsewhere, other_threads, *report.latency)})
    assert data.latency_of("profile:full") is row
    accuracy = data.accuracy_of("profile:full")
    assert accuracy is not None
    assert accuracy.runtime == "openvino"


def test_a_speedup_measured_side_by_side_is_preferred_to_a_ratio_of_medians(report: ReportData) -> None:
    ratio = Interval(estimate=9.0, low=8.0, high=10.0, n=5)
    data = report.model_copy(update={"speedups": (SpeedupRow(of="profile:fast", over="student-fp32", ratio=ratio),)})
    fast, student = report.latency_of("profile:fast"), report.latency_of("student-fp32")
    assert fast is not None
    assert student is not None
    assert data.speedup("profile:fast", "student-fp32") == 9.0
    assert report.speedup("profile:fast", "student-fp32") == pytest.approx(student.median_ms / fast.median_ms)
    assert report.speedup("profile:fast", "missing") is None


def test_reports_from_before_there_were_other_metrics_are_read(report: ReportData) -> None:
    former = report.model_dump(mode="json")
    del former["metric"]
    for row in former["accuracy"]:
        row["f1"], row["f1_per_question"] = row.pop("points"), row.pop("points_per_example")
    assert ReportData.model_validate(former) == report
