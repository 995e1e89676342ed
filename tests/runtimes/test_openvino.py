"""OpenVINO really multiplies integers, and keeps the weights as int8."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("openvino", reason="openvino is not installed")

from quantlat.quantization.coverage import executed_coverage
from quantlat.quantization.sensitivity import with_fp32
from quantlat.runtimes.openvino import OpenVinoRuntime
from tests.quantization.tiny import CONFIG, fp32_model, quantized_model


@pytest.mark.parametrize("kind", [None, 0, 1], ids=["plain", "elastic", "one whole layer"])
def test_every_linear_is_executed_in_int8(cache_dir: Path, kind: int | None) -> None:
    session = OpenVinoRuntime().load(quantized_model(), threads=1, cache_dir=cache_dir)
    coverage = executed_coverage(session.executed_products(kind))
    assert coverage.linears == coverage.int8_linears == 13


def test_a_linear_left_in_fp32_is_executed_in_fp32(cache_dir: Path) -> None:
    model = with_fp32(quantized_model(), fp32_model(), ["encoder.layers.1.feed_forward.down"])
    session = OpenVinoRuntime().load(model, threads=1, cache_dir=cache_dir)
    coverage = executed_coverage(session.executed_products())
    assert (coverage.linears, coverage.int8_linears) == (13, 12)


def test_the_converted_model_holds_the_weights_as_int8(cache_dir: Path) -> None:
    OpenVinoRuntime().load(quantized_model(), threads=1, cache_dir=cache_dir).executed_products()
    linears = sum(outputs * inputs for outputs, inputs in quantized_model().layout.linears.values())
    tables = 4 * CONFIG.hidden_size * (CONFIG.vocab_size + CONFIG.max_positions + CONFIG.type_vocab_size)
    smallest = min(path.stat().st_size for path in cache_dir.glob("*/model.bin"))
    assert smallest < tables + 1.25 * linears
