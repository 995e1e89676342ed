"""Evaluating a session and evaluating a model give the same answers."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.data import WindowSet, make_windows
from quantlat.data.embedded import generate
from quantlat.evaluation import evaluate_model, evaluate_session
from quantlat.models import ElasticConfig, LoadedModel, RetentionConfig, load_checkpoint
from quantlat.runtimes import get_runtime

FALLING = ElasticConfig(RetentionConfig((0.8, 0.4)))


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_checkpoint("random:bert-2x128", seed=5)


@pytest.fixture(scope="module")
def windows(loaded: LoadedModel) -> WindowSet:
    _, dev = generate(48, 16, 3)
    return make_windows(dev[:12], loaded.tokenizer, max_tokens=160, stride=32)


@pytest.mark.parametrize("config", [None, FALLING])
def test_batched_and_single_passes_answer_alike(
    loaded: LoadedModel, windows: WindowSet, config: ElasticConfig | None
) -> None:
    session = get_runtime("pytorch").load(loaded.model, threads=1)
    single = evaluate_session(session, windows, config)
    batched = evaluate_model(loaded.model, windows, config, batch_size=5)
    assert single.predictions == batched.predictions
    assert single.score.f1 == batched.score.f1
    assert single.latencies_ms.shape == (len(windows),) and (single.latencies_ms > 0).all()
    assert np.array_equal(single.tokens, windows.lengths)


def test_every_question_gets_an_answer_from_its_passage(loaded: LoadedModel, windows: WindowSet) -> None:
    result = evaluate_model(loaded.model, windows)
    for example in windows.examples:
        assert result.predictions[example.id] in example.context


def test_a_model_that_knows_the_labels_scores_full_marks(loaded: LoadedModel, windows: WindowSet) -> None:
    class Oracle:
        """Points at the labels of the window it is shown."""

        runtime, threads = "oracle", 1

        def __init__(self) -> None:
            self.position = -1

        def run(self, batch: object, config: object = None) -> np.ndarray:
            self.position += 1
            window = windows.windows[self.position]
            logits = np.full((1, window.length, 2), -9.0, np.float32)
            if window.has_answer:
                logits[0, window.start, 0] = logits[0, window.end, 1] = 9.0
            return logits

        def close(self) -> None: ...

    assert evaluate_session(Oracle(), windows).score.f1 > 99.0
