"""Baseline (d): what one would use instead of quantlat, OpenVINO's own INT8 quantisation by NNCF.

The fp32 student is converted to OpenVINO and quantised with NNCF's defaults for transformers on the windows that
quantlat calibrates on. It runs at full length: OpenVINO offers nothing that drops tokens.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path
from typing import Any, Self

import numpy as np

from quantlat.errors import RuntimeUnavailableError
from quantlat.models.heads import TaskModel
from quantlat.quantization.graph import PLAIN_INPUTS
from quantlat.runtimes.base import Availability, Config, Logits, TokenBatch, TokenWindow

NAME = "openvino-nncf"


def availability() -> Availability:
    """Usable when ``nncf`` and ``openvino`` are installed."""
    missing = [name for name in ("nncf", "openvino") if util.find_spec(name) is None]
    if missing:
        return Availability(False, f"not installed: {', '.join(missing)}", "pip install 'quantlat[nncf]'")
    return Availability(True, version=metadata.version("nncf"))


class NncfSession:
    """A student quantised by NNCF, compiled by OpenVINO with the settings that quantlat's own sessions use."""

    runtime = NAME

    def __init__(
        self, model: TaskModel, windows: Sequence[TokenWindow], *, threads: int, cache_dir: Path | None = None
    ) -> None:
        """Convert and quantise; ``cache_dir`` keeps the fp32 graph for sessions that load the same model from there."""
        availability().require(NAME)
        from quantlat.runtimes.openvino import OpenVinoRuntime

        floating = OpenVinoRuntime().load(model, threads=threads, cache_dir=cache_dir)
        self._compile(_quantize(floating.converted(), windows), threads)
        floating.close()

    @classmethod
    def from_file(cls, file: Path, *, threads: int) -> Self:
        """A model that :meth:`save` wrote, for the process that measures it."""
        import openvino as ov

        session = cls.__new__(cls)
        session._compile(ov.Core().read_model(file), threads)
        return session

    def save(self, file: Path) -> Path:
        """Write the quantised model as OpenVINO IR (``.xml``, its weights beside it); returns the file."""
        import openvino as ov

        ov.save_model(self._model, file, compress_to_fp16=False)
        return file

    def _compile(self, model: Any, threads: int) -> None:
        import openvino as ov

        from quantlat.runtimes.openvino_ir import compile_settings

        self.threads, self._model = threads, model
        self._request: Any = ov.Core().compile_model(model, "CPU", compile_settings(threads)).create_infer_request()

    def run(self, batch: TokenBatch, config: Config = None) -> Logits:
        """Full-length logits.

        Raises:
            RuntimeUnavailableError: a configuration was given; the baseline cannot drop tokens.
        """
        if config is not None:
            raise RuntimeUnavailableError("the NNCF baseline runs at full length only")
        self._request.infer(_named(batch))
        return np.array(self._request.get_output_tensor(0).data)

    def close(self) -> None:
        """Release the compiled model."""
        self._request, self._model = None, None


def _quantize(model: Any, windows: Sequence[TokenWindow]) -> Any:
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    inputs = [_named(TokenBatch.from_windows([window])) for window in windows]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return nncf.quantize(
            model, nncf.Dataset(inputs), model_type=nncf.ModelType.TRANSFORMER, subset_size=max(1, len(inputs))
        )


def _named(batch: TokenBatch) -> dict[str, Any]:
    return dict(zip(PLAIN_INPUTS, (batch.input_ids, batch.attention_mask, batch.token_type_ids), strict=True))
