"""Sub-networks of one encoder: fewer heads and neurons in each layer (width), fewer layers (depth).

DynaBERT (Hou et al., NeurIPS 2020, arXiv 2004.04037): once the heads and neurons of every layer stand in the order of
their importance (:mod:`quantlat.models.rewiring`), a narrower layer is the first rows and columns of its weights. The
hidden size and the LayerNorms stay. A sub-network is an ordinary dense encoder with an ordinary
:class:`~quantlat.models.encoder_config.EncoderConfig`; nothing is masked.

Everything here is arithmetic on shapes and needs no PyTorch: the fp32 model and the INT8 artefact are cut alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from quantlat.errors import RecipeError
from quantlat.models.encoder_config import EncoderConfig

_LAYER = "encoder.layers."


@dataclass(frozen=True)
class WidthConfig:
    """How many of the most important heads and neurons each layer of the *whole* model keeps.

    Attributes:
        heads: one number for each layer, at least 1.
        neurons: one number for each layer, at least 1.
    """

    heads: tuple[int, ...]
    neurons: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.heads or len(self.heads) != len(self.neurons):
            raise RecipeError(
                f"a width needs heads and neurons for each layer, got {len(self.heads)} and {len(self.neurons)} numbers"
            )
        if min(self.heads) < 1 or min(self.neurons) < 1:
            raise RecipeError(f"every layer keeps at least one head and one neuron, got {self.heads}, {self.neurons}")

    @classmethod
    def of_multipliers(cls, config: EncoderConfig, multipliers: Sequence[float]) -> WidthConfig:
        """Each layer's width multiplier, in (0, 1], as heads and neurons.

        Heads are rounded to whole ones, neurons to the same share of the feed-forward as the heads are of the attention
        (DynaBERT's rule), so that both shrink together.
        """
        if len(multipliers) != config.num_layers:
            raise RecipeError(f"expected {config.num_layers} width multipliers, got {len(multipliers)}")
        heads, neurons = [], []
        for layer, multiplier in enumerate(multipliers):
            _check_multiplier("width", multiplier)
            most = config.heads[layer]
            kept = max(1, _round(multiplier * most))
            heads.append(kept)
            neurons.append(max(1, kept * config.neurons[layer] // most))
        return cls(tuple(heads), tuple(neurons))

    @classmethod
    def uniform(cls, config: EncoderConfig, multiplier: float) -> WidthConfig:
        """The same multiplier in every layer."""
        return cls.of_multipliers(config, (multiplier,) * config.num_layers)

    def fits(self, config: EncoderConfig) -> None:
        """Raise :class:`RecipeError` unless ``config`` has so many heads and neurons."""
        if len(self.heads) != config.num_layers:
            raise RecipeError(f"the width has {len(self.heads)} layers, the model has {config.num_layers}")
        for name, wanted, most in (("heads", self.heads, config.heads), ("neurons", self.neurons, config.neurons)):
            for i, (kept, there) in enumerate(zip(wanted, most, strict=True)):
                if kept > there:
                    raise RecipeError(f"layer {i + 1} cannot keep {kept} {name}, it has {there}")


def kept_layers(layers: int, multiplier: float) -> tuple[int, ...]:
    """Layers that a depth multiplier keeps, counted from 0: ``floor(i / m)`` for ``i < round(m * layers)``.

    DynaBERT's rule: 0.5 keeps 0, 2, 4, …; 0.75 leaves every fourth layer out. Halves are rounded up.
    """
    _check_multiplier("depth", multiplier)
    return tuple(math.floor(i / multiplier + 1e-9) for i in range(max(1, _round(multiplier * layers))))


def narrow_config(
    config: EncoderConfig, width: WidthConfig | None = None, layers: Sequence[int] | None = None
) -> EncoderConfig:
    """Configuration of the sub-network of a model of ``config``.

    Args:
        width: of every layer of the whole model; ``None`` keeps all heads and neurons.
        layers: which layers stay, ascending, counted from 0; ``None`` keeps all.

    Raises:
        RecipeError: the model is not so wide or not so deep.
    """
    chosen = check_layers(config, layers)
    if width is not None:
        width.fits(config)
    heads = config.heads if width is None else width.heads
    neurons = config.neurons if width is None else width.neurons
    heads, neurons = (tuple(per_layer[i] for i in chosen) for per_layer in (heads, neurons))
    return replace(
        config,
        num_layers=len(chosen),
        intermediate_size=max(neurons),
        layer_heads=() if set(heads) == {config.num_heads} else heads,
        layer_neurons=() if len(set(neurons)) == 1 else neurons,
    )


def check_layers(config: EncoderConfig, layers: Sequence[int] | None) -> tuple[int, ...]:
    """The layers that stay; all of them for ``None``.

    Raises:
        RecipeError: none, not ascending, or not in the model.
    """
    if layers is None:
        return tuple(range(config.num_layers))
    chosen = tuple(layers)
    if not chosen or list(chosen) != sorted(set(chosen)) or chosen[0] < 0 or chosen[-1] >= config.num_layers:
        raise RecipeError(f"layers {list(chosen)} must be ascending indices in [0, {config.num_layers - 1}]")
    return chosen


def parent_name(name: str, layers: Sequence[int]) -> str:
    """Name that a module or parameter of the sub-network has in the whole model, where its layer is ``layers[i]``."""
    if not name.startswith(_LAYER):
        return name
    index, _, rest = name[len(_LAYER) :].partition(".")
    return f"{_LAYER}{layers[int(index)]}.{rest}"


def _check_multiplier(axis: str, multiplier: float) -> None:
    if not (math.isfinite(multiplier) and 0.0 < multiplier <= 1.0):
        raise RecipeError(f"a {axis} multiplier lies in (0, 1], got {multiplier!r}")


def _round(x: float) -> int:
    return math.floor(x + 0.5 + 1e-9)
