"""The reference execution: the quantised model as PyTorch modules with explicit quantise and dequantise steps.

Eager execution of these modules defines the numbers of a quantised model. All runtimes are derived from them:
inductor and ONNX Runtime recognise the ``quantized_decomposed`` operators (those Intel Neural Compressor's PT2E
graph is made of) and fuse them into INT8 products; OpenVINO's frontend wants the weight's dequantisation spelt out
as convert and multiply, which is what its own INT8 models hold.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.ao.quantization.fx import _decomposed  # noqa: F401 - registers torch.ops.quantized_decomposed
from torch.nn import functional as F

from quantlat.models.heads import QAModel, TaskModel, build_model
from quantlat.quantization.artifact import FloatArray, FloatLinear, QuantizedLinear, QuantizedModel
from quantlat.quantization.graph import ElasticGraph, Graph, PlainGraph

WeightForm = Literal["dequantize", "multiply", "folded"]
"""How a graph holds an INT8 weight: ``dequantize_per_channel`` of int8 (inductor, ONNX), convert and multiply of int8
(OpenVINO), or already dequantised to fp32 (eager). All three give bit-identical weights."""


class ReferenceLinear(nn.Module):
    """``linear(dequantise(quantise(x * multiplier)), dequantise(weight), bias)``."""

    def __init__(self, linear: QuantizedLinear, form: WeightForm) -> None:
        super().__init__()
        self.form = form
        self.input_scale, self.input_zero_point = linear.input_scale, linear.input_zero_point
        scale = torch.from_numpy(linear.weight_scale)
        self.smoothed = linear.input_multiplier is not None
        if linear.input_multiplier is not None:
            self.register_buffer("input_multiplier", torch.from_numpy(linear.input_multiplier))
        if form == "folded":
            self.register_buffer("weight", torch.from_numpy(linear.dequantized_weight()))
        else:
            self.register_buffer("weight", torch.from_numpy(linear.weight))
            self.register_buffer("weight_scale", scale if form == "dequantize" else scale[:, None])
        if form == "dequantize":
            self.register_buffer("weight_zero_point", torch.zeros(len(scale), dtype=torch.int64))
        self.register_buffer("bias", torch.from_numpy(linear.bias))

    def forward(self, x: Tensor) -> Tensor:
        ops = torch.ops.quantized_decomposed
        if self.smoothed:
            x = x * self.input_multiplier  # type: ignore[operator]
        parameters = (self.input_scale, self.input_zero_point, 0, 255, torch.uint8)
        x = ops.dequantize_per_tensor(ops.quantize_per_tensor(x, *parameters), *parameters)
        return F.linear(x, self._float_weight(), self.bias)  # type: ignore[arg-type]

    def _float_weight(self) -> Tensor:
        weight: Tensor = self.weight  # type: ignore[assignment]
        if self.form == "folded":
            return weight
        if self.form == "multiply":
            return weight.to(torch.float32) * self.weight_scale  # type: ignore[operator]
        return torch.ops.quantized_decomposed.dequantize_per_channel(  # type: ignore[no-any-return]
            weight, self.weight_scale, self.weight_zero_point, 0, -128, 127, torch.int8
        )


def build_task_model(model: QuantizedModel, *, form: WeightForm = "folded") -> TaskModel:
    """The task model with every quantised linear replaced by its reference; same ``forward`` as the fp32 model."""
    with torch.device("meta"):
        skeleton = build_model(model.config, model.task)
    state: dict[str, Tensor] = {}
    for name, linear in model.linears.items():
        if isinstance(linear, FloatLinear):
            state[f"{name}.weight"], state[f"{name}.bias"] = _tensor(linear.weight), _tensor(linear.bias)
        else:
            parent, _, attribute = name.rpartition(".")
            setattr(skeleton.get_submodule(parent), attribute, ReferenceLinear(linear, form))
    for name, table in model.embeddings.items():
        state[f"{name}.weight"] = _tensor(table.dequantized())
    for name, norm in model.norms.items():
        state[f"{name}.weight"], state[f"{name}.bias"] = _tensor(norm.weight), _tensor(norm.bias)
    skeleton.load_state_dict(state, strict=False, assign=True)
    if isinstance(skeleton, QAModel) and skeleton.scorer is not None:
        skeleton.answer_head = _tensor(model.answer_head())
    return skeleton.eval().requires_grad_(False)


def build_module(model: QuantizedModel, *, elastic: bool, form: WeightForm = "folded", whole_layers: int = 0) -> Graph:
    """The plain or the elastic graph of a quantised model, ready to run eagerly or to be exported."""
    task_model = build_task_model(model, form=form)
    return ElasticGraph(task_model, whole_layers) if elastic else PlainGraph(task_model)


def _tensor(array: FloatArray) -> Tensor:
    return torch.from_numpy(array)
