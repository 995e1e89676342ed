"""The benchmark of one model in several runtimes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from quantlat.errors import MeasurementError, RuntimeUnavailableError
from quantlat.evaluation.benchmark import (
    length_cases,
    measure_roofline,
    run_benchmark,
    workload_case,
)
from quantlat.latency.measure import MeasureOptions
from quantlat.models.retention import RetentionConfig
from quantlat.runtimes.base import get_runtime
from tests.quantization.tiny import quantized_model, window

NATIVE = get_runtime("native").availability()
needs_engine = pytest.mark.skipif(not NATIVE.usable, reason=NATIVE.reason or "")
QUICK = MeasureOptions.fixed(3, warmup=1)


def test_a_length_becomes_one_batch_of_that_many_tokens() -> None:
    short, long = length_cases([5, 40], 3, vocab_size=300)
    assert (short.tokens, short.batch, len(short.requests)) == (5, 3, 1)
    assert [len(w.input_ids) for w in long.requests[0]] == [40, 40, 40]
    assert all(w.input_ids.min() >= 0 and w.input_ids.max() < 300 for w in long.requests[0])


def test_a_workload_is_cut_into_batches_of_similar_length() -> None:
    case = workload_case([window(n) for n in (30, 5, 20, 10, 15)], 2)
    assert [[len(w.input_ids) for w in request] for request in case.requests] == [[5, 10], [15, 20], [30]]
    assert (case.tokens, case.batch) == (16, 2)
    with pytest.raises(MeasurementError, match="at least one window"):
        workload_case([], 2)


@needs_engine
def test_every_runtime_and_profile_is_measured_on_every_case(tmp_path: Path) -> None:
    result = run_benchmark(
        quantized_model(),
        length_cases([8, 24], 2, vocab_size=300),
        runtimes=["native", "pytorch"],
        threads=1,
        profiles={"full": None, "fast": RetentionConfig((0.8, 0.4))},
        options=QUICK,
        cache_dir=tmp_path,
    )
    keys = [(row.runtime, row.profile, row.tokens, row.batch, row.threads) for row in result.rows]
    assert len(keys) == len(set(keys)) == 8
    assert {row.n for row in result.rows} == {3}
    assert {row.rows for row in result.roofline} == {8, 24}


def test_without_the_engine_in_the_comparison_there_is_no_roofline(tmp_path: Path) -> None:
    case = length_cases([8], 1, vocab_size=300)
    result = run_benchmark(
        quantized_model(),
        case,
        runtimes=["pytorch"],
        threads=1,
        profiles={"full": None},
        options=QUICK,
        cache_dir=tmp_path,
    )
    assert result.roofline == () and result.int8_peak_gmacs is None


def test_an_unknown_runtime_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(RuntimeUnavailableError, match="unknown runtime 'fastest'"):
        run_benchmark(
            quantized_model(),
            length_cases([8], 1, vocab_size=300),
            runtimes=["fastest"],
            threads=1,
            profiles={"full": None},
        )


@pytest.mark.alone
@needs_engine
def test_no_kernel_of_the_roofline_exceeds_the_measured_peak() -> None:
    peak, rows = measure_roofline(quantized_model(), [48], repeats=5)
    assert len(rows) == 8
    shares = np.array([row.of_peak for row in rows if row.of_peak is not None])
    if peak is None:
        assert not len(shares)
    else:
        assert (shares > 0).all() and (shares < 1.1).all()
