"""Errors that a user can act on, and the exit code of each class.

Every message says what was expected, what came, and what to do. The command line prints the message
and the hint without a traceback and exits with ``exit_code``; scripts may rely on the numbers.

====  ==========================================================
code  meaning
====  ==========================================================
0     success
1     a defect of quantlat itself (a traceback is shown)
2     wrong command line
3     recipe or calibration file is wrong
4     data is missing or damaged
5     model checkpoint is missing, damaged or not supported
6     storage: no space, no permission, damaged artefact
7     run folder conflict: in use, or made by another recipe or version
8     a runtime cannot be used on this machine
9     a measurement could not be made or cannot be trusted
10    the run finished, but the accuracy floor was missed
11    a bundle is damaged, or does not answer here as it was validated
12    the search finished, but no configuration meets the latency target
130   interrupted; the same command resumes
====  ==========================================================
"""

from __future__ import annotations

from typing import ClassVar


class QuantlatError(Exception):
    """Base of every error that is the user's to mend.

    Args:
        message: what was expected and what came.
        hint: what to do about it; printed on a line of its own.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n{self.hint}"


class RecipeError(QuantlatError):
    """A recipe or calibration file is wrong; lists every mistake found."""

    exit_code = 3


class DataError(QuantlatError):
    """Data is missing, truncated or not in the expected format."""

    exit_code = 4


class ModelError(QuantlatError):
    """A checkpoint is missing, damaged, of an unknown architecture or fails its checksum."""

    exit_code = 5


class StorageError(QuantlatError):
    """The disk is full, a folder is not writable, or a stored artefact is damaged."""

    exit_code = 6


class RunConflictError(QuantlatError):
    """The run folder is in use, or belongs to another recipe or version."""

    exit_code = 7


class RuntimeUnavailableError(QuantlatError):
    """A runtime cannot run here; the hint says what to install."""

    exit_code = 8


class MeasurementError(QuantlatError):
    """A measurement could not be made or cannot be trusted."""

    exit_code = 9


class AccuracyFloorMissed(QuantlatError):
    """The run is complete, but no configuration reached the accuracy floor."""

    exit_code = 10


class BundleError(QuantlatError):
    """A bundle is missing, damaged, of another format, or fails its self-check on this machine."""

    exit_code = 11


class LatencyTargetMissed(QuantlatError):
    """The search is complete, but no configuration meets the latency target."""

    exit_code = 12


class Interrupted(QuantlatError):
    """Stopped by Ctrl-C or SIGTERM; the same command continues where it stopped."""

    exit_code = 130
