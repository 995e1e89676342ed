"""What a search reads from its storage and writes into it: the study, measured candidates, refinements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from optuna.study import Study
from optuna.trial import FrozenTrial
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from quantlat.errors import StorageError
from quantlat.search.candidate import Candidate
from quantlat.search.storage import open_storage

MEASURED = "quantlat:measured"
_REFINED = "quantlat:refined:"


def open_study(storage: str | Path | None, name: str) -> Study:
    """The study of that name, created if the storage does not have it.

    Raises:
        StorageError: the storage cannot be reached, written or read.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # progress is ours to show
    opened = open_storage(storage)
    with storage_errors():
        return optuna.create_study(
            study_name=name, storage=opened, directions=["minimize", "maximize"], load_if_exists=True
        )


@contextmanager
def storage_errors() -> Iterator[None]:
    """What may go wrong in a storage while it is used, in words."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, OSError, ValueError, KeyError) as error:
        cause = str(error.__cause__ or error).splitlines()[0]
        raise StorageError(
            f"the search storage failed: {type(error).__name__}: {cause}",
            "Check its disk or server; the same command continues. If it is damaged, delete it: the search then "
            "starts anew.",
        ) from error


def read_candidate(trial: FrozenTrial) -> Candidate:
    """What a finished trial measured.

    Raises:
        StorageError: it cannot be read.
    """
    return _parse(trial.user_attrs.get(MEASURED), f"trial {trial.number}")


def _parse(record: object, name: str) -> Candidate:
    try:
        return Candidate.model_validate_json(record["candidate"])  # type: ignore[index]
    except (KeyError, TypeError, ValidationError) as error:
        raise StorageError(
            f"the search storage holds a trial that cannot be read: {name}: {error}",
            "It was written by something else or by another version; give another storage, or delete this one.",
        ) from error


class Refinements:
    """What larger parts of the data say of finished trials' configurations; kept beside the trials."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._refined: dict[str, Candidate] = {}  # by configuration, from the largest part
        self._seconds: dict[str, float] = {}  # of each refinement

    @property
    def seconds(self) -> float:
        """What all refinements that have been read took."""
        return sum(self._seconds.values())

    def add(self, candidate: Candidate, seconds: float) -> None:
        """Store one.

        Raises:
            StorageError: the storage cannot be used any more.
        """
        record = {"seconds": seconds, "candidate": candidate.without_samples().model_dump_json()}
        with storage_errors():
            self._study.set_user_attr(f"{_REFINED}{candidate.config}|{candidate.part}", record)

    def read(self) -> None:
        """Take notice of what this or another process has stored."""
        for name, record in self._study.user_attrs.items():
            if not name.startswith(_REFINED) or name in self._seconds:
                continue
            candidate = _parse(record, name)
            self._seconds[name] = float(record.get("seconds", 0.0))
            before = self._refined.get(str(candidate.config))
            if before is None or before.part < candidate.part:
                self._refined[str(candidate.config)] = candidate

    def best(self, candidate: Candidate) -> Candidate:
        """The candidate as its largest part shows it."""
        return self._refined.get(str(candidate.config), candidate)
