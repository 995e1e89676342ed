"""The fastest runtime is found by measuring the ones that are usable."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantlat.errors import RuntimeUnavailableError
from quantlat.runtimes.auto import measure_runtimes, pick_runtime
from quantlat.runtimes.base import TokenBatch
from quantlat.runtimes.inductor import compiler
from tests.quantization.tiny import fp32_model, quantized_model, window

BATCHES = [TokenBatch.from_windows([window(n)]) for n in (12, 30)]


def test_every_candidate_is_timed_and_the_fastest_is_first(tmp_path: Path) -> None:
    choice = measure_runtimes(
        quantized_model(), BATCHES, threads=1, candidates=("pytorch", "onnxruntime"), cache_dir=tmp_path
    )
    assert {timing.runtime for timing in choice.timings} == {"pytorch", "onnxruntime"} and choice.skipped == ()
    totals = [timing.total_ms for timing in choice.timings]
    assert totals == sorted(totals) and totals[0] > 0
    assert choice.name == choice.timings[0].runtime


def test_an_unusable_candidate_is_skipped_with_its_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert compiler() is None
    choice = measure_runtimes(fp32_model(), BATCHES, threads=1, candidates=("inductor", "pytorch"))
    assert choice.name == "pytorch"
    assert choice.skipped[0][0] == "inductor" and "compiler" in choice.skipped[0][1]
    with pytest.raises(RuntimeUnavailableError, match="no runtime can run here"):
        measure_runtimes(fp32_model(), BATCHES, threads=1, candidates=("inductor",))


def test_picking_needs_something_to_measure_with() -> None:
    with pytest.raises(RuntimeUnavailableError, match="at least one batch"):
        pick_runtime(quantized_model(), [], threads=1)
