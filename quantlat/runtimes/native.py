"""quantlat's own INT8 engine (``quantlat/native``): ragged batches, dropped tokens that become saved time.

The engine runs quantised models with BERT's layer only, not MobileBERT's. It never pads: the real tokens of a batch
lie one after the other, and each sequence drops tokens by its own length.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from quantlat.errors import ModelError, RuntimeUnavailableError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.layout import QUESTION_ANSWERING
from quantlat.runtimes.base import (
    Availability,
    Config,
    IdArray,
    Logits,
    TokenBatch,
    TokenWindow,
    availability_for,
    check_batch,
    requested_lengths,
    require_whole_network,
)
from quantlat.runtimes.graph_cache import GraphCache, source_fingerprint

if TYPE_CHECKING:
    from quantlat.models.heads import TaskModel

MAX_THREADS = 1024
_FILE = "model.engine"
_BUILD = "QUANTLAT_NATIVE=required pip install --force-reinstall --no-deps quantlat  # needs a C++17 compiler"


@cache
def _engine() -> ModuleType | None:
    """The extension module, or ``None`` where it was not built."""
    try:
        return importlib.import_module("quantlat.native._engine")
    except ImportError:
        return None


class NativeRuntime:
    """The engine, with the best kernels that this CPU can run.

    Args:
        kernels: ``auto``, or one of :func:`usable_kernels`.
    """

    name = "native"

    def __init__(self, kernels: str = "auto") -> None:
        self._kernels = kernels

    def availability(self) -> Availability:
        """Usable where the extension was built."""
        engine = _engine()
        if engine is None:
            return Availability(False, "the native engine was not built when quantlat was installed", _BUILD)
        return Availability(True, version=str(engine.usable_kernels()[0]))

    def load(self, model: TaskModel | QuantizedModel, *, threads: int, cache_dir: Path | None = None) -> NativeSession:
        """See :class:`quantlat.runtimes.base.Runtime`; only quantised models can be loaded."""
        availability_for(self, model.config).require(self.name)
        if not isinstance(model, QuantizedModel):
            raise RuntimeUnavailableError(
                "runtime 'native' runs quantised models only, got an fp32 model",
                "Use the runtime pytorch or openvino.",
            )
        if threads < 1:
            raise RuntimeUnavailableError(f"runtime 'native': threads must be at least 1, got {threads}")
        if threads > MAX_THREADS:
            raise RuntimeUnavailableError(f"runtime 'native': threads must be 1 to {MAX_THREADS}, got {threads}")
        return NativeSession(model, threads=threads, cache_dir=cache_dir, kernels=self._kernels)


def usable_kernels() -> tuple[str, ...]:
    """Kernel sets that this CPU can run, best first; empty where the engine was not built."""
    engine = _engine()
    return () if engine is None else tuple(engine.usable_kernels())


class NativeSession:
    """A model in the engine. Calls from several threads take turns and release the interpreter lock.

    ``threads`` is what was asked for; no more than the process's affinity and cgroup quota allow are started.
    """

    runtime = "native"

    def __init__(
        self,
        model: QuantizedModel,
        *,
        threads: int,
        cache_dir: Path | None = None,
        kernels: str = "auto",
        in_memory: bool = False,
    ) -> None:
        """``in_memory``: pack the weights into memory of this process; nothing is written to ``cache_dir``."""
        self.threads = threads
        self.config, self.task = model.config, model.task
        opened = _open_in_memory if in_memory else _open
        self._session: Any = opened(model, threads, cache_dir, kernels)
        self._lock = threading.Lock()

    @property
    def kernels(self) -> str:
        """Name of the kernel set in use."""
        return str(self._open_session().kernels)

    @property
    def workers(self) -> int:
        """Threads that were started, the caller's among them."""
        return int(self._open_session().threads)

    def run(self, batch: TokenBatch, config: Config = None) -> Logits:
        """See :class:`quantlat.runtimes.base.Session`; logits of padding are 0.

        As in every runtime, a layer keeps the largest number of rows that any sequence of the batch asks for.
        :meth:`run_windows` lets each sequence keep its own.
        """
        logits, _ = self._run_batch(batch, config, return_left=False)
        return logits

    def run_with_exits(self, batch: TokenBatch, config: Config = None) -> tuple[Logits, IdArray]:
        """Logits, and the layer ``[b, n]`` at which each token was dropped (0 is the first layer).

        The number of layers stands for a token that was never dropped, -1 for padding.
        """
        logits, left = self._run_batch(batch, config, return_left=True)
        exits = np.full(batch.input_ids.shape, -1, np.int64)
        exits[batch.attention_mask.astype(bool)] = left
        return logits, exits

    def run_windows(self, windows: Sequence[TokenWindow], config: Config = None) -> list[Logits]:
        """Logits of each window, ``[n, 2]`` or ``[classes]``; each drops tokens by its own length."""
        logits, _ = self._run_ragged(windows, config, return_left=False)
        return logits

    def run_windows_with_exits(
        self, windows: Sequence[TokenWindow], config: Config = None
    ) -> tuple[list[Logits], list[IdArray]]:
        """Logits of each window, and the layer ``[n]`` at which each token was dropped (number of layers: never)."""
        return self._run_ragged(windows, config, return_left=True)

    def _run_ragged(
        self, windows: Sequence[TokenWindow], config: Config, *, return_left: bool
    ) -> tuple[list[Logits], list[IdArray]]:
        session = self._open_session()
        if not len(windows):
            return [], []
        if not all(_is_plain(window, self.config.max_positions) for window in windows):
            _reject(windows, self.config)
        tokens = np.array([len(window.input_ids) for window in windows], np.int64)
        offsets = np.concatenate(([0], np.cumsum(tokens)))
        ids, types = windows[0].input_ids, windows[0].token_type_ids
        if len(windows) > 1:
            ids = np.concatenate([window.input_ids for window in windows])
            types = np.concatenate([window.token_type_ids for window in windows])
        lengths = sequence_lengths(tokens, config, self.config.num_layers)
        try:
            result = session.run(ids, offsets, types, lengths, return_left=return_left)
        except ValueError:
            # The engine looks at every number itself; looking first as well would cost a tenth of a millisecond.
            _reject(windows, self.config)
            raise
        flat, left = result if return_left else (result, None)
        logits = list(flat) if self.task != QUESTION_ANSWERING else np.split(flat, offsets[1:-1])
        return logits, [] if left is None else np.split(left.astype(np.int64), offsets[1:-1])

    def close(self) -> None:
        """Release the model and the threads."""
        with self._lock:
            self._session = None

    def _run_batch(self, batch: TokenBatch, config: Config, *, return_left: bool) -> tuple[Logits, Any]:
        session = self._open_session()
        check_batch(batch, self.config)
        tokens = batch.real_tokens
        shared = requested_lengths(batch, config, self.config.num_layers)
        lengths = None if shared is None else np.minimum(np.array(shared)[None, :], tokens[:, None])
        offsets = np.concatenate(([0], np.cumsum(tokens)))
        real = batch.attention_mask.astype(bool)
        result = session.run(
            batch.input_ids[real], offsets, batch.token_type_ids[real], lengths, return_left=return_left
        )
        flat, left = result if return_left else (result, None)
        if self.task != QUESTION_ANSWERING:
            return flat, left
        logits = np.zeros((*batch.input_ids.shape, 2), np.float32)
        logits[real] = flat
        return logits, left

    def _open_session(self) -> Any:
        session = self._session
        if session is None:
            raise RuntimeUnavailableError("this native session is closed", "Load the model again.")
        return session


def _is_plain(window: TokenWindow, longest: int) -> bool:
    """Whether a window has the form of one; its numbers are the engine's to check."""
    ids, types = window.input_ids, window.token_type_ids
    return (
        ids.ndim == types.ndim == 1
        and 0 < len(ids) == len(types) <= longest
        and ids.dtype == types.dtype == np.dtype(np.int64)
    )


def _reject(windows: Sequence[TokenWindow], model: EncoderConfig) -> None:
    """Raise what is wrong with windows in their user's terms, as in every runtime."""
    for window in windows:
        ids, types = np.asarray(window.input_ids)[None], np.asarray(window.token_type_ids)[None]
        check_batch(TokenBatch(ids, np.ones(ids.shape, np.int64), types), model)


def sequence_lengths(tokens: IdArray, config: Config, layers: int) -> IdArray | None:
    """Rows each layer keeps, ``[b, layers]``, by each sequence's own count; ``None``: full length."""
    elastic = ElasticConfig(config) if isinstance(config, RetentionConfig) else config
    require_whole_network(elastic)
    if elastic is None or elastic.retention is None:
        return None
    return np.array([elastic.lengths(int(n), layers) for n in tokens], np.int64)


def _open(model: QuantizedModel, threads: int, cache_dir: Path | None, kernels: str) -> Any:
    """Pack the model once, map it into memory, open a session."""
    from quantlat.native.engine_file import write_engine_file

    engine = _engine()
    assert engine is not None
    key = (model.fingerprint, "native", source_fingerprint("quantlat.native.engine_file"))
    entry = GraphCache(cache_dir).entry(key, lambda folder: write_engine_file(model, folder / _FILE))
    try:
        # More threads than this process may run at once would only take turns and wait for each other.
        workers = min(threads, engine.available_cpus())
        return engine.Session(engine.Model.open(str(entry / _FILE)), workers, kernels)
    except (ValueError, OSError) as error:
        raise ModelError(f"the native engine cannot open its model file: {error}") from None


def _open_in_memory(model: QuantizedModel, threads: int, cache_dir: Path | None, kernels: str) -> Any:
    """Pack the model into an anonymous file: for processes that load once and own no cache folder."""
    from quantlat.native.engine_file import temporary_engine_file

    engine = _engine()
    assert engine is not None
    descriptor = temporary_engine_file(model)
    try:
        return engine.Session(engine.Model.open(f"/proc/self/fd/{descriptor}"), threads, kernels)
    except (ValueError, OSError) as error:
        raise ModelError(f"the native engine cannot open its model file: {error}") from None
    finally:
        os.close(descriptor)


def kernel_timings(
    rows: int, hidden: int, intermediate: int, heads: int, *, repeats: int
) -> tuple[float, list[tuple[str, float, float]]]:
    """INT8 peak of a core, 0 if unknown, and name, work and seconds of each kernel.

    Work is multiply-accumulates, the peak is those per second. Times are processor time of one thread, the
    fastest of ``repeats`` calls.

    Raises:
        RuntimeUnavailableError: the engine was not built.
    """
    NativeRuntime().availability().require("native")
    engine = _engine()
    assert engine is not None
    # before and after, since a neighbour on the other thread of the core halves what is measured beside it
    before = float(engine.int8_peak())
    timings = engine.kernel_timings(rows, hidden, intermediate, heads, repeats)
    return max(before, float(engine.int8_peak())), timings
