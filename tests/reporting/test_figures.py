"""The other figures: their information exactly, and of every drawing that no text touches another."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import pytest
from matplotlib.figure import Figure

from quantlat.metrics.metric import MATTHEWS, SPEARMAN, Metric
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures import FIGURE_NAMES, draw_figures
from quantlat.reporting.figures.baselines import baselines_info
from quantlat.reporting.figures.canvas import Canvas, Heading, to_bytes
from quantlat.reporting.figures.labels import Box
from quantlat.reporting.figures.lengths import Bucket, length_buckets, lengths_info
from quantlat.reporting.figures.retention import draw_retention, retention_info
from quantlat.reporting.figures.training import training_info
from quantlat.reporting.rows import ProfileRow, StageRow

CASES: dict[str, dict[str, object]] = {
    "usual": {},
    "one trial": {"trials": 1},
    "floor missed": {"missed_by": 0.31, "drops": (0.4, 1.31, 4.0)},
    "very close points": {"drops": (0.1, 0.12, 0.14), "spread": 0.05},
    "teacher 70 times slower": {"teacher_per_token": 2.9},
    "baselines near the front": {"teacher_per_token": 0.15, "student_per_token": 0.08},
    "int8 slower than fp32": {"int8_per_token": 0.2},
    "balanced is full": {"same": {"balanced": "full"}, "drops": (0.1, 0.1, 2.4)},
    "three names of one configuration": {"same": {"balanced": "full", "fast": "full"}, "drops": (0.1, 0.1, 0.1)},
    "nothing but full": {"nncf": False, "student_padded": False, "searched": False, "profiles": ("full",)},
}


def _texts(figure: Figure) -> Iterator[tuple[str, Box]]:
    """Every text on the page with its box in pixels."""
    figure.draw_without_rendering()
    texts = list(figure.texts)
    for axes in figure.axes:
        if axes.axison:
            texts += [axes.xaxis.label, axes.yaxis.label]
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                ticks = axis.get_major_ticks()
                texts += [tick.label1 for tick in ticks if low <= tick.get_loc() <= high]
    for text in texts:
        if text.get_text().strip():
            box = text.get_window_extent()
            yield text.get_text(), Box(box.x0, box.y0, box.x1, box.y1)


def _assert_readable(figure: Figure) -> None:
    width, height = figure.get_size_inches() * figure.dpi
    page, texts = Box(0, 0, width, height), list(_texts(figure))
    assert len(texts) > 5
    for text, box in texts:
        assert box.inside(page), f"{text!r} leaves the page"
    for (a, first), (b, second) in itertools.combinations(texts, 2):
        # Boxes include the room for descenders, so letters one pixel into it still do not touch.
        assert first.grown(-1).overlap(second.grown(-1)) == 0, f"{a!r} overlaps {b!r}"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_no_text_overlaps_another_or_leaves_the_page(
    case: dict[str, object], make_report: Callable[..., ReportData]
) -> None:
    drawn = list(draw_figures(make_report(**case)))
    assert [f.name for f in drawn] == list(FIGURE_NAMES)
    for named in drawn:
        _assert_readable(named.figure)


@pytest.mark.parametrize("metric", [MATTHEWS, SPEARMAN])
def test_a_metric_with_a_long_name_has_room_everywhere(metric: Metric, report: ReportData) -> None:
    wide = tuple(row.model_copy(update={"ci_ms": (0.8 * row.median_ms, 1.3 * row.median_ms)}) for row in report.latency)
    for named in draw_figures(report.model_copy(update={"metric": metric, "latency": wide})):
        _assert_readable(named.figure)


def test_long_names_are_cut_not_run_over_the_page(report: ReportData) -> None:
    longer = " with a very long label that somebody gave it, and then some"
    latency = tuple(r.model_copy(update={"label": r.label + longer}) for r in report.latency)
    stages = tuple(s.model_copy(update={"name": s.name + longer}) for s in report.stages)
    machine = report.machine.model_copy(update={"cpu": report.machine.cpu + longer})
    data = report.model_copy(update={"latency": latency, "stages": stages, "machine": machine})
    for named in draw_figures(data):
        _assert_readable(named.figure)


@pytest.mark.parametrize("layers", [2, 6, 12, 24])
def test_the_retention_strip_is_readable_for_any_depth(report: ReportData, layers: int) -> None:
    ratios = tuple(1.0 - i / layers for i in range(layers))
    profiles = tuple(
        ProfileRow(name=name, ratios=ratios, macs_relative=0.5) for name in ("full", "balanced", "for-legal-contracts")
    )
    info = retention_info(report.model_copy(update={"profiles": profiles}))
    assert info.layers == layers
    _assert_readable(draw_retention(info))


def test_retention_strips_hold_ratios_macs_and_latency(report: ReportData) -> None:
    info = retention_info(report)
    assert [s.name for s in info.strips] == ["full", "balanced", "fast"]
    balanced, row = info.strips[1], report.latency_of("profile:balanced")
    assert row is not None
    assert balanced.ratios == (1.0, 0.9, 0.8, 0.7, 0.5, 0.3)
    assert balanced.latency_ms == row.median_ms
    assert info.heading.title == "“balanced” keeps 30 % of the tokens to the last layer and saves 26 % of the MACs"


def test_baseline_bars_hold_latency_accuracy_and_ratio_to_the_profile(report: ReportData) -> None:
    info = baselines_info(report)
    assert info is not None
    assert [b.name[:3] for b in info.bars] == ["(a)", "(b)", "(c)", "(d)", "ful", "bal", "fas"]
    teacher, best = info.bars[1], info.bars[5]
    assert best.recommended
    assert best.slower == 1.0
    assert teacher.slower == pytest.approx(teacher.median_ms / best.median_ms)
    assert info.bars[0].points == teacher.points == pytest.approx((83.0, 81.3, 84.7))


def test_buckets_hold_64_tokens_each_and_drop_the_nearly_empty() -> None:
    tokens = [1, 64, 64, 65, 128, 100, 129, 130]
    times = [1.0, 2.0, 3.0, 5.0, 9.0, 7.0, 50.0, 60.0]
    assert length_buckets(tokens, times) == (Bucket(1, 64, 64.0, 2.0, 3), Bucket(65, 128, 100.0, 7.0, 3))


def test_lengths_use_a_log_axis_only_for_a_wide_range(make_report: Callable[..., ReportData]) -> None:
    wide = lengths_info(make_report())
    assert wide is not None
    assert wide.log
    assert [s.name for s in wide.series][-1] == "fast"
    narrow = make_report(profiles=("full",))
    only = tuple(r for r in narrow.latency if r.profile == "full")
    info = lengths_info(narrow.model_copy(update={"latency": only, "speedups": ()}))
    assert info is not None
    assert not info.log


def test_samples_without_tokens_are_no_length_figure(report: ReportData) -> None:
    rows = tuple(r.model_copy(update={"sample_tokens": ()}) for r in report.latency)
    assert lengths_info(report.model_copy(update={"latency": rows})) is None


def test_stage_costs_are_shares_of_the_run_and_curves_are_those_of_training(report: ReportData) -> None:
    info = training_info(report)
    assert info is not None
    assert sum(c.share for c in info.costs) == pytest.approx(1.0)
    assert len(info.costs) == len(report.stages)
    assert [c.name for c in info.curves] == [
        "teacher",
        "distillation: intermediate",
        "distillation: prediction",
        "length drop",
    ]
    assert info.heading.title == "The run took 17 min 59 s, 28 % of it for length drop"


def test_the_smoothed_loss_is_a_centred_running_mean(report: ReportData) -> None:
    stage = StageRow(name="s", seconds=1.0, loss_curve=((1, 1.0), (2, 4.0), (3, 1.0), (4, 4.0)))
    info = training_info(report.model_copy(update={"stages": (stage,)}))
    assert info is not None
    assert info.curves[0].smooth == pytest.approx((2.5, 2.0, 3.0, 2.5))


def test_a_run_without_stages_has_no_training_figure(report: ReportData) -> None:
    assert training_info(report.model_copy(update={"stages": ()})) is None


def test_equal_data_give_equal_svg_with_text_as_text_and_no_date(report: ReportData) -> None:
    info = retention_info(report)
    first, second = (to_bytes(draw_retention(info), "svg", info.heading.title) for _ in range(2))
    assert first == second
    text = first.decode()
    assert ">balanced</text>" in text
    assert "<title>“balanced” keeps 30 % of the tokens" in text
    assert not re.search(r"<dc:date>|\d\d:\d\d:\d\d", text)


def test_a_heading_is_wrapped_to_the_page_without_a_lonely_word() -> None:
    page = Canvas(Heading("word " * 40, "", ""), 1.0)
    lines = [t.get_text() for t in page.figure.texts]
    assert " ".join(lines).split() == ["word"] * 40
    assert all(len(line.split()) > 1 for line in lines if line)


def test_a_number_and_its_unit_stay_on_one_line() -> None:
    page = Canvas(Heading("t", "", ""), 1.0)
    for width in range(60, 400, 7):
        assert not any(
            line.startswith(("ms", "F1", "faster"))
            for line in page.wrap("it takes 6.97 ms and is 3.6× faster for 0.7 F1", width, 9.5)
        )
