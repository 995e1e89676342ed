"""Golden inputs: a few real requests with the results that the INT8 model has by definition.

The expected logits come from the PyTorch reference of the quantised model when the bundle is made
(:mod:`quantlat.quantization.reference`), not from the runtime that is checked with them. Kernels sum in other orders,
which moves a few activations to the next integer; a sound runtime therefore differs by a few per cent of the logits'
spread, while saturating or wrong INT8 arithmetic differs by all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quantlat.errors import BundleError

TOLERANCE = 0.08
"""Largest root mean square difference of the logits, as a share of their spread (:class:`Golden`)."""

_MAX_BYTES = 8 << 20
_DRAWS = 16


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GoldenCase(_Part):
    """One input and its expected full-length result.

    Attributes:
        text: question, or the text that is classified, rated or embedded.
        context: passage, or the second text; ``None`` where there is none.
        logits: of the first window, rows of 2 for a question; one row for a text: its classes, rating or embedding.
        result: expected answer, or the expected class's index as text; empty for a rating or an embedding.
        decisive: the result stays under errors as large as :data:`TOLERANCE`; a near tie says nothing about a runtime.
    """

    text: str
    context: str | None = None
    logits: tuple[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], ...]
    result: str
    decisive: bool = True


class Golden(_Part):
    """Content of ``golden.json``.

    Attributes:
        tolerance: see :data:`TOLERANCE`.
        spread: what an error is a share of; ``None``: the standard deviation of all expected logits.
    """

    format: Literal["quantlat-golden"] = "quantlat-golden"
    tolerance: Annotated[float, Field(gt=0, le=1)] = TOLERANCE
    spread: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    cases: Annotated[tuple[GoldenCase, ...], Field(min_length=1, max_length=64)]


@dataclass(frozen=True)
class GoldenOutcome:
    """What comparing with the golden inputs gave.

    Attributes:
        error: root mean square difference over the spread of the expected logits; infinite for NaN.
        agreeing: cases with the expected result, or without a decisive one.
    """

    error: float
    tolerance: float
    agreeing: int
    cases: int

    @property
    def passed(self) -> bool:
        """Within tolerance, and at most every fourth decisive result another one."""
        return self.error <= self.tolerance and self.agreeing >= self.cases - self.cases // 4


def is_decisive(logits: Sequence[NDArray[np.floating]], decide: Callable[[list[NDArray[np.float32]]], str]) -> bool:
    """Whether ``decide(logits)`` stays the same when normal errors of the tolerance's size are added (16 draws).

    Other CPUs sum in other orders; where two results are nearly tied, each of them is right.
    """
    rng = np.random.default_rng(0)
    clean = [np.asarray(rows, np.float32) for rows in logits]
    size = TOLERANCE * float(np.concatenate([rows.ravel() for rows in clean]).std())
    expected = decide(clean)
    return all(
        decide([(rows + rng.normal(0.0, size, rows.shape)).astype(np.float32) for rows in clean]) == expected
        for _ in range(_DRAWS)
    )


def compare(golden: Golden, logits: Sequence[NDArray[np.floating]], results: Sequence[str]) -> GoldenOutcome:
    """Compare logits ``[n, 2]``, ``[1, classes]`` or ``[1, 1]`` and results of all cases with the expected ones."""
    expected = [np.array(case.logits, np.float64) for case in golden.cases]
    agreeing = sum(
        case.result == result or not case.decisive for case, result in zip(golden.cases, results, strict=True)
    )
    error = float("inf")
    if all(ours.shape == theirs.shape for ours, theirs in zip(logits, expected, strict=True)):
        difference = np.concatenate(
            [(np.asarray(o, np.float64) - e).ravel() for o, e in zip(logits, expected, strict=True)]
        )
        spread = golden.spread or float(np.concatenate([e.ravel() for e in expected]).std())
        ratio = float(np.sqrt(np.square(difference).mean())) / max(spread, 1e-12)
        error = ratio if np.isfinite(ratio) else float("inf")
    return GoldenOutcome(error, golden.tolerance, agreeing, len(golden.cases))


def read_golden(path: Path) -> Golden:
    """The golden inputs of a bundle, whose hash has been checked.

    Raises:
        BundleError: not what it should be.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BundleError(f"{path} is larger than {_MAX_BYTES >> 20} MiB; refusing to read it")
        return Golden.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BundleError(f"{path} does not hold golden inputs: {error}", "Package the run again.") from None
