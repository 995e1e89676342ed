"""results.csv, the table on the screen and the one for the README."""

from __future__ import annotations

import io
from collections.abc import Callable

import pandas as pd
import pytest
from rich.console import Console

from quantlat.metrics import ACCURACY
from quantlat.reporting.collect import ReportData
from quantlat.reporting.tables import COLUMNS, results_csv, summary, summary_markdown, summary_table


@pytest.fixture(scope="module")
def table(report: ReportData) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(results_csv(report)))


def test_csv_has_the_documented_columns_and_a_row_for_everything_measured(
    table: pd.DataFrame, report: ReportData
) -> None:
    assert report.search is not None
    assert tuple(table.columns) == COLUMNS
    assert (table.kind == "trial").sum() == len(report.search.candidates)
    assert (table.kind == "baseline").sum() == 5
    # three profiles in three runtimes; only the deployed runtime was timed
    assert (table.kind == "profile").sum() == 9
    assert table[table.kind == "profile"].latency_ms.notna().sum() == 3


def test_csv_numbers_equal_the_data_exactly(table: pd.DataFrame, report: ReportData) -> None:
    row = table[(table.key == "profile:balanced") & (table.runtime == "openvino")].iloc[0]
    latency, accuracy = report.latency_of("profile:balanced"), report.accuracy_of("profile:balanced")
    assert latency is not None
    assert accuracy is not None
    assert accuracy.difference is not None
    assert row.latency_ms == latency.median_ms
    assert (row.latency_low_ms, row.latency_high_ms) == latency.ci_ms
    assert row.p90_ms == latency.percentiles[0].ms
    assert pd.isna(row.p99_ms)
    assert (row.f1, row.f1_low, row.f1_high) == (accuracy.points.estimate, accuracy.points.low, accuracy.points.high)
    assert row.f1_difference == accuracy.difference.interval.estimate
    assert [float(r) for r in row.ratios.split()] == [1.0, 0.9, 0.8, 0.7, 0.5, 0.3]


def test_csv_trials_equal_the_candidates_and_mark_the_front(table: pd.DataFrame, report: ReportData) -> None:
    assert report.search is not None
    trials = table[table.kind == "trial"]
    assert trials.latency_ms.tolist() == [c.latency_ms for c in report.search.candidates]
    assert trials.f1.tolist() == [c.accuracy.estimate for c in report.search.candidates]
    on_front = trials[trials.on_front.astype(str) == "True"].label
    assert set(on_front) == {f"trial {n}" for n in report.search.front}


def test_accuracy_without_padding_is_repeated_for_the_padded_baseline(table: pd.DataFrame) -> None:
    f1 = table.set_index("key").f1
    assert f1["teacher-fp32-padded"] == f1["teacher-fp32"] == 83.0


def test_summary_quotes_every_model_against_teacher_and_student(report: ReportData) -> None:
    content = summary(report)
    assert content.columns == ("model", "runtime", "latency", "vs (b)", "vs (c)", "F1", "F1 difference", "MACs")
    assert content.recommended == 5
    assert content.rows[5] == (
        "balanced",
        "OpenVINO",
        "6.97 ms [6.71, 7.46]",
        "33.2× [32.5, 33.9]",
        "3.57× [3.50, 3.64]",
        "71.3 [69.3, 73.3]",
        "−0.70 [−1.15, −0.25]",
        "74 %",
    )
    assert content.rows[4][6] == "−0.10 [−0.55, +0.35] ≈"
    assert "≈ not distinguishable from zero at this sample size." in content.notes


def test_summary_leaves_out_baselines_that_were_not_measured(make_report: Callable[..., ReportData]) -> None:
    data = make_report(nncf=False, searched=False)
    bare = data.model_copy(
        update={
            "latency": tuple(r for r in data.latency if r.profile is not None),
            "accuracy": tuple(r for r in data.accuracy if r.profile is not None),
            "speedups": (),
        }
    )
    content = summary(bare)
    assert content.columns == ("model", "runtime", "latency", "F1", "F1 difference", "MACs")
    assert [row[0] for row in content.rows] == ["full", "balanced", "fast"]


def test_baselines_of_which_only_the_accuracy_is_known_come_once(make_report: Callable[..., ReportData]) -> None:
    data = make_report(nncf=False, searched=False)
    unmeasured = data.model_copy(
        update={"latency": tuple(r for r in data.latency if r.profile is not None), "speedups": ()}
    )
    models = [row[0] for row in summary(unmeasured).rows]
    assert models == ["(b) teacher fp32", "(c) student fp32", "full", "balanced", "fast"]


def test_the_table_on_the_screen_fits_a_hundred_columns(report: ReportData) -> None:
    buffer = io.StringIO()
    Console(file=buffer, width=100, color_system=None).print(summary_table(report))
    text = buffer.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 100
    (line,) = (line for line in text.splitlines() if line.strip().startswith("balanced"))
    assert line.split() == [
        "balanced",
        "6.97",
        "ms",
        "33.2×",
        "3.57×",
        "71.3",
        "±",
        "2.0",
        "−0.70",
        "±",
        "0.45",
        "74",
        "%",
    ]


def test_the_markdown_table_is_well_formed_and_names_data_machine_and_date(report: ReportData) -> None:
    text = summary_markdown(report)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1
    assert len(lines) == 2 + 7
    assert "| **balanced** | **OpenVINO** |" in text
    assert text.rstrip().endswith("Data: squad (files). Machine: Intel Xeon Platinum 8488C. Date: 2026-11-21.")


def test_a_pipe_in_a_label_does_not_break_the_table(report: ReportData) -> None:
    rows = tuple(r.model_copy(update={"label": "a|b <i>"}) for r in report.latency)
    lines = summary_markdown(report.model_copy(update={"latency": rows})).splitlines()
    assert "a\\|b &lt;i>" in lines[2]


def test_columns_are_named_by_the_metric(report: ReportData) -> None:
    rows = tuple(row.model_copy(update={"em": None, "em_interval": None}) for row in report.accuracy)
    texts = report.model_copy(update={"metric": ACCURACY, "accuracy": rows})
    table = pd.read_csv(io.StringIO(results_csv(texts)))
    assert {"accuracy", "accuracy_low", "accuracy_difference", "texts"} <= set(table.columns)
    assert not {"f1", "em", "questions"} & set(table.columns)
    former = pd.read_csv(io.StringIO(results_csv(report)))
    assert table.accuracy.equals(former.f1.rename("accuracy"))
    assert summary(texts).columns[-3:-1] == ("Accuracy", "Accuracy difference")
    assert "Accuracy on 1,548 dev texts" in " ".join(summary(texts).notes)
