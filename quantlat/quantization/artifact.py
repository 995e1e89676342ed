"""The quantised model: INT8 weights, scales and zero points of every linear, and all that stays in fp32.

Intel Neural Compressor computes these numbers once (:mod:`quantlat.quantization.inc`); every runtime executes them.
The arithmetic they stand for, with round half to even::

    activation u8, one scale and zero point per tensor:  q = clamp(round(x * (1 / s_x)) + z_x, 0, 255)
    weight     s8, one scale per output channel:         w = s_w[o] * q_w[o, i]
    linear     y[o] = bias[o] + s_x * s_w[o] * sum_i (q[i] - z_x) * q_w[o, i]      (sum in s32)

A smoothed linear multiplies its input by one fp32 number per channel before it is quantised
(:mod:`quantlat.quantization.smoothing`); its weight was divided by them. Softmax, LayerNorm, GELU, significance and
the residual stream are fp32. Embedding tables are s8 with one scale per row and are dequantised when a model is
loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.retention import ElasticConfig
from quantlat.quantization.layout import Layout, layout_of

Int8Array = npt.NDArray[np.int8]
FloatArray = npt.NDArray[np.float32]

_MIB = float(1 << 20)


@dataclass(frozen=True, eq=False)
class QuantizedLinear:
    """A linear whose product runs in INT8.

    Attributes:
        weight: int8 ``[out, in]``.
        weight_scale: fp32 ``[out]``.
        bias: fp32 ``[out]``.
        input_scale: scale of the input activation.
        input_zero_point: its zero point, in [0, 255].
        input_multiplier: fp32 ``[in]``, or ``None`` for a linear that is not smoothed.
    """

    weight: Int8Array
    weight_scale: FloatArray
    bias: FloatArray
    input_scale: float
    input_zero_point: int
    input_multiplier: FloatArray | None = None

    def dequantized_weight(self) -> FloatArray:
        """fp32 ``[out, in]``."""
        return self.weight.astype(np.float32) * self.weight_scale[:, None]


@dataclass(frozen=True, eq=False)
class FloatLinear:
    """A linear left in fp32: weight ``[out, in]``, bias ``[out]``."""

    weight: FloatArray
    bias: FloatArray


@dataclass(frozen=True, eq=False)
class QuantizedEmbedding:
    """An embedding table: int8 ``[rows, width]`` and one fp32 scale per row."""

    weight: Int8Array
    weight_scale: FloatArray

    @classmethod
    def from_float(cls, table: FloatArray) -> QuantizedEmbedding:
        """Symmetric rounding of each row to 255 levels; a row of zeros keeps the scale 1."""
        largest = np.abs(table).max(axis=1)
        scale = np.where(largest > 0, largest / 127.0, 1.0).astype(np.float32)
        return cls(np.rint(table / scale[:, None]).clip(-127, 127).astype(np.int8), scale)

    def dequantized(self) -> FloatArray:
        """fp32 ``[rows, width]``."""
        return self.weight.astype(np.float32) * self.weight_scale[:, None]


@dataclass(frozen=True, eq=False)
class LayerNormParameters:
    """fp32 gain ``weight`` and ``bias``, both ``[width]``."""

    weight: FloatArray
    bias: FloatArray


@dataclass(frozen=True)
class CalibrationRecord:
    """How the scales came about, for reports.

    Attributes:
        passes: forward passes INC observed (a window counts again when it is also run with dropped tokens).
        tokens: real tokens in those passes.
        retention: ``none`` or ``both`` (full length and with dropped tokens).
        observer: how ranges were found, see :class:`quantlat.quantization.calibration.CalibrationSpec`.
        smoothing: strength of smoothing, 0 for none.
        tool: the tool and its version.
    """

    name: str
    windows: int
    passes: int
    tokens: int
    seed: int
    retention: str
    observer: str
    smoothing: float
    tool: str


@dataclass(frozen=True, eq=False)
class QuantizedModel:
    """One quantised artefact for all runtimes and all retention configurations.

    ``linears``, ``embeddings`` and ``norms`` are keyed as :func:`quantlat.quantization.layout.layout_of` says.
    """

    config: EncoderConfig
    task: str
    linears: Mapping[str, QuantizedLinear | FloatLinear]
    embeddings: Mapping[str, QuantizedEmbedding]
    norms: Mapping[str, LayerNormParameters]
    calibration: CalibrationRecord

    @property
    def layout(self) -> Layout:
        """Names and shapes of the parameters."""
        return layout_of(self.config, self.task)

    @property
    def int8_linears(self) -> tuple[str, ...]:
        """Names of the linears that run in INT8, in the order of execution."""
        return tuple(name for name in self.layout.linears if isinstance(self.linears[name], QuantizedLinear))

    @property
    def fp32_linears(self) -> tuple[str, ...]:
        """Names of the linears left in fp32."""
        return tuple(name for name in self.layout.linears if isinstance(self.linears[name], FloatLinear))

    @property
    def smoothed_linears(self) -> tuple[str, ...]:
        """Names of the INT8 linears that multiply their input before quantising it."""
        return tuple(
            name
            for name in self.int8_linears
            if isinstance(linear := self.linears[name], QuantizedLinear) and linear.input_multiplier is not None
        )

    @property
    def size_mib(self) -> float:
        """Size of all parameters as stored."""
        return sum(array.nbytes for array in self.tensors().values()) / _MIB

    @property
    def float_size_mib(self) -> float:
        """Size of the same parameters in fp32."""
        shapes = self.layout
        count = sum(o * i + o for o, i in shapes.linears.values())
        count += sum(rows * width for rows, width in shapes.embeddings.values())
        count += sum(2 * width for width in shapes.norms.values())
        return 4.0 * count / _MIB

    def answer_head(self) -> FloatArray:
        """fp32 ``[2, H]``: the answer head's weight, as which tokens are dropped by it where ``answer_weight`` says so.

        The values that its INT8 weight stands for; every runtime scores with these.
        """
        head = self.linears["qa_outputs"]
        if isinstance(head, FloatLinear):
            return head.weight
        weight = head.dequantized_weight()
        return weight if head.input_multiplier is None else weight * head.input_multiplier

    def tensors(self) -> dict[str, npt.NDArray[np.generic]]:
        """Everything that is stored, by tensor name (``<module>.<field>``)."""
        named: dict[str, npt.NDArray[np.generic]] = {}
        for name in self.layout.linears:
            linear = self.linears[name]
            named[f"{name}.weight"], named[f"{name}.bias"] = linear.weight, linear.bias
            if isinstance(linear, QuantizedLinear):
                named[f"{name}.weight_scale"] = linear.weight_scale
                named[f"{name}.input_scale"] = np.array([linear.input_scale], np.float32)
                named[f"{name}.input_zero_point"] = np.array([linear.input_zero_point], np.uint8)
                if linear.input_multiplier is not None:
                    named[f"{name}.input_multiplier"] = linear.input_multiplier
        for name, table in self.embeddings.items():
            named[f"{name}.weight"], named[f"{name}.weight_scale"] = table.weight, table.weight_scale
        for name, norm in self.norms.items():
            named[f"{name}.weight"], named[f"{name}.bias"] = norm.weight, norm.bias
        return named

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over configuration and every number; two models with the same one compute the same."""
        digest = hashlib.sha256(repr((sorted(self.config.to_dict().items()), self.task)).encode())
        for name, array in sorted(self.tensors().items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def subnetwork(self, elastic: ElasticConfig, floating: QuantizedModel | None = None) -> QuantizedModel:
        """The dense, smaller model of ``elastic``'s width and layers: slices of these INT8 weights, no calibration.

        It runs in every runtime and is saved like any other; its size and fingerprint are its own. The retention of
        ``elastic`` plays no part. Heads and neurons must stand in the order of their importance
        (:mod:`quantlat.models.rewiring`), or the slice keeps arbitrary ones.

        Args:
            floating: the same model with its trained weights in fp32; needed where ``elastic`` names layers in fp32.

        Raises:
            RecipeError: the model is not so wide or not so deep, or ``floating`` is needed and not given.
        """
        from quantlat.quantization.subnetwork import cut

        return cut(self, elastic, floating)

    def save(self, folder: Path, *, tokenizer_json: str | None = None) -> None:
        """Write ``quantized.json`` and ``qparams.safetensors`` (and ``tokenizer.json``) into ``folder``.

        Raises:
            StorageError: no space or no permission.
        """
        from quantlat.quantization.model_file import write

        write(self, folder, tokenizer_json=tokenizer_json)

    @classmethod
    def load(cls, folder: Path) -> QuantizedModel:
        """Read a folder written by :meth:`save`, treating every byte of it as untrusted.

        Raises:
            ModelError: missing, truncated or tampered files; the message names the first defect.
        """
        from quantlat.quantization.model_file import read

        return read(folder)
