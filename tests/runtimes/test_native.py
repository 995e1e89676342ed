"""What the engine does beyond the conformance suite: ragged batches, exits, threads, shapes, refusals."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch

from quantlat.errors import DataError, RuntimeUnavailableError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.retention import RetentionConfig
from quantlat.native.engine_file import engine_bytes
from quantlat.quantization.reference import build_task_model
from quantlat.runtimes.base import TokenBatch
from quantlat.runtimes.native import NativeRuntime, NativeSession
from tests.native.random_model import random_model
from tests.quantization.tiny import CONFIG, fp32_model, window

engine = pytest.importorskip("quantlat.native._engine", reason="the native engine was not built")

DROP = RetentionConfig((0.7, 0.3))
LENGTHS = (1, 2, 15, 16, 17, 31, 32, 33, 100, 511, 512)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> NativeSession:
    return NativeRuntime().load(random_model(CONFIG), threads=1, cache_dir=tmp_path_factory.mktemp("engine"))


SHAPES = {
    "head of 32": {"hidden_size": 64, "num_heads": 2},
    "head of 64": {"hidden_size": 128, "num_heads": 2},
    "hidden size 40, head of 20": {"hidden_size": 40, "num_heads": 2, "intermediate_size": 72},
    "hidden size 18, head of 6": {"hidden_size": 18, "num_heads": 3, "intermediate_size": 50},
    "head of 80": {"hidden_size": 80, "num_heads": 1},
    "relu": {"activation": "relu"},
    "tanh gelu": {"activation": "gelu_new"},
    "no token types": {"family": "distilbert", "type_vocab_size": 0},
    "positions from 2": {"family": "roberta", "position_offset": 2, "type_vocab_size": 1},
}


def shape_config(shape: str, task: str) -> EncoderConfig:
    return replace(CONFIG, **SHAPES[shape], num_labels=2 if task.startswith("question") else 5)


def inputs(config: EncoderConfig, tokens: int) -> tuple[np.ndarray, np.ndarray]:
    one = window(tokens)
    return one.input_ids, one.token_type_ids * (config.type_vocab_size > 1)


@lru_cache(maxsize=1)
def reference_logits(
    shape: str, task: str, retention: RetentionConfig | None, answer_weight: float = 1.0
) -> tuple[np.ndarray, ...]:
    """Logits of each sequence by the eager execution of the same quantised model; once for all instruction sets."""
    config = replace(shape_config(shape, task), answer_weight=answer_weight)
    model = build_task_model(random_model(config, task))
    logits = []
    for n in LENGTHS:
        ids, types = (torch.from_numpy(array)[None] for array in inputs(config, n))
        lengths = () if retention is None else (torch.tensor(retention.lengths(n)),)
        with torch.no_grad():
            logits.append(np.atleast_2d(model(ids, torch.ones(1, n), types, *lengths)[0].numpy()))
    return tuple(logits)


@pytest.mark.parametrize("kernels", engine.usable_kernels())
@pytest.mark.parametrize("task", ["question-answering", "text-classification", "embedding"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_shape_in_every_instruction_set(shape: str, task: str, kernels: str) -> None:
    config = shape_config(shape, task)
    session = engine.Session(engine.Model.parse(engine_bytes(random_model(config, task))), 1, kernels)
    ids, types = (np.concatenate(arrays) for arrays in zip(*(inputs(config, n) for n in LENGTHS), strict=True))
    actual = session.run(ids, np.cumsum([0, *LENGTHS]), types)
    expected = np.concatenate(reference_logits(shape, task, None))
    assert np.sqrt(np.square(actual - expected).mean()) < 0.03 * expected.std()


@pytest.mark.parametrize("kernels", engine.usable_kernels())
@pytest.mark.parametrize("weight", [0.0, 1.5], ids=["attention", "answers"])
@pytest.mark.parametrize("shape", ["head of 32", "head of 64", "hidden size 40, head of 20"])
def test_every_instruction_set_drops_tokens_at_every_length(shape: str, weight: float, kernels: str) -> None:
    """Next to a tie two runtimes may drop another token, so a sixteenth of a sequence's tokens may stray."""
    config = replace(shape_config(shape, "question-answering"), answer_weight=weight)
    session = engine.Session(engine.Model.parse(engine_bytes(random_model(config))), 1, kernels)
    lengths = np.array([DROP.lengths(n) for n in LENGTHS])
    ids, types = (np.concatenate(arrays) for arrays in zip(*(inputs(config, n) for n in LENGTHS), strict=True))
    offsets = np.cumsum([0, *LENGTHS])
    actual, left = session.run(ids, offsets, types, lengths, return_left=True)
    expected = reference_logits(shape, "question-answering", DROP, weight)
    for i, n in enumerate(LENGTHS):
        part = slice(offsets[i], offsets[i + 1])
        errors = np.sort(np.square(actual[part] - expected[i]).mean(axis=1))[: n - min(n - 1, max(1, n // 16))]
        assert np.sqrt(errors.mean()) < 0.03 * np.concatenate(expected).std()
        assert [(left[part] > layer).sum() for layer in range(2)] == list(lengths[i])


@pytest.mark.parametrize(
    "fp32",
    [
        {"encoder.layers.0.attention.query"},
        {"encoder.layers.0.attention.output", "encoder.layers.1.feed_forward.up"},
        {"encoder.layers.0.feed_forward.down", "qa_outputs"},
        {f"encoder.layers.1.attention.{part}" for part in ("query", "key", "value")},
    ],
    ids=["query", "output and up", "down and head", "query, key and value"],
)
def test_linears_left_in_fp32_run_in_fp32(fp32: set[str]) -> None:
    quantized = random_model(CONFIG, "question-answering", frozenset(fp32))
    session = engine.Session(engine.Model.parse(engine_bytes(quantized)))
    one = window(70)
    with torch.no_grad():
        expected = build_task_model(quantized)(
            torch.from_numpy(one.input_ids)[None],
            torch.ones(1, 70),
            torch.from_numpy(one.token_type_ids)[None],
        )[0].numpy()
    error = session.run(one.input_ids, np.array([0, 70]), one.token_type_ids) - expected
    assert np.sqrt(np.square(error).mean()) < 0.03 * expected.std()


@pytest.mark.parametrize("config", [None, DROP], ids=str)
def test_a_ragged_batch_equals_its_sequences_alone_bit_by_bit(
    session: NativeSession, config: RetentionConfig | None
) -> None:
    windows = [window(n) for n in LENGTHS]
    together = session.run_windows(windows, config)
    for one, logits in zip(windows, together, strict=True):
        np.testing.assert_array_equal(logits, session.run_windows([one], config)[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_ids": np.full(9, 300)}, r"input_ids must be in \[0, 299\], got 300"),
        ({"token_type_ids": np.full(9, -1)}, r"token_type_ids must be in \[0, 1\], got -1"),
        ({"input_ids": np.zeros(9, np.float32)}, "a batch is int64, got float32"),
        ({"input_ids": np.zeros((1, 9), np.int64)}, r"one shape \[b, n\]"),
        ({"token_type_ids": np.zeros(8, np.int64)}, r"token_type_ids \(1, 8\)"),
        ({"input_ids": np.zeros(0, np.int64), "token_type_ids": np.zeros(0, np.int64)}, r"b, n >= 1"),
        ({name: np.zeros(513, np.int64) for name in ("input_ids", "token_type_ids")}, "has 513 tokens"),
    ],
)
def test_bad_windows_are_refused_in_their_users_terms(
    session: NativeSession, change: dict[str, np.ndarray], message: str
) -> None:
    good = window(9)
    with pytest.raises(DataError, match=message):
        session.run_windows([good, replace(good, **change)], DROP)
    assert len(session.run_windows([good], DROP)) == 1
    assert session.run_windows([]) == []


# Few rows are worked on by all threads together, many in chunks; a batch that drops tokens does both.
@pytest.mark.parametrize("tokens", [(130, 64, 7), (1,), (9, 5), (47,), (95, 40)], ids=str)
@pytest.mark.parametrize("config", [None, DROP], ids=str)
def test_the_number_of_threads_does_not_change_a_bit(
    session: NativeSession, config: RetentionConfig | None, tokens: tuple[int, ...]
) -> None:
    windows = [window(n) for n in tokens]
    model = engine.Model.parse(engine_bytes(random_model(CONFIG)))
    lengths = None if config is None else np.array([config.lengths(n) for n in tokens])
    ids, types = (np.concatenate([getattr(w, name) for w in windows]) for name in ("input_ids", "token_type_ids"))
    expected = np.concatenate(session.run_windows(windows, config))
    for threads in (2, 3, 4, 9):
        logits = engine.Session(model, threads).run(ids, np.cumsum([0, *tokens]), types, lengths)
        np.testing.assert_array_equal(logits, expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_any_shape_may_be_shared_by_threads(shape: str) -> None:
    config = shape_config(shape, "question-answering")
    model = engine.Model.parse(engine_bytes(random_model(config)))
    ids, types = inputs(config, 21)
    one, three = (engine.Session(model, threads).run(ids, np.array([0, 21]), types) for threads in (1, 3))
    np.testing.assert_array_equal(three, one)


def test_sessions_of_one_model_run_at_once_in_their_own_threads(session: NativeSession) -> None:
    model = engine.Model.parse(engine_bytes(random_model(CONFIG)))
    expected = {n: session.run_windows([window(n)], DROP)[0] for n in (90, 33)}
    failures: list[str] = []

    def ask(n: int, own: object) -> None:
        one = window(n)
        for _ in range(20):
            logits = own.run(one.input_ids, np.array([0, n]), one.token_type_ids, np.array(DROP.lengths(n)))  # type: ignore[attr-defined]
            if not np.array_equal(logits, expected[n]):
                failures.append(f"{n} tokens")

    callers = [threading.Thread(target=ask, args=(n, engine.Session(model, 2))) for n in (90, 33, 90, 33)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not failures


def test_exits_name_the_layer_at_which_each_token_was_dropped(session: NativeSession) -> None:
    batch = TokenBatch.from_windows([window(50)])
    _, exits = session.run_with_exits(batch, DROP)
    kept = [int((exits > layer).sum()) for layer in range(2)]
    assert kept == list(DROP.lengths(50)) == [35, 15]
    assert exits[0, 0] == 2  # [CLS] is never dropped
    _, never = session.run_with_exits(TokenBatch.from_windows([window(50), window(20)]))
    assert (never[0] == 2).all() and (never[1, :20] == 2).all() and (never[1, 20:] == -1).all()


@pytest.mark.parametrize("kernels", engine.usable_kernels())
def test_of_tokens_that_receive_equal_attention_the_earlier_stay(kernels: str) -> None:
    """Equal tokens in equal places would be needed; a model without weights treats all alike."""
    quantized = random_model(CONFIG)
    blank = replace(
        quantized,
        linears={
            name: replace(linear, weight=np.zeros_like(linear.weight)) for name, linear in quantized.linears.items()
        },
    )
    model = engine.Model.parse(engine_bytes(blank))
    _, left = engine.Session(model, 1, kernels).run(
        np.arange(5, 45), np.array([0, 40]), lengths=np.array([30, 10]), return_left=True
    )
    np.testing.assert_array_equal(left, np.repeat([2, 1, 0], [10, 20, 10]))


def test_several_python_threads_may_call_one_session(session: NativeSession) -> None:
    batch = TokenBatch.from_windows([window(60), window(33)])
    expected = session.run(batch, DROP)
    results: list[np.ndarray] = []
    callers = [threading.Thread(target=lambda: results.append(session.run(batch, DROP))) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(results) == 8
    for result in results:
        np.testing.assert_array_equal(result, expected)


def test_the_arena_stops_growing(session: NativeSession) -> None:
    inner = engine.Session(engine.Model.parse(engine_bytes(random_model(CONFIG))))
    inner.run(np.ones(300, np.int64), np.array([0, 300]))
    grown = inner.arena_bytes
    for n in (10, 300, 77):
        inner.run(np.ones(n, np.int64), np.array([0, n]))
    assert inner.arena_bytes == grown > 0


REFUSALS = {
    "id too large": (dict(ids=[1, 300]), "ids at 1 is 300, expected 0 to 299"),
    "negative id": (dict(ids=[-1, 5]), "ids at 0 is -1"),
    "type out of range": (dict(types=[0, 2]), "types at 1 is 2, expected 0 to 1"),
    "types too short": (dict(types=[0]), "as many elements as ids"),
    "offsets not from 0": (dict(offsets=[1, 2]), "begin with 0"),
    "offsets short": (dict(offsets=[0, 1]), "end with the number of tokens, 2"),
    "offsets beyond": (dict(offsets=[0, 3]), "offsets at 1 is 3"),
    "no offsets": (dict(offsets=[]), "begin with 0"),
    "empty sequence": (dict(offsets=[0, 0, 2]), "sequence 0 has 0 tokens"),
    "decreasing": (dict(offsets=[0, 2, 1, 2]), "sequence 1 has -1 tokens"),
    "too long": (dict(ids=[1] * 513, offsets=[0, 513], types=None), "has 513 tokens, expected 1 to 512"),
    "lengths of another model": (dict(lengths=[2, 2, 2]), r"lengths must be \[2\] or \[1, 2\]"),
    "length beyond the sequence": (dict(lengths=[3, 2]), "cannot keep 3 of 2 rows"),
    "length zero": (dict(lengths=[2, 0]), "cannot keep 0 of 2 rows"),
    "increasing lengths": (dict(lengths=[1, 2]), "cannot keep 2 of 1 rows"),
    "two dimensions": (dict(ids=[[1, 2]]), "one dimension"),
}


@pytest.mark.parametrize("case", REFUSALS, ids=str)
def test_bad_input_is_an_exception_and_never_a_crash(case: str) -> None:
    changes, message = REFUSALS[case]
    call = {"ids": [1, 2], "offsets": [0, 2], "types": [0, 1], "lengths": None} | changes
    arrays = {name: None if value is None else np.array(value, np.int64) for name, value in call.items()}
    session = engine.Session(engine.Model.parse(engine_bytes(random_model(CONFIG))))
    with pytest.raises(ValueError, match=message):
        session.run(**arrays)


def test_random_ragged_input_never_crashes() -> None:
    """Bounded fuzzing of the boundary: whatever comes is answered or refused."""
    session = engine.Session(engine.Model.parse(engine_bytes(random_model(CONFIG))), 2)
    rng = np.random.default_rng(9)
    answered = 0
    for _ in range(300):
        tokens = int(rng.integers(0, 60))
        ids = rng.integers(-1 if rng.random() < 0.1 else 0, 300, tokens)
        cuts = np.sort(rng.integers(0, tokens + 1, int(rng.integers(0, 5))))
        offsets = np.concatenate(([0], cuts, [tokens if rng.random() < 0.9 else tokens + 1]))
        if rng.random() < 0.7:
            offsets = np.unique(offsets)
        lengths = rng.integers(0, 30, (len(offsets) - 1, 2)) if rng.random() < 0.5 else None
        if lengths is not None and rng.random() < 0.8:
            sizes = np.diff(offsets)[:, None]
            lengths = np.clip(np.sort(lengths)[:, ::-1], 1, np.maximum(sizes, 1))
        try:
            logits = session.run(ids, offsets, None, lengths)
        except ValueError:
            continue
        answered += 1
        assert logits.shape == (tokens, 2) and np.isfinite(logits).all()
    assert 50 < answered < 300


def test_a_fp32_model_is_refused() -> None:
    with pytest.raises(RuntimeUnavailableError, match="quantised models only"):
        NativeRuntime().load(fp32_model(), threads=1)
