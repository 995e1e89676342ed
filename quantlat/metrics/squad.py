"""Exact match and F1 by the official definition of SQuAD v1.1 (Rajpurkar et al., EMNLP 2016, 1606.05250).

An answer is lower-cased, stripped of ASCII punctuation, of the articles a, an, the and of superfluous white
space. EM compares what is left; F1 is the harmonic mean of precision and recall over its bag of words, 0
where no word is shared (so two empty answers have EM 1 and F1 0, as in the official v1.1 script). A question
scores its best over all reference answers; a question without a prediction scores 0.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quantlat.data.examples import QAExample
from quantlat.errors import DataError

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, eq=False)
class QAScore:
    """Scores in points, 0-100.

    Attributes:
        f1: mean F1 over the questions.
        em: mean exact match over the questions.
        n: number of questions.
        f1_per_question: float64 [n], in the order of the examples.
        em_per_question: float64 [n], each 0 or 100.
    """

    f1: float
    em: float
    n: int
    f1_per_question: NDArray[np.float64]
    em_per_question: NDArray[np.float64]

    @property
    def points(self) -> float:
        """The metric of the task: F1."""
        return self.f1

    @property
    def per_example(self) -> NDArray[np.float64]:
        """F1 of each question."""
        return self.f1_per_question

    @property
    def exact_per_example(self) -> NDArray[np.float64]:
        """Exact match of each question."""
        return self.em_per_question


def normalize_answer(s: str) -> str:
    """Lower case, no ASCII punctuation, no articles, single spaces."""
    return " ".join(_ARTICLES.sub(" ", s.lower().translate(_PUNCTUATION)).split())


@lru_cache(maxsize=100_000)  # references are the same in every evaluation of a search
def _normalized(s: str) -> str:
    return normalize_answer(s)


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """1.0 if the prediction equals any reference after normalisation, else 0.0."""
    normal = normalize_answer(prediction)
    return float(any(normal == _normalized(answer) for answer in answers))


def f1(prediction: str, answers: Sequence[str]) -> float:
    """Best bag-of-words F1 of the prediction against any reference, 0.0-1.0."""
    words = Counter(normalize_answer(prediction).split())
    return max((_f1(words, _normalized(answer)) for answer in answers), default=0.0)


def _f1(words: Counter[str], reference: str) -> float:
    expected = Counter(reference.split())
    shared = (words & expected).total()
    if shared == 0:
        return 0.0
    precision, recall = shared / words.total(), shared / expected.total()
    return 2 * precision * recall / (precision + recall)


def score(examples: Sequence[QAExample], predictions: Mapping[str, str]) -> QAScore:
    """Score predictions by question id.

    Raises:
        DataError: there is no question to score.
    """
    if not examples:
        raise DataError("there is no question to score", "At least one question with a reference answer is needed.")
    f1_points = np.zeros(len(examples))
    em_points = np.zeros(len(examples))
    for i, example in enumerate(examples):
        prediction = predictions.get(example.id)
        if prediction is not None:
            references = example.references
            f1_points[i] = 100.0 * f1(prediction, references)
            em_points[i] = 100.0 * exact_match(prediction, references)
    return QAScore(float(f1_points.mean()), float(em_points.mean()), len(examples), f1_points, em_points)
