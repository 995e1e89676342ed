"""What all measured configurations together say about the accuracy of one: a Gaussian process over ratios.

Accuracy is measured on few questions, so each estimate is noisy, and the best of many noisy estimates is a
lucky one. But configurations that keep nearly the same tokens lose nearly the same accuracy, and one that
keeps less hardly ever loses less. So the drop is modelled as

    drop(r) = Σ_i (a_i·g_i + b_i·g_i²) + f(r) + noise,      g_i = 1 - r_i,   a, b >= 0,

a monotone mean, fitted by non-negative generalised least squares, and a smooth remainder ``f`` (Rasmussen &
Williams, 2006, chapter 2). The posterior at a measured configuration is its *shrunken* estimate (James & Stein,
1961; Smith & Winkler, 2006): luck that its neighbours do not share is taken back. Estimates are paired with the
reference on nested sets of questions, so their errors go together: two means over sets of n <= m questions
share the covariance ``rho·s²/m``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import Candidate, Measured
from quantlat.search.profiles import BROKEN_DROP

_SHARED = 0.5  # rho: share of a question's variance that near configurations have in common
LENGTH_SCALES = (0.3, 0.6, 1.2)
AMPLITUDES = (0.25, 0.5, 1.0, 2.0)  # points
LEAST_ERROR = 0.05  # points; an error of exactly 0 (full length against itself) would pin the process
_FEWEST = 12  # configurations that beliefs always rest on, the mildest first: a model may break at once
_SATURATED = 15.0
"""Drops beyond this many points are all the same to a search: broken. Clipped, so that they bend the rest less."""

ConfigT = TypeVar("ConfigT")


def given_up(configs: Sequence[RetentionConfig]) -> NDArray[np.float64]:
    """Share of the tokens that each layer gives up, ``[n, layers]``."""
    return 1.0 - np.array([config.ratios for config in configs])


class DropSurrogate(Generic[ConfigT]):
    """Posterior of the accuracy drop, in points.

    Args:
        measured: candidates with their drop, its standard error and number of questions; at least one.
        features: what configurations give up, ``[n, features]`` from 0 (nothing) to 1 (all); more of it rarely loses
            less.
    """

    def __init__(
        self,
        measured: Sequence[Measured[ConfigT]],
        features: Callable[[Sequence[Any]], NDArray[np.float64]] = given_up,
    ) -> None:
        self._features = features
        self._given_up = features([candidate.config for candidate in measured])
        drops = np.minimum([candidate.drop for candidate in measured], _SATURATED)
        errors = np.maximum([candidate.drop_standard_error for candidate in measured], LEAST_ERROR)
        self._noise = covariance_of_errors(errors, np.array([candidate.questions for candidate in measured], float))
        self._mean_weights = _monotone_mean(self._given_up, np.asarray(drops, np.float64), self._noise)
        residual = drops - _basis(self._given_up) @ self._mean_weights
        self._scale, self._amplitude = self._likeliest(residual)
        covariance = self._kernel(self._given_up, self._given_up) + self._noise
        factor = np.linalg.cholesky(covariance + 1e-9 * np.eye(len(drops)))
        self._factor: NDArray[np.float64] = np.asarray(factor, np.float64)
        self._weights = _solve(self._factor, np.asarray(residual, np.float64))

    def mean(self, configs: Sequence[ConfigT]) -> NDArray[np.float64]:
        """Posterior mean ``[n]`` of the true drop."""
        features = self._features(configs)
        cross = self._kernel(features, self._given_up)
        return np.asarray(_basis(features) @ self._mean_weights + cross @ self._weights)

    def predict(self, configs: Sequence[ConfigT]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Posterior mean ``[n]`` and covariance ``[n, n]`` of the true drop."""
        features = self._features(configs)
        cross = self._kernel(features, self._given_up)
        half = np.linalg.solve(self._factor, cross.T)
        return self.mean(configs), self._kernel(features, features) - half.T @ half

    def _likeliest(self, residual: NDArray[np.float64]) -> tuple[float, float]:
        """Length scale and amplitude of the largest marginal likelihood on a small grid."""

        def evidence(scale: float, amplitude: float) -> float:
            self._scale, self._amplitude = scale, amplitude
            return log_evidence(self._kernel(self._given_up, self._given_up) + self._noise, residual)

        grid = [(scale, amplitude) for scale in LENGTH_SCALES for amplitude in AMPLITUDES]
        return max(grid, key=lambda pair: evidence(*pair))

    def _kernel(self, left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
        """Squared exponential, scaled so that where nothing is given up there is nothing to be unsure about."""
        apart = square_distances(left, right)
        unsure = np.outer(unsureness(left), unsureness(right))
        kernel: NDArray[np.float64] = self._amplitude**2 * unsure * np.exp(-apart / (2 * self._scale**2))
        return kernel


def shrink(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The same candidates with ``drop_shrunken``, what all of them that are not broken together say of each.

    Accuracy falls off a cliff, which no sum of squares follows: what lies beyond would bend beliefs near the floor by
    about as much as a floor allows. Who proposes fits all of them, or it would go beyond again and again.
    """
    if not candidates:
        return ()
    mean = believed_together(candidates).mean([candidate.config for candidate in candidates])
    return tuple(
        candidate.model_copy(
            update={"drop_shrunken": float(value) if candidate.drop <= BROKEN_DROP else candidate.drop}
        )
        for candidate, value in zip(candidates, mean, strict=True)
    )


def believed_together(candidates: Sequence[Candidate]) -> DropSurrogate[RetentionConfig]:
    """What beliefs rest on: a surrogate of the candidates that are not broken."""
    return DropSurrogate(_sound(candidates))


def log_evidence(covariance: NDArray[np.float64], residual: NDArray[np.float64]) -> float:
    """Log marginal likelihood of ``residual`` under a Gaussian of this covariance, up to a constant."""
    factor = np.linalg.cholesky(covariance + 1e-9 * np.eye(len(residual)))
    half = np.linalg.solve(factor, residual)
    return float(-0.5 * half @ half - np.log(np.diag(factor)).sum())


def _sound(measured: Sequence[Candidate]) -> list[Candidate]:
    """Those that are not broken, or the mildest few where hardly one is not; in their order."""
    count = max(_FEWEST, sum(candidate.drop <= BROKEN_DROP for candidate in measured))
    mildest = sorted(range(len(measured)), key=lambda i: measured[i].drop)[:count]
    return [measured[i] for i in sorted(mildest)]


def square_distances(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[n, m]`` between rows of ``left`` and of ``right``."""
    return np.asarray(((left[:, None, :] - right[None, :, :]) ** 2).sum(axis=2))


def unsureness(given_up: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much there is to be unsure about, relative; a little where nothing is given up."""
    return np.asarray(0.2 + np.sqrt(given_up.mean(axis=1)))


def _basis(given_up: NDArray[np.float64]) -> NDArray[np.float64]:
    """Terms of the mean: a constant (what INT8 costs by itself, of either sign), g and g² of each layer."""
    ones = np.ones((len(given_up), 1))
    return np.hstack([ones, -ones, given_up, given_up**2])


def covariance_of_errors(errors: NDArray[np.float64], questions: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[n, n]``, of drops with these standard errors on nested sets of so many questions."""
    per_question = errors * np.sqrt(questions)
    shared = _SHARED * np.outer(per_question, per_question) / np.maximum.outer(questions, questions)
    np.fill_diagonal(shared, errors**2)
    return shared


def _monotone_mean(
    given_up: NDArray[np.float64], drops: NDArray[np.float64], noise: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Non-negative weights of the basis, by generalised least squares.

    The noise is whitened, not only scaled: ninety trials on the same 67 questions err together, and taken for
    independent they would outvote what a few finalists say on a thousand.
    """
    from scipy.optimize import nnls

    factor = np.linalg.cholesky(noise)
    rows = np.linalg.solve(factor, _basis(given_up))
    ridge = 0.05 * np.eye(rows.shape[1])  # few points do not decide all weights
    target = np.concatenate([np.linalg.solve(factor, drops), np.zeros(rows.shape[1])])
    solution, _ = nnls(np.vstack([rows, ridge]), target)
    return np.asarray(solution)


def _solve(factor: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.solve(factor.T, np.linalg.solve(factor, values)))
