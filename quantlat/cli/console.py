"""What the user sees: progress on stderr, results on stdout, errors without a traceback."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.text import Text

from quantlat.pipeline.duration import duration

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bars
    from rich.progress import TaskID
    from rich.table import Table

    from quantlat.errors import QuantlatError
    from quantlat.progress import ProgressTask

LOG_INTERVAL_S = 10.0
_PIPE_WIDTH = 160
_WORTH_A_LINE_S = 2.0


def show_error(error: QuantlatError) -> None:
    """Print an error's message in red and its hint below, on stderr."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text("error: ", style="bold red") + Text(error.message, style="red"))
    if error.hint:
        console.print(Text(error.hint))


def print_table(table: Table) -> None:
    """Print a table on stdout; wide when it goes into a file or a pipe."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    console.print(table)


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send everything that is written to stdout inside, by C libraries too, to stderr instead."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)


@dataclass
class Meter:
    """Counts the work of one step and works out rate and time left from what this process did."""

    name: str
    total: float | None
    unit: str
    done: float = 0
    tokens: int = 0
    remark: str = ""
    start: float = field(default_factory=lambda: time.monotonic())

    def __post_init__(self) -> None:
        self._done_before = self.done

    def add(self, amount: float, tokens: int) -> None:
        """Count finished work."""
        self.done += amount
        self.tokens += tokens

    @property
    def seconds(self) -> float:
        """Time since the step was opened."""
        return max(time.monotonic() - self.start, 1e-9)

    @property
    def rate(self) -> float:
        """Units per second in this process."""
        return (self.done - self._done_before) / self.seconds

    @property
    def remaining_s(self) -> float | None:
        """Seconds left at this rate, if that can be told."""
        if self.total is None or self.rate <= 0:
            return None
        return max(self.total - self.done, 0) / self.rate

    def facts(self, *, ended: bool = False) -> str:
        """``120/431 steps · 3.5 steps/s · 9,800 tokens/s · 1 m 28 s left · loss 1.23``."""
        of = "" if self.total is None else f"/{self.total:g}"
        parts = [f"{self.done:g}{of} {_plural(self.unit)}"] if self.done or self.total else []
        if self.rate > 0:
            parts.append(_rate(self.rate, self.unit))
        if self.tokens:
            parts.append(f"{self.tokens / self.seconds:,.0f} tokens/s")
        if ended:
            parts.append(duration(self.seconds))
        elif self.remaining_s is not None:
            parts.append(f"{duration(self.remaining_s)} left")
        if self.remark:
            parts.append(self.remark)
        return " · ".join(parts)


def _rate(rate: float, unit: str) -> str:
    return f"{rate:.1f} {_plural(unit)}/s" if rate >= 1 else f"{1 / rate:.1f} s/{unit}"


def _plural(unit: str) -> str:
    return unit + ("es" if unit.endswith(("s", "x", "ch")) else "s")


class ConsoleProgress:
    """The command line's :class:`quantlat.progress.Progress`.

    On a terminal: bars with rate, tokens/s and time left. Elsewhere: plain lines with the time, about every
    ten seconds. Use it as a context manager, so that bars are removed before anything else is printed.
    """

    def __init__(self, console: Console | None = None, *, interval_s: float = LOG_INTERVAL_S) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._interval_s = interval_s
        self._bars: Bars | None = None
        self._open = 0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars = _bars(self._console)
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    @contextmanager
    def task(
        self, name: str, total: float | None = None, *, unit: str = "step", done: float = 0
    ) -> Iterator[ProgressTask]:
        """Open a step; see :class:`quantlat.progress.Progress`."""
        meter = Meter(name, total, unit, done)
        shown: _BarTask | _LineTask
        shown = _BarTask(self._bars, meter) if self._bars is not None else _LineTask(self, meter)
        self._open += 1
        try:
            yield shown
        finally:
            self._open -= 1
            shown.close()
        if meter.seconds >= _WORTH_A_LINE_S or self._open == 0:
            self.say(f"{name}: {meter.facts(ended=True)}")

    def say(self, text: str) -> None:
        """Print a line."""
        self._line(Text(text))

    def warn(self, text: str) -> None:
        """Print a line that stands out."""
        self._line(Text("warning: ", style="bold yellow") + Text(text, style="yellow"))

    @property
    def interval_s(self) -> float:
        """Seconds between two lines of one step in a log."""
        return self._interval_s

    def _line(self, text: Text) -> None:
        stamp = "" if self._console.is_terminal else time.strftime("%H:%M:%S ")
        self._console.print(Text(stamp) + text)


class _BarTask:
    def __init__(self, bars: Bars, meter: Meter) -> None:
        self._bars = bars
        self._meter = meter
        self._id: TaskID = bars.add_task(meter.name, total=meter.total, meter=meter)
        bars.update(self._id, completed=meter.done)

    def advance(self, amount: float = 1, *, tokens: int = 0) -> None:
        self._meter.add(amount, tokens)
        self._bars.update(self._id, completed=self._meter.done)

    def note(self, text: str) -> None:
        self._meter.remark = text

    def close(self) -> None:
        self._bars.remove_task(self._id)


class _LineTask:
    """Prints a line now and then; a thread of its own shows that a step without ticks is still alive."""

    def __init__(self, progress: ConsoleProgress, meter: Meter) -> None:
        self._progress = progress
        self._meter = meter
        self._printed = meter.start
        self._ended = threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()

    def advance(self, amount: float = 1, *, tokens: int = 0) -> None:
        self._meter.add(amount, tokens)
        self._print_if_due()

    def note(self, text: str) -> None:
        self._meter.remark = text

    def close(self) -> None:
        self._ended.set()

    def _print_if_due(self) -> None:
        now = time.monotonic()
        if now - self._printed >= self._progress.interval_s:
            self._printed = now
            facts = self._meter.facts() or f"running for {duration(self._meter.seconds)}"
            self._progress.say(f"{self._meter.name}: {facts}")

    def _beat(self) -> None:
        if not self._ended.wait(_WORTH_A_LINE_S):
            self._progress.say(f"{self._meter.name} …")
        while not self._ended.wait(self._progress.interval_s):
            self._print_if_due()


def _bars(console: Console) -> Bars:
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn

    class FactsColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(task.fields["meter"].facts())

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        FactsColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
    )
