"""Measuring a bundle as its user sees it: whole requests of given lengths, every profile, interleaved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from quantlat.deployment.manifest import LatencyPoint
from quantlat.deployment.predictor import Predictor
from quantlat.deployment.requests import AnswerRequest
from quantlat.latency.advice import MeasurementWarning
from quantlat.latency.measure import MeasureOptions, measure_interleaved
from quantlat.latency.statistics import median_ci
from quantlat.progress import Progress
from quantlat.quantization.layout import EMBEDDING, QUESTION_ANSWERING, TEXT_REGRESSION

LENGTHS = (16, 32, 64, 96, 128, 192, 256, 384, 512)
"""Request lengths of the table, in real tokens, as far as the model's window reaches."""


@dataclass(frozen=True)
class Request:
    """A request of the measurement; ``context`` is ``None`` for a text alone."""

    text: str
    context: str | None
    tokens: int


@dataclass(frozen=True)
class MeasuredTable:
    """Latency by profile and length, and reasons for doubt."""

    points: Mapping[str, tuple[LatencyPoint, ...]]
    warnings: tuple[MeasurementWarning, ...]
    reliable: bool


def requests_of(predictor: Predictor, texts: Sequence[tuple[str, str | None]], lengths: Sequence[int]) -> list[Request]:
    """One request near each length, never above it, made of the words of real inputs; equal lengths only once."""
    if predictor.manifest.task == QUESTION_ANSWERING:
        question = min((text for text, _ in texts), key=len)
        words = " ".join(context or "" for _, context in texts).split()
    else:
        question, words = "", " ".join(f"{text} {pair or ''}" for text, pair in texts).split()
    words = words or ["word"]
    words *= -(-max(lengths) // len(words))

    def request(count: int) -> Request:
        passage = " ".join(words[:count])
        if predictor.manifest.task == QUESTION_ANSWERING:
            return Request(question, passage, predictor.prepare(AnswerRequest(question, passage)).tokens)
        return Request(passage, None, predictor.text_window(passage, None).length)

    found: dict[int, Request] = {}
    for length in sorted(lengths):
        low, high = 1, length  # a word is at least one token
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if request(middle).tokens <= length else (low, middle - 1)
        made = request(low)
        if made.tokens <= length:
            found[made.tokens] = made
    return list(found.values())


def measure_table(
    predictor: Predictor,
    requests: Sequence[Request],
    *,
    options: MeasureOptions | None = None,
    profiles: Sequence[str] = (),
    progress: Progress | None = None,
) -> MeasuredTable:
    """Time whole requests, tokenising and decoding included, in each profile.

    Args:
        profiles: those to measure; all of them when empty.
    """
    measured = measure_interleaved(
        {name: _run(predictor, requests, name) for name in profiles or predictor.profiles},
        [request.tokens for request in requests],
        threads=predictor.threads,
        options=options
        or MeasureOptions(min_rounds=30, max_rounds=150, min_seconds=6.0, max_seconds=20.0, target_width=1.0),
        progress=progress,
    )
    points: dict[str, tuple[LatencyPoint, ...]] = {}
    warnings: list[MeasurementWarning] = []
    for name, measurement in measured.items():
        # the median over a mix of lengths is never narrow; those of single lengths carry intervals of their own
        new = [w for w in measurement.warnings if w is not MeasurementWarning.WIDE_INTERVAL]
        warnings += [w for w in new if w not in warnings]
        points[name] = tuple(
            _point(tokens, [s for s, n in zip(measurement.samples_ms, measurement.tokens, strict=True) if n == tokens])
            for tokens in sorted(set(measurement.tokens))
        )
    return MeasuredTable(points, tuple(warnings), all(m.reliable for m in measured.values()))


def _run(predictor: Predictor, requests: Sequence[Request], profile: str) -> Callable[[int], object]:
    if predictor.manifest.task == QUESTION_ANSWERING:
        return lambda i: predictor.answer(requests[i].text, requests[i].context or "", profile=profile)
    if predictor.manifest.task == EMBEDDING:
        return lambda i: predictor.embed([requests[i].text], profile=profile)
    call = predictor.rate if predictor.manifest.task == TEXT_REGRESSION else predictor.classify
    return lambda i: call(requests[i].text, requests[i].context, profile=profile)


def _point(tokens: int, samples_ms: Sequence[float]) -> LatencyPoint:
    interval = median_ci(samples_ms)
    low, high = max(interval.low, min(samples_ms)), min(interval.high, max(samples_ms))
    return LatencyPoint(tokens=tokens, median_ms=interval.estimate, ci_ms=(low, high), n=len(samples_ms))
