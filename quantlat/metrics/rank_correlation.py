"""Spearman's rank correlation: of ratings with labels, and of two models' pairwise cosine similarities.

Do two models find the same texts similar? Every pair of different texts has one similarity by each model; the metric
is the correlation of the ranks (as in the evaluation of sentence embeddings, Reimers and Gurevych 2019, arXiv
1908.10084, section 4, with a model in the place of human judges). It needs no labels and does not change with a
monotone rescaling of similarities, which retrieval does not notice either.

Pairs that share a text are not independent, so an interval over pairs would be far too narrow. Each text therefore gets
a value of its own, first-order pseudo-values of the statistic:

    value of text i = rho + 2 * mean over its pairs (i, j) of IF(x_ij, y_ij)

with the influence function of Spearman's correlation (Croux and Dehon 2010, Statistical Methods and Applications 19).
The factor 2 is that of a U-statistic of pairs (Hoeffding 1948, Annals of Mathematical Statistics 19): either text of
a pair may be the drawn one. Their mean is the correlation itself, and a bootstrap over texts of that mean spreads as
the correlation of drawn texts does (tests/metrics/test_rank_correlation.py compares the two).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.errors import DataError

FEWEST_TEXTS = 3
"""Three pairs: with fewer, there are no ranks to speak of."""
LARGEST_GROUP = 2048
"""Texts that are compared with each other: two million pairs. Larger sets are dealt out to groups."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RankCorrelationScore:
    """Spearman's correlation in points, -100 to 100.

    Attributes:
        points: 100 times the correlation, the mean of ``per_example``.
        n: number of texts.
        per_example: float64 [n], pseudo-values of the texts; see the module. A single one may leave the range.
    """

    points: float
    n: int
    per_example: Floats

    @property
    def exact_per_example(self) -> None:
        """There is no second metric."""
        return None


def score_ratings(ratings: ArrayLike, labels: ArrayLike) -> RankCorrelationScore:
    """Spearman's correlation of ratings with their labels (GLUE's STS-B; Wang et al. 2018, arXiv 1804.07461).

    The value of a text is ``rho + IF(x_i, y_i)``, with the influence function of the module.

    Args:
        ratings: float [n], by a model.
        labels: float [n], by people.

    Raises:
        DataError: fewer than :data:`FEWEST_TEXTS` texts.
    """
    own, theirs = np.asarray(ratings, np.float64), np.asarray(labels, np.float64)
    if len(own) < FEWEST_TEXTS:
        raise _too_few(len(own))
    x, y = _ranks(own), _ranks(theirs)
    influence = _influence(x, y)
    values: Floats = 100.0 * (_correlation(x, y) + influence - influence.mean())
    return RankCorrelationScore(float(values.mean()), len(values), values)


def score_embeddings(embeddings: ArrayLike, reference: ArrayLike) -> RankCorrelationScore:
    """Compare the pairwise cosines of two sets of embeddings of the same texts.

    More than :data:`LARGEST_GROUP` texts are dealt out to groups of equal size in turn; only texts of one group are
    compared with each other, and the result is the mean over the groups.

    Args:
        embeddings: float [n, H], of length 1.
        reference: float [n, H'], of length 1, of the model that is to be followed.

    Raises:
        DataError: fewer than :data:`FEWEST_TEXTS` texts, or as many references.
    """
    own, theirs = np.asarray(embeddings, np.float64), np.asarray(reference, np.float64)
    if len(own) < FEWEST_TEXTS:
        raise _too_few(len(own))
    if len(own) != len(theirs):
        raise DataError(f"{len(own)} embeddings cannot be compared with {len(theirs)} reference embeddings")
    values = np.empty(len(own))
    groups = -(-len(own) // LARGEST_GROUP)
    for first in range(groups):
        chosen = slice(first, None, groups)
        values[chosen] = _pseudo_values(own[chosen], theirs[chosen])
    values *= 100.0
    return RankCorrelationScore(float(values.mean()), len(values), values)


def _too_few(texts: int) -> DataError:
    return DataError(
        f"rank correlation needs at least {FEWEST_TEXTS} texts, got {texts}", "Give more texts to compare."
    )


def _pseudo_values(own: Floats, theirs: Floats) -> Floats:
    """The value of each text of one group, as shares of 1."""
    n = len(own)
    rows, columns = np.triu_indices(n, 1)
    x, y = _ranks((own @ own.T)[rows, columns]), _ranks((theirs @ theirs.T)[rows, columns])
    rho = _correlation(x, y)
    influence = _influence(x, y)
    summed = np.bincount(rows, influence, n) + np.bincount(columns, influence, n)
    centred: Floats = summed / (n - 1)
    centred -= centred.mean()
    return rho + 2.0 * centred


def _influence(x: Floats, y: Floats) -> Floats:
    """Influence of each pair on Spearman's correlation, up to a constant; mid-ranks ``x``, ``y`` are shares in (0, 1).

    Croux and Dehon: ``12 (F(x) G(y) + E[F(X) 1{Y >= y}] + E[G(Y) 1{X >= x}]) - 9 - 3 rho``. With the correlation 1 the
    sum over a pair is the same for every pair, and so no pair has any influence. The 12 is one over the variance of
    ranks without ties. Ties, as people's ratings have, make that variance smaller and dependent on the sample; then
    the correlation is a quotient, whose influence is that of its parts. 0 where one side knows no order.
    """
    spread = [_spread(x), _spread(y)]
    if min(variance for variance, _ in spread) <= 0.0:
        return np.zeros(len(x))
    (of_x, influence_x), (of_y, influence_y) = spread
    together = (x * y + _mean_above(x, y) + _mean_above(y, x)) / np.sqrt(of_x * of_y)
    apart: Floats = together - 0.5 * _correlation(x, y) * (influence_x / of_x + influence_y / of_y)
    return apart


def _spread(ranks: Floats) -> tuple[float, Floats]:
    """Variance of ranks, and each one's influence on it up to a constant."""
    variance, n = float(np.mean(ranks**2)) - 0.25, len(ranks)
    if np.isclose(variance, (1.0 - 1.0 / n**2) / 12.0, rtol=1e-12, atol=0.0):  # no ties: all samples have the same
        return variance, np.zeros(1)
    return variance, ranks**2 + 2.0 * _mean_above(ranks, ranks)


def _mean_above(values: Floats, by: Floats) -> Floats:
    """``E[values 1{by >= t}]`` at each ``t`` of ``by``; an own or tied value counts by half, as a mid-rank does."""
    _, group = np.unique(by, return_inverse=True)
    of_group = np.bincount(group, values)
    from_here = np.cumsum(of_group[::-1])[::-1]
    above: Floats = ((from_here - 0.5 * of_group) / len(values))[group]
    return above


def _ranks(values: Floats) -> Floats:
    """Mid-ranks as shares in (0, 1)."""
    found, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(found) == len(values):
        ranks: Floats = (inverse + 0.5) / len(values)
        return ranks
    last = np.cumsum(counts)
    middle = (last - 0.5 * counts) / len(values)
    tied: Floats = middle[inverse]
    return tied


def _correlation(x: Floats, y: Floats) -> float:
    """Pearson's correlation; 0 where all values of one side are equal, which says nothing about an order."""
    if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return 0.0
    a, b = x - x.mean(), y - y.mean()
    return float(a @ b) / float(np.sqrt((a @ a) * (b @ b)))
