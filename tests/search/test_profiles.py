"""Which configurations become finalists, and which of them the profiles full, balanced and fast."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.errors import MeasurementError
from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import AccuracyFloor, Candidate
from quantlat.search.profiles import best_candidate, choose_profiles, front_of, further_finalists, select_finalists

FULL = RetentionConfig.full(2)
FLOOR = AccuracyFloor(1.0, margin_z=0.5)


def _candidate(ratio: float, latency: float, drop: float, error: float = 0.2, stage: str = "final") -> Candidate:
    return Candidate(
        config=RetentionConfig((1.0, ratio)),
        accuracy=80.0 - drop,
        accuracy_ci=(75.0, 85.0),
        drop=drop,
        drop_ci=(drop - 2 * error, drop + 2 * error),
        drop_standard_error=error,
        questions=100,
        latency_ms=10 * latency,
        latency_ci_ms=(9.9 * latency, 10.1 * latency),
        latency_relative=latency,
        macs_relative=ratio,
        stage=stage,  # type: ignore[arg-type]
    )


# cost 1.0 is full length; the knee is at 0.6, the floor between 0.7 and 0.6
FRONT = (
    _candidate(1.0, 1.0, 0.1),
    _candidate(0.9, 0.9, 0.3),
    _candidate(0.8, 0.8, 0.6),
    _candidate(0.7, 0.7, 0.85),
    _candidate(0.6, 0.6, 1.4),
    _candidate(0.3, 0.5, 9.0),
    _candidate(0.2, 0.45, 20.0),
)


def test_balanced_is_the_fastest_within_the_floor_and_fast_is_the_knee() -> None:
    profiles = choose_profiles(FRONT, FLOOR)
    assert profiles.full.latency_relative == 1.0
    assert profiles.balanced.latency_relative == 0.7
    assert profiles.fast.latency_relative == 0.6
    assert profiles.floor_missed_by is None
    assert profiles.notes == ()


def test_a_lucky_estimate_does_not_win() -> None:
    lucky = _candidate(0.5, 0.55, 0.9, error=0.4)  # 0.9 + 0.5 * 0.4 > 1
    profiles = choose_profiles([*FRONT, lucky], FLOOR)
    assert profiles.balanced.latency_relative == 0.7
    assert choose_profiles([*FRONT, lucky], AccuracyFloor(1.0, margin_z=0.0)).balanced == lucky


def test_without_any_that_is_sure_enough_the_estimate_decides_and_a_note_says_so() -> None:
    profiles = choose_profiles([_candidate(1.0, 1.0, 0.95), _candidate(0.8, 0.8, 0.97)], FLOOR)
    assert profiles.balanced.latency_relative == 0.8
    assert profiles.floor_missed_by is None
    assert "not with the safety margin of 0.5 standard errors (0.20 points each)" in profiles.notes[0]


def test_a_missed_floor_gives_the_nearest_and_by_how_much() -> None:
    profiles = choose_profiles([_candidate(1.0, 1.0, 1.3), _candidate(0.8, 0.8, 2.0)], FLOOR)
    assert profiles.balanced.config.is_full
    assert profiles.floor_missed_by == pytest.approx(0.3)
    assert "the nearest loses 1.30, which misses the floor by 0.30" in profiles.notes[0]


def test_a_runtime_that_gains_nothing_from_dropping_says_so() -> None:
    slow = [_candidate(1.0, 1.0, 0.1), _candidate(0.8, 1.1, 0.2), _candidate(0.5, 0.9, 5.0)]
    profiles = choose_profiles(slow, FLOOR)
    assert profiles.balanced.config.is_full
    assert "No retention configuration is faster than full length within the floor" in profiles.notes[0]


def test_fast_is_never_slower_than_balanced() -> None:
    bent = [_candidate(1.0, 1.0, 0.0), _candidate(0.9, 0.6, 0.02), _candidate(0.4, 0.5, 0.9, error=0.1)]
    profiles = choose_profiles(bent, FLOOR)
    assert profiles.balanced.latency_relative == profiles.fast.latency_relative == 0.5
    assert "'fast' is the same as 'balanced'" in profiles.notes[0]


def test_the_cost_may_be_macs_instead_of_latency() -> None:
    slow_but_lean = _candidate(0.15, 1.2, 0.5)
    assert best_candidate([*FRONT, slow_but_lean], FLOOR).latency_relative == 0.7
    assert best_candidate([*FRONT, slow_but_lean], FLOOR, "macs") == slow_but_lean
    assert choose_profiles([*FRONT, slow_but_lean], FLOOR, "macs").balanced == slow_but_lean


def test_the_front_leaves_out_what_is_dominated() -> None:
    dominated = _candidate(0.65, 0.75, 0.9)
    assert front_of([*FRONT, dominated]) == (6, 5, 4, 3, 2, 1, 0)


def test_finalists_hold_full_length_the_knee_and_both_sides_of_the_floor() -> None:
    searched = [c.model_copy(update={"stage": "search"}) for c in FRONT]
    chosen = select_finalists(searched, FLOOR, FULL, count=6)
    assert chosen[0] == FULL
    assert len(chosen) == len(set(chosen)) == 6
    ratios = {config.ratios[1] for config in chosen}
    assert {0.6, 0.7, 0.8} < ratios  # the knee just beyond the floor, and the fastest two within it
    assert 0.2 not in ratios  # collapsed
    assert select_finalists(searched, FLOOR, FULL, count=2) == (FULL, RetentionConfig((1.0, 0.6)))
    assert select_finalists([], FLOOR, FULL, count=6) == (FULL,)


def test_a_narrow_miss_is_given_another_look() -> None:
    narrow = _candidate(0.65, 0.65, 1.1, error=0.3)
    chosen = select_finalists([*FRONT, narrow], FLOOR, FULL, count=5)
    assert narrow.config in chosen


def test_a_careful_finalist_is_there_when_the_bold_ones_fall_through() -> None:
    """The bold ones' trials flatter them: none of them holds when measured again, and full length saves nothing."""
    bold = [_candidate(r, r, d, error=0.5, stage="search") for r, d in ((0.55, 0.9), (0.6, 0.7), (0.65, 0.6))]
    careful = _candidate(0.75, 0.75, 0.2, error=0.5, stage="search")
    chosen = select_finalists([FRONT[0], *bold, careful], FLOOR, FULL, count=6)
    assert careful.config in chosen
    measured = {0.55: 1.9, 0.6: 1.6, 0.65: 1.2, 0.75: 0.4, 1.0: 0.1}
    final = [_candidate(c.ratios[1], c.ratios[1], measured[c.ratios[1]], error=0.4) for c in chosen]
    assert choose_profiles(final, FLOOR).balanced.config == careful.config


def test_when_the_bold_finalists_fall_through_what_is_now_believed_to_hold_is_due() -> None:
    full = _candidate(1.0, 1.0, 0.1)
    fallen = [_candidate(r, r, d, error=0.4) for r, d in ((0.55, 1.9), (0.6, 1.6))]
    trials = [
        _candidate(r, r, 0.0, error=1.5, stage="search").model_copy(update={"drop_shrunken": d})
        for r, d in ((0.65, 1.2), (0.7, 0.7), (0.75, 0.5), (0.8, 0.3), (0.9, 0.1))
    ]
    due = further_finalists([full, *fallen, *trials], FLOOR, count=3)
    assert [config.ratios[1] for config in due] == [0.7, 0.75, 0.8]
    held = _candidate(0.7, 0.7, 0.6, error=0.4)
    assert further_finalists([full, *fallen, held, *trials[2:]], FLOOR, count=3) == ()


def test_how_unsure_bold_finalists_are_does_not_make_the_next_ones_timid() -> None:
    full = _candidate(1.0, 1.0, 0.1, error=0.3)
    near = [_candidate(r, r, d, error=0.3) for r, d in ((0.7, 1.2), (0.72, 0.9), (0.74, 0.95))]
    bold = [_candidate(r, r, d, error=1.5) for r, d in ((0.4, 6.0), (0.42, 5.5), (0.44, 5.0), (0.46, 4.5), (0.48, 4.0))]
    due = _candidate(0.8, 0.8, 0.0, error=1.5, stage="search").model_copy(update={"drop_shrunken": 0.6})
    assert further_finalists([full, *near, *bold, due], FLOOR, count=3) == (due.config,)


def test_profiles_need_full_length_among_the_finalists() -> None:
    with pytest.raises(MeasurementError, match="full length must be among the finalists"):
        choose_profiles(FRONT[1:], FLOOR)
    with pytest.raises(MeasurementError, match="no measured configuration"):
        best_candidate([], FLOOR)


def test_the_margin_tames_the_winners_curse() -> None:
    """Fifty configurations of equal speed lose 1.2 points in truth; the floor of 1.0 should keep them out."""
    rng = np.random.default_rng(0)
    wrongly_chosen = {0.0: 0, 0.5: 0}
    for _ in range(200):
        estimates = 1.2 + rng.normal(0.0, 0.15, 50)
        rivals = [_candidate(0.5, 0.5 + i / 1000, d, error=0.15) for i, d in enumerate(estimates)]
        for z in wrongly_chosen:
            best = best_candidate([_candidate(1.0, 1.0, 0.0, error=0.0), *rivals], AccuracyFloor(1.0, margin_z=z))
            wrongly_chosen[z] += not best.config.is_full
    assert wrongly_chosen[0.0] > 195  # with so many, one is always lucky enough
    assert wrongly_chosen[0.5] < 0.9 * wrongly_chosen[0.0]
    # measured again, a lucky one is as unlucky as any other: two in ten are left at most
    again = 1.2 + rng.normal(0.0, 0.15, 200)
    assert np.mean(again + 0.5 * 0.15 <= 1.0) < 0.1
