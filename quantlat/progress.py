"""How long steps report that they are alive.

Rooms take a :class:`Progress` and never print. The command line shows it as a bar with rate and ETA on a
terminal and as plain lines in a log (``quantlat/cli/console.py``); tests and library users pass
:class:`QuietProgress`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class ProgressTask(Protocol):
    """One running step."""

    def advance(self, amount: float = 1, *, tokens: int = 0) -> None:
        """Count ``amount`` units as done; ``tokens`` adds to the shown tokens/s."""

    def note(self, text: str) -> None:
        """Show a short changing remark beside the bar, such as the current loss."""


class Progress(Protocol):
    """Where a step says what it is doing."""

    def task(
        self, name: str, total: float | None = None, *, unit: str = "step", done: float = 0
    ) -> AbstractContextManager[ProgressTask]:
        """Open a step of ``total`` units; ``done`` of them were finished by an earlier, interrupted run."""

    def say(self, text: str) -> None:
        """Tell the user something worth a line."""

    def warn(self, text: str) -> None:
        """Tell the user something they should act on."""


class _QuietTask:
    def advance(self, amount: float = 1, *, tokens: int = 0) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class QuietProgress:
    """Says nothing; keeps what was said and warned for whoever wants to look."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []

    @contextmanager
    def task(
        self, name: str, total: float | None = None, *, unit: str = "step", done: float = 0
    ) -> Iterator[ProgressTask]:
        yield _QuietTask()

    def say(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)
