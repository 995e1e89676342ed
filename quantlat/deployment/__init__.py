"""Deployment: bundles that run without PyTorch, their self-check, and the predictor that answers from one.

``predictor`` answers; ``manifest`` says what a bundle is; ``selfcheck`` guards it; ``writer`` and ``wheel`` make one.
"""

from quantlat.deployment.manifest import BundleManifest, BundleProfile, read_manifest
from quantlat.deployment.predictor import Predictor
from quantlat.deployment.requests import Answer, AnswerRequest, Classification, Embedding, Prepared, Rating, TokenTrace

__all__ = [
    "Answer",
    "AnswerRequest",
    "BundleManifest",
    "BundleProfile",
    "Classification",
    "Embedding",
    "Predictor",
    "Prepared",
    "Rating",
    "TokenTrace",
    "read_manifest",
]
