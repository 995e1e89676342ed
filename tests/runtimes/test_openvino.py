"""OpenVINO really multiplies integers, and keeps the weights as int8."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("openvino", reason="openvino is not installed")

from quantlat.quantization.coverage import executed_coverage
from quantlat.quantization.sensitivity import with_fp32
from quantlat.runtimes import openvino
from quantlat.runtimes.base import TokenBatch
from quantlat.runtimes.nncf_baseline import NncfSession
from quantlat.runtimes.openvino import OpenVinoRuntime
from tests.quantization.tiny import CONFIG, fp32_model, quantized_model, window

BATCH = TokenBatch.from_windows([window(24)])


@pytest.mark.parametrize(("kind", "opinions"), [(None, 0), (0, 2), (1, 1)], ids=["plain", "elastic", "one whole layer"])
def test_every_linear_is_executed_in_int8(cache_dir: Path, kind: int | None, opinions: int) -> None:
    """Two columns in fp32 are all that the answer head's opinion adds to a layer that drops."""
    session = OpenVinoRuntime().load(quantized_model(), threads=1, cache_dir=cache_dir)
    coverage = executed_coverage(session.executed_products(kind))
    assert (coverage.linears, coverage.int8_linears) == (13 + opinions, 13)


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


def test_a_fp32_model_is_converted_once_for_everybody_who_names_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = OpenVinoRuntime().load(fp32_model(), threads=1).run(BATCH)
    first = OpenVinoRuntime().load(fp32_model(), threads=1, cache_dir=tmp_path).run(BATCH)
    assert np.array_equal(first, expected)
    assert len(list(tmp_path.iterdir())) == 1

    def convert(graph: object) -> None:
        raise AssertionError("converted again")

    monkeypatch.setattr(openvino, "convert_graph", convert)
    assert np.array_equal(OpenVinoRuntime().load(fp32_model(), threads=1, cache_dir=tmp_path).run(BATCH), expected)
    other = fp32_model()
    other.encoder.layers[0].feed_forward.down.bias.data += 1.0
    with pytest.raises(AssertionError, match="converted again"):  # other numbers are another model
        OpenVinoRuntime().load(other, threads=1, cache_dir=tmp_path).run(BATCH)


def test_nncf_quantises_the_graph_that_the_fp32_baseline_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nncf", reason="nncf is not installed")
    windows = [window(n) for n in (16, 24, 32, 40)]
    session = NncfSession(fp32_model(), windows, threads=1, cache_dir=tmp_path)
    monkeypatch.setattr(openvino, "convert_graph", None)
    floating = OpenVinoRuntime().load(fp32_model(), threads=1, cache_dir=tmp_path).run(BATCH)
    quantised = session.run(BATCH)
    error = np.abs(quantised - floating).max() / np.abs(floating).max()
    assert 0.0 < error < 0.5
    again = NncfSession.from_file(session.save(tmp_path / "nncf.xml"), threads=1)
    assert np.allclose(again.run(BATCH), quantised, atol=1e-5)


def test_nobody_is_told_that_a_model_was_converted() -> None:
    pytest.importorskip("nncf", reason="nncf is not installed")
    code = (
        "import quantlat.runtimes, sys, nncf, openvino.tools.ovc.convert_impl\n"
        "print([name for name in sys.modules if name.startswith('openvino_telemetry.')])\n"
    )
    # both are silent in tests and in continuous integration anyway
    environment = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith(("PYTEST", "NNCF"))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True, timeout=300
    )
    assert done.stdout == "[]\n"
