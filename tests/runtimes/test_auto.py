"""The fastest runtime is found by measuring the ones that are usable."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from quantlat.errors import RuntimeUnavailableError
from quantlat.models.retention import RetentionConfig
from quantlat.runtimes.auto import measure_runtimes, pick_runtime
from quantlat.runtimes.base import Config, Logits, TokenBatch
from quantlat.runtimes.inductor import compiler
from quantlat.runtimes.session import GraphSession
from tests.quantization.tiny import fp32_model, quantized_model, window

BATCHES = [TokenBatch.from_windows([window(n)]) for n in (12, 30)]


def test_every_candidate_is_timed_and_the_fastest_is_first(cache_dir: Path) -> None:
    choice = measure_runtimes(
        quantized_model(), BATCHES, threads=1, candidates=("pytorch", "onnxruntime"), cache_dir=cache_dir
    )
    assert {timing.runtime for timing in choice.timings} == {"pytorch", "onnxruntime"} and choice.skipped == ()
    totals = [timing.total_ms for timing in choice.timings]
    assert totals == sorted(totals) and totals[0] > 0
    assert choice.name == choice.timings[0].runtime


def test_dropped_tokens_are_timed_only_where_they_can_make_a_runtime_the_fastest(
    monkeypatch: pytest.MonkeyPatch, cache_dir: Path
) -> None:
    runs: dict[str, set[bool]] = {}
    run = GraphSession.run

    def watched(self: GraphSession, batch: TokenBatch, config: Config = None) -> Logits:
        runs.setdefault(self.runtime, set()).add(config is not None)
        if self.runtime == "onnxruntime":
            time.sleep(0.1)  # far beyond what dropping half of the tokens could win back
        return run(self, batch, config)

    monkeypatch.setattr(GraphSession, "run", watched)
    choice = measure_runtimes(
        quantized_model(),
        BATCHES,
        threads=1,
        config=RetentionConfig((1.0, 0.5)),
        candidates=("pytorch", "onnxruntime"),
        rounds=3,  # a median, so that one run that the machine holds up decides nothing
        cache_dir=cache_dir,
    )
    assert runs == {"pytorch": {False, True}, "onnxruntime": {False}}
    assert choice.name == "pytorch"


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
