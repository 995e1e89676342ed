"""A loaded bundle: its runtime, its profiles, and which of them to use for a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np

from quantlat.data.windows import Window
from quantlat.deployment.bounded import BATCH_TOKENS, BoundedExecutor
from quantlat.deployment.executors import Executor
from quantlat.deployment.latency_table import LatencyTable
from quantlat.deployment.manifest import BundleManifest, BundleProfile
from quantlat.errors import BundleError, DataError
from quantlat.models.tokenizer import Tokenizer
from quantlat.quantization.layout import EMBEDDING, QUESTION_ANSWERING, TEXT_CLASSIFICATION, TEXT_REGRESSION

_CALLS = {
    QUESTION_ANSWERING: "answer",
    TEXT_CLASSIFICATION: "classify",
    TEXT_REGRESSION: "rate",
    EMBEDDING: "embed",
}


class BundleModel:
    """What the calls of all tasks share.

    Attributes:
        manifest: what the bundle says of itself.
        profiles: the profiles that run here, by name, from the most accurate to the fastest. The OpenVINO fallback
            has the full-length ones only.
        warnings: what of the machine makes the promised latency unlikely; empty on a machine like the validated one.
    """

    def __init__(
        self,
        manifest: BundleManifest,
        tokenizer: Tokenizer,
        executor: Executor,
        threads: int,
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        self.manifest = manifest
        self.threads = threads
        self.warnings: tuple[str, ...] = ()
        self._tokenizer = tokenizer
        self._executor = BoundedExecutor(executor, batch_tokens)
        chosen = [p for p in manifest.profiles if executor.elastic or p.retention is None]
        if not chosen:
            raise BundleError("the bundle has no full-length profile, the only kind that OpenVINO runs")
        self.profiles: Mapping[str, BundleProfile] = MappingProxyType({p.name: p for p in chosen})
        self._table = LatencyTable({p.name: p.latency_by_tokens.get(executor.runtime, ()) for p in chosen})

    @property
    def runtime(self) -> str:
        """``native`` or ``openvino``."""
        return self._executor.runtime

    @property
    def kernels(self) -> str:
        """Kernel set of the engine; empty in OpenVINO."""
        return self._executor.kernels

    @property
    def restarts(self) -> int:
        """How often an isolated model's process had to be started again."""
        return self._executor.restarts

    def choose_profile(self, tokens: int, budget_ms: float | None) -> str:
        """The most accurate profile expected within the budget, the fastest if none is, the first without a budget.

        Raises:
            DataError: the budget is not a positive time.
        """
        if budget_ms is not None and not budget_ms > 0:
            raise DataError(f"budget_ms must be a time in ms above 0, got {budget_ms!r}")
        return self._table.choose(tokens, budget_ms)

    def expected_ms(self, tokens: int, profile: str) -> float:
        """Median time promised for a request of ``tokens`` real tokens, from the bundle's measured table.

        Raises:
            BundleError: an unknown profile.
        """
        self._known(profile)
        return self._table.expected_ms(tokens, profile)

    def logits(self, windows: Sequence[Window], profile: str) -> list[np.ndarray]:
        """Raw logits of windows; what the self-check compares."""
        return self._executor.run(windows, self._known(profile).retention, exits=False)[0]

    def warm_up(self) -> None:
        """Compute the largest batch in every profile, so that all memory is there before the first request."""
        self._executor.warm_up(self.manifest.max_tokens, [profile.retention for profile in self.profiles.values()])

    def close(self) -> None:
        """Release the model and its threads."""
        self._executor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _require(self, task: str) -> None:
        if self.manifest.task != task:
            use = _CALLS[self.manifest.task]
            raise BundleError(f"this bundle is made for {self.manifest.task}, not for {task}", f"Use {use}().")

    def _profile(self, tokens: int, budget_ms: float | None, profile: str | None) -> str:
        if profile is None:
            return self.choose_profile(tokens, budget_ms)
        if budget_ms is not None:
            raise DataError("give budget_ms or profile, not both")
        self._known(profile)
        return profile

    def _known(self, profile: str) -> BundleProfile:
        found = self.profiles.get(profile)
        if found is None:
            why = " in the OpenVINO fallback" if profile in self.manifest.profile_names else ""
            raise BundleError(f"there is no profile {profile!r}{why}", f"Profiles: {', '.join(self.profiles)}.")
        return found
