"""One quantised model, all of its sub-networks, in any runtime.

A session runs one dense network. Here each sub-network that is asked for is cut out of the one INT8 artefact and loaded
as a session of its own, when it is first needed; the last few stay loaded. Retention is free to change from run to run,
as ever.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from quantlat.errors import RuntimeUnavailableError
from quantlat.models.retention import ElasticConfig
from quantlat.quantization.artifact import QuantizedModel
from quantlat.runtimes.base import Config, Logits, Runtime, Session, TokenBatch


class SubnetworkSession:
    """A :class:`~quantlat.runtimes.base.Session` that runs any :class:`ElasticConfig` of one model.

    Args:
        floating: the same model with its trained weights in fp32, for configurations with layers in fp32.
        threads: threads that one run may use.
        cache_dir: where compiled graphs are kept.
        loaded: how many sub-networks stay loaded; the one not used for longest is closed first.
    """

    def __init__(
        self,
        runtime: Runtime,
        model: QuantizedModel,
        *,
        threads: int,
        floating: QuantizedModel | None = None,
        cache_dir: Path | None = None,
        loaded: int = 4,
    ) -> None:
        if loaded < 1:
            raise RuntimeUnavailableError(f"at least one sub-network must stay loaded, got {loaded}")
        self.threads = threads
        self._runtime, self._cache_dir, self._most = runtime, cache_dir, loaded
        self._model: QuantizedModel | None = model
        self._floating = floating
        self._sessions: OrderedDict[ElasticConfig, Session] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def runtime(self) -> str:
        """Name of the runtime."""
        return self._runtime.name

    @property
    def loaded(self) -> tuple[ElasticConfig, ...]:
        """The sub-networks that are loaded, least recently used first."""
        return tuple(self._sessions)

    def run(self, batch: TokenBatch, config: Config = None) -> Logits:
        """See :class:`quantlat.runtimes.base.Session`; ``config`` may name a width, layers, and layers in fp32."""
        elastic = config if isinstance(config, ElasticConfig) else ElasticConfig(config)
        with self._lock:
            return self._session(elastic.network).run(batch, elastic.retention)

    def close(self) -> None:
        """Close every sub-network."""
        with self._lock:
            self._model = self._floating = None
            while self._sessions:
                self._sessions.popitem()[1].close()

    def _session(self, network: ElasticConfig) -> Session:
        if self._model is None:
            raise RuntimeUnavailableError(f"this {self.runtime} session is closed", "Load the model again.")
        if network not in self._sessions:
            session = self._runtime.load(
                self._model.subnetwork(network, self._floating), threads=self.threads, cache_dir=self._cache_dir
            )
            while len(self._sessions) >= self._most:
                self._sessions.popitem(last=False)[1].close()
            self._sessions[network] = session
        self._sessions.move_to_end(network)
        return self._sessions[network]
