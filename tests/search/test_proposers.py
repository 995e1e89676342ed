"""Each search proposes what its rules allow, repeats itself, and never proposes what was taken."""

from __future__ import annotations

import numpy as np
import pytest

from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import AccuracyFloor, Candidate, Cost
from quantlat.search.proposers import (
    EvolutionaryProposer,
    Proposer,
    RandomProposer,
    _hypervolume_gains,
    make_proposer,
)
from quantlat.search.space import RetentionSpace
from tests.search.analytic import AnalyticEvaluator, true_drop

SPACE = RetentionSpace(6)
FLOOR = AccuracyFloor(1.0)
NAMES = ("guided", "evolutionary", "random")
COST: Cost = "latency"


def _make(name: str) -> Proposer:
    evaluator = AnalyticEvaluator()
    made = make_proposer(
        name, SPACE, floor=FLOOR, predict=lambda configs: evaluator.predict_costs(configs, COST), cost=COST
    )
    assert made is not None
    return made


def _measured(count: int = 20) -> list[Candidate]:
    rng = np.random.default_rng(1)
    evaluator = AnalyticEvaluator()
    return [evaluator.evaluate(config) for config in SPACE.first_generation(count, rng)]


@pytest.mark.parametrize("name", NAMES)
def test_proposals_are_new_and_of_the_space_and_depend_on_the_seed_alone(name: str) -> None:
    measured = _measured()
    taken = {candidate.config for candidate in measured}
    proposals = [_make(name).propose(measured, taken, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert proposals[0] == proposals[1] != proposals[2]
    for proposal in proposals:
        assert proposal is not None
        assert proposal not in taken
        assert SPACE.repair(proposal.ratios) == proposal


@pytest.mark.parametrize("name", NAMES)
def test_every_search_starts_with_full_length(name: str) -> None:
    assert SPACE.full in _make(name).first(8, np.random.default_rng(0))


def test_the_published_search_starts_with_constant_rates() -> None:
    first = EvolutionaryProposer(SPACE).first(6, np.random.default_rng(0))
    assert first == SPACE.constant_rates(6)


def test_a_crossover_is_the_mean_of_two_members_rounded_up() -> None:
    members = [RetentionConfig((1.0, 0.9, 0.8, 0.7, 0.6, 0.5)), RetentionConfig((0.95, 0.6, 0.4, 0.3, 0.2, 0.1))]
    child = EvolutionaryProposer(SPACE)._crossed(members, np.random.default_rng(0))
    assert child == RetentionConfig((1.0, 0.75, 0.6, 0.5, 0.4, 0.3))


def test_a_mutation_keeps_some_layers_and_stays_between_its_neighbours() -> None:
    parent = RetentionConfig((0.9, 0.8, 0.7, 0.6, 0.5, 0.4))
    proposer, rng = EvolutionaryProposer(SPACE), np.random.default_rng(3)
    children = [proposer._mutated([parent], rng) for _ in range(200)]
    changed = np.array([[a != b for a, b in zip(c.ratios, parent.ratios, strict=True)] for c in children])
    assert 0.3 < changed.mean() < 0.55  # half of the layers; some draw what they had
    for child in children:
        for layer, ratio in enumerate(child.ratios[:-1]):
            assert parent.ratios[layer + 1] - 0.05 <= ratio + 1e-9


def test_a_space_that_was_measured_completely_gives_no_proposal() -> None:
    tiny = RetentionSpace(2, 0.3, 0.1)
    taken = set(tiny.enumerate())
    measured = [AnalyticEvaluator().evaluate(config) for config in sorted(taken, key=str)]
    for proposer in (RandomProposer(tiny), EvolutionaryProposer(tiny)):
        assert proposer.propose(measured, taken, np.random.default_rng(0)) is None


def test_the_guided_search_asks_for_good_configurations() -> None:
    measured, guided = _measured(), _make("guided")
    taken = {candidate.config for candidate in measured}
    proposals = [guided.propose(measured, taken, np.random.default_rng(seed)) for seed in range(20)]
    drops = [true_drop(config) for config in proposals if config is not None]
    assert len(drops) == 20
    assert np.median(drops) < 2.0  # near the floor, not in the broken part of the space


def test_hypervolume_gains_are_areas_above_the_front() -> None:
    spent, known = np.array([1.0, 0.6]), np.array([0.0, 2.0])
    costs, drops = np.array([0.8, 0.5, 0.7, 0.6]), np.array([1.0, 3.0, 2.5, 1.0])
    gains = _hypervolume_gains(costs, drops, spent, known, worst_drop=4.0)
    # right of the front's cheapest; cheaper than all; beaten by it; better than it at the same cost
    assert gains == pytest.approx([0.2 * 1.0, 0.1 * 1.0, 0.0, 0.4 * 1.0])
