"""What every runtime takes and gives: token batches in, logits out, behind one protocol.

A runtime executes a model; a session is one loaded model with a fixed number of threads. ``config=None`` runs the
*plain* graph at full length, without any token-dropping code in it; a configuration with retention ratios runs the
*elastic* graph. Both are made of the same artefact and compiled when they are first used.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from quantlat.errors import DataError, RecipeError, RuntimeUnavailableError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.retention import ElasticConfig, RetentionConfig, batch_lengths

if TYPE_CHECKING:
    from quantlat.models.heads import TaskModel
    from quantlat.quantization.artifact import QuantizedModel

IdArray = npt.NDArray[np.int64]
Logits = npt.NDArray[np.float32]
Config = ElasticConfig | RetentionConfig | None


class TokenWindow(Protocol):
    """A tokenised input without padding."""

    @property
    def input_ids(self) -> IdArray: ...

    @property
    def token_type_ids(self) -> IdArray: ...


@dataclass(frozen=True, eq=False)
class TokenBatch:
    """Input of a run: three int64 arrays ``[b, n]``, padding on the right.

    ``attention_mask`` is 1 for real tokens and 0 for padding.
    """

    input_ids: IdArray
    attention_mask: IdArray
    token_type_ids: IdArray

    @classmethod
    def from_windows(cls, windows: Sequence[TokenWindow], *, pad_token_id: int = 0) -> TokenBatch:
        """Pad windows to the longest of them; one window is not padded at all."""
        if not windows:
            raise DataError("a batch needs at least one window, got none")
        shape = (len(windows), max(len(window.input_ids) for window in windows))
        ids = np.full(shape, pad_token_id, np.int64)
        mask, types = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, window in enumerate(windows):
            n = len(window.input_ids)
            ids[row, :n], mask[row, :n], types[row, :n] = window.input_ids, 1, window.token_type_ids
        return cls(ids, mask, types)

    @property
    def real_tokens(self) -> IdArray:
        """Tokens of each sequence without padding, ``[b]``."""
        return self.attention_mask.sum(axis=1)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Availability:
    """Whether a runtime can run on this machine.

    Attributes:
        reason: why it cannot; empty when it can.
        install: the command that makes it usable; empty when nothing is missing or nothing helps.
        version: version of the library behind it, if installed.
    """

    usable: bool
    reason: str = ""
    install: str = ""
    version: str = ""

    def require(self, runtime: str) -> None:
        """Raise :class:`RuntimeUnavailableError` unless usable."""
        if not self.usable:
            raise RuntimeUnavailableError(
                f"runtime {runtime!r} cannot be used here: {self.reason}", self.install or None
            )


class Session(Protocol):
    """A loaded model. ``run`` may be called from several threads; calls are executed one after the other."""

    @property
    def runtime(self) -> str: ...

    @property
    def threads(self) -> int: ...

    def run(self, batch: TokenBatch, config: Config = None) -> Logits:
        """Logits in fp32: ``[b, n, 2]`` (start, end) for question answering, ``[b, classes]`` for classification.

        Raises:
            DataError: the batch does not fit the model (ids out of range, too long, no real token, ...).
            RecipeError: the configuration has another number of layers than the model.
        """
        ...

    def close(self) -> None:
        """Release the compiled graphs; the session cannot run afterwards."""
        ...


class Runtime(Protocol):
    """A way to execute a model."""

    @property
    def name(self) -> str: ...

    def availability(self) -> Availability:
        """Whether it can run here; imports nothing heavy."""
        ...

    def load(self, model: TaskModel | QuantizedModel, *, threads: int, cache_dir: Path | None = None) -> Session:
        """A session for a fp32 task model or a quantised model.

        Args:
            threads: threads that one run may use.
            cache_dir: where compiled graphs are kept, those of a fp32 model as well; ``None`` is the user's cache
                folder, which has those of quantised models alone.

        Raises:
            RuntimeUnavailableError: it cannot run here, or not this kind of model.
        """
        ...


_RUNTIMES = {
    "pytorch": ("quantlat.runtimes.pytorch", "PyTorchRuntime"),
    "native": ("quantlat.runtimes.native", "NativeRuntime"),
    "inductor": ("quantlat.runtimes.inductor", "InductorRuntime"),
    "openvino": ("quantlat.runtimes.openvino", "OpenVinoRuntime"),
    "onnxruntime": ("quantlat.runtimes.onnxruntime", "OnnxRuntime"),
    "ipex": ("quantlat.runtimes.ipex", "IpexRuntime"),
}


def runtime_names() -> tuple[str, ...]:
    """Names of all runtimes, usable here or not."""
    return tuple(_RUNTIMES)


def get_runtime(name: str) -> Runtime:
    """The runtime called ``name``.

    Raises:
        RuntimeUnavailableError: there is no such runtime.
    """
    if name not in _RUNTIMES:
        raise RuntimeUnavailableError(f"unknown runtime {name!r}", f"Known runtimes: {', '.join(_RUNTIMES)}.")
    module, attribute = _RUNTIMES[name]
    runtime: Runtime = getattr(importlib.import_module(module), attribute)()
    return runtime


def all_runtimes() -> tuple[Runtime, ...]:
    """Every runtime, usable here or not."""
    return tuple(get_runtime(name) for name in _RUNTIMES)


_PLAIN_LAYERS_ONLY = ("native", "ipex")  # what they execute is written out for BERT's layer


def knows_layers(runtime: str, model: EncoderConfig) -> bool:
    """Whether a runtime can execute the layers of a model, here or elsewhere."""
    return model.bottleneck is None or runtime not in _PLAIN_LAYERS_ONLY


def availability_for(runtime: Runtime, model: EncoderConfig) -> Availability:
    """Whether a runtime can run this model here: :meth:`Runtime.availability`, and :func:`knows_layers`."""
    if not knows_layers(runtime.name, model):
        others = [name for name in _RUNTIMES if name not in _PLAIN_LAYERS_ONLY]
        return Availability(
            False,
            f"it does not run {model.family} models (bottleneck blocks)",
            f"Use a runtime that does: {', '.join(others)}.",
        )
    return runtime.availability()


def check_batch(batch: TokenBatch, model: EncoderConfig) -> None:
    """Reject what a runtime could only answer with nonsense or a crash.

    Raises:
        DataError: saying what was expected and what came.
    """
    ids, mask, types = batch.input_ids, batch.attention_mask, batch.token_type_ids
    if ids.ndim != 2 or 0 in ids.shape or mask.shape != ids.shape or types.shape != ids.shape:
        raise DataError(
            "a batch is three arrays of one shape [b, n] with b, n >= 1, got "
            f"input_ids {ids.shape}, attention_mask {mask.shape}, token_type_ids {types.shape}"
        )
    if any(array.dtype != np.int64 for array in (ids, mask, types)):
        raise DataError(f"a batch is int64, got {ids.dtype}, {mask.dtype} and {types.dtype}")
    if ids.shape[1] > model.max_positions:
        raise DataError(
            f"a sequence has {ids.shape[1]} tokens, the model has positions for {model.max_positions}",
            "Cut the text into windows (max_tokens).",
        )
    _check_range("input_ids", ids, model.vocab_size)
    _check_range("token_type_ids", types, max(model.type_vocab_size, 2))
    _check_range("attention_mask", mask, 2)
    if not mask[:, 0].all() or (np.diff(mask, axis=1) > 0).any():
        raise DataError("attention_mask must be ones for the tokens, at least one, followed by zeros for padding")


def _check_range(name: str, array: IdArray, size: int) -> None:
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= size:
        raise DataError(
            f"{name} must be in [0, {size - 1}], got {low if low < 0 else high}",
            "The text was tokenised with another model's tokenizer." if name == "input_ids" else None,
        )


def require_whole_network(config: Config) -> None:
    """Raise :class:`RecipeError` where a configuration asks one session, which is one dense network, for another."""
    if isinstance(config, ElasticConfig) and not config.is_whole_network:
        raise RecipeError(
            "a session runs one dense network, and this configuration asks for another (width, layers or precision)",
            "Load model.subnetwork(config), or use quantlat.runtimes.subnetworks.SubnetworkSession.",
        )


def requested_lengths(batch: TokenBatch, config: Config, layers: int) -> tuple[int, ...] | None:
    """Rows per layer for the elastic graph, or ``None`` for the plain one.

    For a batch of several lengths each layer keeps the largest number that any of its sequences asks for.

    Raises:
        RecipeError: the configuration asks for a sub-network, or has another number of layers.
    """
    elastic = ElasticConfig(config) if isinstance(config, RetentionConfig) else config
    require_whole_network(elastic)
    if elastic is None or elastic.retention is None:
        return None
    return batch_lengths(elastic, [int(n) for n in batch.real_tokens], layers)
