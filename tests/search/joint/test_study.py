"""A joint search on a truth that is known: nothing twice, the same after a kill, and at least as good as its parts."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from quantlat.errors import StorageError
from quantlat.search.joint import (
    Axis,
    JointOptions,
    JointResult,
    JointSpace,
    MeasurementCache,
    area,
    search_jointly,
)
from tests.search.joint.analytic import AnalyticEvaluator, costs_of, encoder, true_latency

SPACE = JointSpace(encoder())
TRIALS, SEEDS = 20, 9
ARMS: dict[str, tuple[Axis, ...]] = {
    "retention": ("retention",),
    "width and depth": ("width", "depth"),
    "precision": ("precision",),
}


def _search(
    space: JointSpace = SPACE, path: Path | None = None, fails_at: int | None = None, **options: int
) -> tuple[JointResult, AnalyticEvaluator]:
    evaluator = AnalyticEvaluator(space, fails_at=fails_at)
    cache = MeasurementCache(path, evaluator, "analytic")
    settings = JointOptions(**{"trials": TRIALS, "seeds": SEEDS, "seed": 1, **options})
    return search_jointly(space, cache.evaluate, costs_of(space), settings), evaluator


@cache
def _whole() -> JointResult:
    """The search of all axes that nothing disturbed."""
    return _search()[0]


def test_equal_configurations_are_measured_once_in_a_search_and_by_all_that_share_a_cache(tmp_path: Path) -> None:
    path = tmp_path / "measured.jsonl"
    first, evaluator = _search(path=path)
    assert max(Counter(evaluator.evaluated).values()) == 1
    assert len(evaluator.evaluated) == len(first.candidates) == TRIALS
    assert all(SPACE.contains(config) for config in evaluator.evaluated)
    again, second = _search(path=path)
    assert second.evaluated == [] and again == first
    other, third = _search(path=path, seed=2)
    known = {c.config for c in first.candidates}
    assert {c.config for c in other.candidates} - known == set(third.evaluated)
    assert len(third.evaluated) < TRIALS  # the seeds at least are shared


def test_a_killed_search_continues_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole = _whole()
    path = tmp_path / "measured.jsonl"
    with pytest.raises(KeyboardInterrupt):
        _search(path=path, fails_at=13)
    with path.open("ab") as file:
        file.write(b'{"signature": "anal')  # killed in the middle of a line
    continued, evaluator = _search(path=path)
    assert continued == whole
    assert len(evaluator.evaluated) == TRIALS - 13


def test_measurements_of_another_model_are_not_used_and_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "measured.jsonl"
    evaluator = AnalyticEvaluator(SPACE)
    MeasurementCache(path, evaluator, "analytic").evaluate(SPACE.full)
    assert MeasurementCache(path, evaluator, "another model").known == {}
    assert len(MeasurementCache(path, evaluator, "analytic").known) == 1
    path.write_text("line 1 of something else\n")
    with pytest.raises(StorageError, match="line 1 is not a measurement"):
        MeasurementCache(path, evaluator, "analytic")


def test_parts_are_kept_apart(tmp_path: Path) -> None:
    evaluator = AnalyticEvaluator(SPACE)
    cache = MeasurementCache(tmp_path / "measured.jsonl", evaluator, "analytic")
    seen, unseen = cache.evaluate(SPACE.full), cache.evaluate(SPACE.full, 1)
    assert (seen.part, unseen.part) == (0, 1) and seen.drop != unseen.drop
    again = MeasurementCache(tmp_path / "measured.jsonl", evaluator, "analytic")
    assert (again.evaluate(SPACE.full), again.evaluate(SPACE.full, 1)) == (seen, unseen)
    assert len(evaluator.evaluated) == 2


def test_a_space_that_is_used_up_ends_the_search() -> None:
    space = JointSpace(encoder(2), ("precision",))
    result, _ = _search(space)
    assert len(result.candidates) == 4 and result.exhausted
    assert not _search(space, trials=4)[0].exhausted


def test_the_same_seed_gives_the_same_trials_and_another_one_others() -> None:
    first, again, other = _whole(), _search()[0], _search(seed=2)[0]
    assert first == again != other
    assert first.candidates[:SEEDS] == other.candidates[:SEEDS]  # where to start does not depend on it


def test_the_joint_front_covers_what_the_fronts_of_its_parts_cover() -> None:
    parts = [_search(JointSpace(encoder(), axes))[0].candidates for axes in ARMS.values()]
    together = [candidate for part in parts for candidate in part]
    for part in parts:
        assert area(together, 10.0) >= area(part, 10.0) > 0.0
    joint = _whole().candidates
    assert area([*joint, *together], 10.0) >= max(area(joint, 10.0), area(together, 10.0))


def test_hypervolume_never_falls_and_is_that_of_the_front() -> None:
    result = _whole()
    assert list(result.hypervolume) == sorted(result.hypervolume)
    front = [result.candidates[i] for i in result.front]
    assert area(front, 10.0) == pytest.approx(result.hypervolume[-1])
    costs, drops = [c.latency_relative for c in front], [c.drop for c in front]
    assert costs == sorted(costs) and drops == sorted(drops, reverse=True)


@pytest.mark.parametrize("seed", [0, 1])
def test_where_combinations_pay_the_joint_search_finds_them_with_the_same_budget(seed: int) -> None:
    joint = _search(trials=24, seed=seed)[0].hypervolume[-1]
    alone = {name: _search(JointSpace(encoder(), axes), trials=24, seed=seed)[0] for name, axes in ARMS.items()}
    assert all(joint > result.hypervolume[-1] for result in alone.values()), joint
    random = np.random.default_rng(seed)
    evaluator = AnalyticEvaluator(SPACE)
    drawn = [evaluator.evaluate(SPACE.random(random)) for _ in range(24)]
    assert joint > area(drawn, 10.0)


def test_costs_are_learnt_from_what_was_measured() -> None:
    rng = np.random.default_rng(0)
    model = costs_of(SPACE)
    measured = [*SPACE.first_generation(12, rng), *(SPACE.random(rng) for _ in range(12))]
    model.fit(measured, [true_latency(config) for config in measured])
    others = [SPACE.random(rng) for _ in range(40)]
    truth = np.array([true_latency(config) for config in others])
    errors = np.abs(model.predict(others) / truth - 1.0)
    assert np.median(errors) < 0.01 and errors.max() < 0.05
    assert model.predict([SPACE.full_fp32]) == pytest.approx([1.0], rel=0.02)
    assert model.predict([]).shape == (0,)
