"""How far INT8 leads each layer's output away from fp32, and how large the numbers are that it had to cover.

A score says that a model lost accuracy, this says where. Errors add up from layer to layer, so a layer that is worth
keeping in fp32 shows as a jump. Models without LayerNorm, such as MobileBERT, are the ones to watch: nothing pulls
their activations back to size one, and a few large channels widen the range that 256 levels have to cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from quantlat.models.heads import TaskModel
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.calibration import CalibrationWindow
from quantlat.quantization.reference import build_task_model


@dataclass(frozen=True)
class LayerError:
    """Outputs of one layer, over all real tokens of some windows, at full length.

    Attributes:
        layer: number from 1; 0 are the embeddings.
        rms: root mean square of the fp32 values.
        largest: largest absolute fp32 value; ``largest / rms`` tells how much of a range its outliers take.
        relative_error: root mean square of INT8 minus fp32, divided by ``rms``.
    """

    layer: int
    rms: float
    largest: float
    relative_error: float


def layer_errors(
    quantized: QuantizedModel, model: TaskModel, windows: Sequence[CalibrationWindow]
) -> tuple[LayerError, ...]:
    """Error of the embeddings and of every layer's output.

    Args:
        model: the fp32 model that ``quantized`` was made from.
        windows: at least one; a dozen suffices.
    """
    int8 = build_task_model(quantized)
    count = model.config.num_layers + 1
    squares, noise, largest = np.zeros(count), np.zeros(count), np.zeros(count)
    values = 0
    for window in windows:
        ids = torch.from_numpy(np.asarray(window.input_ids, np.int64))[None]
        types = torch.from_numpy(np.asarray(window.token_type_ids, np.int64))[None]
        with torch.inference_mode():
            expected = model.encoder.observe(ids, torch.ones_like(ids), types).hidden_states
            found = int8.encoder.observe(ids, torch.ones_like(ids), types).hidden_states
        values += expected[0].numel()
        for i, (wanted, state) in enumerate(zip(expected, found, strict=True)):
            squares[i] += float(wanted.double().square().sum())
            noise[i] += float((state - wanted).double().square().sum())
            largest[i] = max(largest[i], float(wanted.abs().max()))
    size = np.sqrt(squares / values)
    error = np.sqrt(noise / values) / np.maximum(size, np.finfo(np.float64).tiny)
    return tuple(LayerError(i, float(size[i]), float(largest[i]), float(error[i])) for i in range(count))
