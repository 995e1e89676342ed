"""The OpenVINO fallback of a bundle: the full-length graph as IR with INT8 weights and INT8 embedding tables.

Only the plain graph: an elastic IR would hold every weight a second time, and OpenVINO turns few of the dropped tokens
into saved time. This file needs PyTorch; it runs when a bundle is made, never when one is used.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from quantlat.quantization.artifact import QuantizedEmbedding, QuantizedModel
from quantlat.quantization.reference import build_module


class Int8Embedding(nn.Module):
    """Looks up int8 rows and dequantises only those; an fp32 table would be two thirds of the file."""

    def __init__(self, table: QuantizedEmbedding) -> None:
        super().__init__()
        self.register_buffer("weight", torch.from_numpy(table.weight))
        self.register_buffer("weight_scale", torch.from_numpy(table.weight_scale)[:, None])

    def forward(self, ids: Tensor) -> Tensor:
        rows: Tensor = self.weight[ids]  # type: ignore[index]
        scales: Tensor = self.weight_scale[ids]  # type: ignore[index]
        return rows.to(torch.float32) * scales


def write_fallback(model: QuantizedModel, folder: Path) -> None:
    """Write ``model.xml`` and ``model.bin`` into ``folder``.

    Raises:
        RuntimeUnavailableError: OpenVINO is not installed.
    """
    from quantlat.runtimes.openvino import OpenVinoRuntime, convert_graph, save_graph

    OpenVinoRuntime().availability().require("openvino")
    graph = build_module(model, elastic=False, form="multiply")
    for name, table in model.embeddings.items():
        parent, _, attribute = name.rpartition(".")
        setattr(graph.model.get_submodule(parent), attribute, Int8Embedding(table))
    folder.mkdir(parents=True, exist_ok=True)
    save_graph(convert_graph(graph), folder)
