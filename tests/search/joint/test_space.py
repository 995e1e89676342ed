"""Every proposal of the joint space is a valid configuration in its one form, on the searched axes alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from quantlat.errors import RecipeError
from quantlat.models import ElasticConfig, RetentionConfig, WidthConfig, kept_layers
from quantlat.search.joint import AXES, Axis, JointSpace, parse_axes
from tests.search.joint.analytic import encoder

ENCODER = encoder()
SPACE = JointSpace(ENCODER)
SUBSETS = [axes for count in (1, 2, 4) for axes in combinations(AXES, count)]


@pytest.mark.parametrize("axes", SUBSETS, ids="-".join)
def test_whatever_is_drawn_mutated_or_crossed_is_valid(axes: tuple[Axis, ...]) -> None:
    space, rng = JointSpace(ENCODER, axes), np.random.default_rng(0)
    known = list(space.first_generation(12, rng))
    for number in range(150):
        first, second = (known[int(i)] for i in rng.integers(len(known), size=2))
        known += [
            space.random(rng),
            space.neighbour(first, rng, reach=1 + number % 3),
            space.between(first, second, rng),
        ]
    for config in known:
        assert space.contains(config), config
        narrow = config.encoder(ENCODER)
        assert narrow.num_layers >= 3
        lengths = config.lengths(200, narrow.num_layers)
        assert list(lengths) == sorted(lengths, reverse=True)
    changed = {
        "retention": any(c.retention for c in known),
        "width": any(c.width for c in known),
        "depth": any(c.layers for c in known),
        "precision": any(c.fp32_layers for c in known),
    }
    assert changed == {axis: axis in axes for axis in AXES}
    assert len(set(known)) > 40


def test_all_genomes_of_one_model_have_one_configuration() -> None:
    genome = replace(SPACE.whole, runs=(True, False, True, True, True, True))
    same = replace(
        genome,
        heads=(12, 3, 12, 12, 12, 12),
        fp32=(False, True, False, False, False, False),
        ratios=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    )
    assert SPACE.config(genome) == SPACE.config(same) == ElasticConfig(layers=(0, 2, 3, 4, 5))
    assert SPACE.config(SPACE.whole) == ElasticConfig() == SPACE.full
    assert SPACE.full_fp32 == ElasticConfig(fp32_layers=(0, 1, 2, 3, 4, 5))
    assert not SPACE.contains(ElasticConfig(RetentionConfig((1.0,) * 6)))  # full length is written without ratios
    assert not SPACE.contains(ElasticConfig(width=WidthConfig.uniform(ENCODER, 1.0)))


def test_configurations_outside_the_space_are_told_apart() -> None:
    assert not SPACE.contains(ElasticConfig(RetentionConfig((1, 1, 1, 1, 0.93, 0.5))))
    assert not SPACE.contains(ElasticConfig(width=WidthConfig((1,) + (12,) * 5, (1536,) * 6)))
    assert not SPACE.contains(ElasticConfig(layers=(0, 1)))
    assert not JointSpace(ENCODER, ("width",)).contains(ElasticConfig(layers=(0, 1, 2)))


def test_a_layer_that_comes_back_has_what_the_one_before_keeps() -> None:
    config = ElasticConfig(RetentionConfig((0.9, 0.5, 0.4)), layers=(0, 3, 5), fp32_layers=(3,))
    genome = SPACE.genome(config)
    assert genome.ratios == (0.9, 0.9, 0.9, 0.5, 0.5, 0.4)
    assert genome.fp32 == (False, False, False, True, False, False)
    assert SPACE.config(genome) == config


def test_a_search_starts_with_the_axes_as_trained_and_their_combinations() -> None:
    first = SPACE.first_generation(40, np.random.default_rng(0))
    assert len(set(first)) == 40 and first[0] == SPACE.full
    assert ElasticConfig(RetentionConfig(SPACE.retention.constant_rates(4)[-1].ratios)) in first
    for share in (0.75, 0.5):
        assert ElasticConfig(width=WidthConfig.uniform(ENCODER, share)) in first
        assert ElasticConfig(layers=kept_layers(6, share)) in first
    assert SPACE.full_fp32 in first
    early = first[:12]
    assert sum(bool(c.retention and c.width) or bool(c.width and c.layers) for c in early) >= 2
    for axis in ("retention", "width", "layers", "fp32_layers"):
        assert any(getattr(c, axis) for c in early), axis


def test_retention_alone_starts_as_the_retention_search_does() -> None:
    space = JointSpace(ENCODER, ("retention",), min_ratio=0.1)
    expected = space.retention.first_generation(12, np.random.default_rng(3))
    first = space.first_generation(12, np.random.default_rng(3))
    assert [c.retention or RetentionConfig.full(6) for c in first] == list(expected)


def test_a_space_with_few_configurations_gives_all_it_has() -> None:
    small = JointSpace(encoder(2), ("precision",))
    found = {small.random(np.random.default_rng(seed)) for seed in range(60)}
    assert {c.fp32_layers for c in found} == {(), (0,), (1,), (0, 1)}
    assert set(small.first_generation(50, np.random.default_rng(0))) == found


def test_what_is_given_up_is_told_by_layer_and_axis() -> None:
    config = ElasticConfig(
        RetentionConfig((1.0, 0.5)), WidthConfig((6, 12, 12), (768, 1536, 1536)), layers=(0, 2), fp32_layers=(2,)
    )
    features = JointSpace(encoder(3), depths=(0.5,)).given_up([config])[0]
    expected = [0, 0, 0.5, 0.5, 0, 0, 0, 1, 0, 0.3, 0, 0]
    assert features == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "length", "width,width", "width depth"])
def test_unknown_axes_are_refused_with_those_that_exist(text: str) -> None:
    with pytest.raises(RecipeError, match="axes are names separated by commas") as error:
        parse_axes(text)
    assert "retention, width, depth, precision" in str(error.value.hint)


def test_axes_have_one_order() -> None:
    assert parse_axes("precision, retention") == ("retention", "precision")


@pytest.mark.parametrize("wrong", [{"axes": ()}, {"axes": ("width", "width")}, {"width_step": 0.0}, {"depths": (1.5,)}])
def test_an_impossible_space_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RecipeError):
        JointSpace(ENCODER, **wrong)  # type: ignore[arg-type]
