"""An executor that never computes more than so many real tokens at once.

A runtime keeps the working memory of the largest batch that it has seen. Without a bound one passage of a whole book
would decide for good how much that is; with one, memory has its final size after :meth:`BoundedExecutor.warm_up`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from quantlat.data.windows import Window
from quantlat.deployment.executors import Executor
from quantlat.errors import RuntimeUnavailableError
from quantlat.models.retention import RetentionConfig
from quantlat.runtimes.base import IdArray, Logits

BATCH_TOKENS = 4_096
"""Real tokens at once, unless somebody asks for fewer; beyond about a thousand a batch gains no more throughput."""


class BoundedExecutor:
    """See :class:`quantlat.deployment.executors.Executor`; larger batches are computed in several parts.

    Args:
        batch_tokens: most real tokens of a part, unless a single window has more.
    """

    def __init__(self, executor: Executor, batch_tokens: int) -> None:
        if batch_tokens < 1:
            raise RuntimeUnavailableError(f"batch_tokens must be at least 1, got {batch_tokens}")
        self._executor, self._batch_tokens = executor, batch_tokens

    @property
    def runtime(self) -> str:
        """See :class:`Executor`."""
        return self._executor.runtime

    @property
    def kernels(self) -> str:
        """See :class:`Executor`."""
        return self._executor.kernels

    @property
    def elastic(self) -> bool:
        """See :class:`Executor`."""
        return self._executor.elastic

    @property
    def restarts(self) -> int:
        """How often an isolated model's process had to be started again."""
        return int(getattr(self._executor, "restarts", 0))

    def run(
        self, windows: Sequence[Window], config: RetentionConfig | None, *, exits: bool
    ) -> tuple[list[Logits], list[IdArray]]:
        """See :class:`Executor`."""
        logits: list[Logits] = []
        left: list[IdArray] = []
        for part in self._parts(windows):
            some, dropped = self._executor.run(part, config, exits=exits)
            logits += some
            left += dropped
        return logits, left

    def warm_up(self, max_tokens: int, configs: Iterable[RetentionConfig | None]) -> None:
        """Compute the largest part in every configuration, so that no later batch needs more memory.

        Args:
            max_tokens: of one window. The longest windows need most: attention grows with the square of their length.
        """
        whole, rest = divmod(max(self._batch_tokens, max_tokens), max_tokens)
        windows = [_blank(max_tokens)] * whole + [_blank(rest)] * bool(rest)
        for config in configs:
            self._executor.run(windows, config, exits=True)

    def close(self) -> None:
        """See :class:`Executor`."""
        self._executor.close()

    def _parts(self, windows: Sequence[Window]) -> Iterator[Sequence[Window]]:
        part: list[Window] = []
        tokens = 0
        for window in windows:
            if part and tokens + window.length > self._batch_tokens:
                yield part
                part, tokens = [], 0
            part.append(window)
            tokens += window.length
        if part:
            yield part


def _blank(tokens: int) -> Window:
    """A window of as many times the first token of the vocabulary."""
    zeros = np.zeros(tokens, np.int64)
    return Window(0, zeros, zeros, np.full((tokens, 2), -1, np.int32), 0, 0)
