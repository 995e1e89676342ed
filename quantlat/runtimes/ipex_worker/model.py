"""The model in the worker: quantlat's elastic encoder with oneDNN's INT8 linears and IPEX's fused operators.

The numbers are those of :mod:`quantlat.quantization.artifact`. ``onednn.qlinear_pointwise`` computes exactly its
formula: u8 activations with one scale and zero point, s8 weights with one scale per output channel, sums in s32,
fp32 out. Between the two products of a feed-forward network GELU and the next quantisation are part of the product,
so that its fp32 rows never reach memory. Everything else stays fp32.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from quantlat.models.elastic import ElasticLayer
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.heads import TASKS, TaskModel, build_model
from quantlat.runtimes.frames import Array, Frame, FrameError

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_ACTIVATIONS = {"gelu": ("gelu", "none"), "gelu_new": ("gelu", "tanh"), "relu": ("relu", "")}


@dataclass(eq=False)
class Quantizer:
    """Rounds an activation to u8: one scale and zero point, after a multiplier per channel where it is smoothed.

    The last result is kept: query, key and value of a layer mostly ask for the same one.
    """

    scale: float
    zero_point: int
    multiplier: Tensor | None = None
    _source: Tensor | None = None
    _codes: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if self._source is not x or self._codes is None:
            smoothed = x if self.multiplier is None else x * self.multiplier
            codes = torch.quantize_per_tensor(smoothed, self.scale, self.zero_point, torch.quint8).int_repr()
            self._source, self._codes = x, codes
        return self._codes  # type: ignore[return-value]

    def forget(self) -> None:
        """Release what is kept."""
        self._source = self._codes = None

    def equals(self, other: Quantizer) -> bool:
        """Whether both give the same codes."""
        if (self.scale, self.zero_point) != (other.scale, other.zero_point):
            return False
        if self.multiplier is None or other.multiplier is None:
            return self.multiplier is other.multiplier
        return torch.equal(self.multiplier, other.multiplier)


class Int8Linear(nn.Module):
    """A linear of oneDNN: weight s8 ``[out, in]``, packed once for all sizes of input."""

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor, quantizer: Quantizer) -> None:
        super().__init__()
        self.quantizer, self.scale, self.bias = quantizer, scale, bias
        self.packed = torch.ops.onednn.qlinear_prepack(weight, None)
        self.zero_points = torch.zeros(len(scale), dtype=torch.int32)

    def forward(self, x: Tensor) -> Tensor:
        """fp32 ``[..., in] -> [..., out]``."""
        return self.product(self.quantizer(x), 1.0, 0, torch.float32, "none", "")

    def product(
        self, codes: Tensor, scale: float, zero_point: int, dtype: torch.dtype, activation: str, variant: str
    ) -> Tensor:
        """The product of u8 ``codes``, its activation, and where ``dtype`` is u8 the next quantisation."""
        return torch.ops.onednn.qlinear_pointwise(  # type: ignore[no-any-return]
            codes, self.quantizer.scale, self.quantizer.zero_point, self.packed, self.scale, self.zero_points,
            self.bias, scale, zero_point, dtype, activation, [], variant,
        )  # fmt: skip


class FusedFeedForward(nn.Module):
    """Both INT8 products of a feed-forward network; the activation belongs to the first, and so does the second's
    quantisation where no multiplier comes between."""

    def __init__(self, up: Int8Linear, down: Int8Linear, norm: nn.Module, activation: str) -> None:
        super().__init__()
        self.up, self.down, self.norm = up, down, norm
        self.activation = _ACTIVATIONS[activation]

    def forward(self, hidden: Tensor) -> Tensor:
        """``[..., H] -> [..., H]``."""
        up, to = self.up, self.down.quantizer
        codes = up.quantizer(hidden)
        if to.multiplier is None:
            codes = up.product(codes, to.scale, to.zero_point, torch.uint8, *self.activation)
        else:
            codes = to(up.product(codes, 1.0, 0, torch.float32, *self.activation))
        return self.down.product(codes, 1.0, 0, torch.float32, "none", "")


def add_norm(residual: Tensor, update: Tensor, norm: nn.LayerNorm) -> Tensor:
    """``norm(residual + update)`` by IPEX's operator, which reads and writes each row once."""
    return torch.ops.torch_ipex.add_layernorm(  # type: ignore[no-any-return]
        residual, update, 1, norm.normalized_shape, norm.weight, norm.bias, norm.eps
    )


class IpexLayer(ElasticLayer):
    """A transformer layer whose residual sums are part of its norms."""

    def finish(self, residual: Tensor, context: Tensor) -> Tensor:
        """See :meth:`ElasticLayer.finish`."""
        attention, ffn = self.attention, self.feed_forward
        hidden = add_norm(residual, attention.output(context), attention.norm)
        return add_norm(hidden, ffn(hidden), ffn.norm)


class IpexModel:
    """One loaded model.

    Attributes:
        facts: versions, threads and the CPU capability that PyTorch and IPEX use.
    """

    def __init__(self, model: TaskModel, facts: Mapping[str, str | int]) -> None:
        self.model, self.facts = model, facts
        self._quantizers = [module.quantizer for module in model.modules() if isinstance(module, Int8Linear)]

    @classmethod
    def load(cls, frame: Frame) -> IpexModel:
        """The model of a ``load`` frame: ``config``, ``task`` and ``threads``, and every tensor by name.

        Raises:
            FrameError: fields or tensors are missing, too many, or of another shape than the configuration implies.
        """
        import intel_extension_for_pytorch as ipex

        task, threads, config = (frame.fields.get(name) for name in ("task", "threads", "config"))
        if task not in TASKS or type(threads) is not int or threads < 1 or not isinstance(config, dict):
            raise FrameError(f"load needs a task, threads and a config, got {task!r}, {threads!r}, {config!r}")
        torch.set_num_threads(threads)
        model = build_ipex_model(EncoderConfig.from_dict(config), str(task), frame.arrays)
        facts: dict[str, str | int] = {
            "ipex": ipex.__version__,
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "capability": torch.backends.cpu.get_cpu_capability(),
            "ipex_capability": _ipex_capability(),
            "process": os.getpid(),
        }
        return cls(model, facts)

    def run(self, frame: Frame) -> Array:
        """Logits of a ``run`` frame.

        Raises:
            FrameError: inputs are missing, too many, or do not fit the model.
        """
        inputs, whole_layers = self._inputs(frame)
        with torch.inference_mode():
            try:
                logits = self.model(*inputs, whole_layers=whole_layers)
            finally:
                for quantizer in self._quantizers:
                    quantizer.forget()
        result: Array = logits.numpy()
        return result

    def _inputs(self, frame: Frame) -> tuple[list[Tensor], int]:
        config = self.model.config
        whole, names = frame.fields.get("whole_layers"), tuple(frame.arrays)
        if names not in (_INPUTS, (*_INPUTS, "lengths")) or any(a.dtype != np.int64 for a in frame.arrays.values()):
            raise FrameError(f"run needs int64 arrays {', '.join(_INPUTS)} and perhaps lengths, got {', '.join(names)}")
        if type(whole) is not int or not 0 <= whole <= config.num_layers:
            raise FrameError(f"whole_layers must be 0 to {config.num_layers}, got {whole!r}")
        ids, mask, types, *rest = frame.arrays.values()
        if ids.ndim != 2 or 0 in ids.shape or mask.shape != ids.shape or types.shape != ids.shape:
            raise FrameError(
                f"ids, mask and types must have one shape [b, n], got {ids.shape}, {mask.shape}, {types.shape}"
            )
        if ids.shape[1] > config.max_positions:
            raise FrameError(f"at most {config.max_positions} tokens fit, got {ids.shape[1]}")
        for name, array, size in (("ids", ids, config.vocab_size), ("types", types, max(2, config.type_vocab_size))):
            if array.min() < 0 or array.max() >= size:
                raise FrameError(f"{name} must be 0 to {size - 1}, got {array.min()} to {array.max()}")
        for lengths in rest:
            if lengths.shape != (config.num_layers,) or (np.diff(lengths) > 0).any():
                raise FrameError(f"lengths must be {config.num_layers} numbers that do not increase")
            if lengths.min() < 2 or lengths.max() > ids.shape[1]:
                raise FrameError(f"lengths must be 2 to {ids.shape[1]}, got {lengths.min()} to {lengths.max()}")
        return [torch.from_numpy(array) for array in (ids, mask, types, *rest)], whole


def build_ipex_model(config: EncoderConfig, task: str, arrays: Mapping[str, Array]) -> TaskModel:
    """The task model with INT8 linears where ``arrays`` hold ``.input_scale``, embeddings dequantised.

    Raises:
        FrameError: a tensor is missing, superfluous or of a wrong shape.
    """
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    with torch.device("meta"):
        model = build_model(config, task)
        model.encoder.layers = nn.ModuleList(IpexLayer(config, i) for i in range(config.num_layers))
    int8 = sorted(name.removesuffix(".input_scale") for name in tensors if name.endswith(".input_scale"))
    for name in int8:
        parent, _, attribute = name.rpartition(".")
        expected = model.get_submodule(name)
        if name == "qa_outputs":  # which tokens are dropped, its dequantised weight has a say in
            model.answer_head = _dequantized(name, tensors)
        setattr(model.get_submodule(parent), attribute, _int8_linear(name, tensors, expected))
    for name in [key for key in tensors if key.endswith(".weight_scale")]:  # what is left: embeddings
        table = name.removesuffix("_scale")
        tensors[table] = tensors[table].float() * tensors.pop(name)[:, None]
    try:
        model.load_state_dict(tensors, strict=True, assign=True)
    except RuntimeError as error:
        raise FrameError(f"the model's tensors do not fit its configuration: {error}") from None
    for layer in model.encoder.layers:
        _fuse(layer, config.activation)  # type: ignore[arg-type]
    return model.eval().requires_grad_(False)


def _dequantized(name: str, tensors: Mapping[str, Tensor]) -> Tensor | None:
    weight, scale = tensors.get(f"{name}.weight"), tensors.get(f"{name}.weight_scale")
    if weight is None or scale is None:
        return None  # an error of its own, when the linear is read
    multiplier = tensors.get(f"{name}.input_multiplier")
    whole = weight.float() * scale[:, None]
    return whole if multiplier is None else whole * multiplier


def _int8_linear(name: str, tensors: dict[str, Tensor], expected: Any) -> Int8Linear:
    """Takes the tensors of one linear out of ``tensors``."""
    fields = ("weight", "weight_scale", "bias", "input_scale", "input_zero_point")
    missing = [field for field in fields if f"{name}.{field}" not in tensors]
    if missing or not isinstance(expected, nn.Linear):
        raise FrameError(f"{name} is no INT8 linear of this model; missing: {', '.join(missing) or 'nothing'}")
    weight, weight_scale, bias, scale, zero_point = (tensors.pop(f"{name}.{field}") for field in fields)
    multiplier = tensors.pop(f"{name}.input_multiplier", None)
    shape = (expected.out_features, expected.in_features)
    if tuple(weight.shape) != shape or weight_scale.shape != shape[:1] or bias.shape != shape[:1]:
        raise FrameError(f"{name} must be {list(shape)}, got {list(weight.shape)}")
    quantizer = Quantizer(float(scale[0]), int(zero_point[0]), multiplier)
    return Int8Linear(weight, weight_scale, bias, quantizer)


def _fuse(layer: IpexLayer, activation: str) -> None:
    """Share equal quantisers of query, key and value; join the products of the feed-forward network."""
    attention, ffn = layer.attention, layer.feed_forward
    projections: tuple[nn.Module, ...] = (attention.query, attention.key, attention.value)
    first: Quantizer | None = None
    for linear in projections:
        if isinstance(linear, Int8Linear):
            first = first or linear.quantizer
            linear.quantizer = first if linear.quantizer.equals(first) else linear.quantizer
    up, down = ffn.up, ffn.down
    if isinstance(up, Int8Linear) and isinstance(down, Int8Linear):
        layer.feed_forward = FusedFeedForward(up, down, ffn.norm, activation)  # type: ignore[assignment]


def _ipex_capability() -> str:
    import intel_extension_for_pytorch._C as core

    return str(core._get_current_isa_level()) if hasattr(core, "_get_current_isa_level") else "unknown"
