"""PyTorch eager: the fp32 reference, and the reference execution of a quantised model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from quantlat.models.heads import TaskModel
from quantlat.quantization.artifact import QuantizedModel
from quantlat.runtimes.base import Availability, IdArray, Logits
from quantlat.runtimes.session import Execute, GraphKind, GraphSession, GraphSource, graph_source


class PyTorchRuntime:
    """Eager execution. Of a quantised model it runs the definition of its numbers, not fast INT8 kernels."""

    name = "pytorch"

    def availability(self) -> Availability:
        """Always usable: quantlat itself needs PyTorch."""
        return Availability(True, version=torch.__version__)

    def load(self, model: TaskModel | QuantizedModel, *, threads: int, cache_dir: Path | None = None) -> PyTorchSession:
        """See :class:`quantlat.runtimes.base.Runtime`."""
        return PyTorchSession(self.name, graph_source(model, "folded"), threads=threads, cache_dir=cache_dir)


class PyTorchSession(GraphSession):
    """Nothing is compiled."""

    def compile(self, source: GraphSource, kind: GraphKind) -> Execute:
        """See :class:`GraphSession`."""
        graph = source.make(kind)

        def execute(inputs: tuple[IdArray, ...]) -> Logits:
            with torch_threads(self.threads), torch.inference_mode():
                logits: Logits = graph(*(torch.from_numpy(array) for array in inputs)).numpy()
            return logits

        return execute


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Run a block with ``threads`` PyTorch threads; the setting is the process's, so it is put back."""
    before = torch.get_num_threads()
    if before == threads:
        yield
        return
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
