"""Ctrl-C and SIGTERM are taken between two optimiser steps, never inside one.

An interruption in the middle of an optimiser step would leave some weights updated and others not, and a
state from which no exact resume is possible. So handlers that raise are held back until the step is over; a
second signal during the same step is delivered at once, for whoever does not want to wait.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_HELD_BACK = (signal.SIGINT, signal.SIGTERM)
Handler = Callable[[int, FrameType | None], Any]


class DeferredSignals:
    """Context in which SIGINT and SIGTERM wait for :meth:`deliver`.

    Only handlers written in Python are held back (they may raise); outside the main thread nothing changes.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Handler] = {}
        self._pending: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> DeferredSignals:
        if threading.current_thread() is threading.main_thread():
            for number in _HELD_BACK:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._hold)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if kind is None:
            self.deliver()

    def deliver(self) -> None:
        """Run the handler of a signal that came meanwhile; it usually raises."""
        if self._pending is not None:
            (number, frame), self._pending = self._pending, None
            self._handlers[number](number, frame)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        if self._pending is not None:
            self._pending = None
            self._handlers[number](number, frame)
        else:
            self._pending = (number, frame)
