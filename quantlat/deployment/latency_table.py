"""How long a request of so many tokens takes in each profile, from the table measured when the bundle was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from quantlat.deployment.manifest import LatencyPoint
from quantlat.errors import BundleError


class LatencyTable:
    """Piecewise linear in the number of tokens, between the measured lengths.

    A request longer than the longest measured one is several windows, which take the time of one after the other.
    Below the shortest measured length its time counts, so that a promise is never better than what was measured.

    Args:
        points: by profile; from the most accurate profile to the fastest.
    """

    def __init__(self, points: Mapping[str, Sequence[LatencyPoint]]) -> None:
        self._tables = {
            name: (
                np.array([point.tokens for point in sorted(table, key=lambda p: p.tokens)], np.float64),
                np.array([point.median_ms for point in sorted(table, key=lambda p: p.tokens)], np.float64),
            )
            for name, table in points.items()
        }

    def expected_ms(self, tokens: int, profile: str) -> float:
        """Median time of a request of ``tokens`` real tokens over all of its windows.

        Raises:
            BundleError: there is no such profile, or it was never measured.
        """
        table = self._tables.get(profile)
        if table is None or not len(table[0]):
            raise BundleError(f"the bundle has no latency for the profile {profile!r} in this runtime")
        lengths, times = table
        windows = max(1, int(np.ceil(tokens / lengths[-1])))
        return windows * float(np.interp(tokens / windows, lengths, times))

    def choose(self, tokens: int, budget_ms: float | None) -> str:
        """The most accurate profile expected within the budget; the fastest if none is; the first without a budget."""
        names = list(self._tables)
        if budget_ms is None:
            return names[0]
        times = {name: self.expected_ms(tokens, name) for name in names}
        within = [name for name in names if times[name] <= budget_ms]
        return within[0] if within else min(names, key=lambda name: times[name])
