"""Which requests and configurations are timed for the latency table (:mod:`quantlat.search.latency_table`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quantlat.models.retention import RetentionConfig
from quantlat.search.space import RetentionSpace

if TYPE_CHECKING:
    from quantlat.data.windows import Window

REQUESTS = 10
FITTED = 16
CHECKED = 6


def table_requests(windows: Sequence[Window], batch: int) -> list[list[Window]]:
    """Requests spread over the lengths; each is a batch of windows of similar length."""
    by_length = sorted(windows, key=lambda window: window.length)
    count = min(REQUESTS, max(1, len(by_length) // batch))
    middles = (np.arange(count) + 0.5) / count * len(by_length)
    begins = np.clip(middles.astype(int) - batch // 2, 0, len(by_length) - batch)
    return [list(by_length[max(0, b) : max(0, b) + batch]) for b in begins]


def table_configs(space: RetentionSpace, seed: int) -> list[RetentionConfig]:
    """Configurations to fit the table to: shapes as trained and random ones, so that every term varies."""
    rng = np.random.default_rng([seed, 7])
    late = space.late_profiles()
    spread = np.linspace(0, len(late) - 1, 8).round().astype(int)
    wanted = [late[i] for i in spread] + list(space.constant_rates(5)[1:])
    wanted += [space.random(rng) for _ in range(FITTED + CHECKED - len(wanted))]
    elastic = [config for config in wanted if not config.is_full]
    return [elastic[i] for i in rng.permutation(len(elastic))]
