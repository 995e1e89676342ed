"""What a configuration will cost, learnt from those that were measured.

A request's time is a sum over layers of what they compute, as in :mod:`quantlat.search.latency_table`, but with the
widths and the precision of each layer in it::

    ms = a + b·(INT8 products) + c·(fp32 products) + d·(attention products) + e·(rows) + f·(rows where tokens drop)

No coefficient is negative (non-negative least squares on relative errors). This only decides what is worth measuring;
the latency of a candidate is always its own measurement.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.macs import macs
from quantlat.models.retention import ElasticConfig

_TERMS = 6
_RIDGE = 1e-3  # relative; few candidates do not tell all terms apart


class JointCostModel:
    """Predicts latency relative to the whole model in fp32 at full length.

    Args:
        encoder: the whole model.
        tokens: lengths of requests that stand for the task's mix.
    """

    def __init__(self, encoder: EncoderConfig, tokens: Sequence[int]) -> None:
        self._encoder, self._tokens = encoder, tuple(tokens)
        self._whole = sum(macs(encoder, n) for n in self._tokens)
        self._known: dict[ElasticConfig, NDArray[np.float64]] = {}
        whole_fp32 = ElasticConfig(fp32_layers=tuple(range(encoder.num_layers)))
        self._reference = self._terms(whole_fp32)
        self._scale = self._reference + self._terms(ElasticConfig()) + 1e-12
        # before anything was measured: the work, half of it where it is INT8
        self._weights = np.array([0.0, 0.5, 1.0, 1.0, 0.0, 0.0]) / max(self._reference[2] + self._reference[3], 1e-12)

    def fit(self, configs: Sequence[ElasticConfig], costs: Sequence[float]) -> None:
        """Learn from measured configurations; that the reference costs 1 is known."""
        from scipy.optimize import nnls

        rows = np.array([self._reference, *map(self._terms, configs)]) / self._scale
        goal = np.array([1.0, *costs])
        ridge = _RIDGE * np.eye(_TERMS)
        solution, _ = nnls(
            np.vstack([rows / goal[:, None], ridge]), np.concatenate([np.ones(len(goal)), np.zeros(_TERMS)])
        )
        self._weights = solution / self._scale

    def predict(self, configs: Sequence[ElasticConfig]) -> NDArray[np.float64]:
        """Predicted relative latency ``[n]``."""
        if not configs:
            return np.zeros(0)
        return np.asarray(np.array([self._terms(config) for config in configs]) @ self._weights)

    def macs_relative(self, config: ElasticConfig) -> float:
        """Multiply-accumulates relative to the whole model at full length, whatever their precision."""
        network = config.encoder(self._encoder)
        done = sum(macs(network, n, config.lengths(n, network.num_layers)) for n in self._tokens)
        return done / self._whole

    def _terms(self, config: ElasticConfig) -> NDArray[np.float64]:
        """Terms of the formula, ``[6]``."""
        if config not in self._known:
            self._known[config] = self._summed(config)
        return self._known[config]

    def _summed(self, config: ElasticConfig) -> NDArray[np.float64]:
        """The same, summed over layers and requests; products count kept rows only."""
        network = config.encoder(self._encoder)
        running = range(self._encoder.num_layers) if config.layers is None else config.layers
        hidden, terms = network.hidden_size, np.zeros(_TERMS)
        terms[0] = 1.0
        for n in self._tokens:
            before = n
            for place, after in enumerate(config.lengths(n, network.num_layers)):
                width, neurons = network.attention_width(place), network.neurons[place]
                linear = (3 * before + after) * hidden * width + 2 * after * hidden * neurons
                terms[2 if running[place] in config.fp32_layers else 1] += linear
                terms[3] += before * (before + after) * width
                terms[4] += before + after
                terms[5] += before if after < before else 0
                before = after
        return terms
