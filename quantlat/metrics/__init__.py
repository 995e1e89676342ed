"""Accuracy: SQuAD EM and F1, answer spans from logits, classification accuracy, bootstrap intervals."""

from quantlat.metrics.bootstrap import Interval, PairedDifference, bootstrap_mean, paired_difference
from quantlat.metrics.classification import accuracy, correct
from quantlat.metrics.spans import best_spans
from quantlat.metrics.squad import QAScore, exact_match, f1, normalize_answer, score

__all__ = [
    "Interval",
    "PairedDifference",
    "QAScore",
    "accuracy",
    "best_spans",
    "bootstrap_mean",
    "correct",
    "exact_match",
    "f1",
    "normalize_answer",
    "paired_difference",
    "score",
]
