"""Intel Extension for PyTorch (IPEX) 2.8, in a process and an environment of its own.

IPEX is archived; its last CPU build needs PyTorch 2.8, which cannot live beside the version that quantlat uses. So a
worker process runs in IPEX's environment (``make ipex``), gets the model's numbers once and token batches afterwards
over a pipe (:mod:`quantlat.runtimes.ipex_worker`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from quantlat.errors import RuntimeUnavailableError
from quantlat.models.heads import TaskModel, logits_shape
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.graph import ELASTIC_INPUTS, PLAIN_INPUTS
from quantlat.runtimes.base import Availability, IdArray, Logits, availability_for
from quantlat.runtimes.frames import Array, Frame
from quantlat.runtimes.ipex_process import INSTALL, IpexWorker, find_environment
from quantlat.runtimes.session import Execute, GraphKind, GraphSession, GraphSource, graph_source


class IpexRuntime:
    """INT8 linears of oneDNN and IPEX's fused fp32 operators, in a worker process."""

    name = "ipex"

    def availability(self) -> Availability:
        """Usable where its environment is found and holds IPEX; nothing is imported, its interpreter is asked."""
        found = find_environment()
        if found.reason:
            return Availability(False, found.reason, INSTALL)
        return Availability(True, version=found.version)

    def load(self, model: TaskModel | QuantizedModel, *, threads: int, cache_dir: Path | None = None) -> IpexSession:
        """See :class:`quantlat.runtimes.base.Runtime`."""
        availability_for(self, model.config).require(self.name)
        return IpexSession(model, threads=threads, cache_dir=cache_dir)


class IpexSession(GraphSession):
    """A worker that holds the model; it ends with :meth:`close`, and with this process."""

    def __init__(self, model: TaskModel | QuantizedModel, *, threads: int, cache_dir: Path | None = None) -> None:
        super().__init__(IpexRuntime.name, graph_source(model, "folded"), threads=threads, cache_dir=cache_dir)
        self._worker = IpexWorker(find_environment().python, threads=threads)
        try:
            self.facts = self._worker.ask(_load_frame(model, threads), expected="ready").fields
        except BaseException:
            self._worker.close()
            raise

    @property
    def process_id(self) -> int:
        """The worker's process."""
        return self._worker.process_id

    def compile(self, source: GraphSource, kind: GraphKind) -> Execute:
        """Nothing is compiled: the worker runs any configuration."""
        names = PLAIN_INPUTS if kind is None else ELASTIC_INPUTS

        def execute(inputs: tuple[IdArray, ...]) -> Logits:
            request = Frame("run", {"whole_layers": kind or 0}, dict(zip(names, inputs, strict=True)))
            logits: Array | None = self._worker.ask(request, expected="logits").arrays.get("logits")
            shape = logits_shape(source.config, source.task, *inputs[0].shape)
            if logits is None or logits.shape != shape or logits.dtype != np.float32:
                raise RuntimeUnavailableError(f"the IPEX worker answered without logits {list(shape)}")
            return logits

        return execute

    def close(self) -> None:
        """End the worker."""
        super().close()
        self._worker.close()


def _load_frame(model: TaskModel | QuantizedModel, threads: int) -> Frame:
    """The model's numbers under the names of :meth:`QuantizedModel.tensors`, or an fp32 model's parameters."""
    if isinstance(model, QuantizedModel):
        tensors: dict[str, Array] = dict(model.tensors())
    else:
        tensors = {name: tensor.detach().float().numpy() for name, tensor in model.state_dict().items()}
    return Frame("load", {"config": model.config.to_dict(), "task": model.task, "threads": threads}, tensors)
