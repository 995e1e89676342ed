"""How many tokens live at each layer, per profile, and one example whose dropped words fade layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

from quantlat.reporting import formatting as fmt
from quantlat.reporting import html_numbers as num
from quantlat.reporting.collect import ReportData
from quantlat.reporting.figures.retention import retention_info
from quantlat.reporting.rows import ExampleInfo, profile_key
from quantlat.reporting.same_profiles import same_text


@dataclass(frozen=True)
class RetentionCell:
    """One layer of a profile: share of the real tokens alive after it, in percent, and their mean number."""

    percent: float
    text: str
    tokens: str
    dark: bool


@dataclass(frozen=True)
class RetentionRow:
    """One profile; ``detail`` says whose configuration it shares."""

    name: str
    detail: str
    recommended: bool
    cells: tuple[RetentionCell, ...]
    macs: str
    latency: num.Quantity


@dataclass(frozen=True)
class RetentionTable:
    """The heat strip as a table: a row per profile, a column per layer."""

    title: str
    subtitle: str
    layers: int
    rows: tuple[RetentionRow, ...]


def retention_table(data: ReportData) -> RetentionTable:
    """The strips of all profiles."""
    info = retention_info(data)
    mean = data.data.tokens_mean
    rows = tuple(
        RetentionRow(
            name=strip.name,
            detail=same_text(data.profile(strip.name)),
            recommended=strip.recommended,
            cells=tuple(_cell(ratio, mean) for ratio in strip.ratios),
            macs=fmt.percent(strip.macs_relative),
            latency=_latency(data, strip.name),
        )
        for strip in info.strips
    )
    return RetentionTable(info.heading.title, info.heading.subtitle, info.layers, rows)


def _latency(data: ReportData, profile: str) -> num.Quantity:
    row = data.latency_of(profile_key(profile))
    return num.milliseconds(row) if row is not None else num.NOTHING


def _cell(ratio: float, tokens_mean: float | None) -> RetentionCell:
    tokens = f"{ratio * tokens_mean:.0f}" if tokens_mean is not None else ""
    return RetentionCell(round(100 * ratio, 1), fmt.percent(ratio), tokens, ratio > 0.6)


@dataclass(frozen=True)
class FadingWord:
    """A token of the example: its text, whether a space stands before it, and its part of the input.

    ``index`` is its place in the input; how long it lives is in the page's data, per profile.
    """

    index: int
    text: str
    space: bool
    gone: bool


_PARTS = {"question": "Question", "passage": "Passage", "text": "Text", "pair": "Second text"}


@dataclass(frozen=True)
class FadingExample:
    """Parts by title and answers, ready to be shown; ``alive`` counts tokens per profile and layer."""

    parts: tuple[tuple[str, tuple[FadingWord, ...]], ...]
    item: str
    said: str
    reference: str
    source: str
    profile: str
    profiles: tuple[tuple[str, str], ...]
    layers: int
    tokens: int
    alive: int


def fading_example(data: ReportData) -> FadingExample | None:
    """The example as the recommended profile leaves it after the last layer; ``None`` when the report has none."""
    example = data.example
    if example is None or not example.profiles:
        return None
    shown = next((p for p in example.profiles if p.profile == data.headline.profile), example.profiles[0])
    layers = len(data.profile(shown.profile).ratios)

    def words(part: str) -> tuple[FadingWord, ...]:
        return tuple(
            FadingWord(i, token.text, token.space, shown.survives[i] < layers)
            for i, token in enumerate(example.tokens)
            if token.part == part
        )

    return FadingExample(
        parts=tuple((title, words(part)) for part, title in _PARTS.items() if words(part)),
        item=data.metric.item,
        said="Answer" if words("passage") else "Class",
        reference=example.reference,
        source=example.source,
        profile=shown.profile,
        profiles=tuple((p.profile, p.answer) for p in example.profiles),
        layers=layers,
        tokens=len(example.tokens),
        alive=sum(layer >= layers for layer in shown.survives),
    )


def fading_data(example: ExampleInfo | None) -> dict[str, object] | None:
    """What the slider needs: per profile, after how many layers each token is still alive, and the answer."""
    if example is None:
        return None
    return {
        "tokens": len(example.tokens),
        "profiles": {p.profile: {"survives": p.survives, "answer": p.answer} for p in example.profiles},
    }
