"""Ways to execute a model on this machine, behind one protocol: PyTorch, inductor, OpenVINO, ONNX Runtime, IPEX.

One file for each runtime; a library that is not installed makes its runtime unavailable with the line that installs
it. :mod:`quantlat.runtimes.auto` finds the fastest one by measuring.
"""

from quantlat.runtimes.auto import RuntimeChoice, measure_runtimes, pick_runtime
from quantlat.runtimes.base import (
    Availability,
    Runtime,
    Session,
    TokenBatch,
    all_runtimes,
    availability_for,
    get_runtime,
    runtime_names,
)

__all__ = [
    "Availability",
    "Runtime",
    "RuntimeChoice",
    "Session",
    "TokenBatch",
    "all_runtimes",
    "availability_for",
    "get_runtime",
    "measure_runtimes",
    "pick_runtime",
    "runtime_names",
]
