"""``index.html``: complete, well-formed, self-contained, and safe whatever text it is given."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from quantlat.reporting import read_report, with_caveats, write_report
from quantlat.reporting.collect import ReportData
from quantlat.reporting.html import prose, render_html, verdict_prose
from quantlat.reporting.html_json import script_json
from quantlat.reporting.rows import ExampleToken, TrainingCurve
from tests.reporting.html_pages import Page, with_example

HOSTILE = "</script><script>alert('x')</script><img src=x onerror=alert(1)>\"'&<!--\u2028{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def data(report: ReportData) -> ReportData:
    return with_caveats(with_example(report))


@pytest.fixture(scope="module")
def html(data: ReportData) -> str:
    return render_html(data)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def _page_data(page: Page) -> dict[str, dict[str, dict[str, object]]]:
    parsed: dict[str, dict[str, dict[str, object]]] = json.loads(page.scripts[1])
    return parsed


def test_the_page_is_well_formed_and_its_references_exist(page: Page) -> None:
    assert page.mistakes == []
    ids = [str(a["id"]) for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    wanted = [str(a[name]) for _, a in page.elements for name in ("for", "aria-labelledby", "data-copy") if a.get(name)]
    wanted += [str(a["href"])[1:] for a in page.all("a") if str(a["href"]).startswith("#")]
    assert set(wanted) <= set(ids)


def test_nothing_is_loaded_from_anywhere(html: str, page: Page) -> None:
    assert not any("src" in attributes for _, attributes in page.elements)
    assert not page.all("link")
    assert {a["href"] for a in page.all("a") if not str(a["href"]).startswith("#")} == {"report.json", "results.csv"}
    assert not re.search(r"https?://|url\(|@import|//cdn", html)


def test_only_the_pages_own_scripts_may_run(page: Page) -> None:
    policy = next(str(a["content"]) for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    theme, _, script = page.scripts
    assert allowed == [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in (theme, script)]


def test_the_page_reads_top_down_from_the_verdict(html: str, page: Page) -> None:
    names = ("picture", "speed", "profiles", "latency", "retention", "int8", "training", "data", "machine")
    places = [html.index('class="verdict"')]
    places += [html.index(f'<section id="{name}"') for name in (*names, "warnings", "reproduce")]
    assert places == sorted(places)
    assert "balanced answers in 6.97 ms" in page.text


def test_numbers_carry_their_intervals(data: ReportData, html: str) -> None:
    row = data.latency_of("profile:balanced")
    assert row is not None
    assert f"{row.median_ms:.2f}<small>{row.ci_ms[0]:.2f} to {row.ci_ms[1]:.2f}</small>" in html
    assert "71.3<small>69.3 to 73.3</small>" in html
    assert "−0.70<small>−1.15 to −0.25</small>" in html
    assert "≈ 0</span><small>−0.55 to +0.35</small>" in html


def test_every_warning_caveat_machine_fact_and_hash_is_there(data: ReportData, page: Page) -> None:
    data_text = " ".join(page.text.split())
    told = [*data.warnings, *data.caveats, *data.machine.isa, data.machine.fingerprint, data.recipe.sha256]
    told += [data.command or "", data.recipe.text.split()[0], *data.versions, *data.data.tried]
    for text in told:
        assert " ".join(text.replace("`", "").split()) in data_text


def test_how_the_measuring_process_was_set_up_is_told_without_where_files_lie(data: ReportData, page: Page) -> None:
    assert "glibc 2.36, freed memory kept" in page.text
    assert "torch 2, torch interop 2" in page.text
    assert "OMP_NUM_THREADS=2" in page.text
    assert "/tmp/one" not in page.text
    assert "Measuring process" not in render_html(data.model_copy(update={"settings": None}))


def test_a_missed_floor_and_warnings_stand_above_the_numbers(make_report: Callable[..., ReportData]) -> None:
    html = render_html(with_caveats(make_report(missed_by=0.31)))
    assert (
        html.index("floor missed") < html.index("The accuracy floor was missed by 0.31") < html.index("1 warning</a>")
    )
    assert html.index("1 warning</a>") < html.index('class="keys"')


def test_every_mark_has_a_tip_and_says_the_same_to_a_screen_reader(page: Page) -> None:
    tips = _page_data(page)["tips"]
    marks = [a for tag, a in page.elements if "data-tip" in a]
    assert {a["data-tip"] for a in marks} == set(tips)
    for mark in marks:
        assert mark["role"] == "img"
        assert str(mark["aria-label"]).startswith(str(tips[str(mark["data-tip"])]["title"]))


def test_the_picture_tells_every_configuration_and_baseline(data: ReportData, page: Page) -> None:
    assert data.search is not None
    tips = _page_data(page)["tips"]
    titles = {str(tip["title"]) for tip in tips.values()}
    for candidate in data.search.candidates:
        title = f"Configuration {candidate.number}" + (
            ", on the front" if candidate.number in data.search.front else ""
        )
        assert title in titles
    assert {f"({letter})" for letter in "abcd"} <= {title[:3] for title in titles}
    best = next(tip for tip in tips.values() if tip["title"] == "balanced" and "ratios" in tip)
    assert best["ratios"] == list(data.profile("balanced").ratios)
    assert ["latency, ms", "6.97 (6.71 to 7.46)"] in best["lines"]  # type: ignore[operator]


def test_words_fade_as_the_recommended_profile_drops_them(page: Page) -> None:
    words = {str(a["data-token"]): a.get("class") for a in page.all("span") if "data-token" in a}
    assert {i for i, name in words.items() if name == "gone"} == {"1", "2", "3", "7"}
    assert {i for i, name in words.items() if name is None} == {"5", "6"}
    assert "3 of 9 tokens alive" in page.text
    example = _page_data(page)["example"]
    assert example["profiles"]["balanced"] == {"survives": [6, 4, 4, 1, 1, 6, 6, 4, 1], "answer": "Ada won"}  # type: ignore[index]


def test_a_report_without_an_example_or_search_is_a_page_without_them(make_report: Callable[..., ReportData]) -> None:
    page = Page(render_html(with_caveats(make_report(searched=False, profiles=("full",), nncf=False, trials=0))))
    assert page.mistakes == []
    assert not any(a.get("type") == "range" for a in page.all("input"))
    assert "No search was asked for." in page.text
    assert _page_data(page)["example"] is None


def test_a_report_written_before_there_were_examples_still_reads(report: ReportData, tmp_path: Path) -> None:
    write_report(report, tmp_path, formats=())
    content = json.loads((tmp_path / "report.json").read_text())
    del content["example"]
    for stage in content["stages"]:
        del stage["curves"]
    (tmp_path / "report.json").write_text(json.dumps(content))
    assert read_report(tmp_path) == with_caveats(report)


def test_every_training_of_a_stage_has_its_curve(report: ReportData) -> None:
    points = tuple((step, 3.0 / step) for step in range(1, 40))
    curves = tuple(TrainingCurve(name=name, points=points) for name in ("intermediate", "prediction"))
    stage = report.stages[1].model_copy(update={"name": "distillation", "curves": curves})
    page = Page(render_html(report.model_copy(update={"stages": (stage,)})))
    assert "distillation: intermediate" in page.text
    assert "distillation: prediction" in page.text


def test_hostile_text_stays_text(data: ReportData) -> None:
    example = data.example
    assert example is not None
    tokens = tuple(ExampleToken(text=HOSTILE, space=True, part=t.part) for t in example.tokens)
    profiles = tuple(p.model_copy(update={"answer": HOSTILE}) for p in example.profiles)
    recipe = data.recipe.model_copy(update={"name": HOSTILE, "path": HOSTILE, "text": HOSTILE, "sha256": HOSTILE})
    poisoned = data.model_copy(
        update={
            "recipe": recipe,
            "command": HOSTILE,
            "quantlat_version": HOSTILE,
            "warnings": (HOSTILE,),
            "caveats": (HOSTILE,),
            "versions": {HOSTILE: HOSTILE},
            "data": data.data.model_copy(update={"name": HOSTILE, "description": HOSTILE, "tried": (HOSTILE,)}),
            "machine": data.machine.model_copy(update={"cpu": HOSTILE, "isa": (HOSTILE,)}),
            "example": example.model_copy(
                update={"tokens": tokens, "profiles": profiles, "reference": HOSTILE, "source": HOSTILE}
            ),
            "latency": tuple(r.model_copy(update={"label": HOSTILE}) for r in data.latency),
            "accuracy": tuple(r.model_copy(update={"label": HOSTILE}) for r in data.accuracy),
            "stages": tuple(s.model_copy(update={"name": HOSTILE}) for s in data.stages),
        }
    )
    page = Page(render_html(poisoned))
    assert page.mistakes == []
    assert len(page.scripts) == 3
    assert not page.all("img")
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.text.count("alert('x')") > 10
    assert "{{ 7 * 7 }}" in page.text
    assert _page_data(page)["example"]["profiles"]["full"]["answer"] == HOSTILE  # type: ignore[index]


def test_json_in_a_script_cannot_leave_it_and_parses_back() -> None:
    value = {HOSTILE: [HOSTILE, 1.5, None]}
    text = str(script_json(value))
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == value
    with pytest.raises(ValueError, match="JSON"):
        script_json(float("nan"))


def test_backticks_become_code_and_nothing_else_does() -> None:
    assert str(prose("`a<b>` is `c`")) == "<code>a&lt;b&gt;</code> is <code>c</code>"
    assert str(prose("one ` alone <i>")) == "one ` alone &lt;i&gt;"


def test_in_the_verdict_parentheses_step_back_and_stay_escaped() -> None:
    assert str(verdict_prose("`a` takes 5 ms (4 to <6>).")) == (
        '<code>a</code> takes 5 ms <span class="aside">(4\u00a0to\u00a0&lt;6&gt;)</span>.'
    )


def test_equal_data_give_equal_pages(data: ReportData, html: str) -> None:
    assert render_html(data) == html


def test_every_table_has_a_caption_and_its_heads_a_scope(html: str, page: Page) -> None:
    assert html.count("<table") == html.count("<caption>")
    assert all(a.get("scope") in ("row", "col") for a in page.all("th"))
    assert all("aria-label" in a for a in page.all("svg"))


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_enough_contrast_in_both_themes(html: str) -> None:
    themes = [block for block in re.findall(r"\{([^{}]*--page:[^{}]*)\}", html)]
    assert len(themes) == 4  # light, dark by preference, dark by choice, print
    for block in themes:
        colors = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        for text in ("ink", "soft", "accent", "limit"):
            for ground in ("page", "panel", "accent-wash" if text != "limit" else "limit-wash"):
                light, dark = sorted((_luminance(colors[text]), _luminance(colors[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_the_scripts_are_valid_javascript(page: Page, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node on the PATH")
    for i in (0, 2):
        (tmp_path / f"{i}.js").write_text(page.scripts[i])
        done = subprocess.run([node, "--check", tmp_path / f"{i}.js"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
