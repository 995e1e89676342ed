"""Ratings from a bundle: the predictor gives what the runtime computes, and its self-check tells right from wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from quantlat.data.examples import RatedExample
from quantlat.data.text_windows import TEXT_REGRESSION, make_text_windows
from quantlat.deployment import Predictor
from quantlat.deployment.executors import NativeExecutor
from quantlat.deployment.golden import GoldenCase, GoldenOutcome, compare
from quantlat.deployment.golden_cases import HeadTerms, make_golden
from quantlat.deployment.promise import self_check
from quantlat.errors import BundleError, DataError, ModelError
from quantlat.models.retention import RetentionConfig
from quantlat.quantization.artifact import QuantizedModel
from quantlat.runtimes.base import TokenBatch, get_runtime
from quantlat.runtimes.native import NativeSession, usable_kernels
from tests.deployment import tiny

pytestmark = pytest.mark.skipif(not usable_kernels(), reason="the native engine was not built")

TEXTS: list[str | tuple[str, str]] = [
    ("Ships paid for it.", "Whale oil."), "Whale oil.", (tiny.PASSAGE, "It was built in 1871."), "日本語 🚢 naïve",
    ("Coal. " * 300, "Coal."),
]  # fmt: skip
PAIRS = [(one, None) if isinstance(one, str) else one for one in TEXTS]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("bundles") / "ratings", "text-regression").folder


@pytest.fixture(scope="module")
def predictor(bundle: Path) -> Iterator[Predictor]:
    with Predictor.load(bundle) as loaded:
        yield loaded


def with_model(predictor: Predictor, model: QuantizedModel) -> Predictor:
    """The same bundle with another model in it."""
    return Predictor(predictor.manifest, tiny.tokenizer(), NativeExecutor(model, 1), 1)


@pytest.mark.parametrize(("profile", "config"), [("full", None), ("fast", RetentionConfig((0.5, 0.25)))])
def test_a_rating_is_the_runtimes_own_number(
    predictor: Predictor, profile: str, config: RetentionConfig | None
) -> None:
    examples = [RatedExample.of(str(i), *pair, 0.0) for i, pair in enumerate(PAIRS)]
    windows = make_text_windows(examples, tiny.tokenizer(), max_tokens=64, task=TEXT_REGRESSION).windows
    session = NativeSession(tiny.model("text-regression"), threads=1, in_memory=True)
    ratings = predictor.rate_batch(TEXTS, profile=profile)
    expected = np.concatenate(session.run_windows(windows, config))
    np.testing.assert_allclose([rating.value for rating in ratings], expected, atol=1e-6)
    assert [(rating.tokens, rating.profile) for rating in ratings] == [(w.length, profile) for w in windows]
    assert all(type(rating.value) is float and rating.latency_ms > 0 for rating in ratings)


def test_it_is_near_the_models_definition(predictor: Predictor) -> None:
    reference = get_runtime("pytorch").load(tiny.model("text-regression"), threads=1)
    batches = [TokenBatch.from_windows([predictor.text_window(*pair)]) for pair in PAIRS]
    expected = np.concatenate([reference.run(batch) for batch in batches])[:, 0]
    values = [rating.value for rating in predictor.rate_batch(TEXTS)]
    assert np.abs(values - expected).max() < 0.5 * expected.std()


def test_a_batch_gives_the_ratings_of_single_requests(predictor: Predictor) -> None:
    for profile in predictor.profiles:
        alone = [predictor.rate(*pair, profile=profile).value for pair in PAIRS]
        together = [rating.value for rating in predictor.rate_batch(TEXTS, profile=profile)]
        np.testing.assert_allclose(together, alone, atol=1e-6)
    assert predictor.rate_batch([]) == []


def test_the_second_text_and_the_order_of_both_count(predictor: Predictor) -> None:
    pair = predictor.rate("Whale oil.", "Ships paid for it.")
    assert pair.tokens > predictor.rate("Whale oil.").tokens
    others = predictor.rate("Whale oil."), predictor.rate("Ships paid for it.", "Whale oil.")
    assert all(abs(pair.value - other.value) > 1e-4 for other in others)
    assert predictor.rate("coal " * 500).tokens == 64


def test_profile_and_budget_choose_how_much_is_computed(predictor: Predictor) -> None:
    full, fast = (predictor.rate(tiny.PASSAGE, profile=profile).value for profile in ("full", "fast"))
    assert abs(full - fast) > 1e-4
    assert predictor.rate(tiny.PASSAGE).value == predictor.rate(tiny.PASSAGE, budget_ms=1e6).value == full
    tokens = predictor.text_window(tiny.PASSAGE, None).length
    hurried = predictor.rate(tiny.PASSAGE, budget_ms=1e-6)
    assert hurried.profile == min(predictor.profiles, key=lambda name: predictor.expected_ms(tokens, name))


def test_bad_requests_are_refused_with_what_is_wrong(predictor: Predictor) -> None:
    with pytest.raises(DataError, match="text_pair must be a text, got int"):
        predictor.rate("Coal.", 5)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="surrogate pair at character 0"):
        predictor.rate_batch(["Coal.", "\ud800"])
    with pytest.raises(DataError, match="not both"):
        predictor.rate("Coal.", budget_ms=1, profile="full")
    with pytest.raises(DataError, match="above 0"):
        predictor.rate("Coal.", budget_ms=0)
    with pytest.raises(BundleError, match="no profile 'quick'"):
        predictor.rate("Coal.", profile="quick")


def test_another_task_is_refused_with_the_call_to_use(predictor: Predictor) -> None:
    for call in (predictor.classify, predictor.embed):
        with pytest.raises(BundleError, match="made for text-regression") as caught:
            call("Coal.")
        assert caught.value.hint == "Use rate()."
    other = predictor.manifest.model_copy(update={"task": "text-classification"})
    model = tiny.model("text-classification")
    with Predictor(other, tiny.tokenizer(), NativeExecutor(model, 1), 1) as classifier:
        for wrong in (lambda: classifier.rate("Coal."), lambda: classifier.rate_batch(["Coal."])):
            with pytest.raises(BundleError, match="not for text-regression"):
                wrong()


def broken(task: str) -> QuantizedModel:
    """A sound model but for its classifier, whose products are beyond fp32."""
    model = tiny.model(task)
    head = model.linears["classifier"]
    huge = replace(head, weight_scale=np.full_like(head.weight_scale, 3e38))
    return replace(model, linears={**model.linears, "classifier": huge})


def test_what_is_no_number_is_not_passed_on_as_a_rating_or_a_class(predictor: Predictor) -> None:
    with with_model(predictor, broken("text-regression")) as rating:
        assert np.isinf(rating.logits([rating.text_window("Coal.", None)], "full")[0]).all()
        with pytest.raises(ModelError, match="not a number"):
            rating.rate("Coal.")
        with pytest.raises(ModelError, match="not a number"):
            rating.rate_batch(TEXTS, profile="fast")
    other = predictor.manifest.model_copy(update={"task": "text-classification"})
    executor = NativeExecutor(broken("text-classification"), 1)
    with Predictor(other, tiny.tokenizer(), executor, 1) as classifier, pytest.raises(ModelError, match="not a number"):
        classifier.classify("Coal.")


def test_the_self_check_measures_ratings(bundle: Path) -> None:
    report = self_check(bundle, seconds=0.2)
    assert report.passed and 0 < report.golden_error < report.golden_tolerance
    assert {row.profile for row in report.latency} == {"full", "fast"}


def outcome_of(predictor: Predictor, texts: list[tuple[str, str | None]]) -> GoldenOutcome:
    """What the golden check says of a model, about texts that the sound model was asked."""
    golden = make_golden(tiny.model("text-regression"), texts, predictor)
    logits = [predictor.logits([predictor.text_window(*pair)], "full")[0][None] for pair in texts]
    return compare(golden, logits, [case.result for case in golden.cases])


@pytest.mark.parametrize("texts", [PAIRS, [("Coal.", None)], [("Coal.", "Oil.")] * 3])
def test_the_golden_check_passes_whether_ratings_differ_or_not(
    predictor: Predictor, texts: list[tuple[str, str | None]]
) -> None:
    outcome = outcome_of(predictor, texts)
    assert outcome.passed and outcome.error > 0


def test_the_golden_check_fails_where_products_are_lost(predictor: Predictor) -> None:
    model = tiny.model("text-regression")
    pooler = model.linears["pooler"]
    third = np.where(np.arange(pooler.weight.shape[1]) % 3, pooler.weight, 0).astype(np.int8)
    linears = {**model.linears, "pooler": replace(pooler, weight=third)}
    with with_model(predictor, replace(model, linears=linears)) as wrong:
        assert not outcome_of(wrong, PAIRS).passed


@pytest.mark.parametrize(
    ("states", "spread"),
    [
        (((1.0, 1.0, 1.0, 1.0), (-1.0, -1.0, -1.0, -1.0)), 4.0),  # ratings 4 and -4
        (((1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 1.0)), 2.0),  # twice 4: four terms of 1 with random signs
        (((3.0, 3.0, -3.0, -3.0), (1.0, -1.0, 1.0, -1.0)), 20.0**0.5),  # twice 0: terms of 3, and of 1
    ],
)
def test_an_error_is_a_share_of_what_ratings_differ_by_or_of_their_terms(
    states: tuple[tuple[float, ...], ...], spread: float
) -> None:
    head = torch.nn.Linear(4, 1, bias=False)
    torch.nn.init.ones_(head.weight)
    terms = HeadTerms(head)
    with torch.inference_mode():
        ratings = [head(torch.tensor([state])).item() for state in states]
    cases = [GoldenCase(text="", logits=((rating,),), result="") for rating in ratings]
    assert terms.spread(cases) == pytest.approx(spread)


def test_the_call_that_the_bundles_readme_shows_gives_a_number(bundle: Path, predictor: Predictor) -> None:
    lines = (bundle / "README.md").read_text().splitlines()
    (call,) = [line.strip() for line in lines if "predictor.rate(" in line]
    assert type(eval(call, {"predictor": predictor})) is float
