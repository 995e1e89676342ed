"""A stored OpenVINO IR of a plain graph, without PyTorch: what a bundle falls back to where the engine cannot run."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np

from quantlat.errors import ModelError, RuntimeUnavailableError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.quantization.layout import QUESTION_ANSWERING
from quantlat.runtimes.base import IdArray, Logits, TokenBatch, TokenWindow, check_batch

PLAIN_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def compile_settings(threads: int) -> dict[str, Any]:
    """One stream for latency. fp32 where not INT8, so that no bf16 sneaks in on CPUs that have it. No pinning:
    sessions share the machine with each other, and a pinned thread cannot leave a core that is taken."""
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
    }


class StoredIrSession:
    """The full-length graph of a quantised model, read from ``model.xml``. Calls from several threads take turns.

    Raises:
        RuntimeUnavailableError: OpenVINO is not installed.
        ModelError: it cannot read the file.
    """

    runtime = "openvino"

    def __init__(self, path: Path, config: EncoderConfig, task: str, *, threads: int) -> None:
        if util.find_spec("openvino") is None:
            raise RuntimeUnavailableError("the package openvino is not installed", "pip install openvino")
        import openvino as ov

        self.threads, self.config, self.task = threads, config, task
        try:
            model = ov.Core().compile_model(str(path), "CPU", compile_settings(threads))
        except RuntimeError as error:
            raise ModelError(f"OpenVINO cannot read {path}: {error}") from None
        self._request: Any = model.create_infer_request()
        self._lock = threading.Lock()

    def run_windows(self, windows: Sequence[TokenWindow]) -> list[Logits]:
        """Logits of each window, ``[n, 2]`` or ``[classes]``.

        Windows go one by one: padding a batch to its longest window costs more than it saves on a few cores.
        """
        return [self._run(window) for window in windows]

    def close(self) -> None:
        """Release the graph."""
        with self._lock:
            self._request = None

    def _run(self, window: TokenWindow) -> Logits:
        batch = TokenBatch.from_windows([window])
        check_batch(batch, self.config)
        inputs: tuple[IdArray, ...] = (batch.input_ids, batch.attention_mask, batch.token_type_ids)
        n = inputs[0].shape[1]
        if n == 1:  # the graph was traced for two tokens or more
            inputs = tuple(np.pad(array, ((0, 0), (0, 1))) for array in inputs)
        with self._lock:
            if self._request is None:
                raise RuntimeUnavailableError("this openvino session is closed", "Load the bundle again.")
            self._request.infer(dict(zip(PLAIN_INPUTS, inputs, strict=True)), share_inputs=True)
            logits = np.array(self._request.get_output_tensor(0).data, np.float32)
        return logits[0, :n] if self.task == QUESTION_ANSWERING else logits[0]
