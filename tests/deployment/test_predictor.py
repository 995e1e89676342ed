from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from quantlat.data import QAExample, make_windows
from quantlat.deployment import Answer, AnswerRequest, Predictor
from quantlat.deployment.latency_table import LatencyTable
from quantlat.deployment.manifest import LatencyPoint
from quantlat.errors import BundleError, DataError, RuntimeUnavailableError
from quantlat.metrics import best_spans
from quantlat.runtimes.native import usable_kernels
from tests.deployment import tiny

pytestmark = pytest.mark.skipif(not usable_kernels(), reason="the native engine was not built")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("bundles") / "qa").folder


@pytest.fixture(scope="module")
def predictor(bundle: Path) -> Iterator[Predictor]:
    with Predictor.load(bundle) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Predictor]:
    folder = tiny.write(tmp_path_factory.mktemp("bundles") / "classes", "text-classification").folder
    with Predictor.load(folder) as loaded:
        yield loaded


def same(a: Answer, b: Answer) -> bool:
    return (a.text, a.start, a.end, a.profile) == (b.text, b.start, b.end, b.profile) and abs(a.score - b.score) < 1e-5


def test_an_answer_is_a_span_of_the_context_with_a_probability(predictor: Predictor) -> None:
    answer = predictor.answer(tiny.QUESTIONS[0], tiny.PASSAGE)
    assert answer.text == tiny.PASSAGE[answer.start : answer.end] != ""
    assert 0 < answer.score <= 1
    assert answer.profile == "full"
    assert answer.windows > 1  # 64 tokens do not hold the passage
    assert answer.latency_ms > 0


def test_it_answers_what_the_evaluation_scores(predictor: Predictor) -> None:
    examples = [QAExample(str(i), q, tiny.PASSAGE, ()) for i, q in enumerate(tiny.QUESTIONS)]
    windows = make_windows(examples, tiny.tokenizer(), max_tokens=64, stride=16, max_question_tokens=24).windows
    logits = predictor.logits(windows, "full")
    expected = best_spans(examples, windows, [row[:, 0] for row in logits], [row[:, 1] for row in logits])
    assert [predictor.answer(q, tiny.PASSAGE).text for q in tiny.QUESTIONS] == list(expected.values())


def test_probabilities_of_all_spans_add_up_to_one(predictor: Predictor) -> None:
    short = "Ada Moreau built it"
    prepared = predictor.prepare(AnswerRequest("Who?", short))
    logits = predictor.logits(prepared.windows, "full")[0].astype(np.float64)
    inside = prepared.windows[0].offsets[:, 0] >= 0
    shares = np.exp(logits[inside]) / np.exp(logits[inside]).sum(axis=0)
    best = max(shares[i, 0] * shares[j, 1] for i in range(len(shares)) for j in range(i, len(shares)))
    assert predictor.answer("Who?", short).score == pytest.approx(best, rel=1e-4)


def test_a_batch_gives_the_answers_of_single_requests(predictor: Predictor) -> None:
    requests = [AnswerRequest(q, c) for q in tiny.QUESTIONS for c in (tiny.PASSAGE, "Ada Moreau.")]
    for profile in predictor.profiles:
        together = predictor.answer_batch(requests, profile=profile)
        alone = [predictor.answer(r.question, r.context, profile=profile) for r in requests]
        assert all(same(a, b) for a, b in zip(together, alone, strict=True))
    assert predictor.answer_batch([]) == []


def test_the_trace_says_where_each_token_of_the_passage_was_dropped(predictor: Predictor) -> None:
    context = "Ada Moreau built the lighthouse in 1871"
    full = predictor.answer("Who?", context, profile="full", trace=True).trace
    fast = predictor.answer("Who?", context, profile="fast", trace=True).trace
    assert full is not None and fast is not None
    assert {token.last_layer for token in full} == {tiny.LAYERS}
    assert {token.last_layer for token in fast} == {0, 1, 2}
    assert [(t.start, t.end) for t in fast] == sorted({(t.start, t.end) for t in fast})
    covered = {i for token in full for i in range(token.start, token.end)}
    assert covered == {i for i, letter in enumerate(context) if letter != " "}
    assert predictor.answer("Who?", context).trace is None


@pytest.mark.parametrize("context", ["", "   ", "\u200b"])
def test_nothing_to_answer_from_gives_an_empty_answer(predictor: Predictor, context: str) -> None:
    answer = predictor.answer("Who?", context)
    assert (answer.text, answer.start, answer.end) == ("", 0, 0) and answer.score == 0


@pytest.mark.parametrize("text", ["Zoë 🚢 naïve — ½ ﬁ", "日本語のテキスト", "a" * 5000, "\x00\x01 b", "e\u0301" * 40])
def test_any_unicode_is_answered_with_true_offsets(predictor: Predictor, text: str) -> None:
    answer = predictor.answer(text[:50], text)
    assert answer.text == text[answer.start : answer.end]


def test_bad_requests_are_refused_with_what_is_wrong(predictor: Predictor) -> None:
    with pytest.raises(DataError, match="surrogate pair at character 3"):
        predictor.answer("Who\ud800?", "x")
    with pytest.raises(DataError, match="context must be a text, got int"):
        predictor.answer("Who?", 5)  # type: ignore[arg-type]
    with pytest.raises(BundleError, match="no profile 'quick'") as failure:
        predictor.answer("Who?", "x", profile="quick")
    assert "full, fast" in str(failure.value)
    with pytest.raises(DataError, match="above 0"):
        predictor.answer("Who?", "x", budget_ms=float("nan"))
    with pytest.raises(DataError, match="not both"):
        predictor.answer("Who?", "x", budget_ms=1, profile="full")
    with pytest.raises(BundleError, match="not for text-classification"):
        predictor.classify("x")


def test_a_budget_picks_the_most_accurate_profile_that_keeps_it() -> None:
    points = {
        "full": [LatencyPoint(tokens=n, median_ms=m, ci_ms=(m, m), n=9) for n, m in ((100, 10.0), (200, 20.0))],
        "fast": [LatencyPoint(tokens=n, median_ms=m, ci_ms=(m, m), n=9) for n, m in ((100, 4.0), (200, 8.0))],
    }
    table = LatencyTable(points)
    assert table.expected_ms(150, "full") == 15.0
    assert table.expected_ms(10, "full") == 10.0  # never better than what was measured
    assert table.expected_ms(600, "full") == 60.0  # three windows
    assert table.choose(150, None) == table.choose(150, 15.0) == "full"
    assert table.choose(150, 14.9) == table.choose(150, 0.1) == "fast"
    with pytest.raises(BundleError, match="'slow'"):
        table.expected_ms(1, "slow")


def test_a_predictor_picks_by_its_own_table(predictor: Predictor) -> None:
    tokens = predictor.prepare(AnswerRequest("Who?", tiny.PASSAGE)).tokens
    assert predictor.choose_profile(tokens, 1e6) == "full"
    assert predictor.answer("Who?", tiny.PASSAGE, budget_ms=1e6).profile == "full"
    expected = {name: predictor.expected_ms(tokens, name) for name in predictor.profiles}
    assert all(ms > 0 for ms in expected.values())
    assert predictor.choose_profile(tokens, 1e-6) == min(expected, key=lambda name: expected[name])


def test_threads_share_a_predictor(predictor: Predictor) -> None:
    requests = [AnswerRequest(q, tiny.PASSAGE[: 40 + 20 * i]) for i, q in enumerate(tiny.QUESTIONS * 3)]
    alone = [predictor.answer(r.question, r.context, profile="fast") for r in requests]
    found: dict[int, Answer] = {}

    def ask(i: int) -> None:
        found[i] = predictor.answer(requests[i].question, requests[i].context, profile="fast")

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(found[i], answer) for i, answer in enumerate(alone))


def test_texts_and_pairs_are_classified(classifier: Predictor) -> None:
    result = classifier.classify("Ships paid for it.", "Whale oil.", profile="fast")
    assert result.label == ("red", "green", "blue")[result.index]
    assert sum(result.scores) == pytest.approx(1) and max(result.scores) == result.scores[result.index]
    assert classifier.classify("coal " * 500).tokens == 64
    with pytest.raises(BundleError, match="not for question-answering"):
        classifier.answer("Who?", "x")


def test_a_batch_of_texts_is_classified_like_each_alone(classifier: Predictor) -> None:
    texts: list[str | tuple[str, str]] = ["Coal.", ("Ships paid for it.", "Whale oil."), "A lamp by the sea."]
    together = classifier.classify_batch(texts, profile="full")
    alone = [classifier.classify(*((t,) if isinstance(t, str) else t), profile="full") for t in texts]
    assert [(c.index, c.scores, c.tokens) for c in together] == [(c.index, c.scores, c.tokens) for c in alone]


def test_the_longer_of_two_texts_is_cut_first(classifier: Predictor) -> None:
    short, long = "Coal.", "whale oil " * 80
    window = classifier.text_window(short, long)
    kept = window.token_type_ids == 0
    assert window.length == 64
    assert kept.sum() == classifier.text_window(short, None).length  # [CLS] short [SEP], whole
    both = classifier.text_window(long, long)
    assert both.length == 64 and int((both.token_type_ids == 0).sum()) == 1 + 30 + 1
    assert classifier.text_window("", "").length == 3


def test_a_closed_predictor_says_so(bundle: Path) -> None:
    predictor = Predictor.load(bundle)
    predictor.close()
    with pytest.raises(RuntimeUnavailableError, match="closed"):
        predictor.answer("Who?", "x")


def test_runtimes_that_a_bundle_has_not_are_refused(bundle: Path) -> None:
    with pytest.raises(BundleError, match="no OpenVINO model"):
        Predictor.load(bundle, runtime="openvino")
    with pytest.raises(RuntimeUnavailableError, match="auto, native, openvino"):
        Predictor.load(bundle, runtime="onnx")


def test_a_bundle_works_where_it_is_copied(bundle: Path, tmp_path: Path, predictor: Predictor) -> None:
    shutil.copytree(bundle, tmp_path / "elsewhere")
    with Predictor.load(tmp_path / "elsewhere", threads=2) as copy:
        assert same(copy.answer("Who?", tiny.PASSAGE), predictor.answer("Who?", tiny.PASSAGE))
