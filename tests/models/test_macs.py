"""The cost model reproduces the published search log of QuaLA-MiniLM (RoBERTa-MiniLM-L6-H384, window 384)."""

from __future__ import annotations

import pytest

from quantlat.models import EncoderConfig, macs, mean_relative_macs

MINILM = EncoderConfig("roberta", 50265, 384, 6, 12, 1536, 512, 1, pad_token_id=1, position_offset=2)
PUBLISHED = [  # lengths, billions of multiply-accumulates as published
    ((308, 247, 198, 159, 128, 103), 2.485),
    ((269, 253, 252, 202, 104, 34), 2.485),
    ((300, 243, 214, 197, 129, 36), 2.492),
    ((284, 262, 248, 200, 95, 36), 2.510),
    ((315, 251, 242, 159, 142, 33), 2.547),
    ((303, 268, 256, 182, 118, 29), 2.582),
    ((346, 284, 275, 166, 107, 24), 2.696),
    ((365, 280, 273, 176, 112, 46), 2.783),
    ((375, 331, 283, 213, 127, 18), 3.015),
    ((374, 331, 283, 230, 126, 51), 3.086),
    ((377, 361, 345, 245, 132, 38), 3.330),
    ((383, 363, 360, 242, 134, 42), 3.386),
    ((383, 380, 376, 358, 202, 123), 3.955),
]


@pytest.mark.parametrize(("lengths", "published"), PUBLISHED)
def test_published_search_log_within_a_tenth_of_a_percent(lengths: tuple[int, ...], published: float) -> None:
    assert macs(MINILM, 384, lengths) / 1e9 == pytest.approx(published, rel=1e-3)


def test_bert_base_at_full_length() -> None:
    bert = EncoderConfig("bert", 30522, 768, 12, 12, 3072, 512, 2)
    assert macs(bert, 384) == 35_332_816_896


def test_row_restricted_form_saves_two_to_four_percent_on_published_configurations() -> None:
    lengths = (315, 251, 242, 159, 142, 33)
    saved = macs(MINILM, 384, lengths, row_restricted=True) / macs(MINILM, 384, lengths)
    assert saved == pytest.approx(0.966, abs=2e-3)


def test_full_length_costs_the_same_in_both_forms() -> None:
    assert macs(MINILM, 200) == macs(MINILM, 200, row_restricted=True)


def test_relative_cost_on_a_workload_weighs_by_work() -> None:
    tokens = [100, 300]
    full = [(n,) * 6 for n in tokens]
    assert mean_relative_macs(MINILM, tokens, full) == 1.0
    half = [(100,) * 6, (300, 300, 300, 3, 3, 3)]
    expected = (macs(MINILM, 100) + macs(MINILM, 300, half[1])) / (macs(MINILM, 100) + macs(MINILM, 300))
    assert mean_relative_macs(MINILM, tokens, half) == pytest.approx(expected)


@pytest.mark.parametrize("lengths", [(384,) * 5, (100, 200, 100, 50, 20, 10), (385,) * 6, (384, 0, 0, 0, 0, 0)])
def test_impossible_lengths_are_refused(lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"lengths|keep"):
        macs(MINILM, 384, lengths)
