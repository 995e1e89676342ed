"""Finalists and trials on one scale."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import Candidate
from quantlat.search.finalists import on_one_scale
from tests.search.analytic import REFERENCE, AnalyticEvaluator

LATE = [RetentionConfig((1.0, 1.0, 1.0, round(0.5 + 0.05 * i, 2), 0.1, 0.1)) for i in range(6)]
FULL = RetentionConfig((1.0,) * 6)


def _measured(config: RetentionConfig, drop: float, *, final: bool) -> Candidate:
    exact = AnalyticEvaluator(spread=0.0, questions=1400 if final else 400).evaluate(config)
    return exact.model_copy(
        update={
            "drop": drop,
            "drop_standard_error": 0.4 if final else 0.6,
            "accuracy": REFERENCE - drop,
            "stage": "final" if final else "search",
        }
    )


@pytest.fixture
def scaled() -> dict[RetentionConfig, Candidate]:
    """Trials whose first questions flatter everything, and finalists that lose a point more; one is lucky."""
    flattered = [_measured(config, -0.6, final=False) for config in LATE]
    shapes = [RetentionConfig((1.0, 1.0, 1.0, x, y, 0.1)) for x in (0.8, 0.9, 1.0) for y in (0.2, 0.4, 0.6, 0.8)]
    others = [_measured(config, -0.7, final=False) for config in shapes]
    final = [_measured(config, 0.6, final=True) for config in LATE[:5]]
    final[2] = _measured(LATE[2], -0.1, final=True)
    # full length is known from more questions than any trial sees
    exact = {"drop_standard_error": 0.1}
    full = [_measured(FULL, 0.0, final=stage).model_copy(update=exact) for stage in (False, True)]
    settled = on_one_scale([full[0], *flattered, *others], [full[1], *final], REFERENCE)
    return {c.config: c for c in settled.candidates}


def test_a_lucky_finalist_is_not_believed_because_the_first_questions_were_kind(
    scaled: dict[RetentionConfig, Candidate],
) -> None:
    lucky, neighbours = scaled[LATE[2]], [scaled[LATE[i]].believed_drop for i in (1, 3)]
    assert lucky.stage == "final" and lucky.drop == -0.1
    assert lucky.believed_drop > 0.4 and np.mean(neighbours) == pytest.approx(0.6, abs=0.05)


def test_what_finalists_lose_beyond_belief_trials_lose_as_well(scaled: dict[RetentionConfig, Candidate]) -> None:
    never_again = scaled[LATE[5]]
    assert never_again.stage == "search" and never_again.drop == -0.6
    assert never_again.believed_drop > 0.18
