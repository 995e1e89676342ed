"""Tables of latency by length, percentiles and throughput: everything measured, with its interval, and nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantlat.latency import median_ci, percentile_ci
from quantlat.reporting import with_caveats, write_report
from quantlat.reporting.collect import ReportData
from quantlat.reporting.html import render_html
from quantlat.reporting.latency_tables import length_table, percentile_cells, throughput_table
from quantlat.reporting.rows import Interval, LatencyRow, LengthLatency, Percentile, Role, ThroughputRow
from tests.reporting.html_pages import Page

RATES = {(1, 8): 107.2, (1, 32): 106.0, (2, 8): 210.4, (2, 32): 206.0}
GROUPS = ((40, 120), (121, 160), (161, 384))


def _throughput() -> tuple[ThroughputRow, ...]:
    """Two models in four settings, the larger number of threads first, as the report stage measures them."""
    rows = []
    for label, role, profile, runtime, factor in (
        ("student fp32", Role.STUDENT, None, "pytorch", 0.2),
        ("INT8 balanced", Role.PROFILE, "balanced", "openvino", 1.0),
    ):
        for (threads, batch), rate in sorted(RATES.items(), reverse=True):
            estimate = rate * factor
            interval = Interval(estimate=estimate, low=estimate - 3, high=estimate + 4, n=4)
            row = ThroughputRow(
                label=label,
                role=role,
                profile=profile,
                runtime=runtime,
                batch=batch,
                threads=threads,
                windows=40,
                windows_per_s=interval,
                reliable=(role, threads, batch) != (Role.STUDENT, 2, 32),
            )
            rows.append(row)
    return tuple(rows)


def _by_length(row: LatencyRow) -> tuple[LengthLatency, ...]:
    parts = []
    for low, high in GROUPS:
        pairs = zip(row.sample_tokens, row.samples_ms, strict=True)
        inside = [ms for tokens, ms in pairs if low <= tokens <= high]
        parts.append(LengthLatency(tokens_low=low, tokens_high=high, median=Interval.model_validate(median_ci(inside))))
    return tuple(parts)


@pytest.fixture(scope="module")
def data(report: ReportData) -> ReportData:
    latency = tuple(
        row.model_copy(
            update={"by_length": _by_length(row), "mean": Interval(estimate=9.5, low=9.25, high=9.75, n=300)}
        )
        for row in report.latency
    )
    return report.model_copy(update={"latency": latency, "throughput": _throughput()})


@pytest.fixture(scope="module")
def texts(data: ReportData, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Markdown and HTML of the same data."""
    written = write_report(data, tmp_path_factory.mktemp("report"), formats=())
    return written.markdown.read_text(encoding="utf-8"), written.html.read_text(encoding="utf-8")


def test_throughput_has_a_column_for_every_number_of_threads_and_batch(data: ReportData) -> None:
    table = throughput_table(data)
    assert table is not None
    assert table.settings == ((1, 8), (1, 32), (2, 8), (2, 32))
    assert [line.label for line in table.lines] == ["student fp32", "INT8 balanced"]
    assert [row.windows_per_s.estimate for row in table.lines[1].cells if row is not None] == list(RATES.values())
    assert table.title == "“balanced” gets through 210 windows per second at batch 8 with 2 threads"


def test_a_setting_in_which_a_model_was_not_measured_is_an_empty_cell(data: ReportData) -> None:
    kept = tuple(r for r in data.throughput if (r.role, r.threads) != (Role.STUDENT, 1))
    table = throughput_table(data.model_copy(update={"throughput": kept}))
    assert table is not None
    assert [row is None for row in table.lines[0].cells] == [True, True, False, False]


def test_throughput_is_in_both_documents_with_intervals_and_doubts(texts: tuple[str, str]) -> None:
    markdown, html = texts
    assert "| windows per second | runtime | 1 thread, batch 8 | 1 thread, batch 32 | 2 threads, batch 8 |" in markdown
    assert (
        "| INT8 balanced | OpenVINO | 107 [104, 111] | 106 [103, 110] | 210 [207, 214] | 206 [203, 210] |" in markdown
    )
    assert "41.2 [38.2, 45.2] (disturbed) |" in markdown
    assert '<section id="throughput"' in html
    assert "206<small>203 to 210</small>" in html
    assert '41.2<small>38.2 to 45.2</small><small class="note">disturbed</small>' in html


def test_without_throughput_no_section_and_no_link_speak_of_it(report: ReportData) -> None:
    assert throughput_table(report) is None
    assert "throughput" not in render_html(report).lower()


def test_medians_by_length_have_a_column_for_every_group(data: ReportData, texts: tuple[str, str]) -> None:
    table = length_table(data)
    assert table is not None
    assert table.groups == GROUPS
    assert len(table.lines) == len(data.latency)
    markdown, html = texts
    assert "| median by real tokens | threads | 40 to 120 | 121 to 160 | 161 to 384 |" in markdown
    assert '<th scope="col" class="n">161 to 384 tokens</th>' in html
    part = next(row for row in data.latency if row.profile == "balanced").by_length[2].median
    assert f"{part.estimate:.2f} ms [{part.low:.2f}, {part.high:.2f}]" in markdown or part.estimate >= 10
    assert Page(html).mistakes == []


def test_latencies_with_another_number_of_threads_stand_beside_but_are_not_quoted(data: ReportData) -> None:
    alone = tuple(row.model_copy(update={"threads": 1, "median_ms": row.ci_ms[1]}) for row in data.latency)
    both = data.model_copy(update={"latency": (*data.latency, *alone)})
    found = both.latency_of("profile:balanced")
    assert found is not None
    assert found.threads == 2
    html = render_html(both)
    assert html.count("<small>OpenVINO, INT8, 1 thread, batch 1</small>") == 2 * 4  # in both tables
    assert html.count('class="ours best"') == render_html(data).count('class="ours best"')


def test_a_warning_names_the_threads_that_are_not_the_headlines(data: ReportData) -> None:
    row = next(r for r in data.latency if r.profile == "balanced")
    doubtful = row.model_copy(update={"threads": 1, "warnings": ("No VNNI.",)})
    warnings = with_caveats(data.model_copy(update={"latency": (*data.latency, doubtful)})).warnings
    assert warnings == ("No VNNI. Concerns INT8 balanced (OpenVINO, 1 thread).",)


def test_a_model_with_lengths_of_its_own_has_columns_of_its_own(data: ReportData) -> None:
    first, *others = data.latency
    own = LengthLatency(tokens_low=50, tokens_high=200, median=Interval(estimate=5, low=4, high=6, n=30))
    table = length_table(data.model_copy(update={"latency": (first.model_copy(update={"by_length": (own,)}), *others)}))
    assert table is not None
    assert table.groups == (GROUPS[0], (50, 200), *GROUPS[1:])
    assert table.lines[0].cells == (None, own, None, None)
    assert table.lines[1].cells[1] is None


def test_the_mean_over_the_mix_of_lengths_is_in_both_documents(texts: tuple[str, str]) -> None:
    markdown, html = texts
    assert "| 9.50 ms [9.25, 9.75] | 300 |" in markdown
    assert "9.50<small>9.25 to 9.75</small>" in html


def test_percentiles_have_intervals_from_the_raw_samples(data: ReportData) -> None:
    row = data.latency[0].model_copy(update={"percentiles": (Percentile(q=90, ms=700.0),)})
    cell = percentile_cells(row)[0]
    expected = percentile_ci(row.samples_ms, 90)
    assert cell.value is not None
    assert (cell.value.low, cell.value.high) == (min(expected.low, 700.0), max(expected.high, 700.0))


def test_a_percentile_that_n_does_not_support_says_so_and_what_it_needs(report: ReportData, tmp_path: Path) -> None:
    row = next(r for r in report.latency if r.profile == "balanced")
    few = row.model_copy(
        update={
            "n": 40,
            "percentiles": (Percentile(q=90, ms=12.0),),
            "samples_ms": row.samples_ms[:40],
            "sample_tokens": row.sample_tokens[:40],
        }
    )
    assert [cell.needed for cell in percentile_cells(few)] == [None, 59, 299]
    html = render_html(report.model_copy(update={"latency": (few,), "speedups": ()}))
    assert '<small class="why">not supported at this n, needs 59</small>' in html
    assert '<small class="why">not supported at this n, needs 299</small>' in html
