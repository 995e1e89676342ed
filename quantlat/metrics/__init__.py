"""Accuracy: SQuAD EM and F1, answer spans from logits, accuracy, rank correlation, bootstrap intervals."""

from quantlat.metrics.bootstrap import Interval, PairedDifference, bootstrap_mean, paired_difference
from quantlat.metrics.classification import ClassScore, accuracy, correct, score_classes
from quantlat.metrics.metric import ACCURACY, CLASS_F1, F1, MATTHEWS, SPEARMAN, Metric, Score, metric_named
from quantlat.metrics.rank_correlation import RankCorrelationScore, score_embeddings, score_ratings
from quantlat.metrics.spans import best_spans
from quantlat.metrics.squad import QAScore, exact_match, f1, normalize_answer, score

__all__ = [
    "ACCURACY",
    "CLASS_F1",
    "F1",
    "MATTHEWS",
    "SPEARMAN",
    "ClassScore",
    "Interval",
    "Metric",
    "PairedDifference",
    "QAScore",
    "RankCorrelationScore",
    "Score",
    "accuracy",
    "best_spans",
    "bootstrap_mean",
    "correct",
    "exact_match",
    "f1",
    "metric_named",
    "normalize_answer",
    "paired_difference",
    "score",
    "score_classes",
    "score_embeddings",
    "score_ratings",
]
