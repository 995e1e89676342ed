"""Retention configurations: how many tokens each layer keeps.

A configuration of the Length-Adaptive Transformer (Kim & Cho, ACL 2021) is a non-increasing list of lengths
for a padded window. Ours is a list of *ratios of the real token count*, because lengths of a padded window
mostly remove padding (design: the published configurations save 18-20 % of the un-padded work, not 47 %).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from quantlat.errors import RecipeError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.subnetwork import WidthConfig, check_layers, narrow_config

MIN_TOKENS = 2
# Ratios come from decimal text and grids: 0.55 * 100 is 55.00000000000001 in binary and must give 55 rows.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class RetentionConfig:
    """One ratio per layer, non-increasing, in (0, 1], of the real token count.

    Layer ``i`` keeps ``l_i = max(2, ceil(r_i * n))`` of ``n`` real tokens, never more than ``n``; ``[CLS]`` is
    always among them.
    """

    ratios: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.ratios:
            raise RecipeError("a retention configuration needs one ratio per layer, got none")
        for i, ratio in enumerate(self.ratios):
            if not (isinstance(ratio, int | float) and math.isfinite(ratio) and 0.0 < ratio <= 1.0):
                raise RecipeError(f"retention ratio of layer {i + 1} must be in (0, 1], got {ratio!r}")
        for i, (before, after) in enumerate(zip(self.ratios, self.ratios[1:], strict=False)):
            if after > before:
                raise RecipeError(
                    f"retention ratios must not increase: layer {i + 1} keeps {before:g}, layer {i + 2} {after:g}"
                )

    @property
    def num_layers(self) -> int:
        """Number of layers."""
        return len(self.ratios)

    @property
    def is_full(self) -> bool:
        """True when no token is ever dropped."""
        return self.ratios[-1] == 1.0

    def lengths(self, n: int) -> tuple[int, ...]:
        """Rows kept after the attention of each layer for a sequence of ``n`` real tokens (``n`` >= 1)."""
        return tuple(min(n, max(MIN_TOKENS, math.ceil(r * n - _ROUNDING))) for r in self.ratios)

    @classmethod
    def full(cls, layers: int) -> RetentionConfig:
        """Every layer keeps everything."""
        return cls((1.0,) * layers)

    @classmethod
    def constant_rate(cls, rate: float, layers: int) -> RetentionConfig:
        """Each layer keeps the share ``rate`` of what the layer before kept."""
        return cls(tuple(rate ** (i + 1) for i in range(layers)))

    @classmethod
    def parse(cls, text: str) -> RetentionConfig:
        """Inverse of ``str()``: ratios separated by commas, such as ``1,1,0.9,0.7,0.4,0.2``."""
        try:
            return cls(tuple(float(part) for part in text.split(",")))
        except ValueError:
            raise RecipeError(f"a retention configuration is ratios separated by commas, got {text!r}") from None

    def __str__(self) -> str:
        return ",".join(f"{r:g}" for r in self.ratios)


@dataclass(frozen=True)
class ElasticConfig:
    """retention × width × depth × precision of one elastic model.

    Attributes:
        retention: ratios of the layers that run: as many as ``layers`` has, or as the model has where that is ``None``.
        width: heads and neurons of every layer of the whole model; ``None``: all.
        layers: which layers of the whole model run, counted from 0; ``None``: all.
        fp32_layers: which of them a quantised model runs in fp32, counted from 0 in the whole model, ascending; the
            others stay as the quantised model has them.
    """

    retention: RetentionConfig | None = None
    width: WidthConfig | None = None
    layers: tuple[int, ...] | None = None
    fp32_layers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if list(self.fp32_layers) != sorted(set(self.fp32_layers)):
            raise RecipeError(f"layers in fp32 must ascend, got {list(self.fp32_layers)}")
        if self.layers is not None and not set(self.fp32_layers) <= set(self.layers):
            raise RecipeError(f"layers in fp32 {list(self.fp32_layers)} must run, layers {list(self.layers)} do")
        if self.layers is not None and self.retention is not None and self.retention.num_layers != len(self.layers):
            raise RecipeError(
                f"the retention configuration has {self.retention.num_layers} ratios for {len(self.layers)} layers"
            )

    @property
    def is_full(self) -> bool:
        """True when the whole model runs."""
        return self.is_whole_network and (self.retention is None or self.retention.is_full)

    @property
    def is_whole_network(self) -> bool:
        """True when no head, neuron or layer is left out and no precision changed; tokens may be dropped."""
        return self.width is None and self.layers is None and not self.fp32_layers

    @property
    def network(self) -> ElasticConfig:
        """The sub-network alone, which every retention configuration shares."""
        return ElasticConfig(width=self.width, layers=self.layers, fp32_layers=self.fp32_layers)

    def encoder(self, config: EncoderConfig) -> EncoderConfig:
        """Configuration of the dense encoder that runs, of a whole model of ``config``."""
        check_layers(config, self.layers)
        return narrow_config(config, self.width, self.layers)

    def lengths(self, n: int, layers: int) -> tuple[int, ...]:
        """Rows kept per layer for ``n`` real tokens in a network of ``layers`` layers."""
        if self.retention is None:
            return (n,) * layers
        if self.retention.num_layers != layers:
            raise RecipeError(
                f"the retention configuration has {self.retention.num_layers} layers, the model has {layers}"
            )
        return self.retention.lengths(n)


def batch_lengths(config: ElasticConfig, tokens: Sequence[int], layers: int) -> tuple[int, ...]:
    """One length vector for a padded batch: per layer the largest of its sequences' lengths.

    Runtimes whose graph takes one vector for the whole batch use this; a sequence shorter than the longest
    then keeps a little more than its own configuration asks for, never less.
    """
    rows = [config.lengths(n, layers) for n in tokens]
    return tuple(max(column) for column in zip(*rows, strict=True))
