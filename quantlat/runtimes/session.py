"""What all sessions share: checking a request, choosing the graph, compiling it on first use."""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from quantlat.errors import RuntimeUnavailableError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.heads import QUESTION_ANSWERING, TaskModel
from quantlat.models.retention import MIN_TOKENS, ElasticConfig
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.graph import ElasticGraph, Graph, PlainGraph
from quantlat.quantization.reference import WeightForm, build_module
from quantlat.runtimes.base import Config, IdArray, Logits, TokenBatch, check_batch, requested_lengths
from quantlat.runtimes.graph_cache import GraphCache

GraphKind = int | None
"""``None``: the plain graph. A number: the elastic graph whose first so many layers keep every row."""

Execute = Callable[[tuple[IdArray, ...]], Logits]
"""A compiled graph: takes its inputs in order, returns the logits."""


@dataclass(frozen=True)
class GraphSource:
    """Makes the graphs of one model.

    Attributes:
        fingerprint: identifies the model's numbers; ``None`` where its graphs are not cached.
        make: ``make(kind)`` is a fresh graph; see :data:`GraphKind`.
    """

    config: EncoderConfig
    task: str
    fingerprint: str | None
    make: Callable[[GraphKind], Graph]


def graph_source(model: TaskModel | QuantizedModel, form: WeightForm, *, cached: bool = False) -> GraphSource:
    """Graphs of a fp32 task model, or of a quantised model with its weights in ``form``.

    Args:
        cached: whether graphs of a fp32 model are to be cached as well. They are large, and its numbers must be hashed
            for it, so it is worth it where the same model is loaded again.
    """
    if isinstance(model, QuantizedModel):
        quantized = model
        return GraphSource(
            model.config,
            model.task,
            model.fingerprint,
            lambda kind: build_module(quantized, elastic=kind is not None, form=form, whole_layers=kind or 0),
        )
    task_model = model
    return GraphSource(
        model.config,
        model.task,
        weights_fingerprint(task_model) if cached else None,
        lambda kind: PlainGraph(task_model).eval() if kind is None else ElasticGraph(task_model, kind).eval(),
    )


def weights_fingerprint(model: TaskModel) -> str:
    """Hash of a fp32 model's shape and numbers."""
    digest = hashlib.sha256(f"{model.task} {model.config!r}".encode())
    for name, tensor in model.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


class GraphSession(ABC):
    """A session over a plain graph and elastic ones; subclasses compile a graph into a callable."""

    def __init__(self, runtime: str, source: GraphSource, *, threads: int, cache_dir: Path | None) -> None:
        if threads < 1:
            raise RuntimeUnavailableError(f"runtime {runtime!r}: threads must be at least 1, got {threads}")
        self.runtime, self.threads = runtime, threads
        self._source: GraphSource | None = source
        self._cache_dir = cache_dir
        self._cache: GraphCache | None = None
        self._compiled: dict[GraphKind, Execute] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def compile(self, source: GraphSource, kind: GraphKind) -> Execute:
        """Compile a graph."""

    def graph_kind(self, config: Config, layers: int) -> GraphKind:
        """The graph that runs ``config``: as many whole layers as keep every token.

        There are at most as many elastic graphs as layers. A subclass whose compilation is dear answers 0 for all.
        """
        retention = config.retention if isinstance(config, ElasticConfig) else config
        if retention is None:
            return None
        return min(sum(ratio == 1.0 for ratio in retention.ratios), layers - 1)

    def run(self, batch: TokenBatch, config: Config = None) -> Logits:
        """See :class:`quantlat.runtimes.base.Session`."""
        source = self._source
        if source is None:
            raise RuntimeUnavailableError(f"this {self.runtime} session is closed", "Load the model again.")
        check_batch(batch, source.config)
        lengths = requested_lengths(batch, config, source.config.num_layers)
        kind = self.graph_kind(config, source.config.num_layers)
        inputs: tuple[IdArray, ...] = (batch.input_ids, batch.attention_mask, batch.token_type_ids)
        n = inputs[0].shape[1]
        if n == 1:  # graphs are made for two tokens or more: a padding token joins, which nothing attends to
            inputs = tuple(np.pad(array, ((0, 0), (0, 1))) for array in inputs)
        if lengths is not None and kind is not None:
            inputs = (*inputs, np.maximum(np.array(lengths, np.int64), MIN_TOKENS))
        with self._lock:
            logits = self._executable(source, kind)(inputs)
        return logits[:, :n] if source.task == QUESTION_ANSWERING else logits

    def close(self) -> None:
        """Release model and graphs."""
        with self._lock:
            self._source, self._cache = None, None
            self._compiled.clear()

    def cache(self) -> GraphCache:
        """The cache of compiled graphs, opened on first use."""
        if self._cache is None:
            self._cache = GraphCache(self._cache_dir)
        return self._cache

    def _executable(self, source: GraphSource, kind: GraphKind) -> Execute:
        if kind not in self._compiled:
            self._compiled[kind] = self.compile(source, kind)
        return self._compiled[kind]
