"""``quantlat bench`` through the command's own entry point, on a tiny real model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from quantlat.cli import main
from quantlat.evaluation.benchmark import _padded_batches
from quantlat.evaluation.benchmark_model import dequantized, random_quantized
from quantlat.runtimes.base import TokenBatch, get_runtime
from tests.quantization.tiny import CONFIG, quantized_model, window

Command = Callable[..., tuple[int, str, str]]

NATIVE = get_runtime("native").availability()
needs_engine = pytest.mark.skipif(not NATIVE.usable, reason=NATIVE.reason or "")


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    quantized_model().save(folder)
    return folder


@pytest.fixture
def bench(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Run ``quantlat bench ARGS`` and return exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setattr(sys, "argv", ["quantlat", "bench", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run


@needs_engine
def test_json_holds_machine_rows_and_roofline_and_nothing_else_is_printed(bench: Command, model_folder: Path) -> None:
    code, out, err = bench(
        model_folder,
        "--runtimes",
        "native,pytorch",
        "--tokens",
        "9,33",
        "--profile",
        "0.8,0.5",
        "--rounds",
        3,
        "--json",
    )
    assert code == 0, err
    result = json.loads(out)
    assert set(result) == {"machine", "rows", "savings", "int8_peak_gmacs", "roofline"}
    rows = result["rows"]
    assert [(row["runtime"], row["profile"], row["tokens"]) for row in rows] == [
        (runtime, profile, tokens)
        for tokens in (9, 33)
        for runtime in ("native", "pytorch")
        for profile in ("full", "0.8,0.5")
    ]
    assert set(rows[0]) == {
        *("runtime", "profile", "batch", "tokens", "threads"),
        *("median_ms", "ci_ms", "n", "warnings"),
    }
    for row in rows:
        assert row["batch"] == row["threads"] == 1 and row["n"] == 3
        assert 0 < row["ci_ms"][0] <= row["median_ms"] <= row["ci_ms"][1]
    savings = result["savings"]
    assert [(s["runtime"], s["tokens"]) for s in savings] == [(r, t) for t in (9, 33) for r in ("native", "pytorch")]
    # hidden 64, intermediate 128, rows 33 -> 27 -> 17: what the formula of models/macs.py gives
    done = sum(4 * a * 64**2 + 2 * a * a * 64 + 2 * b * 64 * 128 for a, b in ((33, 27), (27, 17)))
    whole = 2 * (4 * 33 * 64**2 + 2 * 33 * 33 * 64 + 2 * 33 * 64 * 128)
    assert savings[-1]["macs"] == pytest.approx(done / whole)
    full, dropped = rows[-2]["median_ms"], rows[-1]["median_ms"]
    assert savings[-1]["time"] == pytest.approx(dropped / full)
    kernels = [row for row in result["roofline"] if row["rows"] == 33]
    assert len(kernels) == 8 and all(row["microseconds"] > 0 for row in kernels)


@needs_engine
def test_the_table_names_every_runtime_and_the_roofline(bench: Command, model_folder: Path) -> None:
    code, out, err = bench(model_folder, "--runtimes", "native", "--tokens", "16", "--batch", 4, "--rounds", 3)
    assert code == 0, err
    assert "median ms" in out and "native" in out
    assert "INT8 peak of this core" in out and "attention, one head" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--shape", "bert-base"), 2, "one of them"),
        (("--padded-batch", "0"), 2, "--padded-batch"),
        (("--runtimes", "nativ"), 8, "unknown runtime 'nativ'"),
        (("--tokens", "64,-1"), 2, "--tokens"),
        (("--tokens", "64;128"), 2, "--tokens"),
        (("--runtimes", "pytorch", "--tokens", "513"), 4, "513 tokens"),
        (("--runtimes", "pytorch", "--tokens", "8", "--profile", "0.9"), 3, "has 1 layers, the model has 2"),
        (("--profile", "0.5,x"), 3, "ratios separated by commas"),
        (("--profile", "fast"), 6, "not the folder of a run"),
        (("--workload",), 6, "not the folder of a run"),
    ],
)
def test_mistakes_are_named_without_a_traceback(
    bench: Command, model_folder: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    actual, out, err = bench(model_folder, *arguments)
    assert (actual, out) == (code, "")
    assert message in err and "Traceback" not in err


def test_a_missing_folder_is_named(bench: Command, tmp_path: Path) -> None:
    code, out, err = bench(tmp_path / "nowhere")
    assert (code, out) == (6, "")
    assert "nowhere is not the folder of a run" in err


def test_without_a_model_or_with_an_unknown_shape_the_choice_is_named(bench: Command) -> None:
    assert "name a run" in bench()[2]
    code, _, err = bench("--shape", "bert-bas")
    assert code == 3 and "did you mean" in err and "minilm-l6" in err
    code, _, err = bench("--shape", "minilm-l6", "--workload")
    assert code == 2 and "has no data" in err


def test_runtimes_that_pad_run_a_request_in_sorted_batches() -> None:
    windows = [window(n) for n in (50, 9, 31, 12)]
    batches = _padded_batches(windows, 2)
    assert [batch.input_ids.shape for batch in batches] == [(2, 12), (2, 50)]


def test_the_fp32_model_of_an_int8_one_has_its_weights() -> None:
    """What NNCF quantises differs from the INT8 model by the rounding of activations alone."""
    model = quantized_model()
    floating, tokens = dequantized(model), TokenBatch.from_windows([window(40)])
    arrays = (torch.from_numpy(x) for x in (tokens.input_ids, tokens.attention_mask, tokens.token_type_ids))
    with torch.no_grad():
        expected = floating(*arrays).numpy()
    actual = get_runtime("pytorch").load(model, threads=1).run(tokens)
    assert np.sqrt(np.square(actual - expected).mean()) < 0.3 * expected.std()


def test_random_models_of_a_shape_run_and_give_finite_logits() -> None:
    logits = get_runtime("pytorch").load(random_quantized(CONFIG), threads=1).run(TokenBatch.from_windows([window(20)]))
    assert np.isfinite(logits).all() and logits.std() > 0


@needs_engine
def test_too_many_threads_for_the_engine_are_refused(bench: Command, model_folder: Path) -> None:
    code, _, err = bench(model_folder, "--runtimes", "native", "--threads", 5000, "--tokens", "8")
    assert code == 8
    assert "threads must be 1 to 1024, got 5000" in err
