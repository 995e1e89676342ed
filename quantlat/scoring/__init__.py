"""Scoring whole files with a bundle: JSONL and Parquet in and out, resumable, on this machine or on a Ray cluster.

Nothing here imports PyTorch.
"""

from quantlat.scoring.score import ScoreOptions, ScoreSummary, score_file

__all__ = ["ScoreOptions", "ScoreSummary", "score_file"]
