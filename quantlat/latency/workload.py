"""The requests on which latency is measured: the task's own mix of lengths, drawn with a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from quantlat.errors import MeasurementError

if TYPE_CHECKING:
    from quantlat.data.windows import WindowSet


@dataclass(frozen=True)
class Workload:
    """Requests drawn from a set of windows, in the order in which they are sent.

    Attributes:
        indices: positions of the requests in the set they were drawn from.
        tokens: real tokens of each request.
        seed: of the draw.
    """

    indices: tuple[int, ...]
    tokens: tuple[int, ...]
    seed: int

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def mean_tokens(self) -> float:
        """Mean real tokens of a request."""
        return float(np.mean(self.tokens))

    @classmethod
    def from_lengths(cls, lengths: Sequence[int], n: int, *, seed: int = 0) -> Workload:
        """Draw ``n`` requests so that their lengths follow the whole set's as closely as ``n`` allows.

        The set is sorted by length and cut into ``n`` equal parts, and one request is drawn from each: a
        plain draw of 60 requests would miss the mean length by several per cent, and every latency with
        it. The order is shuffled. When the set has no more than ``n``, all of it is taken.

        Raises:
            MeasurementError: the set is empty or ``n`` is not positive.
        """
        if not len(lengths) or n < 1:
            raise MeasurementError(f"a workload needs at least one request, asked for {n} of {len(lengths)}")
        rng = np.random.default_rng(seed)
        order = np.lexsort((rng.permutation(len(lengths)), np.asarray(lengths)))
        if n < len(lengths):
            edges = np.linspace(0, len(lengths), n + 1)
            parts = pairwise(int(edge) for edge in edges)
            picks = [rng.integers(low, max(low + 1, high)) for low, high in parts]
            order = order[picks]
        chosen = rng.permutation(order)
        return cls(tuple(int(i) for i in chosen), tuple(int(lengths[i]) for i in chosen), seed)

    @classmethod
    def from_windows(cls, window_set: WindowSet, n: int, *, seed: int = 0) -> Workload:
        """Draw ``n`` windows of a task's data; see :meth:`from_lengths`."""
        return cls.from_lengths([window.length for window in window_set.windows], n, seed=seed)
