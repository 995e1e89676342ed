from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from quantlat.data import QAExample, collate, length_buckets, make_windows, padding_waste
from quantlat.data.batching import shape_class
from quantlat.models.tokenizer import Tokenizer


def squad_like(n: int, seed: int = 0) -> np.ndarray:
    """Median about 164, p90 about 264, cut at 384: the shape of SQuAD 1.1 windows."""
    lengths = np.random.default_rng(seed).lognormal(np.log(164), 0.37, n)
    return np.clip(lengths, 30, 384).astype(np.int64)


@pytest.mark.parametrize("n", [400, 2000, 7000])
def test_padding_is_below_ten_percent_at_batch_16(n: int) -> None:
    lengths = squad_like(n)
    for epoch in range(3):
        assert padding_waste(lengths, length_buckets(lengths, 16, seed=1, epoch=epoch)) < 0.10
    in_file_order = [np.arange(low, min(low + 16, n)) for low in range(0, n, 16)]
    assert padding_waste(lengths, in_file_order) > 0.25


def test_every_window_is_in_exactly_one_batch() -> None:
    batches = length_buckets(squad_like(101), 16, seed=1, epoch=0)
    assert sorted(np.concatenate(batches).tolist()) == list(range(101))
    assert sorted(len(batch) for batch in batches) == [5] + [16] * 6
    assert all(batch.dtype == np.int64 for batch in batches)
    assert length_buckets([], 16, seed=1, epoch=0) == []


def test_batches_depend_on_seed_and_epoch_alone() -> None:
    lengths = squad_like(500)

    def flat(seed: int, epoch: int) -> list[list[int]]:
        return [batch.tolist() for batch in length_buckets(lengths, 16, seed=seed, epoch=epoch)]

    assert flat(1, 0) == flat(1, 0)
    assert flat(1, 0) != flat(1, 1)
    assert flat(1, 0) != flat(2, 0)


def test_the_company_of_a_window_changes_between_epochs_and_batches_come_in_no_order_of_length() -> None:
    lengths = squad_like(1000)
    first = {frozenset(batch.tolist()) for batch in length_buckets(lengths, 16, seed=1, epoch=0)}
    second = {frozenset(batch.tolist()) for batch in length_buckets(lengths, 16, seed=1, epoch=1)}
    assert len(first & second) <= 2
    means = [lengths[batch].mean() for batch in length_buckets(lengths, 16, seed=1, epoch=0)]
    assert abs(np.corrcoef(np.arange(len(means)), means)[0, 1]) < 0.5


def test_padding_waste_is_the_share_of_computed_tokens() -> None:
    assert padding_waste([10, 30, 20], [np.array([0, 1]), np.array([2])]) == pytest.approx(20 / 80)
    assert padding_waste([5, 5], [np.array([0, 1])]) == 0.0
    assert padding_waste([], []) == 0.0


def test_collate_pads_to_the_longest_window(questions: tuple[QAExample, ...], tokenizer: Tokenizer) -> None:
    windows = make_windows(questions, tokenizer).windows
    batch = collate(windows, np.array([4, 1]), tokenizer.pad_token_id)
    lengths = [windows[4].length, windows[1].length]
    assert batch.input_ids.shape == (2, max(lengths))
    assert batch.attention_mask.sum(1).tolist() == lengths
    assert batch.tokens == sum(lengths)
    assert batch.indices.tolist() == [4, 1]
    for row, index in enumerate((4, 1)):
        n = lengths[row]
        assert batch.input_ids[row, :n].tolist() == windows[index].input_ids.tolist()
        assert batch.token_type_ids[row, :n].tolist() == windows[index].token_type_ids.tolist()
        assert (batch.input_ids[row, n:] == tokenizer.pad_token_id).all()
        assert (batch.starts[row], batch.ends[row]) == (windows[index].start, windows[index].end)
    assert all(
        tensor.dtype == torch.int64
        for tensor in (batch.input_ids, batch.attention_mask, batch.token_type_ids, batch.starts, batch.ends)
    )
    moved = batch.to("cpu")
    assert torch.equal(moved.input_ids, batch.input_ids)


def test_real_squad_pads_little(squad_dev: tuple[QAExample, ...], bert_folder: Path) -> None:
    windows = make_windows(squad_dev, Tokenizer.from_folder(bert_folder, family="bert"))
    batches = length_buckets(windows.lengths, 16, seed=42, epoch=0)
    assert padding_waste(windows.lengths, batches) < 0.10


def test_the_room_is_imported_without_torch_or_transformers() -> None:
    code = (
        "import sys, quantlat.data, quantlat.metrics; "
        "print([m for m in ('torch', 'transformers', 'datasets', 'tokenizers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_shape_classes_are_few_and_near() -> None:
    lengths = np.arange(1, 513)
    classes = np.array([shape_class(int(n)) for n in lengths])
    assert (classes >= lengths).all() and (classes <= lengths * (1 + 1 / 16)).all()
    assert len(set(classes[128:384])) <= 28
    assert [shape_class(n) for n in (31, 33, 170, 384, 385)] == [31, 34, 176, 384, 400]
