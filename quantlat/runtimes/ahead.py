"""Compile a quantised model for one runtime in a process of its own, while this process compiles it for another.

Exporting and converting a graph keeps one Python thread busy, so that two runtimes take no longer than the slower of
them. What the other process makes goes into the graph cache, where the session that needs it finds it; should that
process fail, the session makes it itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import quantlat
from quantlat.runtimes.base import TokenBatch, get_runtime
from quantlat.runtimes.graph_cache import GraphCache, default_folder

if TYPE_CHECKING:
    from quantlat.quantization.artifact import QuantizedModel

_CHILD = f"from {__name__} import main; main()"


@contextmanager
def compiling_ahead(
    model: QuantizedModel, runtimes: Sequence[str], cache_dir: Path | None = None
) -> Iterator[Callable[[str], None]]:
    """Begin to compile the plain graph for each of the runtimes; gives what waits until one of them is done.

    Nothing is begun where this process may use one core alone, or where the cache cannot be shared.
    """
    folder = cache_dir or default_folder()
    if not runtimes or _usable_cores() < 2 or GraphCache(folder).folder != folder:
        yield lambda runtime: None
        return
    with TemporaryDirectory() as saved:
        model.save(Path(saved))
        running = {runtime: _start(runtime, saved, folder) for runtime in runtimes}

        def wait(runtime: str) -> None:
            if runtime in running:
                running[runtime].wait()

        try:
            yield wait
        finally:
            for process in running.values():
                process.kill()
                process.wait()


def _start(runtime: str, model: str, cache_dir: Path) -> subprocess.Popen[bytes]:
    root = str(Path(quantlat.__file__).resolve().parents[1])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _CHILD, runtime, model, str(cache_dir)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """The other process: load the model, run it once, leave the graph in the cache."""
    import numpy as np

    from quantlat.quantization.artifact import QuantizedModel

    runtime, model, cache_dir = sys.argv[1:]
    session = get_runtime(runtime).load(QuantizedModel.load(Path(model)), threads=1, cache_dir=Path(cache_dir))
    ids = np.zeros((1, 8), np.int64)
    session.run(TokenBatch(ids, np.ones_like(ids), ids))
    session.close()
