"""What a search measures of a configuration: accuracy and latency on the deployed INT8 artefact, and MACs.

Both objectives come from one pass over the search split, one window at a time, so that latency is that of the
task's real lengths. Three things keep a noisy neighbour from deciding the front:

- Latency is told as a ratio to full length on the plain graph of the same session. That reference is measured
  again on a few windows before every few trials, and its drift is divided out.
- A pass during which the process had to wait for a processor is timed again, once.
- Finalists are measured interleaved: every block of questions runs through all of them, forwards and
  backwards in turn, and ratios are paired by block.

The questions that the search has not used come first among the finalists' blocks, because the search's own
questions flatter what was selected on them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantlat.errors import MeasurementError
from quantlat.latency import (
    ContentionLimits,
    ContentionReport,
    MeasurementWarning,
    Workload,
    length_mix_ci,
    length_mix_mean,
    ratio_ci,
    watch_contention,
)
from quantlat.models.macs import mean_relative_macs
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.search.blocks import Block, cut_blocks, shortest_middle_longest, split_block
from quantlat.search.candidate import Candidate, estimate_accuracy

if TYPE_CHECKING:
    from quantlat.data.windows import Window, WindowSet
    from quantlat.evaluation import EvaluationResult
    from quantlat.models.encoder_config import EncoderConfig
    from quantlat.runtimes.base import Session


class Evaluator(Protocol):
    """Measures configurations; the search knows nothing of models, data or runtimes beyond this."""

    @property
    def reference_accuracy(self) -> float:
        """Accuracy, in points, of the model that the floor refers to, on all search questions."""

    def evaluate(self, config: RetentionConfig) -> Candidate:
        """Measure one configuration for the search."""

    def evaluate_finalists(
        self, configs: Sequence[RetentionConfig], *, seconds: float | None = None
    ) -> tuple[Candidate, ...]:
        """Measure a few configurations against each other, as well as ``seconds`` allow (``None``: all data)."""


@dataclass(frozen=True)
class EvaluatorOptions:
    """How a :class:`SessionEvaluator` measures.

    Attributes:
        windows: windows of the search split that each trial runs through (at least; whole questions are
            taken).
        reference_windows: windows on which the drift of the machine is measured.
        reference_every: trials after which the reference is measured again.
        block_windows: windows of one block of the finalists' rounds.
        seed: draws the windows of a trial.
        limits: when a pass counts as disturbed and is timed again.
    """

    windows: int = 400
    reference_windows: int = 32
    reference_every: int = 3
    block_windows: int = 64
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
        reference_scores: points of the reference model on every question of ``search_set``, in its order.

    Raises:
        MeasurementError: ``reference_scores`` does not fit the questions.
    """

    def __init__(
        self,
        session: Session,
        search_set: WindowSet,
        encoder_config: EncoderConfig,
        reference_scores: ArrayLike,
        options: EvaluatorOptions | None = None,
    ) -> None:
        self._session = session
        self._encoder_config = encoder_config
        self._options = options or EvaluatorOptions()
        self._reference = np.asarray(reference_scores, dtype=np.float64).ravel()
        if len(self._reference) != len(search_set.examples):
            raise MeasurementError(
                f"the reference must be scored on the search split: it has {len(search_set.examples)} questions, "
                f"the scores are of {len(self._reference)}"
            )
        numbers: dict[str, int] = {}
        contexts = [example.context for example in search_set.examples]
        self._passages = np.array([numbers.setdefault(context, len(numbers)) for context in contexts])
        self._tokens = [window.length for window in search_set.windows]
        order = np.random.default_rng(self._options.seed).permutation(len(contexts))
        blocks = cut_blocks(search_set, order, (self._options.windows, self._options.block_windows))
        self._trial_block, self._fresh_blocks = blocks[0], blocks[1:]
        drift = Workload.from_windows(
            self._trial_block.windows, self._options.reference_windows, seed=self._options.seed
        )
        self._drift_positions = np.array(drift.indices)
        self._warm_up_windows = shortest_middle_longest(search_set.windows)
        self._full: _Pass | None = None
        self._drift = 1.0
        self._trials_since_reference = 0
        self._warm: set[bool] = set()
        self._always_disturbed = False

    @property
    def reference_accuracy(self) -> float:
        """Accuracy of the reference model on the whole search split, in points."""
        return float(self._reference.mean())

    @property
    def drift(self) -> float:
        """Speed of the machine when last checked: 1.1 means that it was 10 % slower than at the start."""
        return self._drift

    def evaluate(self, config: RetentionConfig) -> Candidate:
        """Run the trial's windows once (twice when disturbed) and compare with full length measured nearby."""
        full = self._full_length()
        if config.is_full:
            done, relative = full, 1.0
            drift = 1.0
        else:
            self._follow_drift(full)
            done = self._undisturbed(self._trial_block.windows, config)
            drift = self._drift
            relative = done.mean_ms / (full.mean_ms * drift)
            self._trials_since_reference += 1
            if done.contention.disturbed:  # whatever it was may still be there: look again before the next trial
                self._trials_since_reference = self._options.reference_every
        latencies = done.result.latencies_ms / drift
        interval = length_mix_ci(latencies, done.result.tokens)
        return self._candidate(
            config,
            self._trial_block.questions,
            done.result.score.f1_per_question,
            latencies_ms=latencies,
            latency_ms=interval.estimate,
            latency_ci_ms=(interval.low, interval.high),
            latency_relative=relative,
            warnings=done.contention.flags,
        )

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
        blocks = [*self._fresh_blocks, *split_block(self._trial_block, self._options.block_windows)]
        passes: dict[RetentionConfig, list[_Pass]] = {config: [] for config in runners}
        measured: list[Block] = []
        for number, block in enumerate(blocks):
            elapsed = time.monotonic() - begin
            if seconds is not None and number and elapsed * (number + 1) / number > seconds:
                break
            for config in runners if number % 2 == 0 else reversed(runners):
                passes[config].append(self._run(block.windows, config))
            measured.append(block)
        reference = passes[runners[0]]
        return tuple(self._finalist(config, measured, passes[config], reference) for config in configs)

    def _finalist(
        self,
        config: RetentionConfig,
        blocks: Sequence[Block],
        passes: Sequence[_Pass],
        reference: Sequence[_Pass],
    ) -> Candidate:
        latencies = np.concatenate([done.result.latencies_ms for done in passes])
        tokens = np.concatenate([done.result.tokens for done in passes])
        scores = np.concatenate([done.result.score.f1_per_question for done in passes])
        # the blocks' lengths differ, but both sides of a ratio have the same ones
        ratio = ratio_ci([[done.mean_ms] for done in passes], [[done.mean_ms] for done in reference])
        interval = length_mix_ci(latencies, tokens)
        flags = {flag for done in passes for flag in done.contention.flags}
        return self._candidate(
            config,
            np.concatenate([block.questions for block in blocks]),
            scores,
            latencies_ms=latencies,
            latency_ms=interval.estimate,
            latency_ci_ms=(interval.low, interval.high),
            latency_relative=1.0 if config.is_full else ratio.estimate,
            warnings=tuple(sorted(flags)),
        ).model_copy(update={"stage": "final"})

    def _candidate(
        self,
        config: RetentionConfig,
        questions: NDArray[np.int64],
        scores: NDArray[np.float64],
        *,
        latencies_ms: NDArray[np.float64],
        latency_ms: float,
        latency_ci_ms: tuple[float, float],
        latency_relative: float,
        warnings: tuple[MeasurementWarning, ...],
    ) -> Candidate:
        accuracy = estimate_accuracy(
            scores,
            self._reference[questions],
            self._passages[questions].tolist(),
            seed=self._options.seed,
        )
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

    def _full_length(self) -> _Pass:
        """Full length on the plain graph, measured once; the unit of every ratio."""
        if self._full is None:
            full = RetentionConfig.full(self._encoder_config.num_layers)
            self._warm_up(full)
            self._full = self._undisturbed(self._trial_block.windows, full)
        return self._full

    def _follow_drift(self, full: _Pass) -> None:
        """Measure a few windows at full length again and compare them, window by window, with the first time."""
        if self._trials_since_reference < self._options.reference_every:
            return
        windows = [self._trial_block.windows.windows[i] for i in self._drift_positions]
        then = full.result.latencies_ms[self._drift_positions]
        self._drift = float(np.median(self._latencies_ms(windows, None) / then))
        self._trials_since_reference = 0

    def _undisturbed(self, windows: WindowSet, config: RetentionConfig) -> _Pass:
        """One pass, or the calmer of two; on a machine that is never calm a second one would be wasted."""
        self._warm_up(config)
        first = self._run(windows, config)
        if not first.contention.disturbed:
            self._always_disturbed = False
            return first
        if self._always_disturbed:
            return first
        second = self._run(windows, config)
        self._always_disturbed = second.contention.disturbed
        return min(first, second, key=lambda done: done.contention.run_delay_share or 0.0)

    def _run(self, windows: WindowSet, config: RetentionConfig) -> _Pass:
        from quantlat.evaluation import evaluate_session

        with watch_contention(threads=self._session.threads, limits=self._options.limits) as watch:
            result = evaluate_session(self._session, windows, _elastic(config))
        return _Pass(result, watch.report)

    def _warm_up(self, config: RetentionConfig) -> None:
        """Let the runtime compile and allocate for short and long windows before anything is timed."""
        for _ in range(1 if config.is_full in self._warm else 3):
            self._latencies_ms(self._warm_up_windows, _elastic(config))
        self._warm.add(config.is_full)

    def _latencies_ms(self, windows: Sequence[Window], config: ElasticConfig | None) -> NDArray[np.float64]:
        from quantlat.runtimes.base import TokenBatch

        times = np.empty(len(windows))
        for i, window in enumerate(windows):
            batch = TokenBatch.from_windows([window])
            begin = time.perf_counter_ns()
            self._session.run(batch, config)
            times[i] = (time.perf_counter_ns() - begin) / 1e6
        return times


def _elastic(config: RetentionConfig) -> ElasticConfig | None:
    """Full length runs on the plain graph, which has no dropping in it and is what one would deploy for it."""
    return None if config.is_full else ElasticConfig(retention=config)
