"""ONNX Runtime: the exported graph with QuantizeLinear and DequantizeLinear around each linear.

ONNX Runtime fuses the pair and the product into one INT8 kernel (``MatMulIntegerToFloat``, u8 by s8).
"""

from __future__ import annotations

from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

from quantlat.models.heads import TaskModel
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.graph import ELASTIC_INPUTS, PLAIN_INPUTS, Graph, export, quiet_exporter
from quantlat.runtimes.base import Availability, IdArray, Logits
from quantlat.runtimes.graph_cache import source_fingerprint
from quantlat.runtimes.session import Execute, GraphKind, GraphSession, GraphSource, graph_source

if TYPE_CHECKING:
    import onnxruntime

_MODEL_FILE = "model.onnx"
_PACKAGES = ("onnxruntime", "onnx", "onnxscript")


class OnnxRuntime:
    """ONNX Runtime's CPU execution provider."""

    name = "onnxruntime"

    def availability(self) -> Availability:
        """Usable when ``onnxruntime`` and the two packages of PyTorch's exporter are installed."""
        missing = [name for name in _PACKAGES if util.find_spec(name) is None]
        if missing:
            install = f"pip install {' '.join(missing)}"
            return Availability(False, f"not installed: {', '.join(missing)}", install)
        return Availability(True, version=metadata.version("onnxruntime"))

    def load(
        self, model: TaskModel | QuantizedModel, *, threads: int, cache_dir: Path | None = None
    ) -> OnnxRuntimeSession:
        """See :class:`quantlat.runtimes.base.Runtime`."""
        self.availability().require(self.name)
        source = graph_source(model, "dequantize", cached=cache_dir is not None)
        return OnnxRuntimeSession(self.name, source, threads=threads, cache_dir=cache_dir)


class OnnxRuntimeSession(GraphSession):
    """One inference session for each graph."""

    def compile(self, source: GraphSource, kind: GraphKind) -> Execute:
        """See :class:`GraphSession`."""
        import onnxruntime as ort

        options = _options(self.threads)
        if source.fingerprint is None:
            model: str | bytes = _to_bytes(source.make(kind))
        else:
            key = (
                source.fingerprint,
                self.runtime,
                str(kind),
                ort.__version__,
                metadata.version("onnxscript"),
                source_fingerprint(__name__),
            )
            entry = self.cache().entry(key, lambda folder: _write(folder / _MODEL_FILE, _to_bytes(source.make(kind))))
            model = str(entry / _MODEL_FILE)
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = [node.name for node in session.get_inputs()]
        order = list(PLAIN_INPUTS if kind is None else ELASTIC_INPUTS)

        def execute(inputs: tuple[IdArray, ...]) -> Logits:
            logits: Logits = session.run(None, {name: inputs[order.index(name)] for name in names})[0]
            return logits

        return execute


def _options(threads: int) -> onnxruntime.SessionOptions:
    """No spinning: idle threads that burn a core would slow down everything measured beside them."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _to_bytes(graph: Graph) -> bytes:
    import torch

    with quiet_exporter():
        program = torch.onnx.export(export(graph), dynamo=True, optimize=True, verbose=False)
        assert program is not None
        return program.model_proto.SerializeToString()  # type: ignore[no-any-return]


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
