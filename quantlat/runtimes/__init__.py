"""Ways to execute a model on this machine, behind one protocol: PyTorch, inductor, OpenVINO, ONNX Runtime, IPEX.

One file for each runtime; a library that is not installed makes its runtime unavailable with the line that installs
it. :mod:`quantlat.runtimes.auto` finds the fastest one by measuring.
"""

import sys

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

# OpenVINO's converter and NNCF send usage statistics where this package is installed with them, from a process forked
# in the middle of a run: with --offline, too, and where the fork meets a lock it stays behind for ever and keeps the
# terminal's pipe open. Without the package they send nothing. It has to be hidden before either is first imported.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

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
