"""``log.jsonl``: what a run said and did, one JSON object per line, beside what the user sees.

Records of the standard ``logging`` module (libraries talk there) and Python warnings go into the same file.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from quantlat.progress import Progress, ProgressTask


class RunLog:
    """Appends events to a file; a full disk silences the log, never the run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream

    def event(self, name: str, **fields: object) -> None:
        """Write one line with the time, the event's name and the fields."""
        if self._stream is None:
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": time, "event": name, **fields}, default=str)
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except OSError:
            self._stream = None


class _LogHandler(logging.Handler):
    def __init__(self, log: RunLog) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.event("log", level=record.levelname.lower(), logger=record.name, message=record.getMessage())


@contextmanager
def run_log(path: Path) -> Iterator[RunLog]:
    """Open the log of a run and collect library logging in it."""
    with path.open("a", encoding="utf-8") as stream:
        log = RunLog(stream)
        handler = _LogHandler(log)
        root = logging.getLogger()
        root.addHandler(handler)
        logging.captureWarnings(True)
        log.event("run started", pid=os.getpid())
        try:
            yield log
        finally:
            logging.captureWarnings(False)
            root.removeHandler(handler)


class LoggedProgress:
    """A :class:`Progress` that passes everything on and keeps it in the log."""

    def __init__(self, progress: Progress, log: RunLog) -> None:
        self._progress = progress
        self._log = log

    @contextmanager
    def task(
        self, name: str, total: float | None = None, *, unit: str = "step", done: float = 0
    ) -> Iterator[ProgressTask]:
        """Open a step; its beginning and end are logged, its ticks are not."""
        self._log.event("task started", task=name, total=total, unit=unit, done=done)
        with self._progress.task(name, total, unit=unit, done=done) as task:
            yield task
        self._log.event("task finished", task=name)

    def say(self, text: str) -> None:
        """Tell the user and the log."""
        self._log.event("say", text=text)
        self._progress.say(text)

    def warn(self, text: str) -> None:
        """Warn the user and the log."""
        self._log.event("warn", text=text)
        self._progress.warn(text)
