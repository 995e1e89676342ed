"""The page in a real browser: asking, budget, the fading layers, keyboard, themes, nothing from a network.

Needs playwright and a Chromium (tests/chromium.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import headless_chromium
from tests.serving.bundles import write_tiny_bundle
from tests.serving.live import LiveServer, running

pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'quantlat[serve]'")


@pytest.fixture(scope="module")
def server(bundle: Path) -> Iterator[LiveServer]:
    with running(bundle) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with headless_chromium() as started:
        yield started


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Any, server: LiveServer) -> Iterator[Any]:
    """The page in one theme; fails at the end if anything was complained about or asked of another server."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1180, "height": 900})
    opened, complaints = context.new_page(), []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: asked.url.startswith(server.url) or complaints.append(asked.url))
    opened.goto(server.url)
    opened.locator("#profiles li").first.wait_for()
    yield opened
    context.close()
    assert complaints == []


def ask(page: Any) -> None:
    page.get_by_role("button", name="Ask").click()
    page.locator("#trace").wait_for()


def test_asking_marks_the_answer_in_the_passage(page: Any) -> None:
    page.get_by_label("Passage", exact=True).fill("🗼 The tower 👩‍👩‍👧 was built in 1889 by a company.")
    page.get_by_label("Question", exact=True).fill("When?")
    page.get_by_label("Question", exact=True).press("Enter")
    page.locator("#trace").wait_for()
    answer = page.locator("#answer").inner_text()
    assert answer and page.locator("#passage mark").inner_text() == answer
    assert page.locator("#passage").inner_text() == "🗼 The tower 👩‍👩‍👧 was built in 1889 by a company."
    assert "profile full" in page.locator("#facts").inner_text()
    assert "%" in page.locator("#confidence").inner_text()


def test_a_small_budget_takes_the_fastest_profile_and_layers_fade(page: Any) -> None:
    ask(page)
    assert page.locator("#budget-said").inner_text() == "no limit"
    page.get_by_label("Latency budget").fill("0")
    page.locator("#profiles li.used", has_text="fast").wait_for()
    assert "missed" in page.locator("#notice").inner_text()
    layer, gone = page.get_by_label("Layer", exact=True), page.locator("#passage .gone")
    counts = []
    for number in range(4):
        layer.fill(str(number))
        counts.append(gone.count())
    assert counts[0] == 0 and counts == sorted(counts) and counts[3] > counts[1] > 0
    assert page.locator("#layer-said").inner_text().startswith("Layer 3 of 3: ")


def test_playing_goes_through_all_layers_and_stops(page: Any) -> None:
    ask(page)
    page.get_by_role("button", name="Play the layers").click()
    page.get_by_role("button", name="Stop").wait_for()
    page.get_by_role("button", name="Play the layers").wait_for()
    assert page.get_by_label("Layer", exact=True).input_value() == "3"


def test_everything_is_reached_by_keyboard_and_has_a_name(page: Any) -> None:
    ask(page)
    for control in page.locator("select, textarea, input, button, meter:not([aria-hidden])").all():
        if control.is_visible():
            assert control.evaluate("e => (e.labels && e.labels.length > 0) || e.innerText.trim().length > 0")
    reached = set()
    page.locator("body").press("Tab")
    for _ in range(12):
        reached.add(page.evaluate("() => document.activeElement.id"))
        page.keyboard.press("Tab")
    assert {"sample", "context", "question", "budget", "ask", "play", "layer"} <= reached
    assert page.locator("#said").get_attribute("aria-live") == "polite"


def test_the_focus_goes_through_the_page_in_the_order_of_reading(page: Any) -> None:
    ask(page)
    page.locator("h1").click()  # the next Tab goes on from here
    order = []
    for _ in range(8):
        page.keyboard.press("Tab")
        order.append(page.evaluate("() => document.activeElement.id || document.activeElement.getAttribute('href')"))
    assert order == ["sample", "context", "question", "budget", "ask", "play", "layer", "openapi.json"]
    page.reload()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the link that skips the form
    assert page.evaluate("() => document.activeElement.id") == "result"


def test_a_screen_reader_is_told_what_the_eye_sees(page: Any) -> None:
    ask(page)
    page.get_by_label("Latency budget").fill("0")
    page.locator("#notice").wait_for()
    heard = page.locator("body").aria_snapshot()
    for line in (
        'heading "Ask a passage" [level=1]', 'combobox "Example"', 'textbox "Passage"', 'combobox "Question"',
        'slider "Latency budget"', 'list "Profiles and their expected time for this text"', 'button "Ask"',
        'region "Answer"', 'button "Play the layers"', 'slider "Layer"', 'group "Passage with the answer marked"',
    ):  # fmt: skip
        assert line in heard, f"no {line} in:\n{heard}"
    used = page.get_by_role("listitem").filter(has_text="used for the answer")
    assert used.count() == 1 and used.inner_text().startswith("fast")
    assert page.get_by_role("listitem").filter(has_text="longer than the budget").count() == 3
    assert page.locator("#said").get_attribute("aria-live") == "polite"
    assert (
        page.get_by_label("Latency budget").get_attribute("aria-valuetext") == page.locator("#budget-said").inner_text()
    )
    assert page.get_by_label("Layer", exact=True).get_attribute("aria-valuetext").startswith("Before the first layer")


def test_an_error_is_told_in_words(page: Any) -> None:
    body = '{"error": {"code": "overloaded", "message": "too much work", "hint": "Try again."}}'
    page.route("**/v1/answer", lambda route: route.fulfill(status=200, content_type="application/json", body=body))
    page.get_by_role("button", name="Ask").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text() != ""
    assert page.get_by_role("button", name="Ask").is_enabled()


def test_nothing_sticks_out_of_the_page_on_a_telephone(page: Any) -> None:
    ask(page)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(("task", "endpoint"), [("text-classification", "/v1/classify"), ("embedding", "/v1/embed")])
def test_bundles_of_other_tasks_say_where_their_texts_are_sent(
    task: str, endpoint: str, browser: Any, tmp_path: Path
) -> None:
    with running(write_tiny_bundle(tmp_path / "other", task)) as other:
        opened, complaints = browser.new_page(), []
        opened.on("console", lambda message: complaints.append(message.text))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto(other.url)
        opened.get_by_role("alert").wait_for()
        told = opened.get_by_role("alert").inner_text()
        assert f"made for {task}" in told and f"POST {endpoint}" in told
        assert opened.get_by_role("button", name="Ask").is_disabled()
        assert opened.locator("#profiles li").count() == 3
        assert opened.locator("#endpoint").inner_text() == f"POST {endpoint}"
        opened.close()
        assert complaints == []
