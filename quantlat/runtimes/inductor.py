"""PyTorch inductor, ahead of time: the exported graph compiled to native code with oneDNN INT8 linears.

With constants frozen, inductor recognises quantise, dequantise and linear and replaces them by oneDNN's INT8
product with packed weights. Compiling takes half a minute; the package is kept in the graph cache and loads in
milliseconds afterwards. Batch and sequence length are dynamic, so no length recompiles anything.
"""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

import torch

from quantlat.errors import RuntimeUnavailableError
from quantlat.models.heads import TaskModel
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.graph import Graph, example_inputs, export, quiet_exporter
from quantlat.runtimes.base import Availability, Config, IdArray, Logits
from quantlat.runtimes.graph_cache import source_fingerprint
from quantlat.runtimes.pytorch import torch_threads
from quantlat.runtimes.session import Execute, GraphKind, GraphSession, GraphSource, graph_source

_PACKAGE_FILE = "model.pt2"
# Rounding of one activation the other way moves logits a little; a miscompiled kernel moves them by their own size.
_LARGEST_RELATIVE_ERROR = 0.5


class InductorRuntime:
    """``torch.compile``'s backend, compiled ahead of time."""

    name = "inductor"

    def availability(self) -> Availability:
        """Usable when there is a C++ compiler."""
        if compiler() is None:
            return Availability(
                False,
                "inductor needs a C++ compiler (g++ or clang++), none was found on the PATH",
                "Install one (Debian, Ubuntu: apt-get install g++) or name it in the environment variable CXX.",
                torch.__version__,
            )
        return Availability(True, version=torch.__version__)

    def load(
        self, model: TaskModel | QuantizedModel, *, threads: int, cache_dir: Path | None = None
    ) -> InductorSession:
        """See :class:`quantlat.runtimes.base.Runtime`."""
        self.availability().require(self.name)
        source = graph_source(model, "dequantize", cached=True)
        return InductorSession(self.name, source, threads=threads, cache_dir=cache_dir)


class InductorSession(GraphSession):
    """Packages compiled for a fixed number of threads."""

    def graph_kind(self, config: Config, layers: int) -> GraphKind:
        """One elastic graph for all configurations: compiling takes half a minute."""
        return None if super().graph_kind(config, layers) is None else 0

    def compile(self, source: GraphSource, kind: GraphKind) -> Execute:
        """See :class:`GraphSession`."""
        assert source.fingerprint is not None
        key = (
            source.fingerprint,
            self.runtime,
            str(kind),
            str(self.threads),
            torch.__version__,
            torch.backends.cpu.get_cpu_capability(),
            _cpu_model(),
            compiler() or "",
            source_fingerprint(__name__),
        )
        with torch_threads(self.threads):
            entry = self.cache().entry(key, lambda folder: _compile(source.make(kind), folder / _PACKAGE_FILE))
            package = torch._inductor.aoti_load_package(str(entry / _PACKAGE_FILE))

        def execute(inputs: tuple[IdArray, ...]) -> Logits:
            with torch_threads(self.threads), torch.inference_mode():
                logits: Logits = package(*(torch.from_numpy(array) for array in inputs)).numpy()
            return logits

        return execute


def compiler() -> str | None:
    """Path of the C++ compiler that inductor will use, if there is one."""
    candidates = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++"]
    return next((path for name in candidates if (path := shutil.which(name))), None)


def _compile(graph: Graph, package: Path) -> None:
    """Compile, and compare with eager before anyone trusts the result.

    Raises:
        RuntimeUnavailableError: the compiled graph computes something else.
    """
    settings = {"freezing": True}
    with quiet_exporter(), torch.no_grad():
        program = export(graph)
        torch._inductor.aoti_compile_and_package(program, package_path=str(package), inductor_configs=settings)
        inputs = example_inputs(graph)
        expected = graph(*inputs)
        actual = torch._inductor.aoti_load_package(str(package))(*inputs)
    error = float((actual - expected).abs().max() / expected.abs().max().clamp(min=1e-6))
    if not error <= _LARGEST_RELATIVE_ERROR:
        raise RuntimeUnavailableError(
            f"inductor compiled a graph whose logits differ from eager execution by {error:.0%} of their size",
            "Use another runtime, or another version of PyTorch or of the C++ compiler.",
        )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith("model name")), platform.machine())
