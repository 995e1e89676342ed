"""The page in a real browser: it loads without a complaint, marks answer to mouse and keyboard, both themes work.

Needs playwright and a Chromium (tests/chromium.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quantlat.reporting import with_caveats
from quantlat.reporting.collect import ReportData
from quantlat.reporting.html import render_html
from tests.chromium import headless_chromium
from tests.reporting.html_pages import with_example


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with headless_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(report: ReportData, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(render_html(with_caveats(with_example(report))), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """The page in one theme; fails at the end if anything was complained about or asked of a network."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1180, "height": 900})
    opened, complaints = context.new_page(), []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: asked.url == address or complaints.append(asked.url))
    opened.goto(address)
    yield opened
    context.close()
    assert complaints == []


def _tip(page: Any) -> str:
    return str(page.locator("#tip").inner_text()) if page.locator("#tip").is_visible() else ""


def test_pointing_at_a_mark_shows_its_configuration_and_intervals(page: Any, report: ReportData) -> None:
    row = report.latency_of("profile:balanced")
    assert row is not None
    assert _tip(page) == ""
    page.locator("[data-view=near] .recommended .anchor").hover(force=True)
    assert "balanced" in _tip(page)
    assert f"{row.median_ms:.2f} ({row.ci_ms[0]:.2f} to {row.ci_ms[1]:.2f})" in _tip(page)
    assert page.locator("#tip .tip-strip span").count() == 6
    page.mouse.move(2, 2)
    assert _tip(page) == ""


def test_the_keyboard_reaches_every_mark_of_a_chart_with_one_tab_stop(page: Any) -> None:
    chart = page.locator("[data-view=near] svg")
    assert chart.locator("[tabindex='0']").count() == 1
    chart.locator("[tabindex='0']").focus()
    first = _tip(page)
    assert "balanced" in first
    page.keyboard.press("ArrowRight")
    assert _tip(page) not in ("", first)
    page.keyboard.press("Home")
    assert _tip(page) != ""
    page.keyboard.press("Escape")
    assert _tip(page) == ""


def test_the_picture_has_a_view_with_every_baseline(page: Any) -> None:
    page.get_by_role("radio", name="everything measured").check()
    assert page.locator("[data-view=near]").is_hidden()
    page.locator("[data-view=all] .baseline .anchor").last.hover(force=True)
    assert "(a)" in _tip(page)


def test_the_slider_fades_the_words_that_a_layer_drops(page: Any) -> None:
    slider = page.get_by_label("Layer", exact=True)
    slider.fill("0")
    assert page.locator(".words .gone").count() == 0
    slider.fill("2")
    assert page.locator("#layer-said").inner_text() == "After layer 2: 6 of 9 tokens alive (67 %)"
    assert page.locator(".words .gone").all_inner_texts() == ["?"]
    assert page.locator(".words .going").all_inner_texts() == ["?"]
    page.get_by_label("full", exact=True).check()
    assert page.locator(".words .gone").count() == 0
    assert page.locator("#example-answer").inner_text() == "Ada"


def test_the_theme_follows_the_system_until_it_is_chosen(page: Any) -> None:
    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    before, button = ground(), page.locator("#theme")
    assert button.inner_text() == ("Light theme" if before == "rgb(18, 24, 30)" else "Dark theme")
    button.click()
    assert {before, ground()} == {"rgb(255, 255, 255)", "rgb(18, 24, 30)"}
    page.reload()
    assert ground() != before


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_sticks_out_of_the_page_on_a_telephone(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_telephone_a_wide_table_scrolls_and_keeps_the_names_of_its_rows_in_sight(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    region = page.get_by_role("region", name="Every measurement")
    assert region.evaluate("box => box.scrollWidth > box.clientWidth")
    name = region.locator("tbody th").first
    before = name.bounding_box()
    region.evaluate("box => { box.scrollLeft = 300; }")
    assert region.evaluate("box => box.scrollLeft") > 100
    assert name.bounding_box()["x"] == pytest.approx(before["x"], abs=1)


def test_the_page_prints_in_light_with_everything_open(page: Any, tmp_path: Path) -> None:
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden()
    page.pdf(path=tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").stat().st_size > 20_000
