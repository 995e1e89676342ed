"""OpenVINO: the exported graph converted to OpenVINO IR with INT8 weights, compiled for the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from quantlat.models.heads import TaskModel
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.graph import ELASTIC_INPUTS, PLAIN_INPUTS, Graph, export, quiet_exporter
from quantlat.runtimes.base import Availability, IdArray, Logits
from quantlat.runtimes.graph_cache import source_fingerprint
from quantlat.runtimes.openvino_ir import compile_settings
from quantlat.runtimes.session import Execute, GraphKind, GraphSession, GraphSource, graph_source

if TYPE_CHECKING:
    import openvino

_MODEL_FILE = "model.xml"


class OpenVinoRuntime:
    """OpenVINO's CPU plugin, tuned for latency."""

    name = "openvino"

    def availability(self) -> Availability:
        """Usable when the package is installed."""
        if util.find_spec("openvino") is None:
            return Availability(False, "the package openvino is not installed", "pip install openvino")
        return Availability(True, version=metadata.version("openvino"))

    def load(
        self, model: TaskModel | QuantizedModel, *, threads: int, cache_dir: Path | None = None
    ) -> OpenVinoSession:
        """See :class:`quantlat.runtimes.base.Runtime`."""
        self.availability().require(self.name)
        source = graph_source(model, "multiply", cached=cache_dir is not None)
        return OpenVinoSession(self.name, source, threads=threads, cache_dir=cache_dir)


@dataclass(frozen=True)
class ExecutedProduct:
    """A matrix product as OpenVINO really runs it.

    Attributes:
        name: name of the node in OpenVINO's graph.
        kind: ``FullyConnected`` (weights) or ``MatMul`` (two activations).
        precision: type of its first input, such as ``u8``, ``i8`` or ``f32``.
        implementation: OpenVINO's kernel, such as ``brgemm_avx512_I8``.
    """

    name: str
    kind: str
    precision: str
    implementation: str

    @property
    def is_int8(self) -> bool:
        """Whether 8-bit integers are multiplied."""
        return self.precision in ("u8", "i8")


class OpenVinoSession(GraphSession):
    """Compiled models and one infer request for each graph."""

    def compile(self, source: GraphSource, kind: GraphKind) -> Execute:
        """See :class:`GraphSession`."""
        request = self._compiled_model(source, kind).create_infer_request()
        names = [port.any_name for port in request.model_inputs]
        order = list(PLAIN_INPUTS if kind is None else ELASTIC_INPUTS)

        def execute(inputs: tuple[IdArray, ...]) -> Logits:
            request.infer({name: inputs[order.index(name)] for name in names}, share_inputs=True)
            return np.array(request.get_output_tensor(0).data)

        return execute

    def executed_products(self, kind: GraphKind = None) -> tuple[ExecutedProduct, ...]:
        """Every matrix product of a graph and the precision it runs in."""
        assert self._source is not None
        nodes = self._compiled_model(self._source, kind).get_runtime_model().get_ordered_ops()
        products = []
        for node in nodes:
            info = {key: str(node.get_rt_info()[key].astype(str)) for key in ("layerType", "runtimePrecision")}
            if info["layerType"] in ("FullyConnected", "MatMul"):
                kernel = str(node.get_rt_info()["primitiveType"].astype(str))
                name = node.get_friendly_name()
                products.append(ExecutedProduct(name, info["layerType"], info["runtimePrecision"], kernel))
        return tuple(products)

    def converted(self, kind: GraphKind = None) -> openvino.Model:
        """A graph as OpenVINO IR, from the cache where it is there."""
        assert self._source is not None
        return self._converted(self._source, kind)

    def _converted(self, source: GraphSource, kind: GraphKind) -> Any:
        import openvino as ov

        if source.fingerprint is None:
            return convert_graph(source.make(kind))
        key = (
            source.fingerprint,
            self.runtime,
            str(kind),
            ov.get_version(),
            source_fingerprint(__name__),
        )
        entry = self.cache().entry(key, lambda folder: save_graph(convert_graph(source.make(kind)), folder))
        return ov.Core().read_model(entry / _MODEL_FILE)

    def _compiled_model(self, source: GraphSource, kind: GraphKind) -> openvino.CompiledModel:
        import openvino as ov

        return ov.Core().compile_model(self._converted(source, kind), "CPU", compile_settings(self.threads))


def convert_graph(graph: Graph) -> openvino.Model:
    """The graph as OpenVINO IR."""
    import openvino as ov

    with quiet_exporter():
        return ov.convert_model(export(graph))


def save_graph(model: openvino.Model, folder: Path) -> None:
    """Write ``model.xml`` and ``model.bin`` into ``folder``, numbers as they are."""
    import openvino as ov

    ov.save_model(model, folder / _MODEL_FILE, compress_to_fp16=False)
