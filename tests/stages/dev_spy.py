"""Which stages open which split of the data: an audit hook that looks at who is calling.

Verifying an artefact's hash reads every file of it, dev data too, but that is the pipeline's doing, between stages.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

SPLITS = tuple(f"{split}.{ending}" for split in ("fit", "search", "calibration", "dev") for ending in ("json", "jsonl"))
_STAGES = Path("quantlat") / "stages"
_SHARED = ("artifacts", "search_record")  # what stages have in common; the one that calls counts


def watch(log: Path) -> None:
    """From now on, append ``stage split`` to ``log`` whenever a stage opens a split of a data artefact."""

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | Path):
            return
        opened = Path(arguments[0])
        if opened.name not in SPLITS or not opened.parent.name.lstrip(".").startswith("data-"):
            return
        stage = _calling_stage(sys._getframe(1))
        if stage is not None:
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{stage} {opened.name}\n")

    sys.addaudithook(hook)


def _calling_stage(frame: FrameType | None) -> str | None:
    """Name of the outermost file of ``quantlat/stages`` on the stack."""
    found = None
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.parts[-3:-1] == _STAGES.parts and path.stem not in _SHARED:
            found = path.stem
        frame = frame.f_back
    return found
