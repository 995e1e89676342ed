from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from quantlat.data import TextExample, collate, make_text_windows
from quantlat.data.text_windows import assemble
from quantlat.errors import DataError
from quantlat.models.random_tokenizer import train_tokenizer
from quantlat.models.tokenizer import Tokenizer

EXAMPLES = (
    TextExample("a", "the bridge was opened", None, 1),
    TextExample("b", "the bridge was opened", "it is open", 0),
    TextExample("c", "the river " * 30, "the bridge", 2),
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer("bert", 600)


def texts_of(tokenizer: Tokenizer, ids: np.ndarray) -> list[str]:
    """The decoded parts between the special tokens."""
    cuts = np.flatnonzero(np.isin(ids, [tokenizer.cls_token_id, tokenizer.sep_token_id]))
    parts = [tokenizer.backend.decode(ids[a + 1 : b].tolist()) for a, b in pairwise(cuts)]
    return [part.replace(" ##", "") for part in parts]


def test_a_text_is_one_window_and_a_pair_has_two_token_types(tokenizer: Tokenizer) -> None:
    found = make_text_windows(EXAMPLES[:2], tokenizer, max_tokens=64)
    single, pair = found.windows
    assert texts_of(tokenizer, single.input_ids) == ["the bridge was opened"]
    assert not single.token_type_ids.any()
    assert texts_of(tokenizer, pair.input_ids) == ["the bridge was opened", "it is open"]
    assert pair.token_type_ids.tolist() == [0] * single.length + [1] * (pair.length - single.length)
    assert (single.label, pair.label, pair.example_index) == (1, 0, 1)
    assert found.task == "text-classification"
    assert (found.report.truncated_questions, found.report.unanswerable_windows) == (0, 0)


def test_roberta_has_two_separators_and_no_token_types() -> None:
    tokenizer = train_tokenizer("roberta", 600)
    (window,) = make_text_windows(EXAMPLES[1:2], tokenizer, max_tokens=64).windows
    assert (window.input_ids == tokenizer.sep_token_id).sum() == 3
    assert not window.token_type_ids.any()


def test_what_does_not_fit_is_cut_from_the_longer_text_and_counted(tokenizer: Tokenizer) -> None:
    found = make_text_windows(EXAMPLES, tokenizer, max_tokens=24)
    window = found.windows[2]
    assert window.length == 24
    assert texts_of(tokenizer, window.input_ids)[1] == "the bridge"  # the shorter one is whole
    assert found.truncated == {2}
    assert found.report.truncated_questions == 1


@pytest.mark.parametrize(
    ("sizes", "kept"), [((9, 3), (8, 3)), ((3, 9), (3, 8)), ((9, 9), (5, 6)), ((4, 4), (4, 4)), ((20, 7), (6, 5))]
)
def test_a_pair_is_cut_as_the_fast_tokenizers_cut_it(
    tokenizer: Tokenizer, sizes: tuple[int, int], kept: tuple[int, int]
) -> None:
    example = TextExample("x", "the " * sizes[0], "of " * sizes[1], 0)
    (window,) = make_text_windows([example], tokenizer, max_tokens=14).windows
    the, of = (tokenizer.backend.encode(word, add_special_tokens=False).ids[0] for word in ("the", "of"))
    assert ((window.input_ids == the).sum(), (window.input_ids == of).sum()) == kept
    theirs = Tokenizer.from_json(tokenizer.json, family="bert").backend
    theirs.enable_truncation(11, strategy="longest_first")  # this tokenizer adds no special tokens
    special = [tokenizer.cls_token_id, tokenizer.sep_token_id]
    own = [token for token in window.input_ids.tolist() if token not in special]
    assert own == theirs.encode(example.text, example.text_pair).ids


def test_windows_too_small_for_a_pair_are_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(DataError, match="leave no room"):
        assemble(0, [[7], [8]], tokenizer, 4)


def test_a_batch_carries_the_labels(tokenizer: Tokenizer) -> None:
    windows = make_text_windows(EXAMPLES, tokenizer, max_tokens=64).windows
    batch = collate(windows, [2, 0], tokenizer.pad_token_id)
    assert batch.labels.tolist() == [2, 1]
    assert batch.to("cpu").labels.tolist() == [2, 1]


def test_a_sample_keeps_task_and_labels(tokenizer: Tokenizer) -> None:
    found = make_text_windows(EXAMPLES, tokenizer, max_tokens=64).sample(2, seed=0)
    assert len(found) == 2
    assert found.task == "text-classification"
    assert [w.label for w in found.windows] == [e.label for e in found.examples]  # type: ignore[union-attr]
