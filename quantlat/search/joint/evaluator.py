"""Measures joint configurations: accuracy on the search split, latency in place, both of the dense smaller model.

Every configuration is cut out of the one INT8 artefact (layers in fp32 have their trained weights) and loaded in the
runtime that will serve, so its time is that of real smaller products, never of masks. A handful of requests spread over
the task's lengths run in turns under the configuration and under the whole model in fp32 at full length; of each pair
the least time counts, because a neighbour can only add to it.

Accuracy is told against a reference on the same questions. Questions beyond ``windows`` are kept apart as a second
part, which shows what a front is worth on questions that it was not selected on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.errors import MeasurementError
from quantlat.latency import MeasurementWarning, watch_contention
from quantlat.models.retention import ElasticConfig
from quantlat.search.blocks import Block, cut_blocks, passage_numbers, reference_points, shortest_middle_longest
from quantlat.search.candidate import estimate_accuracy
from quantlat.search.joint.candidate import JointCandidate
from quantlat.search.joint.cost import JointCostModel
from quantlat.search.objectives import EvaluatorOptions
from quantlat.search.table_requests import table_requests

if TYPE_CHECKING:
    from quantlat.data.windows import Window, WindowSet
    from quantlat.models.encoder_config import EncoderConfig
    from quantlat.runtimes.base import Session

_ROUNDS = 3


class JointEvaluator:
    """Measures configurations with one session that runs all of them.

    Args:
        session: such as a :class:`~quantlat.runtimes.subnetworks.SubnetworkSession` that keeps two or more loaded.
        search_set: windows of the search split; never the dev set.
        encoder: the whole model.
        reference_scores: points of the reference model on every question of ``search_set``, in its order.
        options: ``windows``, ``fewest_questions``, ``seed`` and ``limits`` of it count.

    Raises:
        MeasurementError: ``reference_scores`` does not fit the questions.
    """

    def __init__(
        self,
        session: Session,
        search_set: WindowSet,
        encoder: EncoderConfig,
        reference_scores: ArrayLike,
        options: EvaluatorOptions | None = None,
    ) -> None:
        self._session = session
        self._options = options or EvaluatorOptions()
        self._reference = reference_points(reference_scores, search_set)
        self._passages = passage_numbers(search_set)
        order = np.random.default_rng(self._options.seed).permutation(len(search_set.examples))
        sizes = (self._options.windows, len(search_set.windows))
        self._parts: list[Block] = cut_blocks(search_set, order, sizes, fewest=self._options.fewest_questions)
        self._requests = table_requests(search_set.windows, 1)
        self._warm_up_windows = shortest_middle_longest(search_set.windows)
        self._full_fp32 = ElasticConfig(fp32_layers=tuple(range(encoder.num_layers)))
        self.costs = JointCostModel(encoder, [request[0].length for request in self._requests])

    @property
    def parts(self) -> int:
        """2, or 1 where the search sees every question."""
        return len(self._parts)

    @property
    def questions(self) -> tuple[int, ...]:
        """Questions of each part."""
        return tuple(len(part.questions) for part in self._parts)

    def evaluate(self, config: ElasticConfig, part: int = 0) -> JointCandidate:
        """Accuracy on a part of the search split; latency in turns with the whole model in fp32.

        Raises:
            MeasurementError: there is no such part.
        """
        if not 0 <= part < self.parts:
            raise MeasurementError(f"the search split was cut into {self.parts} parts, there is no part {part}")
        block, runnable = self._parts[part], _runnable(config)
        scores = self._scores(block, runnable)
        accuracy = estimate_accuracy(
            scores,
            self._reference[block.questions],
            self._passages[block.questions].tolist(),
            seed=self._options.seed,
        )
        times, reference, warnings = self._interleaved(runnable)
        rounds = times.mean(axis=1) / reference.mean(axis=1)
        relative = times.min(axis=0).mean() / reference.min(axis=0).mean()
        return JointCandidate(
            config=config,
            **vars(accuracy),
            part=part,
            latency_ms=float(times.min(axis=0).mean()),
            latency_relative=1.0 if config == self._full_fp32 else float(relative),
            latency_relative_range=(float(min(relative, *rounds)), float(max(relative, *rounds))),
            macs_relative=self.costs.macs_relative(config),
            warnings=warnings,
        )

    def _scores(self, block: Block, config: ElasticConfig | None) -> NDArray[np.float64]:
        from quantlat.evaluation import evaluate_session

        return np.asarray(evaluate_session(self._session, block.windows, config).score.per_example, np.float64)

    def _interleaved(
        self, config: ElasticConfig | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[MeasurementWarning, ...]]:
        """Milliseconds ``[rounds, requests]`` of the configuration and of the reference, in turns."""
        sides = (config, self._full_fp32)
        for side in sides:
            for window in self._warm_up_windows:
                self._request_ms([window], side)
        times = np.zeros((2, _ROUNDS, len(self._requests)))
        with watch_contention(threads=self._session.threads, limits=self._options.limits) as watch:
            for number in range(_ROUNDS):
                for i, request in enumerate(self._requests):
                    for which in (0, 1) if (number + i) % 2 == 0 else (1, 0):
                        times[which, number, i] = self._request_ms(request, sides[which])
        return times[0], times[1], tuple(sorted(watch.report.flags))

    def _request_ms(self, windows: Sequence[Window], config: ElasticConfig | None) -> float:
        from quantlat.runtimes.base import TokenBatch

        batch = TokenBatch.from_windows(windows)
        begin = time.perf_counter_ns()
        self._session.run(batch, config)
        return (time.perf_counter_ns() - begin) / 1e6


def _runnable(config: ElasticConfig) -> ElasticConfig | None:
    """Full length runs on the plain graph, which has no dropping in it."""
    if config.retention is not None and config.retention.is_full:
        config = replace(config, retention=None)
    return None if config.is_full else config
