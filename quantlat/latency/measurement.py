"""One measured latency, with everything that is needed to believe it or to refuse it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from quantlat.latency.advice import MeasurementWarning, merge_warnings
from quantlat.latency.contention import ContentionReport
from quantlat.latency.rounds import PROCESS_SPREAD, median_over_rounds_ci, mix_mean_over_rounds_ci, ratio_ci
from quantlat.latency.settings import MeasureSettings
from quantlat.latency.statistics import percentiles_supported
from quantlat.metrics import Interval

_UNRELIABLE_SHARE = 0.2
_FEWEST_FOR_MEDIAN = 6
# these stop the whole machine or group, and no single sample's own books show it
_UNSEEN_BY_SAMPLES = frozenset({MeasurementWarning.STEAL, MeasurementWarning.THROTTLED})


class Measurement(BaseModel):
    """Latency of one thing on one machine; keeps the raw samples.

    Attributes:
        name: what was measured.
        samples_ms: every timed run, in the order in which they were made.
        rounds: for each sample, the round in which it was taken; rounds pair it with what it was
            interleaved with.
        tokens: for each sample, the real tokens of the request; empty where requests have no length.
        flagged: positions of samples during which the process had to wait for a processor.
        median_ms: median over the workload (:func:`quantlat.latency.rounds.median_over_rounds_ci`).
        ci_ms: its confidence interval, about measuring the same workload again, in another process.
        level: confidence of that interval; below 0.95 when the samples are too few.
        mean_ms: mean of all samples.
        percentiles_ms: those percentiles that so many samples support.
        warmup_runs: untimed runs before the first sample.
        machine: fingerprint of the machine (:attr:`quantlat.latency.machine.MachineFacts.fingerprint`).
        settings: processors, threads, allocator and thread pools of the process that measured.
        attempt: 2 when a first attempt was disturbed and measured again.
        contention: what the scheduler reported over the whole measurement.
        warnings: reasons for doubt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    samples_ms: tuple[float, ...]
    rounds: tuple[int, ...]
    tokens: tuple[int, ...] = ()
    flagged: tuple[int, ...] = ()
    median_ms: float
    ci_ms: tuple[float, float]
    level: float
    mean_ms: float
    percentiles_ms: dict[int, float]
    warmup_runs: int
    machine: str
    settings: MeasureSettings | None = None
    attempt: int = 1
    contention: ContentionReport | None = None
    warnings: tuple[MeasurementWarning, ...] = ()

    @model_validator(mode="after")
    def _columns_agree(self) -> Self:
        if len(self.rounds) != len(self.samples_ms) or len(self.tokens) not in (0, len(self.samples_ms)):
            raise ValueError(
                f"{len(self.samples_ms)} samples need as many rounds and as many token counts (or none), "
                f"got {len(self.rounds)} and {len(self.tokens)}"
            )
        return self

    @classmethod
    def from_samples(
        cls,
        name: str,
        samples_ms: Sequence[float],
        *,
        rounds: Sequence[int] | None = None,
        tokens: Sequence[int] = (),
        flagged: Sequence[int] = (),
        warmup_runs: int = 0,
        machine: str = "",
        settings: MeasureSettings | None = None,
        attempt: int = 1,
        contention: ContentionReport | None = None,
        warnings: Sequence[MeasurementWarning] = (),
    ) -> Self:
        """Compute the statistics of raw samples.

        Raises:
            MeasurementError: no samples, or one that is not a positive time.
        """
        numbers = tuple(rounds) if rounds is not None else (0,) * len(samples_ms)
        interval = median_over_rounds_ci(_grouped(samples_ms, numbers), process_spread=PROCESS_SPREAD)
        own = [MeasurementWarning.TOO_FEW_SAMPLES] if len(samples_ms) < _FEWEST_FOR_MEDIAN else []
        if not _believable(len(flagged), len(samples_ms), contention):
            own.append(MeasurementWarning.UNRELIABLE)
        return cls(
            name=name,
            samples_ms=tuple(float(sample) for sample in samples_ms),
            rounds=numbers,
            tokens=tuple(tokens),
            flagged=tuple(flagged),
            median_ms=interval.estimate,
            ci_ms=(interval.low, interval.high),
            level=interval.level,
            mean_ms=sum(samples_ms) / len(samples_ms),
            percentiles_ms={**percentiles_supported(samples_ms), 50: interval.estimate},
            warmup_runs=warmup_runs,
            machine=machine,
            settings=settings,
            attempt=attempt,
            contention=contention,
            warnings=merge_warnings(warnings, contention.flags if contention else (), own),
        )

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.samples_ms)

    @property
    def by_round(self) -> tuple[tuple[float, ...], ...]:
        """Samples grouped by round, in the order of the rounds."""
        return _grouped(self.samples_ms, self.rounds)

    @property
    def mix_mean(self) -> Interval:
        """Mean over the mix of lengths, in ms; needs the requests' tokens."""
        tokens = self.tokens[: len(self.by_round[0])]
        return mix_mean_over_rounds_ci(self.by_round, tokens, process_spread=PROCESS_SPREAD)

    @property
    def reliable(self) -> bool:
        """False when more than a fifth of the samples were disturbed, or the host or quota took time away."""
        return _believable(len(self.flagged), self.n, self.contention)

    def with_warnings(self, *warnings: MeasurementWarning) -> Self:
        """The same measurement with more reasons for doubt."""
        return self.model_copy(update={"warnings": merge_warnings(self.warnings, warnings)})

    def ratio_to(self, other: Measurement) -> Interval:
        """This latency divided by that of ``other``, paired by round (above 1: this one is slower).

        Raises:
            MeasurementError: the two were not measured in the same rounds.
        """
        return ratio_ci(self.by_round, other.by_round)


def _grouped(samples_ms: Sequence[float], rounds: Sequence[int]) -> tuple[tuple[float, ...], ...]:
    """Samples by round; columns of unequal length are for the model's validator to refuse."""
    by_round: dict[int, list[float]] = {}
    for sample, number in zip(samples_ms, rounds, strict=False):
        by_round.setdefault(number, []).append(float(sample))
    return tuple(tuple(by_round[number]) for number in sorted(by_round))


def _believable(flagged: int, samples: int, contention: ContentionReport | None) -> bool:
    if flagged > _UNRELIABLE_SHARE * samples:
        return False
    return not (contention and _UNSEEN_BY_SAMPLES.intersection(contention.flags))


def int8_warnings(int8: Measurement, fp32: Measurement) -> tuple[MeasurementWarning, ...]:
    """Whether INT8 is slower than fp32, beyond what chance explains, in rounds measured side by side."""
    ratio = int8.ratio_to(fp32)
    return (MeasurementWarning.INT8_SLOWER,) if ratio.level > 0.0 and ratio.low > 1.0 else ()
