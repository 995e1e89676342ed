"""Coverage counts what runs in INT8, weighted by work."""

from __future__ import annotations

import pytest

from quantlat.quantization.coverage import artifact_coverage, executed_coverage
from quantlat.quantization.sensitivity import with_fp32
from quantlat.runtimes.openvino import ExecutedProduct
from tests.quantization.tiny import fp32_model, quantized_model


def test_all_linears_in_int8_leave_only_attentions_products_in_fp32() -> None:
    coverage = artifact_coverage(quantized_model(), tokens=100)
    assert (coverage.int8_linears, coverage.linears, coverage.fp32_names) == (13, 13, ())
    assert coverage.int8_linear_macs == 1.0
    linears = 100 * (2 * (4 * 64 * 64 + 2 * 64 * 128) + 2 * 64)
    assert coverage.int8_macs == pytest.approx(linears / (linears + 2 * 2 * 100 * 100 * 64))


def test_longer_sequences_have_a_smaller_int8_share() -> None:
    shares = [artifact_coverage(quantized_model(), tokens=n).int8_macs for n in (16, 128, 512)]
    assert shares == sorted(shares, reverse=True) and shares[0] > 0.9 and shares[2] < 0.6


def test_a_linear_left_in_fp32_counts_with_its_work() -> None:
    model = with_fp32(quantized_model(), fp32_model(), ["encoder.layers.0.feed_forward.up"])
    coverage = artifact_coverage(model, tokens=10)
    assert (coverage.int8_linears, coverage.fp32_names) == (12, ("encoder.layers.0.feed_forward.up",))
    total = 2 * (4 * 64 * 64 + 2 * 64 * 128) + 2 * 64
    assert coverage.int8_linear_macs == pytest.approx(1 - 64 * 128 / total)


def test_executed_products_are_counted_by_the_type_they_multiply() -> None:
    products = [
        ExecutedProduct("a", "FullyConnected", "u8", "brgemm_avx512_I8"),
        ExecutedProduct("b", "FullyConnected", "f32", "brgemm_avx512_f32"),
        ExecutedProduct("c", "FullyConnected", "i8", "brgemm_avx512_I8"),
        ExecutedProduct("d", "MatMul", "f32", "brgemm_avx512_f32"),
    ]
    coverage = executed_coverage(products)
    assert (coverage.linears, coverage.int8_linears, coverage.activation_products) == (3, 2, 1)
    assert coverage.kernels == (("brgemm_avx512_I8", 2), ("brgemm_avx512_f32", 2))
