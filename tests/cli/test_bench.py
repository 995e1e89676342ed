"""``quantlat bench`` through the command's own entry point, on a tiny real model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from quantlat.cli import main
from quantlat.runtimes.base import get_runtime
from tests.quantization.tiny import quantized_model

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
    assert {"machine", "rows"} <= set(result)
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
    kernels = [row for row in result["roofline"] if row["rows"] == 33]
    assert len(kernels) == 7 and all(row["microseconds"] > 0 for row in kernels)


@needs_engine
def test_the_table_names_every_runtime_and_the_roofline(bench: Command, model_folder: Path) -> None:
    code, out, err = bench(model_folder, "--runtimes", "native", "--tokens", "16", "--batch", 4, "--rounds", 3)
    assert code == 0, err
    assert "median ms" in out and "native" in out
    assert "INT8 peak of this core" in out and "attention, one head" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
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


@needs_engine
def test_too_many_threads_for_the_engine_are_refused(bench: Command, model_folder: Path) -> None:
    code, _, err = bench(model_folder, "--runtimes", "native", "--threads", 5000, "--tokens", "8")
    assert code == 8
    assert "threads must be 1 to 1024, got 5000" in err
