"""Comparing reports: paired by question where that is possible, latencies only where nothing but the model differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from quantlat.cli.app import app
from quantlat.errors import StorageError
from quantlat.pipeline.report import compare_reports
from quantlat.reporting.collect import ReportData
from quantlat.reporting.comparability import setting_mismatches
from quantlat.reporting.compare import Comparison, NamedReport, compare
from quantlat.reporting.compare_view import NOT_COMPARABLE, pair_view, render_comparison
from quantlat.reporting.rows import QuestionSet
from quantlat.reporting.write import to_json
from tests.reporting.html_pages import Page

QUESTIONS = 400


def with_questions(data: ReportData, *, gain: float = 0.0, sha256: str = "a" * 64) -> ReportData:
    """Every accuracy gets 400 scores, the same of every report, ``gain`` points higher on one question in two."""
    base = np.random.default_rng(3).uniform(0.0, 80.0, QUESTIONS)
    scores = tuple(float(round(s, 2)) for s in base + gain * (np.arange(QUESTIONS) % 2))
    rows = tuple(row.model_copy(update={"points_per_example": scores}) for row in data.accuracy)
    questions = QuestionSet(sha256=sha256, passages=tuple(i // 4 for i in range(QUESTIONS)))
    return data.model_copy(update={"accuracy": rows, "questions": questions})


def slower(data: ReportData, factor: float) -> ReportData:
    """The same report with every time multiplied."""
    rows = tuple(
        row.model_copy(
            update={
                "median_ms": row.median_ms * factor,
                "ci_ms": (row.ci_ms[0] * factor, row.ci_ms[1] * factor),
                "samples_ms": tuple(s * factor for s in row.samples_ms),
            }
        )
        for row in data.latency
    )
    return data.model_copy(update={"latency": rows})


def both(first: ReportData, second: ReportData) -> Comparison:
    return compare([NamedReport("A", first), NamedReport("B", second)])


def test_differences_over_the_same_questions_are_paired(report: ReportData) -> None:
    found = both(with_questions(report), with_questions(report, gain=1.0)).pairs[0]
    row = next(r for r in found.accuracy if r.key == "profile:balanced")
    assert row.unpaired == ""
    assert row.difference.estimate == pytest.approx(0.5)
    # Half a point is far inside the two marginal intervals: only the pairing can see it.
    assert row.difference.high - row.difference.low < 0.2 < row.first.high - row.first.low
    assert row.distinguishable


def test_without_the_scores_of_questions_it_is_unpaired_and_said_so(report: ReportData) -> None:
    found = both(report, with_questions(report)).pairs[0]
    row = next(r for r in found.accuracy if r.key == "profile:balanced")
    assert row.unpaired == "not both reports hold the scores of single questions"
    half = (row.first.high - row.first.low) / 2
    assert row.difference.high == pytest.approx(half * 2**0.5)
    assert not row.distinguishable
    assert "not distinguishable from zero at this sample size" in pair_view(found).lines[0].difference.text


def test_other_questions_are_never_paired(report: ReportData) -> None:
    found = both(with_questions(report), with_questions(report, gain=1.0, sha256="b" * 64)).pairs[0]
    assert {row.unpaired for row in found.accuracy} == {"the dev questions are not the same"}
    assert [m.what for m in found.mismatches] == ["dev questions, sha256"]
    assert any("F1 differs for that as much as for the models" in note for note in pair_view(found).notes)


def test_a_ratio_of_latencies_has_an_interval(report: ReportData) -> None:
    found = both(report, slower(report, 1.25)).pairs[0]
    assert found.mismatches == ()
    for row in found.latency:
        assert row.ratio is not None
        assert row.ratio.estimate == pytest.approx(1.25)
        assert row.ratio.low <= 1.25 <= row.ratio.high
        assert row.distinguishable


def test_other_requests_are_not_comparable(report: ReportData) -> None:
    rows = tuple(
        row.model_copy(update={"sample_tokens": tuple(t + 1 for t in row.sample_tokens)}) for row in report.latency
    )
    found = both(report, report.model_copy(update={"latency": rows})).pairs[0]
    assert all(row.ratio is None for row in found.latency)
    assert len(pair_view(found).mismatches) == 1


@pytest.mark.parametrize(
    ("part", "field", "value", "said"),
    [
        ("machine", "cpu", "Other CPU", "machine, cpu: Intel"),
        ("machine", "fingerprint", "f" * 16, "machine fingerprint"),
        ("headline", "threads", 1, "threads: 2 against 1"),
        ("data", "max_tokens", 128, "longest window, tokens: 384 against 128"),
        ("settings", "threads", 1, "threads of the measuring process: 2 against 1"),
        ("settings", "cpus", (1, 2), "CPUs it was pinned to: 0 1 against 1 2"),
        ("settings", "allocator", "jemalloc", "memory allocator: glibc 2.36, freed memory kept against jemalloc"),
        ("settings", "own_process", False, "process that measured: one of its own against one that did other things"),
        ("settings", "debug", ("a sanitizer",), "signs of a debug build: none against a sanitizer"),
        ("settings", "thread_pools", {"torch": 2}, "thread pool of torch interop: 2 against not set"),
        ("settings", "environment", {"OMP_NUM_THREADS": "1"}, "environment variable OMP_NUM_THREADS: 2 against 1"),
    ],
)
def test_latencies_are_not_compared_where_anything_else_differs(
    report: ReportData, part: str, field: str, value: object, said: str
) -> None:
    changed = getattr(report, part).model_copy(update={field: value})
    mismatches = setting_mismatches(report, report.model_copy(update={part: changed}))
    assert [said in m.text for m in mismatches] == [True]
    found = both(report, report.model_copy(update={part: changed})).pairs[0]
    assert all(row.ratio is None for row in found.latency)
    assert all(line.ratio.value in (NOT_COMPARABLE, "–") for line in pair_view(found).lines)


def test_where_a_cache_lies_does_not_make_latencies_incomparable(report: ReportData) -> None:
    assert report.settings is not None
    environment = {**report.settings.environment, "TORCHINDUCTOR_CACHE_DIR": "/tmp/other"}
    settings = report.settings.model_copy(update={"environment": environment})
    assert setting_mismatches(report, report.model_copy(update={"settings": settings})) == ()


@pytest.mark.parametrize("both_lack_them", [False, True])
def test_settings_that_were_not_recorded_count_as_different(report: ReportData, both_lack_them: bool) -> None:
    older = report.model_copy(update={"settings": None})
    found = both(older if both_lack_them else report, older).pairs[0]
    assert all(row.ratio is None for row in found.latency)
    (said,) = pair_view(found).mismatches
    known = "not recorded" if both_lack_them else "recorded"
    assert said == f"settings of the measuring process: {known} against not recorded"
    page = Page(render_comparison(both(report, older)))
    assert "These differ, or are not known to be equal:" in page.text


def test_another_version_is_named(report: ReportData) -> None:
    other = report.model_copy(update={"versions": {**report.versions, "torch": "9.9"}})
    assert ["version of torch" in m.text for m in setting_mismatches(report, other)] == [True]


def test_the_page_is_sound_html_and_escapes_names(report: ReportData) -> None:
    comparison = compare([NamedReport("<A>", report), NamedReport("B", report), NamedReport("C", report)])
    html = render_comparison(comparison)
    page = Page(html)
    assert page.mistakes == []
    assert "<A>" not in html
    assert "B against <A>" in page.text
    assert "C against <A>" in page.text
    assert not any("src" in a or "http" in str(a.get("href")) for _, a in page.elements)


def test_the_command_prints_a_table_json_and_writes_a_page(report: ReportData, tmp_path: Path) -> None:
    for name, data in (("one", report), ("two", slower(report, 2.0))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(to_json(data), encoding="utf-8")
    places = [str(tmp_path / "one"), str(tmp_path / "two")]
    page = tmp_path / "page.html"
    shown = CliRunner().invoke(app, ["compare", *places, "--html", str(page)], env={"COLUMNS": "160"})
    assert shown.exit_code == 0, shown.output
    assert "two against one" in shown.output
    assert "2.00×" in shown.output
    assert "two against one" in page.read_text(encoding="utf-8")
    found = json.loads(CliRunner().invoke(app, ["compare", *places, "--json"]).stdout)
    assert [run["name"] for run in found["runs"]] == ["one", "two"]
    assert CliRunner().invoke(app, ["compare", places[0]]).exit_code == 2


def test_equal_folder_names_are_told_apart(report: ReportData, tmp_path: Path) -> None:
    for name in ("x/run", "y/run"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "report.json").write_text(to_json(report), encoding="utf-8")
    found = compare_reports([tmp_path / "x/run", tmp_path / "y/run"], None)
    assert [run.name for run in found.runs] == ["x/run", "y/run"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "neither run.json nor report.json"),
        ("{", "not valid JSON"),
        ("[]", "expected schema_version 1"),
        ('{"schema_version": 1, "mine": 2}', "problems in all"),
    ],
)
def test_what_is_no_report_is_named(report: ReportData, tmp_path: Path, content: str | None, said: str) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    (good / "report.json").write_text(to_json(report), encoding="utf-8")
    if content is not None:
        (bad / "report.json").write_text(content, encoding="utf-8")
    with pytest.raises(StorageError, match=said) as raised:
        compare_reports([good, bad], None)
    assert str(bad) in raised.value.message


def test_scores_must_be_as_many_as_questions(report: ReportData, make_report: Callable[..., ReportData]) -> None:
    data = with_questions(report)
    rows = (data.accuracy[0].model_copy(update={"points_per_example": (1.0,)}), *data.accuracy[1:])
    with pytest.raises(ValueError, match="has points of 1 of 400 examples"):
        ReportData.model_validate(data.model_copy(update={"accuracy": rows}).model_dump())
