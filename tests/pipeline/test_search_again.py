"""What ``quantlat search`` understands of its options, and what it says to mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from quantlat.cli.app import app
from quantlat.errors import LatencyTargetMissed
from quantlat.pipeline.search import Floor, SearchAnswer, parse_budget, parse_floor, parse_target
from quantlat.stages.search_record import ProfileRecord, SearchRecord


@pytest.mark.parametrize(
    ("text", "metric", "points"),
    [
        ("f1:-1.0", "f1", 1.0),
        ("F1: -0.5", "f1", 0.5),
        ("f1:0", "f1", 0.0),
        ("f1:-0", "f1", 0.0),
        ("accuracy:-0.3", "accuracy", 0.3),
    ],
)
def test_a_floor_is_a_metric_and_the_change_it_may_suffer(text: str, metric: str, points: float) -> None:
    assert parse_floor(text) == Floor(metric, points)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.0", "expected a metric and the change"),
        ("f1:a lot", "expected a metric and the change"),
        ("acuracy:-1", "unknown metric 'acuracy' .did you mean 'accuracy'"),
        ("f1:+1.5", "f1:-1.5 allows 1.5 points less"),
        ("f1:-101", "f1 has 100 points to lose"),
    ],
)
def test_a_floor_that_is_none_is_refused_with_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("+", r"\+")):
        parse_floor(text)


@pytest.mark.parametrize(("text", "ms"), [("5ms", 5.0), ("800us", 0.8), ("0.2s", 200.0), (" 7.5 ms ", 7.5)])
def test_a_target_has_a_unit(text: str, ms: float) -> None:
    assert parse_target(text) == pytest.approx(ms)


@pytest.mark.parametrize("text", ["5", "0ms", "-1ms", "five ms", "ms", "1m"])
def test_a_target_without_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a latency such as 5ms"):
        parse_target(text)


def test_a_budget_is_a_duration() -> None:
    assert (parse_budget("90s"), parse_budget("10m"), parse_budget("1.5h")) == (90.0, 600.0, 5400.0)
    for wrong in ("10", "0s", "10 minutes", "-5s"):
        with pytest.raises(ValueError, match="expected a duration such as 90s"):
            parse_budget(wrong)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--floor", "1.0"], "--floor"),
        (["--target", "5"], "--target"),
        (["--budget", "soon"], "--budget"),
        (["--floor", "f1:-1", "--target", "5ms"], "--floor or --target"),
    ],
)
def test_mistakes_on_the_command_line_end_with_code_2_and_name_the_option(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["search", str(tmp_path), *arguments])
    assert done.exit_code == 2
    assert message in done.output


def test_a_missed_target_names_the_nearest() -> None:
    profile = ProfileRecord(ratios=(1.0, 0.5), macs_relative=0.7, candidate=0)
    record = SearchRecord(
        runtime="native",
        threads=1,
        runtime_timings_ms={},
        reference="student",
        reference_accuracy=80.0,
        max_drop=1.0,
        missed_by=None,
        windows=8,
        trials=1,
        seconds=1.0,
        seed=0,
        sampler="guided",
        candidates=(),
        front=(),
        profiles={"balanced": profile},
        target_ms=5.0,
        target_missed_by_ms=1.25,
    )
    expected = r"no configuration meets 5 ms; the nearest takes 6.25 ms .*1, 0.5"
    with pytest.raises(LatencyTargetMissed, match=expected) as error:
        SearchAnswer(Path("x.json"), record).require_met()
    assert error.value.exit_code == 12
    SearchAnswer(Path("x.json"), record.model_copy(update={"target_missed_by_ms": None})).require_met()
