"""Objectives of a real, tiny model; and of a session on a machine whose speed the test decides."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from quantlat.data import WindowSet, make_text_windows, make_windows
from quantlat.data.embedded import generate
from quantlat.data.embedded.ratings import generate_rated_pairs
from quantlat.data.embedded.texts import generate_texts
from quantlat.errors import MeasurementError
from quantlat.evaluation import evaluate_model
from quantlat.evaluation.windows import model_logits
from quantlat.latency import ContentionLimits, MeasurementWarning
from quantlat.models import (
    ElasticConfig,
    LoadedModel,
    RetentionConfig,
    TaskModel,
    load_checkpoint,
    mean_relative_macs,
)
from quantlat.runtimes import TokenBatch, get_runtime
from quantlat.search.blocks import cut_blocks, split_block
from quantlat.search.candidate import AccuracyFloor
from quantlat.search.objectives import EvaluatorOptions, SessionEvaluator
from quantlat.search.reference import Reference
from quantlat.search.space import RetentionSpace
from quantlat.search.study import run_search

FULL = RetentionConfig.full(2)
HALF = RetentionConfig((0.75, 0.25))
NEVER = ContentionLimits(1e9, 1e9, 1e9, 1e9, 1e9)  # neighbours of the tests are not what is tested here


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_checkpoint("random:bert-2x128", seed=5)


@pytest.fixture(scope="module")
def windows(loaded: LoadedModel) -> WindowSet:
    # 64 tokens: most passages need several windows
    return make_windows(generate(48, 16, 3)[0], loaded.tokenizer, max_tokens=64, stride=16)


def _options(**changes: object) -> EvaluatorOptions:
    settings = {"windows": 40, "part_shares": (0.5, 1.0), "block_windows": 24, **changes}
    return EvaluatorOptions(**settings, limits=NEVER)  # type: ignore[arg-type]


class Machine:
    """A session whose times are decided by the test; it answers as a model does, or always with zeros."""

    runtime, threads = "virtual", 1

    def __init__(self, monkeypatch: pytest.MonkeyPatch, model: TaskModel | None = None) -> None:
        self._session = get_runtime("pytorch").load(model, threads=1) if model else None
        self._now_ns = 10**9
        self.slowdown: Callable[[int], float] = lambda run: 1.0
        self.runs = 0
        self.plain_tokens: list[int] = []
        monkeypatch.setattr(time, "perf_counter_ns", lambda: self._now_ns)

    def run(self, batch: TokenBatch, config: ElasticConfig | None = None) -> NDArray[np.float32]:
        tokens = int(batch.real_tokens[0])
        share = 1.0
        if config is None:
            self.plain_tokens.append(tokens)
        else:
            assert config.retention is not None
            share = float(np.mean(config.retention.ratios))
        self.runs += 1
        self._now_ns += int(1e4 * tokens * share * self.slowdown(self.runs))
        if self._session is None:
            return np.zeros((1, tokens, 2), np.float32)
        return self._session.run(batch, config)

    def close(self) -> None:
        pass


def test_accuracy_and_macs_are_those_of_the_model_at_that_configuration(
    loaded: LoadedModel, windows: WindowSet
) -> None:
    session = get_runtime("pytorch").load(loaded.model, threads=1)
    reference = evaluate_model(loaded.model, windows).score.f1_per_question
    evaluator = SessionEvaluator(session, windows, loaded.config, reference, _options(windows=10_000))
    half = evaluator.evaluate(HALF, 1)
    alone = evaluate_model(loaded.model, windows, ElasticConfig(HALF)).score
    assert half.accuracy == pytest.approx(alone.f1)
    assert half.drop == pytest.approx(reference.mean() - alone.f1)
    assert half.questions == 48
    assert evaluator.reference_accuracy == pytest.approx(reference.mean())
    tokens = [window.length for window in windows.windows]
    expected = mean_relative_macs(loaded.config, tokens, [HALF.lengths(n) for n in tokens])
    assert half.macs_relative == expected
    assert evaluator.predict_costs([HALF], "macs").tolist() == [expected]
    assert 0.3 < expected < 0.8
    full = evaluator.evaluate(FULL)
    assert (full.drop, full.latency_relative, full.macs_relative) == (0.0, 1.0, 1.0)


def test_a_larger_part_holds_the_smaller_one_and_only_its_new_questions_are_run(
    loaded: LoadedModel, windows: WindowSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch)
    evaluator = SessionEvaluator(machine, windows, loaded.config, np.zeros(48), _options())
    assert evaluator.parts == 2
    first = evaluator.evaluate(HALF)
    before = machine.runs
    second = evaluator.evaluate(HALF, 1)
    assert second.questions > first.questions
    assert second.score_per_question[: first.questions] == first.score_per_question
    assert machine.runs - before == len(evaluator._parts[1].windows)
    assert (first.part, second.part) == (0, 1)
    assert evaluator.evaluate(HALF, 1) == second
    assert machine.runs - before == len(evaluator._parts[1].windows)
    assert evaluator.evaluate(HALF, 7).part == 1  # there is no larger one


def test_an_unkind_part_is_not_held_against_a_trial(loaded: LoadedModel, windows: WindowSet) -> None:
    """The reference is lucky on the first part alone; full length, on all questions, tells how much that is."""
    session = get_runtime("pytorch").load(loaded.model, threads=1)
    full = evaluate_model(loaded.model, windows).score.f1_per_question
    half = evaluate_model(loaded.model, windows, ElasticConfig(HALF)).score.f1_per_question
    fair = SessionEvaluator(session, windows, loaded.config, full, _options())
    part = np.concatenate([block.questions for block in fair._parts[:1]])
    lucky = full.copy()
    lucky[part] = np.minimum(100.0, full[part] + 40.0)
    evaluator = SessionEvaluator(session, windows, loaded.config, lucky, _options())
    trial, whole = evaluator.evaluate(HALF), evaluator.evaluate(FULL)
    own = float((lucky - full).mean())
    assert whole.drop == pytest.approx(own) and whole.questions == len(full)
    assert trial.drop == pytest.approx(own + (full[part] - half[part]).mean())
    assert (lucky[part] - half[part]).mean() > trial.drop + 10.0
    width, alone = (c.drop_ci[1] - c.drop_ci[0] for c in (trial, fair.evaluate(HALF)))
    assert width > alone  # what is not known of full length is in the interval


@pytest.mark.parametrize(("task", "metric"), [("text-regression", None), ("text-classification", "matthews")])
def test_a_part_whose_texts_are_scored_together_is_compared_with_the_same_part(task: str, metric: str | None) -> None:
    """Correlations of few texts are biased; a model that is its own reference loses nothing all the same."""
    loaded = load_checkpoint("random:bert-2x128", task=task, seed=3)
    texts = generate_rated_pairs(48, 6)[0] if task == "text-regression" else generate_texts(48, 6)[0]
    windows = make_text_windows(texts, loaded.tokenizer, task=task, metric=metric)
    with torch.no_grad():  # both classes are as likely
        loaded.model.classifier.bias -= torch.from_numpy(np.median(model_logits(loaded.model, windows), axis=0))
    reference = Reference.of_texts(windows, model_logits(loaded.model, windows))
    session = get_runtime("pytorch").load(loaded.model, threads=1)
    options = _options(fewest_questions=10, block_windows=10)
    evaluator = SessionEvaluator(session, windows, loaded.config, reference, options)
    (final,) = evaluator.evaluate_finalists([FULL])
    assert final.questions == 48 and final.drop == pytest.approx(0.0, abs=1e-4)
    assert evaluator.evaluate(FULL).drop == pytest.approx(0.0, abs=1e-4)
    whole = evaluate_model(loaded.model, windows).score
    assert evaluator.reference_accuracy == pytest.approx(whole.points)
    careless = SessionEvaluator(session, windows, loaded.config, whole.per_example, options)
    assert abs(careless.evaluate_finalists([FULL])[0].drop) > 0.01


def test_no_difference_among_a_few_questions_is_not_certainty(loaded: LoadedModel, windows: WindowSet) -> None:
    session = get_runtime("pytorch").load(loaded.model, threads=1)
    full = evaluate_model(loaded.model, windows).score.f1_per_question
    evaluator = SessionEvaluator(session, windows, loaded.config, full, _options())
    same = evaluator.evaluate(RetentionConfig((1.0, 0.999)))
    assert same.drop_standard_error >= 50.0 / same.questions


def test_the_latency_table_predicts_what_the_finalists_then_take(
    loaded: LoadedModel, windows: WindowSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch)
    evaluator = SessionEvaluator(machine, windows, loaded.config, np.zeros(48), _options())
    configs = [HALF, RetentionConfig((0.9, 0.4)), RetentionConfig((0.5, 0.5))]
    predicted = evaluator.predict_costs(configs, "latency")
    measured = [c.latency_relative for c in evaluator.evaluate_finalists(configs)]
    # nearly all windows hold 64 tokens, from which a layer's terms can only just be told apart
    assert predicted == pytest.approx(measured, rel=0.06)
    assert measured == pytest.approx([0.5, 0.65, 0.5], rel=0.03)
    assert evaluator.latency_table().check.worst_error < 0.06
    assert evaluator.full_ms == pytest.approx(0.01 * np.mean([w.length for w in windows.windows]), rel=0.1)


def test_the_table_of_an_earlier_sitting_is_used_as_it_is(
    loaded: LoadedModel, windows: WindowSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch)
    known = SessionEvaluator(machine, windows, loaded.config, np.zeros(48), _options()).latency_table()
    evaluator = SessionEvaluator(machine, windows, loaded.config, np.zeros(48), _options())
    before = machine.runs
    assert evaluator.latency_table(known) is known
    assert evaluator.full_ms == known.full_ms
    assert machine.runs == before


def test_batches_give_the_same_answers_and_the_latency_of_a_whole_request(
    loaded: LoadedModel, windows: WindowSet
) -> None:
    session = get_runtime("pytorch").load(loaded.model, threads=1)
    reference = evaluate_model(loaded.model, windows).score.f1_per_question
    one, four = (
        SessionEvaluator(session, windows, loaded.config, reference, _options(batch=batch)) for batch in (1, 4)
    )
    assert four.evaluate(FULL).accuracy == pytest.approx(one.evaluate(FULL).accuracy)
    assert four.full_ms > one.full_ms
    assert {len(request) for request in four.latency_table().tokens} == {4}


def test_finalists_see_fresh_questions_first_and_all_of_them_when_time_allows(
    loaded: LoadedModel, windows: WindowSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, loaded.model)
    reference = evaluate_model(loaded.model, windows).score.f1_per_question
    evaluator = SessionEvaluator(machine, windows, loaded.config, reference, _options())
    searched = evaluator.evaluate(HALF, 1)
    hasty = evaluator.evaluate_finalists([FULL, HALF], seconds=0.0)[1]
    assert hasty.stage == "final"
    unused = set(range(48)) - {int(q) for part in evaluator._parts for q in part.questions}
    first = evaluator._fresh_blocks[0].questions.tolist()
    assert set(first) <= unused
    assert hasty.questions == len(first) < searched.questions
    full, half = evaluator.evaluate_finalists([FULL, HALF])
    assert half.questions == full.questions == 48
    assert half.accuracy == pytest.approx(evaluate_model(loaded.model, windows, ElasticConfig(HALF)).score.f1)
    assert (full.drop, full.latency_relative) == (0.0, 1.0)
    assert half.latency_relative == pytest.approx(0.5)
    assert len(half.latency_samples_ms) == len(windows)


def test_interleaved_finalists_do_not_notice_that_the_machine_slows_down(
    loaded: LoadedModel, windows: WindowSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch)
    evaluator = SessionEvaluator(machine, windows, loaded.config, np.zeros(48), _options(block_windows=10))
    machine.slowdown = lambda run: 1.0 + run / 400
    half, quarter = evaluator.evaluate_finalists([HALF, RetentionConfig((0.4, 0.1))])
    assert machine.runs > 400  # more than twice as slow in the end
    assert half.latency_relative == pytest.approx(0.5, rel=0.03)
    assert quarter.latency_relative == pytest.approx(0.25, rel=0.03)


def test_finalists_that_were_disturbed_are_flagged(
    loaded: LoadedModel, windows: WindowSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch)
    always = ContentionLimits(run_delay_share=-1.0, switches_per_s=1e9, steal_share=1e9, throttled_s=1e9)
    evaluator = SessionEvaluator(machine, windows, loaded.config, np.zeros(48), EvaluatorOptions(20, limits=always))
    assert MeasurementWarning.RUN_DELAY in evaluator.evaluate_finalists([HALF], seconds=0.0)[0].warnings


def test_blocks_hold_every_question_once_with_all_of_its_windows(windows: WindowSet) -> None:
    order = np.random.default_rng(0).permutation(len(windows.examples))
    blocks = cut_blocks(windows, order, (60, 20))
    parts = [part for block in blocks for part in split_block(block, 15)]
    for cut in (blocks, parts):
        questions = np.concatenate([block.questions for block in cut])
        assert sorted(questions.tolist()) == list(range(len(windows.examples)))
        assert sum(len(block.windows) for block in cut) == len(windows)
    assert len(blocks[0].windows) >= 60
    for block in parts:
        assert {w.example_index for w in block.windows.windows} == set(range(len(block.questions)))
        for window in block.windows.windows:
            example = block.windows.examples[window.example_index]
            assert example == windows.examples[block.questions[window.example_index]]


def test_a_reference_that_does_not_fit_the_questions_is_refused(loaded: LoadedModel, windows: WindowSet) -> None:
    session = get_runtime("pytorch").load(loaded.model, threads=1)
    with pytest.raises(MeasurementError, match="it has 48 questions, the scores are of 3"):
        SessionEvaluator(session, windows, loaded.config, [1.0, 2.0, 3.0])


def test_a_search_on_a_real_session_from_end_to_end(loaded: LoadedModel, windows: WindowSet) -> None:
    session = get_runtime("pytorch").load(loaded.model, threads=1)
    reference = evaluate_model(loaded.model, windows).score.f1_per_question
    evaluator = SessionEvaluator(session, windows, loaded.config, reference, _options(windows=24))
    result = run_search(RetentionSpace(2), evaluator, floor=AccuracyFloor(100.0), trials=8, population=6)
    assert result.trials == 8
    assert result.profiles.full.config.is_full
    assert result.profiles.balanced.latency_relative <= 1.0
    for candidate in result.candidates:
        assert candidate.accuracy == pytest.approx(result.reference_accuracy - candidate.drop)
        assert candidate.latency_ms == pytest.approx(
            candidate.latency_relative * result.profiles.full.latency_ms, rel=1e-9
        )
