"""Texts as vectors from a bundle: the predictor gives what the runtime computes, whatever it is asked with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from quantlat.data.examples import EmbeddingExample
from quantlat.data.text_windows import EMBEDDING, make_text_windows
from quantlat.deployment import Predictor
from quantlat.deployment.promise import self_check
from quantlat.errors import BundleError, DataError
from quantlat.models.retention import RetentionConfig
from quantlat.runtimes.base import TokenBatch, get_runtime
from quantlat.runtimes.native import NativeSession, usable_kernels
from tests.deployment import tiny

pytestmark = pytest.mark.skipif(not usable_kernels(), reason="the native engine was not built")

TEXTS = ("Ships paid for it.", "Whale oil.", tiny.PASSAGE, "日本語 🚢 naïve", "Coal. " * 300)
FAST = RetentionConfig((0.5, 0.25))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("bundles") / "vectors", "embedding").folder


@pytest.fixture(scope="module")
def predictor(bundle: Path) -> Iterator[Predictor]:
    with Predictor.load(bundle) as loaded:
        yield loaded


@pytest.mark.parametrize(("profile", "config"), [("full", None), ("fast", FAST)])
def test_a_vector_is_the_runtimes_own_and_of_length_one(
    predictor: Predictor, profile: str, config: RetentionConfig | None
) -> None:
    examples = [EmbeddingExample.of(str(i), text) for i, text in enumerate(TEXTS)]
    windows = make_text_windows(examples, tiny.tokenizer(), max_tokens=64, task=EMBEDDING).windows
    session = NativeSession(tiny.model("embedding"), threads=1, in_memory=True)
    vectors = predictor.embed(TEXTS, profile=profile)
    assert vectors.dtype == np.float32 and vectors.shape == (len(TEXTS), 64)
    np.testing.assert_allclose(vectors, np.stack(session.run_windows(windows, config)), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_it_is_near_the_models_definition(predictor: Predictor) -> None:
    reference = get_runtime("pytorch").load(tiny.model("embedding"), threads=1)
    batches = [TokenBatch.from_windows([predictor.text_window(text, None)]) for text in TEXTS]
    expected = np.concatenate([reference.run(batch) for batch in batches])
    cosines = (predictor.embed(TEXTS) * expected).sum(axis=1)
    assert cosines.min() > 0.995


def test_a_batch_gives_the_vectors_of_single_texts(predictor: Predictor) -> None:
    for profile in predictor.profiles:
        alone = np.concatenate([predictor.embed([text], profile=profile) for text in TEXTS])
        np.testing.assert_allclose(predictor.embed(TEXTS, profile=profile), alone, atol=1e-6)
    np.testing.assert_array_equal(predictor.embed(list(TEXTS)), predictor.embed(np.array(TEXTS)))  # any sequence


def test_profile_and_budget_choose_how_much_is_computed(predictor: Predictor) -> None:
    full, fast = (predictor.embed(TEXTS, profile=profile) for profile in ("full", "fast"))
    assert np.abs(full - fast).max() > 1e-3
    np.testing.assert_array_equal(predictor.embed(TEXTS), full)
    np.testing.assert_array_equal(predictor.embed(TEXTS, budget_ms=1e6), full)
    tokens = sum(predictor.text_window(text, None).length for text in TEXTS)
    fastest = predictor.choose_profile(tokens, 1e-6)
    assert fastest == min(predictor.profiles, key=lambda name: predictor.expected_ms(tokens, name))
    np.testing.assert_array_equal(predictor.embed(TEXTS, budget_ms=1e-6), fast if fastest == "fast" else full)


def test_a_long_text_is_cut_at_the_end_of_the_models_window(predictor: Predictor) -> None:
    long = "coal " * 500
    (found,) = predictor.run_embeddings([predictor.text_window(long, None)], "full")
    assert found.tokens == 64 and found.profile == "full" and found.latency_ms > 0
    same, other = long + "whale oil", "whale oil " + long
    vectors = predictor.embed([long, same, other])
    np.testing.assert_array_equal(vectors[0], vectors[1])  # what was cut off says nothing
    assert np.abs(vectors[0] - vectors[2]).max() > 1e-4


def test_texts_of_no_words_have_a_vector_too(predictor: Predictor) -> None:
    vectors = predictor.embed(["", "   ", "\u200b"])
    assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_what_is_no_list_of_texts_is_refused_with_what_is_wrong(predictor: Predictor) -> None:
    for wrong, said in (("Coal.", "got one text"), ("", "got one text"), ([], "got none")):
        with pytest.raises(DataError, match=said):
            predictor.embed(wrong)
    with pytest.raises(DataError, match="text must be a text, got int"):
        predictor.embed([5])  # type: ignore[list-item]
    with pytest.raises(DataError, match="surrogate pair at character 0"):
        predictor.embed(["Coal.", "\ud800"])
    with pytest.raises(DataError, match="not both"):
        predictor.embed(["Coal."], budget_ms=1, profile="full")
    with pytest.raises(DataError, match="above 0"):
        predictor.embed(["Coal."], budget_ms=0)
    with pytest.raises(BundleError, match="no profile 'quick'"):
        predictor.embed(["Coal."], profile="quick")


def test_another_task_is_refused_with_the_call_to_use(predictor: Predictor, tmp_path: Path) -> None:
    for call in (lambda: predictor.answer("Who?", "Ada."), lambda: predictor.classify("Coal.")):
        with pytest.raises(BundleError, match="made for embedding") as caught:
            call()
        assert caught.value.hint == "Use embed()."
    classifier = tiny.write(tmp_path / "classes", "text-classification").folder
    with Predictor.load(classifier) as other, pytest.raises(BundleError, match="not for embedding") as caught:
        other.embed(["Coal."])
    assert caught.value.hint == "Use classify()."


def test_a_process_of_its_own_gives_the_same_vectors(bundle: Path, predictor: Predictor) -> None:
    with Predictor.load(bundle, isolated=True, batch_tokens=100) as isolated:
        isolated.warm_up()
        for profile in predictor.profiles:
            np.testing.assert_array_equal(
                isolated.embed(TEXTS, profile=profile), predictor.embed(TEXTS, profile=profile)
            )


def test_the_self_check_measures_embeddings(bundle: Path) -> None:
    report = self_check(bundle, seconds=0.2)
    assert report.passed and 0 < report.golden_error < report.golden_tolerance
    assert {row.profile for row in report.latency} == {"full", "fast"}
