"""Which matrix products run in INT8: by the artefact, and by what OpenVINO really executed.

A model can be "INT8" in name and spend its time in fp32; users of every toolkit ask which part really runs in INT8.
The two products inside attention (scores and context) multiply activations and stay in fp32, so their share of the
work, which grows with the sequence length, bounds what INT8 can save.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantlat.quantization.artifact import QuantizedModel

if TYPE_CHECKING:
    from quantlat.runtimes.openvino import ExecutedProduct


@dataclass(frozen=True)
class Coverage:
    """INT8 coverage of a model.

    Attributes:
        linears: number of linears.
        int8_linears: how many of them run in INT8.
        fp32_names: the linears left in fp32.
        int8_linear_macs: share of the linears' multiply-accumulates that are INT8, in [0, 1].
        int8_macs: share of all multiply-accumulates, attention's products included, at ``tokens`` tokens.
        tokens: sequence length that the shares hold for.
        embedding_tables_int8: whether the embedding tables are stored in INT8.
        size_mib: stored parameters; ``float_size_mib``: the same in fp32.
    """

    linears: int
    int8_linears: int
    fp32_names: tuple[str, ...]
    int8_linear_macs: float
    int8_macs: float
    tokens: int
    embedding_tables_int8: bool
    size_mib: float
    float_size_mib: float


@dataclass(frozen=True)
class ExecutedCoverage:
    """What a runtime executed: products with weights, and products of two activations.

    Attributes:
        linears: products with weights in the executed graph (a runtime may merge some).
        int8_linears: those multiplied as 8-bit integers.
        activation_products: scores and contexts of attention that appear as products of their own; fused attention
            shows none.
        kernels: implementation names and how often each was used, most frequent first.
    """

    linears: int
    int8_linears: int
    activation_products: int
    kernels: tuple[tuple[str, int], ...]


def artifact_coverage(model: QuantizedModel, *, tokens: int = 128) -> Coverage:
    """Coverage that the artefact declares, for sequences of ``tokens`` tokens at full length."""
    config, layout = model.config, model.layout
    int8 = set(model.int8_linears)
    per_row = {name: outputs * inputs for name, (outputs, inputs) in layout.linears.items()}
    rows = {name: 1 if name in ("pooler", "classifier") else tokens for name in per_row}
    linear_macs = sum(per_row[name] * rows[name] for name in per_row)
    int8_macs = sum(per_row[name] * rows[name] for name in int8)
    attention = 2 * tokens * tokens * config.head_size * sum(config.heads)
    return Coverage(
        linears=len(layout.linears),
        int8_linears=len(int8),
        fp32_names=model.fp32_linears,
        int8_linear_macs=int8_macs / linear_macs,
        int8_macs=int8_macs / (linear_macs + attention),
        tokens=tokens,
        embedding_tables_int8=True,
        size_mib=model.size_mib,
        float_size_mib=model.float_size_mib,
    )


def executed_coverage(products: Sequence[ExecutedProduct]) -> ExecutedCoverage:
    """Coverage of the products of :meth:`quantlat.runtimes.openvino.OpenVinoSession.executed_products`."""
    linears = [product for product in products if product.kind == "FullyConnected"]
    counts: dict[str, int] = {}
    for product in products:
        counts[product.implementation] = counts.get(product.implementation, 0) + 1
    return ExecutedCoverage(
        linears=len(linears),
        int8_linears=sum(product.is_int8 for product in linears),
        activation_products=len(products) - len(linears),
        kernels=tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
    )
