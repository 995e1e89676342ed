"""Batches and requests are checked before any runtime sees them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from quantlat.errors import DataError, RuntimeUnavailableError
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.runtimes.base import TokenBatch, check_batch, get_runtime, requested_lengths, runtime_names
from tests.quantization.tiny import CONFIG, window


def batch() -> TokenBatch:
    return TokenBatch.from_windows([window(5), window(3)], pad_token_id=1)


def test_windows_are_padded_on_the_right_to_the_longest() -> None:
    padded = batch()
    assert padded.input_ids.shape == (2, 5) and padded.input_ids.dtype == np.int64
    assert padded.input_ids[1, 3:].tolist() == [1, 1]
    assert padded.attention_mask.tolist() == [[1] * 5, [1, 1, 1, 0, 0]]
    assert padded.token_type_ids[1].tolist() == [0, 1, 1, 0, 0]
    assert padded.real_tokens.tolist() == [5, 3]
    check_batch(padded, CONFIG)


def test_a_single_window_is_not_padded() -> None:
    assert TokenBatch.from_windows([window(7)]).attention_mask.tolist() == [[1] * 7]


def test_a_batch_without_windows_is_refused() -> None:
    with pytest.raises(DataError, match="at least one window"):
        TokenBatch.from_windows([])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: replace(b, input_ids=b.input_ids[0]), "one shape"),
        (lambda b: replace(b, token_type_ids=b.token_type_ids[:, :4]), "one shape"),
        (lambda b: TokenBatch(*(a[:, :0] for a in (b.input_ids, b.attention_mask, b.token_type_ids))), "b, n >= 1"),
        (lambda b: replace(b, input_ids=b.input_ids.astype(np.int32)), "int64, got int32"),
        (lambda b: replace(b, input_ids=b.input_ids - 400), r"input_ids must be in \[0, 299\], got -"),
        (lambda b: replace(b, token_type_ids=b.token_type_ids + 1), r"token_type_ids must be in \[0, 1\], got 2"),
        (lambda b: replace(b, attention_mask=b.attention_mask * 2), r"attention_mask must be in \[0, 1\]"),
        (lambda b: replace(b, attention_mask=b.attention_mask[:, ::-1].copy()), "followed by zeros"),
        (lambda b: replace(b, attention_mask=b.attention_mask * 0), "at least one"),
    ],
)
def test_a_batch_that_no_runtime_could_answer_is_refused(
    change: Callable[[TokenBatch], TokenBatch], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        check_batch(change(batch()), CONFIG)


def test_no_configuration_and_no_retention_mean_the_plain_graph() -> None:
    assert requested_lengths(batch(), None, 2) is None
    assert requested_lengths(batch(), ElasticConfig(), 2) is None


def test_lengths_are_the_largest_of_the_batch() -> None:
    config = RetentionConfig((0.8, 0.4))
    assert requested_lengths(batch(), config, 2) == (4, 2)
    assert requested_lengths(batch(), ElasticConfig(config), 2) == (4, 2)


def test_an_unknown_runtime_is_refused_with_the_known_names() -> None:
    assert runtime_names() == ("pytorch", "native", "inductor", "openvino", "onnxruntime", "ipex")
    with pytest.raises(RuntimeUnavailableError, match="unknown runtime 'tensorrt'") as caught:
        get_runtime("tensorrt")
    assert "openvino" in str(caught.value)


@pytest.mark.parametrize("package", ["openvino", "onnxruntime"])
def test_a_missing_package_makes_its_runtime_unavailable_with_the_line_that_installs_it(package: str) -> None:
    """In a process of its own where the package cannot be found."""
    script = f"""
import sys
from importlib.abc import MetaPathFinder

class Hide(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "{package}":
            raise ModuleNotFoundError(name)

import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "{package}" else find(name, package)
sys.meta_path.insert(0, Hide())
from quantlat.errors import RuntimeUnavailableError
from quantlat.runtimes.base import get_runtime
runtime = get_runtime("{package}")
print(runtime.availability().usable, runtime.availability().install)
try:
    runtime.load(None, threads=1)
except RuntimeUnavailableError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    first, *rest = result.stdout.splitlines()
    assert first == f"False pip install {package}"
    assert f"runtime '{package}' cannot be used here" in rest[0]
