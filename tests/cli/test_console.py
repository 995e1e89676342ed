from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from quantlat.cli import console
from quantlat.cli.console import ConsoleProgress, Meter, show_error
from quantlat.errors import RecipeError
from quantlat.pipeline.duration import duration


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(console.time, "monotonic", clock)
    return clock


def lines(stream: io.StringIO) -> list[str]:
    """What was written, without the time of day."""
    written = stream.getvalue().splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in written)
    return [line[9:] for line in written]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (61, "1 m 01 s"), (3599.6, "1 h 00 m"), (7500, "2 h 05 m")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_meter_counts_only_this_process_for_the_rate(clock: Clock) -> None:
    meter = Meter("LengthDrop", 100, "step", done=40)
    clock.now += 10
    meter.add(20, 28000)
    meter.remark = "loss 1.23"
    assert meter.rate == pytest.approx(2)
    assert meter.remaining_s == pytest.approx(20)
    assert meter.facts() == "60/100 steps · 2.0 steps/s · 2,800 tokens/s · 20.0 s left · loss 1.23"


def test_a_slow_step_shows_seconds_per_unit(clock: Clock) -> None:
    meter = Meter("search", None, "trial")
    clock.now += 30
    meter.add(3, 0)
    assert meter.facts() == "3 trials · 10.0 s/trial"


def test_a_log_gets_a_line_about_every_ten_seconds(clock: Clock) -> None:
    stream = io.StringIO()
    with ConsoleProgress(Console(file=stream, width=200)) as progress:
        with progress.task("teacher", 40) as task:
            for _ in range(40):
                clock.now += 1
                task.advance(tokens=100)
        progress.say("[1/2] teacher: done")
        progress.warn("take care")
    assert lines(stream) == [
        "teacher: 10/40 steps · 1.0 steps/s · 100 tokens/s · 30.0 s left",
        "teacher: 20/40 steps · 1.0 steps/s · 100 tokens/s · 20.0 s left",
        "teacher: 30/40 steps · 1.0 steps/s · 100 tokens/s · 10.0 s left",
        "teacher: 40/40 steps · 1.0 steps/s · 100 tokens/s · 0.0 s left",
        "teacher: 40/40 steps · 1.0 steps/s · 100 tokens/s · 40.0 s",
        "[1/2] teacher: done",
        "warning: take care",
    ]


def test_a_terminal_gets_bars_that_vanish_and_lines_that_stay() -> None:
    stream = io.StringIO()
    terminal = Console(file=stream, width=120, force_terminal=True, color_system=None)
    with ConsoleProgress(terminal) as progress, progress.task("teacher", 2) as outer:
        outer.advance()
        with progress.task("evaluation", 5, unit="window") as inner:
            inner.advance(5)
            inner.note("F1 71")
        progress.say("[bold] brackets stay")
        outer.advance()
    assert "[bold] brackets stay" in stream.getvalue()
    assert "teacher: 2/2 steps" in stream.getvalue()


def test_a_failing_step_is_not_reported_as_done(clock: Clock) -> None:
    stream = io.StringIO()
    progress = ConsoleProgress(Console(file=stream, width=200))
    with pytest.raises(KeyboardInterrupt), progress, progress.task("teacher", 2):
        raise KeyboardInterrupt
    assert lines(stream) == []


def test_a_step_that_never_ticks_still_shows_that_it_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_WORTH_A_LINE_S", 0.01)
    stream = io.StringIO()
    progress = ConsoleProgress(Console(file=stream, width=200), interval_s=0.02)
    with progress, progress.task("export"):
        deadline = time.monotonic() + 20
        while stream.getvalue().count("\n") < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    first, *others = lines(stream)
    assert first == "export …"
    assert all(line.startswith("export: running for ") for line in others[:-1])
    assert len(others) >= 2


def test_an_error_is_its_message_and_its_hint(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(RecipeError("a.yaml:3: sede: unknown key", "Look at [the] schema."))
    assert capsys.readouterr().err == "error: a.yaml:3: sede: unknown key\nLook at [the] schema.\n"
