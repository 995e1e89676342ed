"""Evaluation: run a session or a model over the windows of a data set, score the answers, keep the times."""

from quantlat.evaluation.windows import EvaluationResult, evaluate_model, evaluate_session

__all__ = ["EvaluationResult", "evaluate_model", "evaluate_session"]
