"""Measurements kept in a file, one JSON object a line: equal configurations are measured once.

Searches that share a file share their measurements, whatever axes and seeds they have, and a search that was killed
continues with the same proposals, because these depend on the measurements alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from quantlat.errors import RecipeError, StorageError
from quantlat.models.retention import ElasticConfig
from quantlat.search.joint.candidate import JointCandidate
from quantlat.search.storage import cut_torn_end


class Measuring(Protocol):
    """What measures a configuration on a part of the search split."""

    def evaluate(self, config: ElasticConfig, part: int = 0) -> JointCandidate: ...


class MeasurementCache:
    """Measures what the file does not know.

    Args:
        path: the file; ``None`` keeps measurements in memory.
        signature: of model, runtime, threads and questions; lines of another one are left alone.

    Raises:
        StorageError: the file cannot be read or written, or is damaged.
    """

    def __init__(self, path: Path | None, evaluator: Measuring, signature: str) -> None:
        self._path, self._evaluator, self._signature = path, evaluator, signature
        self._known: dict[tuple[ElasticConfig, int], JointCandidate] = {}
        self.measured = 0
        if path is not None and path.exists():
            self._read(path)

    @property
    def known(self) -> Mapping[tuple[ElasticConfig, int], JointCandidate]:
        """Everything measured, by configuration and part."""
        return self._known

    def evaluate(self, config: ElasticConfig, part: int = 0) -> JointCandidate:
        """The configuration's measurement, from the file or a new one that is written there."""
        key = (config, part)
        if key not in self._known:
            self._known[key] = self._evaluator.evaluate(config, part)
            self.measured += 1
            self._append(self._known[key])
        return self._known[key]

    def _read(self, path: Path) -> None:
        try:
            cut_torn_end(path)
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise StorageError(f"the measurements in {path} cannot be read: {error.strerror or error}") from error
        for number, line in enumerate(lines, start=1):
            try:
                record: dict[str, Any] = json.loads(line)
                if record["signature"] == self._signature:
                    candidate = JointCandidate.model_validate_json(json.dumps(record["candidate"]))
                    self._known[candidate.config, candidate.part] = candidate
            except (ValueError, KeyError, TypeError, ValidationError, RecipeError) as error:
                raise StorageError(
                    f"{path}, line {number} is not a measurement: {error}",
                    "It is another file, or of another version; name another one or delete it.",
                ) from error

    def _append(self, candidate: JointCandidate) -> None:
        if self._path is None:
            return
        line = json.dumps({"signature": self._signature, "candidate": candidate.model_dump(mode="json")})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(
                f"a measurement cannot be written to {self._path}: {error.strerror or error}",
                "Free space or name another file; the search continues where it stopped.",
            ) from error
