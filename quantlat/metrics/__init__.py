"""Accuracy: SQuAD EM and F1, answer spans from logits, accuracy, rank correlation, bootstrap intervals."""

from quantlat.metrics.bootstrap import Interval, PairedDifference, bootstrap_mean, paired_difference
from quantlat.metrics.classification import AccuracyScore, accuracy, correct, score_classes
from quantlat.metrics.metric import ACCURACY, F1, SPEARMAN, Metric, Score, metric_named
from quantlat.metrics.rank_correlation import RankCorrelationScore, score_embeddings
from quantlat.metrics.spans import best_spans
from quantlat.metrics.squad import QAScore, exact_match, f1, normalize_answer, score

__all__ = [
    "ACCURACY",
    "F1",
    "SPEARMAN",
    "AccuracyScore",
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
]
