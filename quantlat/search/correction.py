"""What finalists lose beyond what the trials said of them, as a function of the configuration.

Trials see the first few hundred questions, and so they err together: kind questions flatter all that drop tokens, some
of it more than other. Finalists are measured on all questions. As in the autoregressive model of Kennedy & O'Hagan
(Biometrika 87(1), 2000), where a dear computation corrects a cheap one,

    drop(r) = trials' surrogate(r) + u(r) · (c + g(r))      u: what there is to be unsure about, little at full length

with a constant ``c`` and a smooth ``g`` from finalists. Far from all finalists what they lose on average remains.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import Candidate
from quantlat.search.profiles import BROKEN_DROP
from quantlat.search.surrogate import (
    AMPLITUDES,
    LEAST_ERROR,
    LENGTH_SCALES,
    believed_together,
    covariance_of_errors,
    given_up,
    log_evidence,
    square_distances,
    unsureness,
)

_CONSTANT = 3.0  # points; prior standard deviation of c, so wide that it says nothing


class CorrectedBelief:
    """Posterior mean of the drop by trials and finalists together.

    Args:
        trials: as measured while searching, at least one; finalists may be among them with what their trials said.
        finalists: as measured at the end. Broken ones correct nothing.
    """

    def __init__(self, trials: Sequence[Candidate], finalists: Sequence[Candidate]) -> None:
        self._trials = believed_together(trials)
        sound = [candidate for candidate in finalists if candidate.drop <= BROKEN_DROP]
        self._given_up = given_up([c.config for c in sound]) if sound else np.empty((0, 0))
        if not sound:
            return
        errors = np.maximum([c.drop_standard_error for c in sound], LEAST_ERROR)
        noise = covariance_of_errors(errors, np.array([c.questions for c in sound], float))
        beyond = np.array([c.drop for c in sound]) - self._trials.mean([c.config for c in sound])
        self._amplitude, self._scale = max(
            ((amplitude, scale) for amplitude in (0.0, *AMPLITUDES) for scale in LENGTH_SCALES),
            key=lambda pair: log_evidence(self._kernel(self._given_up, *pair) + noise, beyond),
        )
        covariance = self._kernel(self._given_up, self._amplitude, self._scale) + noise
        self._weights = np.linalg.solve(covariance, beyond)

    def mean(self, configs: Sequence[RetentionConfig]) -> NDArray[np.float64]:
        """Believed drops ``[n]``, in points."""
        believed = self._trials.mean(configs)
        if len(self._given_up) == 0:
            return believed
        kernel = self._kernel(given_up(configs), self._amplitude, self._scale)
        return np.asarray(believed + kernel @ self._weights)

    def _kernel(self, left: NDArray[np.float64], amplitude: float, scale: float) -> NDArray[np.float64]:
        """Prior covariance of the correction at ``left`` and at the finalists."""
        unsure = np.outer(unsureness(left), unsureness(self._given_up))
        smooth = amplitude**2 * np.exp(-square_distances(left, self._given_up) / (2 * scale**2))
        return np.asarray(unsure * (_CONSTANT**2 + smooth))
