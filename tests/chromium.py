"""A headless Chromium for the tests of the pages; without one they skip and say why."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
_ADVICE = "get one with: make browser, or name one in QUANTLAT_CHROMIUM"


@contextmanager
def headless_chromium() -> Iterator[Any]:
    """The Chromium that ``QUANTLAT_CHROMIUM`` names, one on the PATH, or playwright's own."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the extra browser: make browser")
    with sync_api.sync_playwright() as playwright:
        executable = os.environ.get("QUANTLAT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        executable = executable or playwright.chromium.executable_path
        if not Path(executable).exists():
            pytest.skip(f"needs a Chromium: {_ADVICE}")
        try:
            started = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        except sync_api.Error as error:
            pytest.skip(f"{executable} does not start ({str(error).strip().splitlines()[0]}): {_ADVICE}")
        yield started
        started.close()
