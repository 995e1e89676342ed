"""IPEX's worker process beyond the conformance suite: where it is found, what it refuses, when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import quantlat
from quantlat.errors import RuntimeUnavailableError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.retention import RetentionConfig
from quantlat.quantization.artifact import QuantizedLinear, QuantizedModel
from quantlat.quantization.reference import build_task_model
from quantlat.runtimes.base import TokenBatch, get_runtime
from quantlat.runtimes.frames import Frame
from quantlat.runtimes.ipex import IpexRuntime, IpexSession
from quantlat.runtimes.ipex_process import VARIABLE, IpexWorker, find_environment
from tests.native.random_model import random_model
from tests.quantization.tiny import CONFIG, quantized_model, window

IDS = np.array([[1, 2, 3]], np.int64)
REQUEST = {"input_ids": IDS, "attention_mask": IDS * 0 + 1, "token_type_ids": IDS * 0}

_found = IpexRuntime().availability()
needs_ipex = pytest.mark.skipif(not _found.usable, reason=f"{_found.reason}: {_found.install}")


# Without an environment --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("python", "reason"),
    [
        ("/nonexistent/python", f"{VARIABLE} is '/nonexistent/python', which is no program"),
        ("/bin/false", "/bin/false does not answer as a Python interpreter"),
        (sys.executable, "not installed in the environment of .*: intel-extension-for-pytorch"),
    ],
)
def test_an_environment_without_ipex_is_named_with_its_reason_and_the_line_that_builds_one(
    monkeypatch: pytest.MonkeyPatch, python: str, reason: str
) -> None:
    monkeypatch.setenv(VARIABLE, python)
    found = get_runtime("ipex").availability()
    assert not found.usable and found.install.startswith("make ipex")
    with pytest.raises(RuntimeUnavailableError, match=reason) as caught:
        get_runtime("ipex").load(quantized_model(), threads=1)
    assert "make ipex" in str(caught.value) and VARIABLE in str(caught.value)


def test_an_environment_in_the_current_folder_is_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / ".venv-ipex" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    program.chmod(0o755)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    find_environment()
    assert not (tmp_path / "was-run").exists()


@pytest.fixture
def bare_worker() -> Iterator[IpexWorker]:
    """The worker in an environment without IPEX: this one."""
    worker = IpexWorker(Path(sys.executable), threads=1)
    yield worker
    worker.close()


def test_a_worker_that_cannot_import_ipex_says_so_and_lives_on(bare_worker: IpexWorker) -> None:
    if _has_ipex_here():
        pytest.skip("IPEX is installed in this very environment")
    load = Frame("load", {"task": "question-answering", "threads": 1, "config": CONFIG.to_dict()})
    for _ in range(2):
        with pytest.raises(RuntimeUnavailableError, match=r"cannot load: ModuleNotFoundError.*intel_extension"):
            bare_worker.ask(load, expected="ready")
    with pytest.raises(RuntimeUnavailableError, match="expected 'load', and 'run' after it, got 'run'"):
        bare_worker.ask(Frame("run", arrays=REQUEST), expected="logits")


def test_a_worker_that_dies_leaves_its_last_words(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 'libtorch_cpu.so: cannot open shared object file' >&2\nexit 3\n")
    program.chmod(0o755)
    worker = IpexWorker(program, threads=1)
    with pytest.raises(RuntimeUnavailableError, match=r"(?s)exit status 3.*libtorch_cpu.so: cannot open"):
        worker.ask(Frame("load", arrays={"weight": np.zeros(1 << 20, np.float32)}), expected="ready")
    worker.close()


def test_an_answer_that_is_no_frame_ends_the_worker(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 'a library that talks on the pipe'\ncat > /dev/null\n")
    program.chmod(0o755)
    worker = IpexWorker(program, threads=1)
    with pytest.raises(RuntimeUnavailableError, match="a frame begins with b'QLFR', got b'a li'"):
        worker.ask(Frame("run"), expected="logits")
    assert not _alive(worker.process_id)


# With one ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session() -> Iterator[IpexSession]:
    loaded = IpexRuntime().load(quantized_model(), threads=1)
    yield loaded
    loaded.close()


SHAPES = {
    "hidden size 40, head of 20": {"hidden_size": 40, "num_heads": 2, "intermediate_size": 72},
    "hidden size 18, head of 6": {"hidden_size": 18, "num_heads": 3, "intermediate_size": 50},
    "relu": {"activation": "relu"},
    "tanh gelu": {"activation": "gelu_new"},
    "no token types": {"family": "distilbert", "type_vocab_size": 0},
    "positions from 2": {"family": "roberta", "position_offset": 2, "type_vocab_size": 1},
}


def assert_equals_reference(model: QuantizedModel, config: EncoderConfig, retention: RetentionConfig | None) -> None:
    one = window(50)
    batch = TokenBatch.from_windows([replace(one, token_type_ids=one.token_type_ids * (config.type_vocab_size > 1))])
    arrays = (batch.input_ids, batch.attention_mask, batch.token_type_ids)
    lengths = () if retention is None else (torch.tensor(retention.lengths(50)),)
    with torch.no_grad():
        expected = build_task_model(model)(*(torch.from_numpy(a) for a in arrays), *lengths).numpy()
    loaded = IpexRuntime().load(model, threads=1)
    try:
        error = np.square(loaded.run(batch, retention) - expected).reshape(-1, expected.shape[-1]).mean(axis=1)
    finally:
        loaded.close()
    kept = np.sort(error)[: max(1, len(error) - (0 if retention is None else 3))]
    assert np.sqrt(kept.mean()) < 0.03 * max(float(expected.std()), 0.1)


@needs_ipex
@pytest.mark.parametrize("task", ["question-answering", "text-classification"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_shape_and_task_equals_the_reference(shape: str, task: str) -> None:
    config = replace(CONFIG, **SHAPES[shape], num_labels=2 if task.startswith("question") else 5)
    assert_equals_reference(random_model(config, task), config, None)


@needs_ipex
def test_linears_left_in_fp32_run_in_fp32() -> None:
    fp32 = {"encoder.layers.0.attention.query", "encoder.layers.0.feed_forward.down", "qa_outputs"}
    model = random_model(CONFIG, "question-answering", frozenset(fp32))
    assert_equals_reference(model, CONFIG, RetentionConfig((1.0, 0.5)))


@needs_ipex
def test_smoothed_linears_multiply_before_they_quantise() -> None:
    model, rng = random_model(CONFIG), np.random.default_rng(5)
    linears = {}
    for name, linear in model.linears.items():
        assert isinstance(linear, QuantizedLinear)
        multiplier = rng.uniform(0.3, 3.0, linear.weight.shape[1]).astype(np.float32)
        linears[name] = replace(linear, input_multiplier=multiplier)
    assert_equals_reference(replace(model, linears=linears), CONFIG, None)


@needs_ipex
def test_it_says_what_executes(session: IpexSession) -> None:
    assert session.facts["ipex"].startswith("2.8") and session.facts["torch"].startswith("2.8")
    assert session.facts["threads"] == 1 and session.facts["process"] == session.process_id
    assert _found.version.startswith("2.8")


BAD_REQUESTS = {
    "no arrays": (Frame("run", {"whole_layers": 0}), "run needs int64 arrays"),
    "no whole_layers": (Frame("run", {}, REQUEST), "whole_layers must be 0 to 2, got None"),
    "another type": (Frame("run", {"whole_layers": 0}, REQUEST | {"input_ids": IDS.astype(np.int8)}), "int64 arrays"),
    "shapes differ": (Frame("run", {"whole_layers": 0}, REQUEST | {"input_ids": IDS[:, :2]}), r"one shape \[b, n\]"),
    "id too large": (Frame("run", {"whole_layers": 0}, REQUEST | {"input_ids": IDS * 1000}), "0 to 299, got 1000"),
    "too long": (
        Frame("run", {"whole_layers": 0}, {name: np.zeros((1, 513), np.int64) for name in REQUEST}),
        "at most 512 tokens fit, got 513",
    ),
    "lengths of another model": (
        Frame("run", {"whole_layers": 0}, REQUEST | {"lengths": np.array([3, 3, 2])}),
        "2 numbers that do not increase",
    ),
    "more rows than there are": (
        Frame("run", {"whole_layers": 0}, REQUEST | {"lengths": np.array([4, 2])}),
        "lengths must be 2 to 3, got 2 to 4",
    ),
    "unknown kind": (Frame("exec"), "expected 'load', and 'run' after it, got 'exec'"),
}


@needs_ipex
@pytest.mark.parametrize("case", BAD_REQUESTS, ids=str)
def test_a_bad_request_is_refused_and_the_worker_answers_the_next(session: IpexSession, case: str) -> None:
    frame, message = BAD_REQUESTS[case]
    batch = TokenBatch.from_windows([window(20)])
    before = session.run(batch)
    with pytest.raises(RuntimeUnavailableError, match=message):
        session._worker.ask(frame, expected="logits")
    np.testing.assert_array_equal(session.run(batch), before)


@needs_ipex
@pytest.mark.parametrize("change", ["missing", "superfluous", "shape"])
def test_tensors_that_do_not_fit_the_configuration_are_refused(change: str) -> None:
    tensors = dict(random_model(CONFIG).tensors())
    if change == "missing":
        del tensors["encoder.layers.0.attention.query.bias"]
    elif change == "superfluous":
        tensors["encoder.layers.7.attention.norm.weight"] = np.ones(64, np.float32)
    else:
        tensors["encoder.layers.0.attention.norm.weight"] = np.ones(63, np.float32)
    worker = IpexWorker(find_environment().python, threads=1)
    load = Frame("load", {"task": "question-answering", "threads": 1, "config": CONFIG.to_dict()}, tensors)
    with pytest.raises(RuntimeUnavailableError, match=r"encoder\.layers\.(0\.attention\.(query|norm)|7)"):
        worker.ask(load, expected="ready")
    worker.close()


@needs_ipex
def test_closing_a_session_ends_its_process() -> None:
    loaded = IpexRuntime().load(random_model(CONFIG), threads=1)
    assert _alive(loaded.process_id)
    loaded.close()
    assert not _alive(loaded.process_id)
    loaded.close()


@needs_ipex
def test_a_worker_that_was_killed_is_an_error_and_not_a_hang() -> None:
    loaded = IpexRuntime().load(random_model(CONFIG), threads=1)
    os.kill(loaded.process_id, signal.SIGKILL)
    with pytest.raises(RuntimeUnavailableError, match=r"the IPEX worker failed .*exit status -9"):
        loaded.run(TokenBatch.from_windows([window(9)]))
    loaded.close()


@needs_ipex
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=lambda end: end.name)
def test_the_worker_ends_with_its_parent(end: signal.Signals) -> None:
    script = (
        "import sys, time\n"
        "from quantlat.runtimes.ipex import IpexRuntime\n"
        "from tests.native.random_model import random_model\n"
        "from tests.quantization.tiny import CONFIG\n"
        "session = IpexRuntime().load(random_model(CONFIG), threads=1)\n"
        "print(session.process_id, flush=True)\n"
        "time.sleep(600)\n"
    )
    root = Path(quantlat.__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert _alive(worker)
        parent.send_signal(end)
        parent.wait()
        deadline = time.monotonic() + 20
        while _alive(worker) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not _alive(worker)


def _alive(process: int) -> bool:
    """Whether a process runs; one that has ended and was not collected yet does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _has_ipex_here() -> bool:
    from importlib.util import find_spec

    return find_spec("intel_extension_for_pytorch") is not None
