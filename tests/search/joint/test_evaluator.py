"""A joint search in a real session: dense smaller models of one artefact, their scores and their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quantlat.data import WindowSet, make_windows
from quantlat.data.embedded import generate
from quantlat.errors import MeasurementError
from quantlat.evaluation import evaluate_session
from quantlat.latency import ContentionLimits
from quantlat.models import ElasticConfig, EncoderConfig, RetentionConfig, WidthConfig, load_checkpoint
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.layout import layout_of
from quantlat.runtimes import TokenBatch, get_runtime
from quantlat.runtimes.subnetworks import SubnetworkSession
from quantlat.search.joint import (
    AXES,
    Axis,
    JointEvaluator,
    JointOptions,
    JointSpace,
    MeasurementCache,
    search_jointly,
)
from quantlat.search.objectives import EvaluatorOptions
from tests.native.random_model import random_model

NEVER = ContentionLimits(1e9, 1e9, 1e9, 1e9, 1e9)  # neighbours of the tests are not what is tested here
OPTIONS = EvaluatorOptions(windows=24, limits=NEVER)
RUNTIME = "native" if get_runtime("native").availability().usable else "pytorch"


@pytest.fixture(scope="module")
def windows() -> WindowSet:
    tokenizer = load_checkpoint("random:bert-2x128", seed=5).tokenizer
    return make_windows(generate(24, 8, 3)[0], tokenizer, max_tokens=64, stride=16)


@pytest.fixture(scope="module")
def encoder(windows: WindowSet) -> EncoderConfig:
    config = load_checkpoint("random:bert-2x128", seed=5).config
    return replace(config, num_layers=4, num_heads=4, intermediate_size=256)


@pytest.fixture(scope="module")
def models(encoder: EncoderConfig) -> tuple[QuantizedModel, QuantizedModel]:
    """INT8, and the same weights in fp32."""
    names = frozenset(layout_of(encoder, "question-answering").linears)
    return random_model(encoder), random_model(encoder, fp32=names)


@pytest.fixture(scope="module")
def session(
    models: tuple[QuantizedModel, QuantizedModel], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SubnetworkSession]:
    quantized, floating = models
    opened = SubnetworkSession(
        get_runtime(RUNTIME), quantized, floating=floating, threads=1, cache_dir=tmp_path_factory.mktemp("graphs")
    )
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def evaluator(session: SubnetworkSession, windows: WindowSet, encoder: EncoderConfig) -> JointEvaluator:
    whole = ElasticConfig(fp32_layers=(0, 1, 2, 3))
    reference = evaluate_session(session, windows, whole).score.per_example
    return JointEvaluator(session, windows, encoder, reference, OPTIONS)


def test_a_candidate_is_the_dense_smaller_model_of_mixed_precision(
    models: tuple[QuantizedModel, QuantizedModel], evaluator: JointEvaluator, windows: WindowSet, encoder: EncoderConfig
) -> None:
    config = ElasticConfig(
        RetentionConfig((0.9, 0.5)), WidthConfig((2, 4, 1, 4), (128, 256, 64, 256)), layers=(0, 2), fp32_layers=(2,)
    )
    small = models[0].subnetwork(config, models[1])
    assert small.linears["encoder.layers.0.attention.query"].weight.dtype == np.int8
    assert small.linears["encoder.layers.1.attention.query"].weight.dtype == np.float32
    assert small.linears["encoder.layers.1.attention.query"].weight.shape == (32, 128)
    found = []
    for asked, dense in ((config, small), (ElasticConfig(), models[0])):
        measured = [evaluator.evaluate(asked, part) for part in range(evaluator.parts)]
        alone = get_runtime(RUNTIME).load(dense, threads=1)
        retention = None if asked.retention is None else ElasticConfig(asked.retention)
        scores = evaluate_session(alone, windows, retention).score.per_example
        alone.close()
        assert sum(c.questions for c in measured) == 24
        found.append(sum(c.accuracy * c.questions for c in measured) / 24)
        assert found[-1] == pytest.approx(float(np.mean(scores)))
        assert measured[0].macs_relative == 1.0 if asked.is_full else 0.05 < measured[0].macs_relative < 0.25
    assert max(found) > 0.0  # there is something to be wrong about


def test_the_whole_model_in_fp32_is_the_measure_of_all(evaluator: JointEvaluator) -> None:
    reference = evaluator.evaluate(ElasticConfig(fp32_layers=(0, 1, 2, 3)))
    assert (reference.drop, reference.latency_relative, reference.macs_relative) == (0.0, 1.0, 1.0)
    low, high = reference.latency_relative_range
    assert 0.0 < low <= high  # of two passes of the same model, however busy the machine is
    int8 = evaluator.evaluate(ElasticConfig())
    assert int8.macs_relative == 1.0 and int8.latency_ms > 0.0


def test_full_length_runs_the_plain_graph(
    evaluator: JointEvaluator, session: SubnetworkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ElasticConfig | None] = []
    run = session.run

    def spy(batch: TokenBatch, config: ElasticConfig | None = None) -> np.ndarray:
        asked.append(config)
        return run(batch, config)

    monkeypatch.setattr(session, "run", spy)
    evaluator.evaluate(ElasticConfig(RetentionConfig((1.0, 1.0, 1.0, 1.0))))
    assert {config for config in asked} == {None, ElasticConfig(fp32_layers=(0, 1, 2, 3))}


@pytest.mark.parametrize("axes", [(axis,) for axis in AXES] + [AXES], ids=lambda axes: "-".join(axes))
def test_a_search_runs_through_on_every_axis_and_the_work_falls(
    axes: tuple[Axis, ...], evaluator: JointEvaluator, encoder: EncoderConfig, tmp_path: Path
) -> None:
    space = JointSpace(encoder, axes)
    cache = MeasurementCache(tmp_path / "measured.jsonl", evaluator, "tiny")
    options = JointOptions(trials=7, seeds=5, seed=1, worst_drop=100.0)
    result = search_jointly(space, cache.evaluate, evaluator.costs, options)
    assert len(result.candidates) == 7 == cache.measured
    assert all(space.contains(candidate.config) for candidate in result.candidates)
    work = [candidate.macs_relative for candidate in result.candidates]
    assert result.candidates[0].config == ElasticConfig() and work[0] == 1.0
    if axes == ("precision",):
        assert set(work) == {1.0}
        assert any(candidate.config.fp32_layers for candidate in result.candidates)
    else:
        assert all(share < 1.0 for share, c in zip(work, result.candidates, strict=True) if not _whole(c.config))
        assert min(work) < 0.8
    assert result.hypervolume[-1] > 0.0
    # the same file answers a second search, whatever its times were
    again = MeasurementCache(tmp_path / "measured.jsonl", evaluator, "tiny")
    assert search_jointly(space, again.evaluate, evaluator.costs, options) == result
    assert again.measured == 0


def _whole(config: ElasticConfig) -> bool:
    return config.retention is None and config.width is None and config.layers is None


def test_what_does_not_fit_is_refused(
    session: SubnetworkSession, windows: WindowSet, encoder: EncoderConfig, evaluator: JointEvaluator
) -> None:
    with pytest.raises(MeasurementError, match="it has 24 questions, the scores are of 3"):
        JointEvaluator(session, windows, encoder, [0.0] * 3)
    with pytest.raises(MeasurementError, match="there is no part 2"):
        evaluator.evaluate(ElasticConfig(), 2)
