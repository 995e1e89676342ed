"""Joint candidates whose truth is computed: every axis saves time and costs points, and combinations pay."""

from __future__ import annotations

import numpy as np

from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.retention import ElasticConfig
from quantlat.search.joint import JointCandidate, JointCostModel, JointSpace

TOKENS = (60, 120, 207, 384)
REFERENCE = 84.0
INT8_SPEED, OVERHEAD = 0.3, 0.02  # of fp32's time


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


def true_drop(space: JointSpace, config: ElasticConfig) -> float:
    """Points: the more a layer has given up already, the more the next thing costs."""
    genome = space.genome(config)
    runs = np.array(genome.runs)
    tokens = (1.0 - np.array(genome.ratios)) ** 2 * np.linspace(3.0, 0.3, space.layers)
    width = (1.0 - np.array(genome.heads) / np.array(space.encoder.heads)) ** 2
    int8 = 0.05 * (runs & ~np.array(genome.fp32))
    return float(4.0 * tokens.sum() + 3.0 * width.sum() + 1.5 * (~runs).sum() ** 1.5 + int8.sum())


def true_latency(config: ElasticConfig, layers: int = 6) -> float:
    """Relative to the whole model in fp32: products by their precision, and a part that nothing shortens."""
    return OVERHEAD + (1.0 - OVERHEAD) * _products(config, layers) / _products(
        ElasticConfig(fp32_layers=tuple(range(layers))), layers
    )


def _products(config: ElasticConfig, layers: int) -> float:
    network, total = config.encoder(encoder(layers)), 0.0
    for n in TOKENS:
        before, lengths = n, config.lengths(n, network.num_layers)
        for place, layer in enumerate(config.layers or range(layers)):
            after, width = lengths[place], network.attention_width(place)
            linear = (3 * before + after) * 384 * width + 2 * after * 384 * network.neurons[place]
            total += linear * (1.0 if layer in config.fp32_layers else INT8_SPEED) + before * (before + after) * width
            before = after
    return total


class AnalyticEvaluator:
    """Truth plus noise that depends on the configuration alone."""

    def __init__(self, space: JointSpace, *, noise: float = 0.1, fails_at: int | None = None) -> None:
        self.evaluated: list[ElasticConfig] = []
        self._space, self._noise, self._fails_at = space, noise, fails_at

    def evaluate(self, config: ElasticConfig, part: int = 0) -> JointCandidate:
        if len(self.evaluated) == self._fails_at:
            raise KeyboardInterrupt
        self.evaluated.append(config)
        wobble = np.random.default_rng(list(repr((config, part)).encode())).normal(0.0, self._noise)
        drop, relative = true_drop(self._space, config) + float(wobble), true_latency(config, self._space.layers)
        return JointCandidate(
            config=config,
            accuracy=REFERENCE - drop,
            accuracy_ci=(0.0, 100.0),
            drop=drop,
            drop_ci=(drop - 1.0, drop + 1.0),
            drop_standard_error=0.1,
            questions=300,
            part=part,
            latency_ms=40.0 * relative,
            latency_relative=relative,
            latency_relative_range=(relative, relative),
            macs_relative=JointCostModel(self._space.encoder, TOKENS).macs_relative(config),
        )


def costs_of(space: JointSpace) -> JointCostModel:
    return JointCostModel(space.encoder, TOKENS)
