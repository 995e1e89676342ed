"""Batches that are too large are computed in parts, and what a server needs it has after warming up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from quantlat.data.windows import Window
from quantlat.deployment import AnswerRequest, Predictor
from quantlat.deployment.executors import NativeExecutor
from quantlat.deployment.manifest import BundleManifest, read_manifest
from quantlat.errors import RuntimeUnavailableError
from quantlat.models.retention import RetentionConfig
from quantlat.runtimes.base import IdArray, Logits
from quantlat.runtimes.native import usable_kernels
from tests.deployment import tiny

pytestmark = pytest.mark.skipif(not usable_kernels(), reason="the native engine was not built")

ROOT = Path(__file__).parents[2]
MANY = " ".join([tiny.PASSAGE] * 20)


class Noted(NativeExecutor):
    """The engine, which notes the tokens of every batch that reaches it."""

    def __init__(self) -> None:
        super().__init__(tiny.model("question-answering"), 1)
        self.tokens: list[int] = []

    def run(
        self, windows: Sequence[Window], config: RetentionConfig | None, *, exits: bool
    ) -> tuple[list[Logits], list[IdArray]]:
        self.tokens.append(sum(window.length for window in windows))
        return super().run(windows, config, exits=exits)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> BundleManifest:
    return read_manifest(tiny.write(tmp_path_factory.mktemp("bundles") / "qa").folder)


def test_a_long_passage_is_computed_in_parts_with_the_same_answer(manifest: BundleManifest) -> None:
    whole, parts = Noted(), Noted()
    with (
        Predictor(manifest, tiny.tokenizer(), whole, 1) as at_once,
        Predictor(manifest, tiny.tokenizer(), parts, 1, batch_tokens=200) as bounded,
    ):
        request = AnswerRequest(tiny.QUESTIONS[0], MANY)
        prepared = at_once.prepare(request)
        first = at_once.run([prepared], "fast", trace=True)[0]
        second = bounded.run([prepared], "fast", trace=True)[0]
    assert len(whole.tokens) == 1 and whole.tokens[0] > 600
    assert len(parts.tokens) > 3 and max(parts.tokens) <= 200 and sum(parts.tokens) == whole.tokens[0]
    assert (second.text, second.start, second.trace) == (first.text, first.start, first.trace)
    assert second.score == pytest.approx(first.score, abs=1e-5)


def test_warming_up_computes_the_largest_batch_in_every_profile(manifest: BundleManifest) -> None:
    noted = Noted()
    with Predictor(manifest, tiny.tokenizer(), noted, 1, batch_tokens=200) as predictor:
        predictor.warm_up()
        assert noted.tokens == [200] * len(predictor.profiles)
    with pytest.raises(RuntimeUnavailableError, match="batch_tokens must be at least 1"):
        Predictor(manifest, tiny.tokenizer(), noted, 1, batch_tokens=0)


_GROWTH = """
import re, sys
from pathlib import Path
import numpy as np
from quantlat.runtimes.native import NativeSession
from tests.deployment import tiny

def resident_kib():
    return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

np.ones(30 << 20, np.uint8)  # as reading weights does: malloc serves what is smaller from the heap from now on
session = NativeSession(tiny.model("question-answering"), threads=1, in_memory=True)
inner, before = session._session, resident_kib()
for sequences in map(int, sys.argv[1].split(",")):
    ids = np.zeros(sequences * 64, np.int64)
    kept = inner.run(ids, np.arange(sequences + 1) * 64, ids, None, return_left=False).copy()
print(resident_kib() - before)
"""


def test_batches_that_grow_leave_no_holes_in_memory() -> None:
    def growth_mib(sequences: Sequence[int]) -> float:
        sizes = ",".join(map(str, sequences))
        done = subprocess.run(
            [sys.executable, "-c", _GROWTH, sizes], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
        )
        return int(done.stdout) / 1024

    largest = 300
    assert growth_mib(range(10, largest + 1, 10)) < growth_mib([largest]) + 4
