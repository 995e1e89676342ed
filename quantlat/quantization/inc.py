"""Post-training static quantisation by Intel Neural Compressor 3.x (PT2E): the only module that imports it.

Smoothing (:mod:`quantlat.quantization.smoothing`), then ``export -> prepare -> (calibration passes) -> convert``; then
the int8 weights, scales and zero points are read out of the converted graph. INC's numbers are the single source of
truth for every runtime.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from types import MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from quantlat.errors import ModelError, RuntimeUnavailableError
from quantlat.models.heads import QAModel, TaskModel
from quantlat.progress import Progress, QuietProgress
from quantlat.quantization.artifact import (
    CalibrationRecord,
    FloatArray,
    FloatLinear,
    LayerNormParameters,
    QuantizedEmbedding,
    QuantizedLinear,
    QuantizedModel,
)
from quantlat.quantization.calibration import CalibrationItem, CalibrationSpec, CalibrationWindow
from quantlat.quantization.graph import ElasticGraph, dynamic_shapes, example_inputs, quiet_exporter
from quantlat.quantization.layout import layout_of
from quantlat.quantization.smoothing import SmoothedLinear, smooth

_PREFIX = "model."  # the task model's place inside ElasticGraph
_DISTRIBUTIONS = ("neural-compressor-pt", "neural-compressor", "neural_compressor")


def calibrate_and_convert(
    model: TaskModel,
    items: Sequence[CalibrationItem[CalibrationWindow]],
    *,
    spec: CalibrationSpec,
    fp32_linears: frozenset[str] = frozenset(),
    progress: Progress | None = None,
) -> QuantizedModel:
    """Quantise an fp32 task model.

    Args:
        model: is not changed.
        items: the forward passes to observe, from :func:`quantlat.quantization.calibration.draw`.
        spec: names the observer; the rest is recorded.
        fp32_linears: full names of linears to leave in fp32.

    Raises:
        ModelError: a name in ``fp32_linears`` is unknown, or INC's graph is not what this module can read.
        RuntimeUnavailableError: INC is not installed.
    """
    known = layout_of(model.config, model.task).linears
    unknown = sorted(fp32_linears - set(known))
    if unknown:
        raise ModelError(f"fp32_linears: the model has no linear {unknown[0]!r}", f"Its linears: {', '.join(known)}")
    model = copy.deepcopy(model).eval().requires_grad_(False)
    embeddings = _round_embeddings(model)
    if isinstance(model, QAModel):
        model.answer_head = model.qa_outputs.weight.detach().clone()  # a constant of its own, which nothing quantises
    if spec.smoothing > 0:
        smooth(model, items, alpha=spec.smoothing, skipped=fp32_linears)
    converted = convert(model, items, observer=spec.observer, fp32_linears=fp32_linears, progress=progress)
    return QuantizedModel(
        config=model.config,
        task=model.task,
        linears=read_linears(converted, model),
        embeddings=embeddings,
        norms=_read_norms(model),
        calibration=CalibrationRecord(
            name=spec.name,
            windows=len({id(item.window) for item in items}),
            passes=len(items),
            tokens=sum(len(item.window.input_ids) for item in items),
            seed=spec.seed,
            retention=spec.retention,
            observer=spec.observer,
            smoothing=spec.smoothing,
            tool=f"Intel Neural Compressor {_version()}",
        ),
    )


def convert(
    model: TaskModel,
    items: Sequence[CalibrationItem[CalibrationWindow]],
    *,
    observer: str = "minmax",
    fp32_linears: frozenset[str] = frozenset(),
    progress: Progress | None = None,
) -> fx.GraphModule:
    """INC's converted graph (inputs as :class:`ElasticGraph`) with quantise/dequantise pairs around each linear."""
    with _quiet_inc():
        from neural_compressor.torch.export import export
        from neural_compressor.torch.quantization import INT8StaticQuantConfig, prepare
        from neural_compressor.torch.quantization import convert as inc_convert

        graph = ElasticGraph(model)
        settings = INT8StaticQuantConfig(act_algo="kl" if observer == "kl" else "minmax")
        for name in sorted(fp32_linears):
            settings.set_local(_PREFIX + name, INT8StaticQuantConfig(w_dtype="fp32", act_dtype="fp32"))
        exported = export(graph, example_inputs(graph), dynamic_shapes=dynamic_shapes(graph))
        prepared = prepare(exported, settings)
        if observer == "minmax":
            _keep_extremes(prepared)
        _observe(prepared, items, model.config.num_layers, progress or QuietProgress())
        return inc_convert(prepared)  # type: ignore[no-any-return]


def _keep_extremes(prepared: nn.Module) -> None:
    """Let ranges reach from the smallest to the largest value of all passes.

    What INC calls minmax is a moving average with a constant of 0.01: an outlier that one pass in ten has widens the
    range by a tenth of what it would need, and is clipped. LayerNorm forgives that; NoNorm does not (MobileBERT).
    """
    from torchao.quantization.pt2e.observer import MinMaxObserver, MovingAverageMinMaxObserver

    for module in prepared.modules():
        if isinstance(module, MovingAverageMinMaxObserver):
            module.forward = MethodType(MinMaxObserver.forward, module)


def _observe(
    prepared: nn.Module,
    items: Sequence[CalibrationItem[CalibrationWindow]],
    layers: int,
    progress: Progress,
) -> None:
    with progress.task("calibration", total=len(items), unit="pass") as task, torch.no_grad():
        for item in items:
            ids = torch.from_numpy(np.asarray(item.window.input_ids, np.int64))[None]
            types = torch.from_numpy(np.asarray(item.window.token_type_ids, np.int64))[None]
            lengths = item.lengths or (ids.size(1),) * layers
            prepared(ids, torch.ones_like(ids), types, torch.tensor(lengths))
            task.advance(1, tokens=ids.size(1))


def read_linears(converted: fx.GraphModule, model: TaskModel) -> dict[str, QuantizedLinear | FloatLinear]:
    """Weights, scales and zero points of every linear, from INC's converted graph.

    Raises:
        ModelError: a linear is missing, or the graph holds quantisation that belongs to no linear.
    """
    linears: dict[str, QuantizedLinear | FloatLinear] = {}
    pairs = 0
    for node in converted.graph.nodes:
        if node.target is not torch.ops.aten.linear.default:
            pairs += node.target is torch.ops.quantized_decomposed.dequantize_per_tensor.default
            continue
        name = _module_name(node)
        module = model.get_submodule(name)
        multiplier = _array(module.multiplier) if isinstance(module, SmoothedLinear) else None
        linears[name] = _read_linear(converted, node, _array(module.weight), _array(module.bias), multiplier)
    missing = sorted(set(layout_of(model.config, model.task).linears) - set(linears))
    int8 = sum(isinstance(linear, QuantizedLinear) for linear in linears.values())
    if missing or int8 != pairs:
        raise ModelError(
            f"the graph converted by Intel Neural Compressor {_version()} cannot be read: "
            + (f"no linear {missing[0]!r}" if missing else f"{int8} INT8 linears but {pairs} dequantised activations"),
            "Use the version of neural-compressor-pt that this quantlat was tested with.",
        )
    return linears


def _module_name(node: fx.Node) -> str:
    stack: dict[str, tuple[str, Any]] = node.meta["nn_module_stack"]
    return list(stack.values())[-1][0].removeprefix(_PREFIX)


def _read_linear(
    graph: fx.GraphModule, node: fx.Node, weight: FloatArray, bias: FloatArray, multiplier: FloatArray | None
) -> QuantizedLinear | FloatLinear:
    ops = torch.ops.quantized_decomposed
    activation, stored = node.args[0], node.args[1]
    assert isinstance(activation, fx.Node) and isinstance(stored, fx.Node)
    if activation.target is not ops.dequantize_per_tensor.default:
        return FloatLinear(weight if multiplier is None else weight * multiplier, bias)
    scale, zero_point, low, high, dtype = activation.args[1:]
    assert isinstance(scale, float) and isinstance(zero_point, int)
    if (low, high, dtype) != (0, 255, torch.uint8) or stored.target is not ops.dequantize_per_channel.default:
        raise ModelError(f"{_module_name(node)}: expected u8 activations and s8 weights per channel, got {stored}")
    _, weight_scale, _, axis, *limits = stored.args
    if axis != 0 or limits != [-128, 127, torch.int8]:
        raise ModelError(f"{_module_name(node)}: expected s8 weights per output channel, got {limits}, axis {axis}")
    scales = _constant(graph, weight_scale)
    zeros = torch.zeros(len(scales), dtype=torch.int64)
    int8 = ops.quantize_per_channel(torch.from_numpy(weight), scales, zeros, 0, -128, 127, torch.int8)
    return QuantizedLinear(
        weight=int8.numpy(),
        weight_scale=_array(scales),
        bias=bias,
        input_scale=float(np.float32(scale)),
        input_zero_point=zero_point,
        input_multiplier=multiplier,
    )


def _constant(graph: fx.GraphModule, node: object) -> Tensor:
    assert isinstance(node, fx.Node) and node.op == "get_attr"
    value: object = graph
    for part in str(node.target).split("."):
        value = getattr(value, part)
    assert isinstance(value, Tensor)
    return value


def _round_embeddings(model: TaskModel) -> dict[str, QuantizedEmbedding]:
    """Quantise the tables and write the rounded values back, so that calibration sees what will run."""
    tables: dict[str, QuantizedEmbedding] = {}
    for name in layout_of(model.config, model.task).embeddings:
        module = model.get_submodule(name)
        tables[name] = QuantizedEmbedding.from_float(_array(module.weight))
        module.weight.data = torch.from_numpy(tables[name].dequantized())
    return tables


def _read_norms(model: TaskModel) -> dict[str, LayerNormParameters]:
    norms = {}
    for name in layout_of(model.config, model.task).norms:
        module = model.get_submodule(name)
        norms[name] = LayerNormParameters(_array(module.weight), _array(module.bias))
    return norms


def _array(tensor: object) -> FloatArray:
    assert isinstance(tensor, Tensor)
    return tensor.detach().to(torch.float32).cpu().contiguous().numpy().copy()


def _version() -> str:
    for name in _DISTRIBUTIONS:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "(unknown version)"


@contextmanager
def _quiet_inc() -> Iterator[None]:
    """Import INC with a clear error when it is absent, and without its log of every internal step."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        _require_inc()
        with quiet_exporter():
            yield
    finally:
        logging.disable(before)


def _require_inc() -> None:
    try:
        import neural_compressor.torch.quantization  # noqa: F401
    except ImportError as error:
        raise RuntimeUnavailableError(
            f"quantisation needs Intel Neural Compressor for PyTorch, which cannot be imported: {error}",
            "Install it: pip install 'neural-compressor[pt]' torchao",
        ) from None
