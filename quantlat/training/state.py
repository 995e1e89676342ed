"""State of an unfinished computation on disk: tensors in safetensors, counters in JSON, no pickle.

A save is complete when its JSON document is renamed into place; the tensors it names were written and
synced before, and the tensors of the save before it are removed afterwards. A process killed at any moment
leaves the last complete save. A state belongs to exactly one computation, named by its signature (options,
data, initial weights); a state of another one is reported and left unused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from quantlat.errors import StorageError
from quantlat.progress import Progress

FORMAT = 1
_DOCUMENT = "state.json"
Signature = Mapping[str, Any]


@dataclass(frozen=True)
class SavedState:
    """What was saved: counters and tensors (on the CPU)."""

    counters: Mapping[str, Any]
    tensors: Mapping[str, Tensor]


class StateFolder:
    """The folder of one computation's state."""

    def __init__(self, folder: Path, signature: Signature) -> None:
        self.folder = Path(folder)
        # Through JSON once, so that tuples and lists compare equal after reading.
        self.signature: dict[str, Any] = json.loads(json.dumps(dict(signature), sort_keys=True, default=str))

    def save(self, name: str, tensors: Mapping[str, Tensor], counters: Mapping[str, Any]) -> None:
        """Replace the state; ``name`` differs from one save to the next (such as the step).

        Raises:
            StorageError: the folder cannot be written, or the disk is full.
        """
        document = {
            "format": FORMAT,
            "signature": self.signature,
            "tensors": f"{name}.safetensors",
            "counters": dict(counters),
        }
        final = self.folder / f"{name}.safetensors"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = self.folder / f"{name}.safetensors.tmp"
            save_file({key: t.detach().cpu().contiguous() for key, t in tensors.items()}, temporary)
            _sync(temporary)
            temporary.replace(final)
            text = self.folder / f"{_DOCUMENT}.tmp"
            text.write_text(json.dumps(document), encoding="utf-8")
            _sync(text)
            text.replace(self.folder / _DOCUMENT)
            _sync(self.folder)
            self._remove_all_but(final)
        except (OSError, SafetensorError) as error:
            raise StorageError(
                f"the training state cannot be written to {self.folder}: {error}",
                "Free some disk space or make the folder writable, then run the same command again.",
            ) from None

    def load(self, progress: Progress) -> SavedState | None:
        """The last complete save of this computation, or ``None``; says why one is there but not used."""
        path = self.folder / _DOCUMENT
        if not path.is_file():
            return None
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["format"] != FORMAT:
                raise ValueError(f"format {document['format']!r}, this version writes {FORMAT}")
            differences = _differences(document["signature"], self.signature)
            if differences:
                progress.warn(
                    f"{self.folder} holds the state of another training and is not used; it starts from the beginning. "
                    f"There, {differences}"
                )
                return None
            name = Path(document["tensors"]).name
            with safe_open(self.folder / name, framework="pt") as file:
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
            return SavedState(dict(document["counters"]), tensors)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
            progress.warn(f"{path} is damaged and is not used; the training starts from the beginning ({error})")
            return None

    def _remove_all_but(self, kept: Path) -> None:
        for path in self.folder.glob("*.safetensors*"):
            if path != kept:
                path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    changed = [key for key in sorted({*there, *here}) if there.get(key) != here.get(key)]
    return ", ".join(f"{key} was {there.get(key)!r}, now {here.get(key)!r}" for key in changed)
