"""The verdict and the warnings that follow from the data."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from quantlat.reporting.agreement import runtime_spread, spread_text
from quantlat.reporting.caveats import with_caveats
from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import Interval, SpeedupRow
from quantlat.reporting.verdict import Outcome, verdict


def test_a_met_floor_states_speed_loss_and_what_was_allowed(report: ReportData) -> None:
    found = verdict(report)
    assert found.outcome is Outcome.MET
    assert found.sentence == (
        "`balanced` answers in 6.97 ms (95 % interval 6.71 to 7.46; median request, 2 threads, INT8 in OpenVINO), "
        "33.2× (32.5 to 33.9) faster than the fp32 teacher without padding, 3.57× (3.50 to 3.64) than the fp32 student "
        "and 1.15× (1.13 to 1.17) than the same student in INT8 by NNCF, and loses 0.70 F1 points (0.25 to 1.15) "
        "against the fp32 student (71.3 against 72.0; 1.00 allowed)."
    )


def test_a_missed_floor_comes_first_and_says_by_how_much(make_report: Callable[..., ReportData]) -> None:
    found = verdict(make_report(missed_by=0.31, drops=(0.4, 1.31, 4.0)))
    assert found.outcome is Outcome.MISSED
    assert found.sentence.startswith("The accuracy floor was missed by 0.31 F1 points (1.00 allowed); the nearest")
    assert found.sentence.endswith(
        "loses 1.31 F1 points (0.86 to 1.76) against the fp32 student (70.7 against 72.0) on the dev questions."
    )


def test_a_floor_met_in_the_search_but_not_on_dev_is_said(make_report: Callable[..., ReportData]) -> None:
    found = verdict(make_report(drops=(0.1, 1.4, 3.0)))
    assert found.outcome is Outcome.MISSED_ON_DEV
    assert "but on the dev questions it loses 1.40 F1 points" in found.sentence
    assert found.sentence.endswith("more than the search had shown.")


def test_a_loss_that_cannot_be_told_from_zero_is_called_so(make_report: Callable[..., ReportData]) -> None:
    sentence = verdict(make_report(drops=(0.1, 0.2, 3.0))).sentence
    assert sentence.endswith("a difference not distinguishable from zero at this sample size.")


def test_a_gain_is_a_gain(make_report: Callable[..., ReportData]) -> None:
    assert "gains 0.80 F1 points (0.35 to 1.25)" in verdict(make_report(drops=(0.1, -0.8, 3.0))).sentence


def test_no_search_promises_no_floor(make_report: Callable[..., ReportData]) -> None:
    found = verdict(make_report(searched=False))
    assert found.outcome is Outcome.NO_FLOOR
    assert "allowed" not in found.sentence


def test_a_slowdown_is_called_slower(make_report: Callable[..., ReportData]) -> None:
    sentence = verdict(make_report(int8_per_token=0.2)).sentence
    assert "8.30× (8.14 to 8.47) faster than the fp32 teacher without padding, 1.12× (" in sentence
    assert " (1.10 to 1.14) slower than the fp32 student" in sentence


def test_a_slower_profile_has_the_interval_the_right_way_round(report: ReportData) -> None:
    ratio = Interval(estimate=0.5, low=0.4, high=0.625, n=5)
    speedups = (SpeedupRow(of="profile:balanced", over="student-fp32", ratio=ratio),)
    sentence = verdict(report.model_copy(update={"speedups": speedups})).sentence
    assert "2.00× (1.60 to 2.50) slower than the fp32 student" in sentence


def test_a_ratio_of_which_nothing_is_known_has_no_interval(report: ReportData) -> None:
    ratio = Interval(estimate=3.6, low=3.6, high=3.6, level=0.0, n=1)
    speedups = (SpeedupRow(of="profile:balanced", over="student-fp32", ratio=ratio),)
    assert "3.6× than the fp32 student" in verdict(report.model_copy(update={"speedups": speedups})).sentence


def test_too_few_samples_for_95_per_cent_say_what_their_interval_covers(report: ReportData) -> None:
    latency = tuple(r.model_copy(update={"level": 0.875}) for r in report.latency)
    assert "(88 % interval 6.71 to 7.46; " in verdict(report.model_copy(update={"latency": latency})).sentence


def test_a_ratio_whose_interval_holds_one_is_not_called_faster(report: ReportData) -> None:
    ratio = Interval(estimate=1.05, low=0.97, high=1.12, n=5)
    speedups = (SpeedupRow(of="profile:balanced", over="student-fp32", ratio=ratio),)
    sentence = verdict(report.model_copy(update={"speedups": speedups})).sentence
    assert "not measurably faster than the fp32 student (0.970× to 1.12×)" in sentence


def test_a_disturbed_measurement_is_not_quoted_without_saying_so(report: ReportData) -> None:
    latency = tuple(r.model_copy(update={"reliable": r.profile != "balanced"}) for r in report.latency)
    data = report.model_copy(update={"latency": latency})
    assert "by a measurement that was disturbed and should be repeated" in verdict(data).sentence
    assert with_caveats(data).warnings == (
        "The measurement was disturbed: repeat it. Concerns INT8 balanced (OpenVINO).",
    )


def test_training_on_less_than_squad_is_a_caveat(report: ReportData) -> None:
    caveats = with_caveats(report).caveats
    assert caveats[0].startswith("Trained on 6,809 questions, not on the 87,599 of the SQuAD 1.1 training set")
    assert "Found in the data: 3 misaligned answers." in caveats
    assert (
        "With 1,548 dev questions, an F1 difference of less than about 0.4 points cannot be told from zero." in caveats
    )


def test_generated_data_are_a_caveat(make_report: Callable[..., ReportData]) -> None:
    caveats = with_caveats(make_report(data={"kind": "embedded", "name": "embedded passages"})).caveats
    assert caveats[0].startswith("Trained and evaluated on generated passages")


def test_the_whole_training_set_is_no_caveat(make_report: Callable[..., ReportData]) -> None:
    caveats = with_caveats(make_report(data={"train_questions": 87_599})).caveats
    assert not any("published" in text for text in caveats)


def test_caveats_are_added_once(report: ReportData) -> None:
    once = with_caveats(report)
    assert with_caveats(once) == once


def test_each_measurement_warning_is_listed_once_with_what_it_concerns(report: ReportData) -> None:
    rows = tuple(r.model_copy(update={"warnings": ("No VNNI.",) if r.profile else ()}) for r in report.latency)
    warnings = with_caveats(report.model_copy(update={"latency": rows})).warnings
    expected = "No VNNI. Concerns INT8 full (OpenVINO), INT8 balanced (OpenVINO), INT8 fast (OpenVINO)."
    assert warnings == (expected,)


@pytest.mark.parametrize(
    ("case", "start"),
    [
        ({"int8_per_token": 0.2}, "INT8 at full length is 1.38× slower than fp32 here"),
        ({"missed_by": 0.31}, "The accuracy floor of 71.60 F1 on the search split was missed by 0.31"),
        ({"drops": (0.1, 1.4, 3.0)}, "`balanced` was within 1.00 points in the search, but loses 1.40"),
    ],
)
def test_bad_news_become_warnings(case: dict[str, object], start: str, make_report: Callable[..., ReportData]) -> None:
    assert any(text.startswith(start) for text in with_caveats(make_report(**case)).warnings)


def test_runtimes_that_disagree_are_a_warning(report: ReportData) -> None:
    spreads = {name: spread.estimate for name, spread in runtime_spread(report).items()}
    assert spreads == pytest.approx({"full": 0.09, "balanced": 0.09, "fast": 0.09})
    rows = tuple(
        r.model_copy(update={"points": Interval(estimate=60.0, low=58, high=62, n=1548)})
        if (r.profile, r.runtime) == ("full", "onnxruntime")
        else r
        for r in report.accuracy
    )
    warnings = with_caveats(report.model_copy(update={"accuracy": rows})).warnings
    assert warnings == ("Runtimes disagree on `full` by 11.94 F1 points; expected: at most 0.3.",)


def test_the_disagreement_of_runtimes_has_an_interval_paired_by_question(report: ReportData) -> None:
    points = {"native": [100.0, 0.0, 50.0] * 40, "onnxruntime": [100.0, 0.0, 40.0] * 40}
    full = next(r for r in report.accuracy if r.profile == "full")
    rows = tuple(
        full.model_copy(
            update={
                "runtime": runtime,
                "n": 120,
                "points": Interval(estimate=sum(single) / 120, low=0, high=100, n=120),
                "points_per_example": tuple(single),
            }
        )
        for runtime, single in points.items()
    )
    spread = runtime_spread(report.model_copy(update={"accuracy": rows, "questions": None}))["full"]
    assert spread.estimate == pytest.approx(10 / 3)
    assert 2.0 < spread.low < 10 / 3 < spread.high < 5.0  # far narrower than the accuracies themselves
    assert spread_text(spread).startswith("3.33 (95 % interval 2.")


def test_how_much_was_read_is_no_issue_of_the_data(report: ReportData) -> None:
    source = report.data.model_copy(update={"issues": {"questions": 8357}})
    assert not any(
        "Found in the data" in text for text in with_caveats(report.model_copy(update={"data": source})).caveats
    )


def test_a_usual_report_has_no_warnings(report: ReportData) -> None:
    assert with_caveats(report).warnings == ()
