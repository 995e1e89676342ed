"""Spearman's correlation of pairwise cosines, and how far it may be believed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from quantlat.errors import DataError
from quantlat.metrics import bootstrap_mean, paired_difference, score_embeddings, score_ratings
from quantlat.metrics.rank_correlation import LARGEST_GROUP

Floats = np.ndarray


def unit(rows: Floats) -> Floats:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def texts(n: int, noise: float, seed: int = 0) -> tuple[Floats, Floats]:
    """Embeddings of n texts about six subjects, and what a noisier model makes of them."""
    rng = np.random.default_rng(seed)
    subjects = rng.normal(size=(6, 16))
    reference = unit(subjects[rng.integers(0, 6, n)] + 0.8 * rng.normal(size=(n, 16)))
    return unit(reference + noise * rng.normal(size=(n, 16)) / 4), reference


def direct(own: Floats, reference: Floats, drawn: Floats | None = None) -> float:
    """The definition: every pair of different texts; of drawn texts, those that are not one text twice."""
    drawn = np.arange(len(own)) if drawn is None else drawn
    rows, columns = np.triu_indices(len(drawn), 1)
    different = drawn[rows] != drawn[columns]
    a, b = own[drawn], reference[drawn]
    pairs = [(x @ x.T)[rows, columns][different] for x in (a, b)]
    return 100.0 * float(spearmanr(*pairs)[0])


@pytest.mark.parametrize("noise", [0.05, 0.3, 1.5])
def test_the_points_are_spearmans_correlation_of_all_pairs(noise: float) -> None:
    own, reference = texts(80, noise)
    found = score_embeddings(own, reference)
    assert found.points == pytest.approx(direct(own, reference), abs=1e-9)
    assert found.per_example.mean() == pytest.approx(found.points, abs=1e-9)
    assert found.n == len(found.per_example) == 80 and found.exact_per_example is None


def test_ties_are_ranked_in_the_middle() -> None:
    reference = unit(np.random.default_rng(1).normal(size=(30, 8)))
    own = reference.copy()
    own[10:20] = own[10]  # ten texts that the model cannot tell apart
    assert score_embeddings(own, reference).points == pytest.approx(direct(own, reference), abs=1e-6)


@pytest.mark.parametrize("noise", [0.05, 0.3, 1.5])
def test_the_interval_over_texts_is_that_of_drawing_texts(noise: float) -> None:
    own, reference = texts(100, noise)
    interval = bootstrap_mean(score_embeddings(own, reference).per_example, seed=0)
    rng = np.random.default_rng(2)
    drawn = [direct(own, reference, rng.integers(0, 100, 100)) for _ in range(200)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert interval.high - interval.low == pytest.approx(high - low, rel=0.25)
    assert interval.low < interval.estimate < interval.high


def test_a_model_agrees_with_itself_in_every_text() -> None:
    _, reference = texts(50, 0.0)
    found = score_embeddings(reference, reference)
    np.testing.assert_allclose(found.per_example, 100.0, atol=1e-9)
    # Other vectors in the same arrangement, as of a model with another width, are the same similarities.
    turned = np.pad(reference @ np.linalg.qr(np.random.default_rng(3).normal(size=(16, 16)))[0], ((0, 0), (0, 4)))
    assert score_embeddings(turned, reference).points == pytest.approx(100.0, abs=1e-6)


def test_two_models_are_compared_text_by_text() -> None:
    near, reference = texts(150, 0.05)
    far, _ = texts(150, 0.6)
    paired = paired_difference(
        score_embeddings(far, reference).per_example, score_embeddings(near, reference).per_example, seed=0
    )
    assert paired.distinguishable
    assert paired.interval.estimate == pytest.approx(direct(far, reference) - direct(near, reference), abs=1e-9)


def test_a_model_that_says_the_same_of_every_text_has_no_correlation() -> None:
    _, reference = texts(20, 0.0)
    assert score_embeddings(np.ones((20, 1)), reference).points == pytest.approx(0.0, abs=1e-9)


def test_many_texts_are_dealt_out_to_groups() -> None:
    n = LARGEST_GROUP + 100
    own, reference = texts(n, 0.3)
    found = score_embeddings(own, reference)
    halves = [score_embeddings(own[i::2], reference[i::2]) for i in (0, 1)]
    assert found.points == pytest.approx(sum(h.points * h.n for h in halves) / n, abs=1e-9)
    np.testing.assert_allclose(found.per_example[0::2], halves[0].per_example)


def test_too_few_texts_have_no_ranks() -> None:
    with pytest.raises(DataError, match="at least 3 texts, got 2"):
        score_embeddings(np.eye(2), np.eye(2))
    with pytest.raises(DataError, match="4 embeddings cannot be compared with 5"):
        score_embeddings(np.eye(4), np.eye(5))


def ratings(n: int, noise: float) -> tuple[Floats, Floats]:
    """People's ratings, in fifths from 0 to 5, and a model's."""
    rng = np.random.default_rng(4)
    labels = np.round(rng.uniform(0, 5, n) * 5) / 5
    return labels + noise * rng.normal(size=n), labels


@pytest.mark.parametrize("noise", [0.2, 1.0, 3.0])
def test_ratings_are_judged_by_spearmans_correlation_with_the_labels(noise: float) -> None:
    found = score_ratings(*ratings(300, noise))
    assert found.points == pytest.approx(100.0 * spearmanr(*ratings(300, noise))[0])
    assert found.per_example.mean() == pytest.approx(found.points)
    interval = bootstrap_mean(found.per_example, seed=0)
    own, labels = ratings(300, noise)
    rng = np.random.default_rng(5)
    draws = (rng.integers(0, 300, 300) for _ in range(400))
    low, high = np.quantile([100.0 * spearmanr(own[d], labels[d])[0] for d in draws], [0.025, 0.975])
    assert interval.high - interval.low == pytest.approx(high - low, rel=0.15)


def test_two_ratings_have_no_ranks_to_speak_of() -> None:
    with pytest.raises(DataError, match="at least 3 texts, got 2"):
        score_ratings([0.0, 1.0], [1.0, 2.0])
    assert score_ratings([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]).points == 0.0
