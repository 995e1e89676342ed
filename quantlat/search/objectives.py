"""What a search measures of a configuration: accuracy and latency on the deployed INT8 artefact, and MACs.

Cheap where the truth is dear:

- *Latency* while searching comes from an additive table, solved from a few hundred requests timed in place
  (:mod:`quantlat.search.latency_table`). It is told as a ratio to full length on the plain graph.
- *Accuracy* is measured on growing parts of the search split. The parts are nested, so that everything is
  compared on the same questions, and a configuration that goes on to a larger part only runs through what is new.
- *Finalists* are measured end to end, interleaved: every block of questions runs through all of them, forwards
  and backwards in turn, and ratios are paired by block. A drifting or busy machine disturbs all of them alike.

The questions that the search has not used come first among the finalists' blocks, because the search's own
questions flatter what was selected on them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.latency import (
    ContentionLimits,
    ContentionReport,
    MeasurementWarning,
    length_mix_ci,
    length_mix_mean,
    ratio_ci,
    watch_contention,
)
from quantlat.models.macs import mean_relative_macs
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.search.anchor import Anchor
from quantlat.search.blocks import (
    Block,
    cut_blocks,
    passage_numbers,
    shortest_middle_longest,
    split_block,
)
from quantlat.search.candidate import AccuracyEstimate, Candidate, Cost, estimate_accuracy
from quantlat.search.latency_table import LatencyTable, fit_table
from quantlat.search.reference import Reference
from quantlat.search.space import RetentionSpace
from quantlat.search.table_requests import CHECKED, table_configs, table_requests

if TYPE_CHECKING:
    from quantlat.data.windows import Window, WindowSet
    from quantlat.evaluation import EvaluationResult
    from quantlat.models.encoder_config import EncoderConfig
    from quantlat.runtimes.base import Session


@dataclass(frozen=True)
class EvaluatorOptions:
    """How a :class:`SessionEvaluator` measures.

    Attributes:
        windows: windows of the largest part of the search split (at least; whole questions are taken).
        part_shares: share of these windows in each part.
        batch: windows of a request; latencies are those of a whole request.
        block_windows: windows of one block of the finalists' rounds.
        fewest_questions: of a block, where a score of fewer means nothing.
        seed: draws the windows.
        limits: when a pass counts as disturbed.
    """

    windows: int = 400
    part_shares: tuple[float, ...] = (1 / 6, 1 / 2, 1.0)
    batch: int = 1
    block_windows: int = 64
    fewest_questions: int = 1
    seed: int = 0
    limits: ContentionLimits = field(default_factory=ContentionLimits)


@dataclass(frozen=True)
class _Pass:
    """One run over a block, with what disturbed it."""

    result: EvaluationResult
    contention: ContentionReport

    @property
    def mean_ms(self) -> float:
        return length_mix_mean(self.result.latencies_ms, self.result.tokens)


class SessionEvaluator:
    """Measures configurations with one runtime session on the search split.

    Args:
        session: the INT8 artefact in the runtime and with the threads that will serve.
        search_set: windows of the search split. Never the dev set: what is selected on it flatters itself.
        encoder_config: shape of the model, for MACs.
        reference: points of the reference model on every question of ``search_set``, in its order.

    Raises:
        MeasurementError: ``reference`` does not fit the questions.
    """

    def __init__(
        self,
        session: Session,
        search_set: WindowSet,
        encoder_config: EncoderConfig,
        reference: ArrayLike | Reference,
        options: EvaluatorOptions | None = None,
    ) -> None:
        self._session = session
        self._encoder_config = encoder_config
        self._options = options or EvaluatorOptions()
        self._reference = Reference.of(reference, search_set)
        self._passages = passage_numbers(search_set)
        self._tokens = [window.length for window in search_set.windows]
        self._windows = search_set.windows
        order = np.random.default_rng(self._options.seed).permutation(len(search_set.examples))
        cuts = np.diff([0, *(round(self._options.windows * share) for share in self._options.part_shares)])
        sizes = (*(max(1, int(cut)) for cut in cuts), self._options.block_windows)
        blocks = cut_blocks(search_set, order, sizes, fewest=self._options.fewest_questions)
        self._parts, self._fresh_blocks = blocks[: len(cuts)], blocks[len(cuts) :]
        self._warm_up_windows = shortest_middle_longest(search_set.windows)
        self._scores: dict[RetentionConfig, list[NDArray[np.float64]]] = {}
        self._table: LatencyTable | None = None
        self._measured_anchor: Anchor | None = None
        self._warm: set[bool] = set()

    @property
    def reference_accuracy(self) -> float:
        """Accuracy of the reference model on the whole search split, in points."""
        return float(self._reference.points.mean())

    @property
    def parts(self) -> int:
        """Parts of the search split; fewer than asked for where it is small."""
        return len(self._parts)

    @property
    def full_ms(self) -> float:
        """Mean latency of a request at full length on the plain graph."""
        return self.latency_table().full_ms

    def predict_costs(self, configs: Sequence[RetentionConfig], cost: Cost) -> NDArray[np.float64]:
        """Latency by the table, or MACs; both relative to full length."""
        if cost == "macs":
            return np.array([self.macs_relative(config) for config in configs])
        return self.latency_table().relative(configs)

    def evaluate(self, config: RetentionConfig, part: int = 0) -> Candidate:
        """Accuracy on the first ``part + 1`` parts, latency by the table.

        The drop is the loss against full length on these questions plus full length's own loss on many more. Full
        length of the same INT8 model fails on nearly the same questions, so an unkind part is not held against a trial:
        that is what the 67 questions of a first part can tell.
        """
        part = min(part, self.parts - 1)
        accuracy, scores = self._trial_accuracy(config, part)
        table = self.latency_table()
        relative = float(table.relative([config])[0])
        error = table.check.worst_error
        return self._candidate(
            config,
            accuracy,
            scores,
            latencies_ms=np.empty(0),
            latency_ms=relative * table.full_ms,
            latency_ci_ms=(
                max(0.0, relative * (1 - error)) * table.full_ms,
                relative * (1 + error) * table.full_ms,
            ),
            latency_relative=relative,
            warnings=(),
        ).model_copy(update={"part": part})

    def _trial_accuracy(self, config: RetentionConfig, part: int) -> tuple[AccuracyEstimate, NDArray[np.float64]]:
        """Estimate and points on the first ``part + 1`` parts; of full length, on all questions it was measured on."""
        anchor = self._anchor()
        if config.is_full:
            known = anchor.questions
            return self._accuracy(anchor.points[known], anchor.reference[known], known), anchor.points[known]
        done = self._scores.setdefault(config, [])
        for block in self._parts[len(done) : part + 1]:
            done.append(self._run(block.windows, config).result.score.per_example)
        questions = np.concatenate([block.questions for block in self._parts[: part + 1]])
        scores = np.concatenate(done[: part + 1])
        return anchor.compared(scores, questions, self._passages, seed=self._options.seed), scores

    def _accuracy(
        self, scores: NDArray[np.float64], reference: NDArray[np.float64], questions: NDArray[np.int64]
    ) -> AccuracyEstimate:
        """Estimate against the reference's points on the same questions."""
        return estimate_accuracy(scores, reference, self._passages[questions].tolist(), seed=self._options.seed)

    def _anchor(self) -> Anchor:
        if self._measured_anchor is None:
            full = RetentionConfig.full(self._encoder_config.num_layers)
            self._measured_anchor = Anchor.measure(
                lambda block: self._run(block.windows, full).result.score.per_example,
                self._parts,
                self._fresh_blocks,
                self._reference,
                self._passages,
                seed=self._options.seed,
            )
        return self._measured_anchor

    def evaluate_finalists(
        self, configs: Sequence[RetentionConfig], *, seconds: float | None = None
    ) -> tuple[Candidate, ...]:
        """Run every block through all configurations, full length always among them, until time is up.

        At least one block is measured. Full length is the reference of every ratio; a candidate for it is
        only returned when it was asked for.
        """
        begin = time.monotonic()
        layers = self._encoder_config.num_layers
        runners = list(dict.fromkeys([RetentionConfig.full(layers), *configs]))
        for config in runners:
            self._warm_up(config)
        used = [part for block in self._parts for part in self._split(block)]
        blocks = [*self._fresh_blocks, *used]
        passes: dict[RetentionConfig, list[_Pass]] = {config: [] for config in runners}
        measured: list[Block] = []
        for number, block in enumerate(blocks):
            elapsed = time.monotonic() - begin
            if seconds is not None and number and elapsed * (number + 1) / number > seconds:
                break
            for config in runners if number % 2 == 0 else reversed(runners):
                passes[config].append(self._run(block.windows, config))
            measured.append(block)
        full, points = passes[runners[0]], self._reference.on(measured)
        return tuple(self._finalist(config, measured, passes[config], full, points) for config in configs)

    def _split(self, block: Block) -> list[Block]:
        return split_block(block, self._options.block_windows, fewest=self._options.fewest_questions)

    def _finalist(
        self,
        config: RetentionConfig,
        blocks: Sequence[Block],
        passes: Sequence[_Pass],
        full: Sequence[_Pass],
        reference: NDArray[np.float64],
    ) -> Candidate:
        latencies = np.concatenate([done.result.latencies_ms for done in passes])
        tokens = np.concatenate([done.result.tokens for done in passes])
        scores = np.concatenate([done.result.score.per_example for done in passes])
        # the blocks' lengths differ, but both sides of a ratio have the same ones
        ratio = ratio_ci([[done.mean_ms] for done in passes], [[done.mean_ms] for done in full])
        interval = length_mix_ci(latencies, tokens)
        flags = {flag for done in passes for flag in done.contention.flags}
        return self._candidate(
            config,
            self._accuracy(scores, reference, np.concatenate([block.questions for block in blocks])),
            scores,
            latencies_ms=latencies,
            latency_ms=interval.estimate,
            latency_ci_ms=(interval.low, interval.high),
            latency_relative=1.0 if config.is_full else ratio.estimate,
            warnings=tuple(sorted(flags)),
        ).model_copy(update={"stage": "final", "part": self.parts - 1})

    def _candidate(
        self,
        config: RetentionConfig,
        accuracy: AccuracyEstimate,
        scores: NDArray[np.float64],
        *,
        latencies_ms: NDArray[np.float64],
        latency_ms: float,
        latency_ci_ms: tuple[float, float],
        latency_relative: float,
        warnings: tuple[MeasurementWarning, ...],
    ) -> Candidate:
        return Candidate(
            config=config,
            **vars(accuracy),
            latency_ms=latency_ms,
            latency_ci_ms=latency_ci_ms,
            latency_relative=latency_relative,
            macs_relative=self.macs_relative(config),
            latency_samples_ms=tuple(latencies_ms.tolist()),
            score_per_question=tuple(scores.tolist()),
            warnings=warnings,
        )

    def macs_relative(self, config: RetentionConfig) -> float:
        """Multiply-accumulates relative to the un-padded full-length model, over the whole split's lengths."""
        lengths = [config.lengths(n) for n in self._tokens]
        return mean_relative_macs(self._encoder_config, self._tokens, lengths)

    def latency_table(self, known: LatencyTable | None = None) -> LatencyTable:
        """The table; fitted when it is first needed, in the process and at the time of the search."""
        self._table = self._table or known
        if self._table is None:
            space = RetentionSpace(self._encoder_config.num_layers, ratio_step=0.05, min_ratio=0.05)
            shapes = list(dict.fromkeys(table_configs(space, self._options.seed)))
            requests = table_requests(self._windows, self._options.batch)
            for config in (space.full, shapes[0]):
                self._warm_up(config)

            def timed(request: int, config: RetentionConfig) -> float:
                return self._request_ms(requests[request], config)

            self._table = fit_table(
                timed,
                [tuple(window.length for window in request) for request in requests],
                shapes[CHECKED:],
                shapes[:CHECKED],
            )
        return self._table

    def _run(self, windows: WindowSet, config: RetentionConfig) -> _Pass:
        from quantlat.evaluation import evaluate_session

        with watch_contention(threads=self._session.threads, limits=self._options.limits) as watch:
            result = evaluate_session(self._session, windows, _elastic(config), batch=self._options.batch)
        return _Pass(result, watch.report)

    def _warm_up(self, config: RetentionConfig) -> None:
        """Let the runtime compile and allocate for short and long windows before anything is timed."""
        for _ in range(1 if config.is_full in self._warm else 3):
            for window in self._warm_up_windows:
                self._request_ms([window], config)
        self._warm.add(config.is_full)

    def _request_ms(self, windows: Sequence[Window], config: RetentionConfig) -> float:
        from quantlat.runtimes.base import TokenBatch

        batch = TokenBatch.from_windows(windows)
        begin = time.perf_counter_ns()
        self._session.run(batch, _elastic(config))
        return (time.perf_counter_ns() - begin) / 1e6


def _elastic(config: RetentionConfig) -> ElasticConfig | None:
    """Full length runs on the plain graph, which has no dropping in it and is what one would deploy for it."""
    return None if config.is_full else ElasticConfig(retention=config)
