"""The two graphs made of one task model, and their export with dynamic batch and sequence length.

*plain*: full length, fused attention, no token-dropping code. *elastic*: ``lengths`` as a run-time tensor, so one
graph runs every retention configuration; its first ``whole_layers`` layers keep every row and have fused attention
too, which makes a graph faster for the configurations it fits. Both take the same arrays and are made from the same
weights.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from quantlat.models.heads import TaskModel

PLAIN_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
ELASTIC_INPUTS = (*PLAIN_INPUTS, "lengths")


class PlainGraph(nn.Module):
    """Full-length execution: ``input_ids, attention_mask, token_type_ids [b, n] -> logits``."""

    inputs = PLAIN_INPUTS

    def __init__(self, model: TaskModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        return self.model(input_ids, attention_mask, token_type_ids)  # type: ignore[no-any-return]


class ElasticGraph(nn.Module):
    """Execution with ``lengths`` int64 ``[layers]``: how many rows leave each layer's attention."""

    inputs = ELASTIC_INPUTS

    def __init__(self, model: TaskModel, whole_layers: int = 0) -> None:
        super().__init__()
        self.model, self.whole_layers = model, whole_layers

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, lengths: Tensor) -> Tensor:
        return self.model(  # type: ignore[no-any-return]
            input_ids, attention_mask, token_type_ids, lengths, whole_layers=self.whole_layers
        )


Graph = PlainGraph | ElasticGraph


def example_inputs(graph: Graph) -> tuple[Tensor, ...]:
    """Inputs to trace with: two sequences of 24 tokens; all sizes are dynamic and none of them coincide."""
    config = graph.model.config
    ids = torch.full((2, min(24, config.max_positions)), config.pad_token_id)
    inputs = (ids, torch.ones_like(ids), torch.zeros_like(ids))
    if isinstance(graph, PlainGraph):
        return inputs
    lengths = [max(2, ids.size(1) - 1 - i) for i in range(config.num_layers)]
    return (*inputs, torch.tensor(lengths))


def dynamic_shapes(graph: Graph) -> tuple[dict[int, object], ...]:
    """Batch and sequence length are dynamic; the number of lengths is the number of layers."""
    free = torch.export.Dim.AUTO
    shapes: tuple[dict[int, object], ...] = ({0: free, 1: free},) * 3
    return shapes if isinstance(graph, PlainGraph) else (*shapes, {})


def export(graph: Graph) -> torch.export.ExportedProgram:
    """The graph as an exported program in inference mode."""
    with torch.no_grad(), quiet_exporter():
        return torch.export.export(
            graph.eval(), example_inputs(graph), dynamic_shapes=dynamic_shapes(graph), strict=True
        )


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Keep the exporters' remarks about their own internals away from the user's terminal."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "torch._export", "torch.fx")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
