"""What every runtime must do, whichever library is behind it; run on one tiny INT8 model made by INC.

The reference is the eager execution of the same quantised model. A runtime sums in another order, so an activation
that lies on the border between two of the 256 levels may be rounded the other way. Such a flip moves a few logits by
a fraction of the quantisation error, and next to a tie it may swap two tokens at the edge of being dropped. So the
tests compare the root mean square over all logits and allow single tokens to differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from quantlat.errors import DataError, RecipeError, RuntimeUnavailableError
from quantlat.models.retention import ElasticConfig, RetentionConfig
from quantlat.runtimes.base import Logits, Runtime, Session, TokenBatch, all_runtimes
from tests.quantization.tiny import CONFIG, fp32_model, quantized_model, window

FULL = RetentionConfig.full(CONFIG.num_layers)
CONFIGS = [FULL, RetentionConfig((0.8, 0.5)), RetentionConfig((0.3, 0.1))]
TOLERANCE = 0.03  # of the logits' standard deviation, which is about 1; INT8 itself is 0.1 away from fp32
FEW = 8  # tokens


@pytest.fixture(scope="session", params=all_runtimes(), ids=lambda runtime: runtime.name)
def runtime(request: pytest.FixtureRequest) -> Runtime:
    chosen: Runtime = request.param
    availability = chosen.availability()
    if not availability.usable:
        pytest.skip(f"{availability.reason}: {availability.install}")
    return chosen


@pytest.fixture(scope="session")
def session(runtime: Runtime, cache_dir: Path) -> Iterator[Session]:
    """One session per runtime: whatever the tests ask of it runs on graphs compiled once."""
    loaded = runtime.load(quantized_model(), threads=1, cache_dir=cache_dir)
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def reference(cache_dir: Path) -> Session:
    eager = next(runtime for runtime in all_runtimes() if runtime.name == "pytorch")
    return eager.load(quantized_model(), threads=1, cache_dir=cache_dir)


def batch(*tokens: int) -> TokenBatch:
    return TokenBatch.from_windows([window(n, seed=7) for n in tokens])


def assert_same(actual: Logits, expected: Logits, *, strays: int = 0) -> None:
    """Equal up to rounding flips, leaving out the ``strays`` tokens of each sequence that differ most.

    In a handful of tokens one flip weighs as much as several in a passage.
    """
    assert actual.shape == expected.shape and actual.dtype == np.float32
    errors = np.sort(np.square(actual - expected).mean(axis=2), axis=1)
    kept = errors[:, : errors.shape[1] - strays]
    assert np.isfinite(actual).all()
    tolerance = TOLERANCE if expected.shape[1] >= FEW else 1.5 * TOLERANCE
    assert np.sqrt(kept.mean()) <= tolerance * expected.std()


@pytest.mark.parametrize("tokens", [1, 2, 3, 15, 16, 17, 64, 129, 384, 512])
def test_full_length_logits_equal_the_reference(session: Session, reference: Session, tokens: int) -> None:
    assert_same(session.run(batch(tokens)), reference.run(batch(tokens)))


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@pytest.mark.parametrize("tokens", [1, 2, 3, 15, 16, 17, 64, 129, 384, 512])
def test_elastic_logits_equal_the_reference(
    session: Session, reference: Session, tokens: int, config: RetentionConfig
) -> None:
    strays = 0 if config.is_full else min(tokens - 1, max(1, tokens // 16))
    assert_same(session.run(batch(tokens), config), reference.run(batch(tokens), config), strays=strays)


def test_keeping_every_token_equals_the_plain_graph(session: Session) -> None:
    assert_same(session.run(batch(77), FULL), session.run(batch(77)))


def test_a_configuration_without_retention_runs_the_plain_graph(session: Session) -> None:
    np.testing.assert_array_equal(session.run(batch(40), ElasticConfig()), session.run(batch(40)))


def test_dropping_tokens_changes_the_logits(session: Session) -> None:
    difference = session.run(batch(96), RetentionConfig((0.3, 0.1))) - session.run(batch(96))
    assert np.sqrt(np.square(difference).mean()) > 3 * TOLERANCE


@pytest.mark.parametrize("config", [None, RetentionConfig((0.8, 0.5))], ids=str)
def test_a_batch_of_equal_lengths_equals_single_runs(session: Session, config: RetentionConfig | None) -> None:
    windows = [window(33, seed=seed) for seed in range(4)]
    together = session.run(TokenBatch.from_windows(windows), config)
    for row, single in enumerate(windows):
        alone = session.run(TokenBatch.from_windows([single]), config)
        assert_same(together[row : row + 1], alone, strays=0 if config is None else 2)


def test_padding_changes_nothing_at_full_length(session: Session) -> None:
    lengths = (50, 9, 31)
    together = session.run(batch(*lengths))
    assert together.shape == (3, 50, 2)
    for row, tokens in enumerate(lengths):
        assert_same(together[row : row + 1, :tokens], session.run(batch(tokens)))


def test_a_mixed_batch_keeps_what_its_longest_sequence_asks_for(session: Session, reference: Session) -> None:
    config = RetentionConfig((0.8, 0.5))
    together, expected = session.run(batch(60, 20), config), reference.run(batch(60, 20), config)
    assert_same(together[:1], expected[:1], strays=4)
    # which of the padding rows stay is a tie that runtimes break as they like; real tokens do not see them
    assert_same(together[1:, :20], expected[1:, :20])
    # the short sequence keeps all of its 20 tokens: the long one's configuration leaves 48 and 30 rows
    assert_same(together[1:, :20], session.run(batch(20)))


def test_the_same_request_gives_the_same_numbers(session: Session) -> None:
    config = RetentionConfig((0.8, 0.5))
    first = session.run(batch(41), config)
    session.run(batch(90), FULL)
    np.testing.assert_array_equal(session.run(batch(41), config), first)


def test_the_result_stays_valid_after_the_next_run(session: Session) -> None:
    first = session.run(batch(30))
    copy = first.copy()
    session.run(TokenBatch.from_windows([window(30, seed=123)]))
    np.testing.assert_array_equal(first, copy)


def test_no_configuration_or_length_compiles_a_graph_again(session: Session, cache_dir: Path) -> None:
    session.run(batch(20)), session.run(batch(20), FULL)
    before = sorted(cache_dir.iterdir())
    for tokens in (21, 50, 200):
        for config in (None, *CONFIGS, RetentionConfig((0.61, 0.47))):
            session.run(batch(tokens, tokens), config)
    assert sorted(cache_dir.iterdir()) == before


def test_two_threads_give_the_same_logits(runtime: Runtime, session: Session, cache_dir: Path) -> None:
    two = runtime.load(quantized_model(), threads=2, cache_dir=cache_dir)
    assert (two.runtime, two.threads) == (runtime.name, 2)
    assert_same(two.run(batch(128)), session.run(batch(128)))
    two.close()


def test_threads_must_be_positive(runtime: Runtime) -> None:
    with pytest.raises(RuntimeUnavailableError, match="threads must be at least 1, got 0"):
        runtime.load(quantized_model(), threads=0)


def test_a_closed_session_says_so(runtime: Runtime, cache_dir: Path) -> None:
    closed = runtime.load(quantized_model(), threads=1, cache_dir=cache_dir)
    closed.close()
    with pytest.raises(RuntimeUnavailableError, match="closed"):
        closed.run(batch(5))


def test_ids_outside_the_vocabulary_are_refused(session: Session) -> None:
    wrong = batch(10)
    for bad in (-1, CONFIG.vocab_size):
        wrong.input_ids[0, 3] = bad
        with pytest.raises(DataError, match=rf"input_ids must be in \[0, 299\], got {bad}"):
            session.run(wrong)


def test_a_sequence_longer_than_the_position_table_is_refused(session: Session) -> None:
    with pytest.raises(DataError, match="has 513 tokens, the model has positions for 512"):
        session.run(batch(513))


def test_a_configuration_of_another_model_is_refused(session: Session) -> None:
    with pytest.raises(RecipeError, match="has 3 layers, the model has 2"):
        session.run(batch(10), RetentionConfig((1.0, 0.5, 0.5)))


def test_a_fp32_model_runs_too(runtime: Runtime, cache_dir: Path) -> None:
    if runtime.name == "inductor":
        pytest.skip("a third compilation would take half a minute; fp32 takes the same path as INT8")
    if runtime.name == "native":
        pytest.skip("the native engine runs quantised models only")
    import torch

    floating = runtime.load(fp32_model(), threads=1, cache_dir=cache_dir)
    tokens = batch(45, 30)
    arrays = (tokens.input_ids, tokens.attention_mask, tokens.token_type_ids)
    with torch.no_grad():
        expected = fp32_model()(*(torch.from_numpy(array) for array in arrays)).numpy()
    real = tokens.attention_mask.astype(bool)
    np.testing.assert_allclose(floating.run(tokens)[real], expected[real], atol=2e-4)
    floating.close()
