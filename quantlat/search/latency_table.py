"""An additive latency table: what a layer costs by the tokens that enter it and the tokens it keeps.

The idea is HAT's (Wang et al., ACL 2020) and AutoTinyBERT's: latency of a configuration is a sum over layers,
so that a few hundred timed requests predict every configuration of the space. The entries are not timed layer
by layer, which no runtime allows from outside, but solved from whole requests *in place*: with the session,
threads and lengths that will serve, under configurations spread over the space. One layer's entry follows the
work it does,

    ms(in, kept) = a + b·in + c·in² + d·kept + e·in·kept + [kept < in]·(f + g·in),

with ``in`` and ``kept`` rounded up to the kernel's row block where that explains the times better. No
coefficient is negative (non-negative least squares), so more tokens never cost less. How far it is off is
measured on configurations that the fit has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from quantlat.errors import MeasurementError
from quantlat.models.retention import RetentionConfig

ROW_BLOCKS = (1, 4, 6, 8, 12, 16)
"""Row blocks of known kernels; the one that explains the times best is taken."""
_ROUNDING = 1e-9
_BETTER = 0.98  # a row block must lower the error by so much to be believed


class TimedRequest(Protocol):
    """Times a request of given windows under a configuration."""

    def __call__(self, request: int, config: RetentionConfig) -> float:
        """Milliseconds of one run."""


class TableCheck(BaseModel):
    """How far the table is off on configurations that it was not fitted to.

    Attributes:
        configurations: how many were compared.
        mean_error: mean of |predicted / measured - 1| of their mean latency over the requests.
        worst_error: the largest of these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    configurations: int
    mean_error: float
    worst_error: float


class LatencyTable(BaseModel):
    """Predicts the latency of any configuration relative to full length on the plain graph.

    Attributes:
        request_ms: cost of a request whatever it holds, and of each of its tokens outside the layers.
        layer_ms: the coefficients a to g of the module's formula, in ms.
        row_block: tokens are rounded up to a multiple of this.
        tokens: lengths of a request's sequences that stand for the task's mix, one tuple a request.
        full_ms: measured mean at full length on the plain graph over the same requests.
        check: how far it is off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    request_ms: tuple[float, float]
    layer_ms: tuple[float, ...] = Field(min_length=7, max_length=7)
    row_block: int = Field(ge=1)
    tokens: tuple[tuple[int, ...], ...]
    full_ms: float = Field(gt=0)
    check: TableCheck

    def entry_ms(self, tokens_in: int, tokens_kept: int) -> float:
        """Cost of one layer for one sequence."""
        lengths = np.array([[[float(tokens_in), float(tokens_kept)]]])
        return float((_layer_terms(lengths, self.row_block).sum(axis=1) @ np.array(self.layer_ms))[0])

    def mean_ms(self, ratios: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predicted mean request on the elastic graph, from ratios ``[configs, layers]``."""
        coefficients = np.array([*self.request_ms, *self.layer_ms])
        total = np.zeros(len(ratios))
        for request in self.tokens:
            total += _terms(ratios, request, self.row_block) @ coefficients
        return total / len(self.tokens)

    def relative(self, configs: Sequence[RetentionConfig]) -> NDArray[np.float64]:
        """Predicted latency of each configuration, relative to full length on the plain graph, which is 1."""
        if not configs:
            return np.zeros(0)
        predicted = self.mean_ms(np.array([config.ratios for config in configs])) / self.full_ms
        return np.where([config.is_full for config in configs], 1.0, predicted)


def fit_table(
    timed: TimedRequest,
    requests: Sequence[tuple[int, ...]],
    fitted: Sequence[RetentionConfig],
    checked: Sequence[RetentionConfig],
    *,
    rounds: int = 3,
) -> LatencyTable:
    """Time requests under configurations, interleaved, and solve for the table.

    Args:
        timed: runs request ``i`` of ``requests``.
        requests: token counts of the sequences of each request.
        fitted: elastic configurations to solve from.
        checked: others, which only tell how far the solution is off.
        rounds: runs of each pair, over the whole time of the fit; the median of a few neighbours' stalls lies
            above the undisturbed time, the minimum does not, so the minimum counts.

    Raises:
        MeasurementError: there is nothing to fit.
    """
    if not requests or not fitted:
        raise MeasurementError("a latency table needs requests and configurations to time")
    full = RetentionConfig.full(fitted[0].num_layers)
    configs = [full, *fitted, *checked]
    best = np.full((len(configs), len(requests)), np.inf)
    for number in range(rounds):
        order = range(len(requests)) if number % 2 == 0 else reversed(range(len(requests)))
        for request in order:
            for row, config in enumerate(configs):
                best[row, request] = min(best[row, request], timed(request, config))
    middle = 1 + len(fitted)
    block, coefficients = _solve(best[1:middle], fitted, requests)
    table = LatencyTable(
        request_ms=(coefficients[0], coefficients[1]),
        layer_ms=tuple(coefficients[2:]),
        row_block=block,
        tokens=tuple(requests),
        full_ms=float(best[0].mean()),
        check=TableCheck(configurations=0, mean_error=0.0, worst_error=0.0),
    )
    held_out = checked or fitted
    measured = best[middle:] if checked else best[1:middle]
    predicted = table.mean_ms(np.array([config.ratios for config in held_out]))
    errors = np.abs(predicted / measured.mean(axis=1) - 1.0)
    check = TableCheck(configurations=len(held_out), mean_error=float(errors.mean()), worst_error=float(errors.max()))
    return table.model_copy(update={"check": check})


def _solve(
    times: NDArray[np.float64], configs: Sequence[RetentionConfig], requests: Sequence[tuple[int, ...]]
) -> tuple[int, list[float]]:
    """Row block and coefficients with the least relative error."""
    from scipy.optimize import nnls

    ratios = np.array([config.ratios for config in configs])
    best: tuple[float, int, NDArray[np.float64]] | None = None
    for block in ROW_BLOCKS:
        rows = np.concatenate([_terms(ratios, request, block) for request in requests])
        goal = times.T.ravel()
        scale = np.maximum(rows.max(axis=0), _ROUNDING)
        solution, residual = nnls(rows / scale / goal[:, None], np.ones(len(goal)))
        if best is None or residual < _BETTER * best[0]:
            best = (residual, block, solution / scale)
    assert best is not None
    return best[1], best[2].tolist()


def _terms(ratios: NDArray[np.float64], request: tuple[int, ...], block: int) -> NDArray[np.float64]:
    """Terms of the formula summed over layers and sequences, ``[configs, 9]``."""
    total = np.zeros((len(ratios), 9))
    total[:, 0] = 1.0
    for tokens in request:
        kept = np.minimum(tokens, np.maximum(2, np.ceil(ratios * tokens - _ROUNDING)))
        entering = np.column_stack([np.full(len(ratios), float(tokens)), kept[:, :-1]])
        total[:, 1] += tokens
        total[:, 2:] += _layer_terms(np.stack([entering, kept], axis=2), block).sum(axis=1)
    return total


def _layer_terms(lengths: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """``[configs, layers, 2]`` of tokens in and kept to ``[configs, layers, 7]``."""
    drops = (lengths[..., 1] < lengths[..., 0]).astype(float)
    rounded = np.ceil(lengths / block) * block
    entering, kept = rounded[..., 0], rounded[..., 1]
    ones = np.ones_like(entering)
    return np.stack([ones, entering, entering**2, kept, entering * kept, drops, drops * lengths[..., 0]], axis=-1)
