"""Profiles of one configuration: one measurement under several names, and every reader is told."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from quantlat.reporting.agreement import runtime_spread
from quantlat.reporting.caveats import with_caveats
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures.baselines import baselines_info
from quantlat.reporting.figures.lengths import lengths_info
from quantlat.reporting.figures.waterfall import waterfall_info
from quantlat.reporting.html import render_html
from quantlat.reporting.html_lengths import distribution_chart, lengths_chart
from quantlat.reporting.markdown import render_markdown
from quantlat.reporting.rows import Interval
from quantlat.reporting.same_profiles import same_notes, timed_models

NOTE = (
    "“balanced” is the same configuration as “full”: it was measured once, and each of its names shows that "
    "measurement."
)


@pytest.fixture(scope="module")
def equal() -> ReportData:
    from tests.reporting.conftest import build

    return build(same={"balanced": "full"}, drops=(0.1, 0.1, 2.4))


def test_profiles_of_their_own_need_no_remark(report: ReportData) -> None:
    assert same_notes(report) == ()
    assert "same configuration" not in render_markdown(report, {}) + render_html(report)


def test_every_table_says_which_profile_is_the_same_as_which(equal: ReportData) -> None:
    assert same_notes(equal) == (NOTE,)
    text = render_markdown(equal, {})
    assert NOTE in text
    assert "| `balanced` (same configuration as full) | 1.00 1.00 1.00 1.00 1.00 1.00 | 100 % |" in text
    page = re.sub("<[^>]*>", " ", render_html(equal))
    assert NOTE in page
    assert page.count("same configuration as full") >= 3  # beside both tables of profiles, and in the waterfall


def test_three_names_of_one_configuration_are_one_remark(make_report: Callable[..., ReportData]) -> None:
    data = make_report(same={"balanced": "full", "fast": "full"})
    assert same_notes(data) == (
        "“balanced” and “fast” are the same configuration as “full”: it was measured once, and each of its names shows "
        "that measurement.",
    )
    assert [model.name for model in timed_models(data)][-1] == "full = balanced = fast"


def test_one_measurement_is_one_line_and_one_histogram(equal: ReportData) -> None:
    lengths, chart, distributions = lengths_info(equal), lengths_chart(equal), distribution_chart(equal)
    assert lengths is not None and chart is not None and distributions is not None
    assert [s.name for s in lengths.series if s.is_profile] == ["full = balanced", "fast"]
    assert [s.recommended for s in lengths.series if s.is_profile] == [True, False]
    assert [line.name for line in chart.lines if line.kind == "recommended"] == ["full = balanced"]
    assert [(row.name, row.kind) for row in distributions.rows][-2:] == [
        ("full = balanced", "recommended"),
        ("fast", "profile"),
    ]


def test_figures_show_the_shared_numbers_and_say_so(equal: ReportData) -> None:
    bars, waterfall = baselines_info(equal), waterfall_info(equal)
    assert bars is not None and waterfall is not None
    full, balanced = (next(bar for bar in bars.bars if bar.name == name) for name in ("full", "balanced"))
    assert (full.median_ms, full.ci_ms, full.points) == (balanced.median_ms, balanced.ci_ms, balanced.points)
    assert (full.detail, balanced.detail) == ("INT8, OpenVINO", "same configuration as full")
    last = waterfall.steps[-1]
    assert (last.name, last.detail, last.factor) == ("retention", "same configuration as full", 1.0)
    assert last.interval is None and waterfall.total_interval is not None


def test_a_disagreement_of_runtimes_is_told_once(equal: ReportData) -> None:
    rows = tuple(
        row.model_copy(update={"points": Interval(estimate=60.0, low=58, high=62, n=1548)})
        if row.runtime == "onnxruntime" and row.profile in ("full", "balanced")
        else row
        for row in equal.accuracy
    )
    data = equal.model_copy(update={"accuracy": rows})
    assert list(runtime_spread(data)) == ["full", "fast"]
    assert [text for text in with_caveats(data).warnings if "disagree" in text] == [
        "Runtimes disagree on `full` by 11.94 F1 points; expected: at most 0.3."
    ]


@pytest.mark.parametrize("first", ["fast", "nobody"])
def test_only_an_earlier_profile_of_equal_ratios_can_be_the_same(report: ReportData, first: str) -> None:
    profiles = [p.model_copy(update={"same_as": first}) if p.name == "balanced" else p for p in report.profiles]
    with pytest.raises(ValidationError, match=f"'balanced' is not the same configuration as '{first}'"):
        ReportData.model_validate(report.model_dump() | {"profiles": [p.model_dump() for p in profiles]})
