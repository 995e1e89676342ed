"""Student's t distribution for the few degrees of freedom that a mean of rounds has.

A bundle measures its own latency where SciPy is not installed, so the quantile is found here: the finite sums for whole
degrees of freedom (Abramowitz and Stegun, *Handbook of mathematical functions*, 26.7.3 and 26.7.4), and bisection.
"""

from __future__ import annotations

import math


def two_sided_t(degrees: int, level: float) -> float:
    """The ``t`` that ``|T|`` stays under with probability ``level``, in (0, 1), at ``degrees`` >= 1 of freedom."""
    low, high = 0.0, math.pi / 2
    for _ in range(60):  # of an angle, to the last bit
        middle = (low + high) / 2
        low, high = (middle, high) if _probability(middle, degrees) < level else (low, middle)
    return math.sqrt(degrees) * math.tan(low)


def _probability(angle: float, degrees: int) -> float:
    """Probability of ``|T| < sqrt(degrees) * tan(angle)``."""
    square, odd = math.cos(angle) ** 2, degrees % 2
    term, total = (math.cos(angle), 0.0) if odd else (1.0, 0.0)
    for k in range(2 + odd, degrees + 1, 2):
        total += term
        term *= square * (k - 1) / k
    return (angle + math.sin(angle) * total) * 2 / math.pi if odd else math.sin(angle) * total
