"""A measurement keeps its samples, survives JSON and says when it cannot be trusted."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from quantlat.latency.advice import MeasurementWarning
from quantlat.latency.contention import ContentionReport
from quantlat.latency.measurement import Measurement
from quantlat.latency.rounds import PROCESS_SPREAD


def _report(*flags: MeasurementWarning) -> ContentionReport:
    return ContentionReport(
        wall_s=1.0,
        run_delay_share=0.5,
        switches_per_s=3.0,
        steal_share=0.0,
        throttled_s=None,
        load_before=0.1,
        load_after=0.2,
        flags=flags,
    )


def test_statistics_of_known_samples() -> None:
    samples = [float(i) for i in range(1, 31)]
    measured = Measurement.from_samples("a", samples, rounds=[i % 3 for i in range(30)])
    assert measured.n == 30
    # the rounds' medians are 14.5, 15.5 and 16.5
    median = (14.5 * 15.5 * 16.5) ** (1 / 3)
    assert measured.median_ms == measured.percentiles_ms[50] == pytest.approx(median)
    assert measured.mean_ms == 15.5
    half = np.hypot(4.303 * np.log([14.5, 15.5, 16.5]).std(ddof=1) / 3**0.5, 1.96 * PROCESS_SPREAD)
    assert measured.ci_ms == pytest.approx((median * np.exp(-half), median * np.exp(half)), rel=1e-3)
    at_once = Measurement.from_samples("a", samples)
    assert (at_once.median_ms, at_once.ci_ms) == (15.5, (10.0, 21.0))
    assert set(measured.percentiles_ms) == {50, 90}
    assert [len(samples) for samples in measured.by_round] == [10, 10, 10]
    assert measured.warnings == ()


def test_it_survives_json_with_everything() -> None:
    measured = Measurement.from_samples(
        "int8",
        [3.0, 1.0, 2.0],
        rounds=[0, 0, 1],
        tokens=[30, 10, 20],
        flagged=[2],
        warmup_runs=10,
        machine="0123456789abcdef",
        contention=_report(MeasurementWarning.STEAL),
        warnings=[MeasurementWarning.SLOW_GOVERNOR],
    )
    again = Measurement.model_validate_json(measured.model_dump_json())
    assert again == measured
    assert again.warnings == (
        MeasurementWarning.STEAL,
        MeasurementWarning.TOO_FEW_SAMPLES,
        MeasurementWarning.SLOW_GOVERNOR,
        MeasurementWarning.UNRELIABLE,
    )


def test_many_disturbed_samples_or_stolen_time_make_it_unreliable() -> None:
    samples = [1.0] * 10
    assert Measurement.from_samples("a", samples, flagged=[0, 1]).reliable
    assert not Measurement.from_samples("a", samples, flagged=[0, 1, 2]).reliable
    assert not Measurement.from_samples("a", samples, contention=_report(MeasurementWarning.STEAL)).reliable
    assert Measurement.from_samples("a", samples, contention=_report(MeasurementWarning.BUSY_MACHINE)).reliable


def test_a_ratio_pairs_the_rounds() -> None:
    slow = Measurement.from_samples("slow", [20.0, 40.0, 80.0], rounds=[0, 1, 2])
    fast = Measurement.from_samples("fast", [10.0, 20.0, 40.0], rounds=[0, 1, 2])
    ratio = slow.ratio_to(fast)
    assert (ratio.estimate, ratio.low, ratio.high) == pytest.approx((2.0, 2.0, 2.0))


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValidationError, match="2 samples need as many rounds"):
        Measurement.from_samples("a", [1.0, 2.0], rounds=[0])
