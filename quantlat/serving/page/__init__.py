"""The page at ``/``: HTML, style, script and sample passages, all of them from this folder, none from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class PageFile:
    """A file as it is sent."""

    content: bytes
    media_type: str


def _read(name: str, media_type: str) -> PageFile:
    return PageFile((_FOLDER / name).read_bytes(), media_type)


PAGE = {
    "/": _read("index.html", "text/html; charset=utf-8"),
    "/page.css": _read("page.css", "text/css; charset=utf-8"),
    "/page.js": _read("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": _read("icon.svg", "image/svg+xml"),
    "/samples.json": _read("samples.json", "application/json"),
}
