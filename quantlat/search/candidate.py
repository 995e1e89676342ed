"""What a search knows about one configuration, and the floor that its accuracy is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from quantlat.errors import RecipeError
from quantlat.latency import MeasurementWarning
from quantlat.metrics import bootstrap_mean, paired_difference
from quantlat.models.retention import RetentionConfig

_LEAST_DISAGREEMENT = 50.0  # points on one question
_NORMAL_WIDTH_95 = 2 * 1.959964  # width of a 95 % interval in standard errors

Cost = Literal["latency", "macs"]
"""What the search makes small: measured latency, or multiply-accumulates for a machine that is not at
hand."""


ConfigT_co = TypeVar("ConfigT_co", covariant=True)


class Measured(Protocol[ConfigT_co]):
    """What surrogate and proposers need of a measured configuration, whatever it is made of."""

    @property
    def config(self) -> ConfigT_co: ...

    @property
    def drop(self) -> float: ...

    @property
    def drop_standard_error(self) -> float: ...

    @property
    def questions(self) -> int: ...

    def cost(self, kind: Cost = "latency") -> float:
        """The cost that the search minimises."""
        ...


class MeasuredModel(BaseModel):
    """What every search measures of a configuration. Accuracy is in points (0-100); all intervals are 95 %.

    Attributes:
        accuracy: mean score over the questions it was measured on.
        accuracy_ci: its interval.
        drop: reference minus this, paired question by question; above 0 means that this one is worse.
        drop_ci: its interval.
        drop_standard_error: of ``drop``.
        questions: number of questions behind accuracy and drop.
        part: which part of the search split it was measured on.
        latency_ms: mean latency of a request over the task's mix of lengths.
        latency_relative: the same, relative to a reference of the search.
        macs_relative: multiply-accumulates relative to the whole un-padded full-length model, over the task's
            lengths.
        warnings: what disturbed the latency.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    accuracy: float
    accuracy_ci: tuple[float, float]
    drop: float
    drop_ci: tuple[float, float]
    drop_standard_error: float = Field(ge=0)
    questions: int
    part: int = 0
    latency_ms: float = Field(gt=0)
    latency_relative: float = Field(gt=0)
    macs_relative: float = Field(gt=0)
    warnings: tuple[MeasurementWarning, ...] = ()

    def cost(self, kind: Cost = "latency") -> float:
        """The cost that the search minimises, relative to its reference."""
        return self.latency_relative if kind == "latency" else self.macs_relative


class Candidate(MeasuredModel):
    """A retention configuration, measured; ``part`` counts from the smallest, and parts are nested.

    Attributes:
        config: which share of the tokens each layer keeps.
        drop_shrunken: what all measured configurations together say of this one's drop (see
            :mod:`quantlat.search.surrogate`); ``None`` before they were asked.
        latency_ms: predicted by the latency table while searching, measured for finalists.
        latency_ci_ms: its interval; while searching, the table's error.
        latency_relative: relative to full length on the plain graph.
        stage: "search" while searching, "final" when re-measured interleaved with
            others.
        latency_samples_ms: raw times, one for each request; not kept in the search's storage.
        score_per_question: score of each question; not kept in the search's storage.
    """

    config: RetentionConfig
    drop_shrunken: float | None = None
    latency_ci_ms: tuple[float, float]
    stage: Literal["search", "final"] = "search"
    latency_samples_ms: tuple[float, ...] = ()
    score_per_question: tuple[float, ...] = ()

    @property
    def believed_drop(self) -> float:
        """What is believed of the drop. Of a trial the shrunken one, because few questions alone say next to nothing.

        Of a finalist, whose measurement decides, the larger of measured and shrunken: neither a lucky measurement
        nor a surrogate that is wrong may carry a configuration over the floor.
        """
        if self.drop_shrunken is None:
            return self.drop
        return max(self.drop, self.drop_shrunken) if self.stage == "final" else self.drop_shrunken

    def without_samples(self) -> Candidate:
        """The same without raw samples: what is stored for every trial."""
        return self.model_copy(update={"latency_samples_ms": (), "score_per_question": ()})


@dataclass(frozen=True)
class AccuracyFloor:
    """How much accuracy may be lost, and how sure one wants to be of it.

    Choosing the fastest of many noisy estimates within a floor prefers those whose error is lucky (the
    winner's curse), so ``margin_z`` standard errors of the paired drop are added before the floor is
    asked.

    Attributes:
        max_drop: points that may be lost against the reference.
        margin_z: safety margin in standard errors; 0 believes the estimates, 1 asks for 84 % one-sided, 1.64 for 95 %.
        reference: what the drop refers to, for messages.
    """

    max_drop: float
    margin_z: float = 1.0
    reference: str = "fp32 full-length student"

    def __post_init__(self) -> None:
        if self.max_drop < 0 or self.margin_z < 0:
            raise RecipeError(
                f"max_drop and its margin must not be negative, got {self.max_drop!r} and {self.margin_z!r}"
            )

    def violation(self, candidate: Candidate, *, margin: bool = True) -> float:
        """Points by which the floor is missed; 0 or less when it holds."""
        allowance = self.margin_z * candidate.drop_standard_error if margin else 0.0
        return candidate.believed_drop + allowance - self.max_drop

    def holds(self, candidate: Candidate, *, margin: bool = True) -> bool:
        """Whether the candidate stays within the floor."""
        return self.violation(candidate, margin=margin) <= 0.0

    @property
    def explore_drop(self) -> float:
        """Points up to which the search treats a configuration as feasible.

        Wider than the floor: configurations on both sides of it show the trade-off, and good ones breed from
        both. Beyond this a model is broken, and trials spent there teach nothing.
        """
        return max(3.0 * self.max_drop, self.max_drop + 2.0)


@dataclass(frozen=True)
class AccuracyEstimate:
    """Accuracy of one model on a set of questions, and its drop against the reference on the same questions."""

    accuracy: float
    accuracy_ci: tuple[float, float]
    drop: float
    drop_ci: tuple[float, float]
    drop_standard_error: float
    questions: int


def estimate_accuracy(
    scores: ArrayLike, reference: ArrayLike, passages: Sequence[int], *, seed: int
) -> AccuracyEstimate:
    """Accuracy and paired drop with bootstrap intervals that draw whole passages.

    Args:
        scores: points of every question.
        reference: points of the reference on the same questions.
        passages: which passage each question belongs to. With fewer than 20 passages, where drawing them
            makes intervals too narrow, questions are drawn.
    """
    groups = passages if len(set(passages)) >= 20 else None
    own = bootstrap_mean(scores, seed=seed, groups=groups)
    lost = paired_difference(reference, scores, seed=seed, groups=groups).interval
    values = np.asarray(reference, float) - np.asarray(scores, float)
    error = max(
        (lost.high - lost.low) / _NORMAL_WIDTH_95, _least_error(np.asarray(scores, float), np.asarray(reference, float))
    )
    if not np.isfinite(error):  # a single question
        error = float(np.abs(values).max())
    return AccuracyEstimate(
        accuracy=own.estimate,
        # a correlation may be negative, the points of questions and texts may not
        accuracy_ci=_finite(own.low, own.high, 0.0 if np.min(scores) >= 0.0 else -100.0, 100.0),
        drop=lost.estimate,
        drop_ci=_finite(lost.low, lost.high, -100.0, 100.0),
        drop_standard_error=error,
        questions=len(values),
    )


def widened(accuracy: AccuracyEstimate, centre: float, interval: tuple[float, float]) -> AccuracyEstimate:
    """The interval of a drop that contains another estimate, with that one's uncertainty in it.

    The standard error stays that of the comparison: what is common to all trials does not tell them apart. It is at
    least that of one half-answered question in all, since none that differs among a few does not mean none at all.
    """
    low = accuracy.drop - float(np.hypot(accuracy.drop - accuracy.drop_ci[0], centre - interval[0]))
    high = accuracy.drop + float(np.hypot(accuracy.drop_ci[1] - accuracy.drop, interval[1] - centre))
    error = max(accuracy.drop_standard_error, _LEAST_DISAGREEMENT / accuracy.questions)
    return replace(accuracy, drop_ci=_finite(low, high, -100.0, 100.0), drop_standard_error=error)


def _least_error(scores: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Standard error below which the drop of scores that are right or wrong (0 or 100) is not known; 0 for others.

    Few texts change their class, and where none does in a sample, the bootstrap sees no spread at all. Half a
    disagreement in each direction is added (Agresti and Min, Statistics in Medicine 24(5), 2005).
    """
    if not np.isin((scores, reference), (0.0, 100.0)).all():
        return 0.0
    n = len(scores) + 2.0
    worse, better = ((scores < reference).sum() + 0.5, (scores > reference).sum() + 0.5)
    return float(100.0 / n * np.sqrt(worse + better - (worse - better) ** 2 / n))


def _finite(low: float, high: float, least: float, most: float) -> tuple[float, float]:
    """An unbounded interval cannot be written as JSON; scores have bounds of their own."""
    return max(low, least), min(high, most)
