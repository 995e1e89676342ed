"""An evaluator whose truth is known: the pattern of the published search log, computed instead of measured."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.macs import mean_relative_macs
from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import AccuracyEstimate, Candidate, Cost, estimate_accuracy
from quantlat.search.latency_table import LatencyTable

TOKENS = (60, 120, 164, 207, 264, 384)
REFERENCE = 84.0
OVERHEAD = 0.15


def encoder(layers: int = 6) -> EncoderConfig:
    return EncoderConfig(
        family="bert",
        vocab_size=100,
        hidden_size=384,
        num_layers=layers,
        num_heads=12,
        intermediate_size=1536,
        max_positions=512,
        type_vocab_size=2,
    )


def true_drop(config: RetentionConfig) -> float:
    """Points lost: early layers are worth more tokens than late ones."""
    given_up = 1.0 - np.asarray(config.ratios)
    worth = np.linspace(3.0, 0.5, len(given_up))
    return float(6.0 * (worth * given_up**2).sum())


def true_latency(config: RetentionConfig) -> float:
    """Relative to full length; a part of it does not depend on the tokens."""
    return OVERHEAD + (1.0 - OVERHEAD) * relative_macs(config)


def relative_macs(config: RetentionConfig) -> float:
    return mean_relative_macs(encoder(config.num_layers), TOKENS, [config.lengths(n) for n in TOKENS])


class AnalyticEvaluator:
    """Truth plus noise that depends only on the configuration and the seed.

    Args:
        questions: of the search split; the paired differences of so many questions have the given spread.
        spread: standard deviation, in points, of a question's difference to the reference.
        log: file to which every evaluated configuration is appended.
        seconds: pretended duration of an evaluation.
    """

    def __init__(
        self,
        *,
        questions: int = 300,
        spread: float = 0.0,
        seed: int = 0,
        log: Path | None = None,
        seconds: float = 0.0,
        parts: int = 1,
    ) -> None:
        self.evaluated: list[RetentionConfig] = []
        self.finals: list[tuple[RetentionConfig, ...]] = []
        self.seconds_given: float | None = None
        self._spread = spread
        self._seed = seed
        self._log = log
        self._seconds = seconds
        self.parts = parts
        self.refined: list[tuple[RetentionConfig, int]] = []
        self._reference: NDArray[np.float64] = np.full(questions, REFERENCE)

    full_ms = 20.0

    def latency_table(self, known: LatencyTable | None = None) -> LatencyTable | None:
        return None

    @property
    def reference_accuracy(self) -> float:
        return float(self._reference.mean())

    def predict_costs(self, configs: Sequence[RetentionConfig], cost: Cost) -> NDArray[np.float64]:
        return np.array([true_latency(c) if cost == "latency" else relative_macs(c) for c in configs])

    def evaluate(self, config: RetentionConfig, part: int = 0) -> Candidate:
        if part:
            self.refined.append((config, part))
        else:
            self.evaluated.append(config)
        if self._log is not None:
            with self._log.open("a") as file:
                file.write(f"{config}\n")
        time.sleep(self._seconds)
        return self._candidate(config, "search", part)

    def evaluate_finalists(
        self, configs: Sequence[RetentionConfig], *, seconds: float | None = None
    ) -> tuple[Candidate, ...]:
        self.finals.append(tuple(configs))
        if len(self.finals) == 1:
            self.seconds_given = seconds
        return tuple(self._candidate(config, "final").model_copy(update={"stage": "final"}) for config in configs)

    def _candidate(self, config: RetentionConfig, stage: str, part: int = 0) -> Candidate:
        digest = hashlib.sha256(f"{config}|{stage}|{self._seed}".encode()).digest()
        noise = np.random.default_rng(int.from_bytes(digest[:8], "little"))
        drop = true_drop(config)
        estimate = AccuracyEstimate(REFERENCE - drop, (0.0, 100.0), drop, (drop, drop), 0.0, len(self._reference))
        if self._spread:
            questions = len(self._reference)
            if stage == "search":
                questions = questions * (part + 1) // self.parts
            scores = self._reference[:questions] - drop + noise.normal(0.0, self._spread, questions)
            estimate = estimate_accuracy(scores, self._reference[:questions], range(questions), seed=0)
        relative = true_latency(config)
        return Candidate(
            config=config,
            **vars(estimate),
            latency_ms=20.0 * relative,
            latency_ci_ms=(19.8 * relative, 20.2 * relative),
            latency_relative=relative,
            macs_relative=relative_macs(config),
            part=part,
        )
