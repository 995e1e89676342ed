"""From a parsed request to its result: limits, profile, tokenizing, queue, deadline, a client that goes away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from quantlat.deployment import Answer, AnswerRequest, Classification, Embedding, Predictor, Prepared, Rating
from quantlat.errors import QuantlatError
from quantlat.serving.batching import NO_TIME_MS, BatchQueue, Job, Outcome, PreparedText
from quantlat.serving.errors import RequestError, deadline_passed, overloaded
from quantlat.serving.metrics import Metrics
from quantlat.serving.options import ServerOptions
from quantlat.serving.schema import (
    PATHS,
    AnswerBody,
    AnswerResult,
    ClassifyBody,
    ClassifyResult,
    EmbedBody,
    EmbedResult,
    ModelInfo,
    ProfileInfo,
    RateBody,
    RateResult,
    WordTrace,
)

_LENGTHS = (32, 64, 128, 256, 384)
_Body = AnswerBody | ClassifyBody | RateBody | EmbedBody
_Receive = Callable[[], Awaitable[object]]


class Service:
    """A loaded bundle with its queue."""

    def __init__(self, predictor: Predictor, options: ServerOptions) -> None:
        self.metrics = Metrics()
        self.metrics.restarts.set_function(lambda: predictor.restarts)
        self.queue = BatchQueue(predictor, options.queue, self.metrics)
        self.info = _info(predictor, options)
        self._predictor = predictor
        self._options = options
        # One thread tokenizes: it takes a hundredth of the model's time, and must not take the model's cores.
        self._tokenizing = ThreadPoolExecutor(1, thread_name_prefix="quantlat-tokenize")

    def start(self) -> None:
        """Begin to compute."""
        self.queue.start()

    def close(self) -> None:
        """Finish what was accepted."""
        self.queue.close(self._options.drain_s)
        self._tokenizing.shutdown()

    async def answer(self, bodies: Sequence[AnswerBody], receive: _Receive, arrived_s: float) -> list[AnswerResult]:
        """Answer every question, or raise :class:`RequestError` for all of them."""
        self._require("question-answering")
        self._check(bodies, [(b.question, b.context) for b in bodies])
        outcomes = await self._compute(bodies, receive, arrived_s)
        return [self._answer(outcome) for outcome in outcomes]

    async def classify(
        self, bodies: Sequence[ClassifyBody], receive: _Receive, arrived_s: float
    ) -> list[ClassifyResult]:
        """Classify every text, or raise :class:`RequestError` for all of them."""
        self._require("text-classification")
        self._check(bodies, [("", _longer(body)) for body in bodies])
        outcomes = await self._compute(bodies, receive, arrived_s)
        return [self._classification(outcome) for outcome in outcomes]

    async def rate(self, bodies: Sequence[RateBody], receive: _Receive, arrived_s: float) -> list[RateResult]:
        """Rate every text or pair, or raise :class:`RequestError` for all of them."""
        self._require("text-regression")
        self._check(bodies, [("", _longer(body)) for body in bodies])
        outcomes = await self._compute(bodies, receive, arrived_s)
        return [self._rating(outcome) for outcome in outcomes]

    async def embed(self, bodies: Sequence[EmbedBody], receive: _Receive, arrived_s: float) -> list[EmbedResult]:
        """Embed every text, or raise :class:`RequestError` for all of them."""
        self._require("embedding")
        self._check(bodies, [("", b.text) for b in bodies])
        outcomes = await self._compute(bodies, receive, arrived_s)
        return [self._embedding(outcome) for outcome in outcomes]

    def _require(self, task: str) -> None:
        own = self.info.task
        if own != task:
            raise RequestError(
                404, "other_task", f"this server's bundle is made for {own}, not for {task}", f"Use {PATHS[own]}."
            )

    def _check(self, bodies: Sequence[_Body], texts: Sequence[tuple[str, str]]) -> None:
        limits = self._options.limits
        if not bodies:
            raise RequestError(422, "invalid", "the list is empty: it must hold at least one text")
        if len(bodies) > limits.items:
            raise RequestError(
                422,
                "too_many_items",
                f"the list has {len(bodies)} texts, more than {limits.items}",
                "Send several lists.",
            )
        for number, (question, text) in enumerate(texts):
            for name, length, most in (
                ("question", len(question), limits.question_chars),
                ("text", len(text), limits.text_chars),
            ):
                if length > most:
                    raise RequestError(
                        422, "text_too_long", f"{name} {number} has {length} characters, more than {most}"
                    )
        for body in bodies:
            if body.profile is not None and body.profile not in self._predictor.profiles:
                known = ", ".join(self._predictor.profiles)
                raise RequestError(422, "unknown_profile", f"there is no such profile; there are: {known}")

    async def _compute(self, bodies: Sequence[_Body], receive: _Receive, arrived_s: float) -> list[Outcome]:
        if not self.queue.accepts:
            self.metrics.rejected.labels("overloaded").inc()
            raise overloaded(self.queue.wait_ms())
        loop = asyncio.get_running_loop()
        jobs = await loop.run_in_executor(self._tokenizing, self._prepare, bodies, arrived_s)
        number = self.queue.submit(jobs)
        gone = asyncio.ensure_future(_until_disconnected(receive))
        try:
            return await self._collect(jobs, number, gone)
        finally:
            gone.cancel()

    def _prepare(self, bodies: Sequence[_Body], arrived_s: float) -> list[Job]:
        return [self._job(body, arrived_s) for body in bodies]

    def _job(self, body: _Body, arrived_s: float) -> Job:
        try:
            prepared = self._tokenize(body)
        except QuantlatError as error:
            raise RequestError(422, "unusable_text", error.message, error.hint) from None
        profile = body.profile or next(iter(self._predictor.profiles))
        if body.budget_ms is not None:
            left_ms = body.budget_ms - (time.monotonic() - arrived_s) * 1e3
            profile = self._predictor.choose_profile(prepared.tokens, max(left_ms, NO_TIME_MS))
        deadline_ms = self._options.queue.deadline_ms if body.deadline_ms is None else body.deadline_ms
        return Job(
            prepared=prepared,
            wanted=profile,
            cost_ms=self._predictor.expected_ms(prepared.tokens, profile),
            budget_ms=body.budget_ms,
            arrived_s=arrived_s,
            deadline_s=arrived_s + deadline_ms / 1e3,
            trace=isinstance(body, AnswerBody) and body.trace,
            may_degrade=body.allow_degraded,
        )

    def _tokenize(self, body: _Body) -> Prepared | PreparedText:
        if isinstance(body, AnswerBody):
            return self._predictor.prepare(AnswerRequest(body.question, body.context))
        pair = body.text_pair if isinstance(body, ClassifyBody | RateBody) else None
        return PreparedText(self._predictor.text_window(body.text, pair))

    async def _collect(self, jobs: Sequence[Job], number: int, gone: asyncio.Future[None]) -> list[Outcome]:
        """Wait for all of them. Whatever ends the waiting, what was not begun is not computed any more."""
        waiting = asyncio.gather(*(asyncio.wrap_future(job.future) for job in jobs))
        waiting.add_done_callback(_retrieve)
        first = min(jobs, key=lambda job: job.deadline_s)
        left_s = max(first.deadline_s - time.monotonic(), 0)
        reason = "failed"
        try:
            await asyncio.wait((waiting, gone), timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done() and not gone.done() and not all(_begun(job) for job in jobs):
                reason = "deadline"
                raise deadline_passed((first.deadline_s - first.arrived_s) * 1e3)
            await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                reason = "disconnected"
                raise RequestError(499, "disconnected", "the client went away")
            return waiting.result()
        finally:
            self.queue.withdraw(number, reason)

    def _answer(self, outcome: Outcome) -> AnswerResult:
        answer = outcome.answer
        assert isinstance(answer, Answer)
        trace = None
        if answer.trace is not None:
            trace = [WordTrace(start=t.start, end=t.end, last_layer=t.last_layer) for t in answer.trace]
        return AnswerResult(
            text=answer.text,
            start=answer.start,
            end=answer.end,
            score=answer.score,
            windows=answer.windows,
            layers=self.info.layers,
            trace=trace,
            **_how(outcome),
        )

    def _classification(self, outcome: Outcome) -> ClassifyResult:
        answer = outcome.answer
        assert isinstance(answer, Classification)
        labels = self._predictor.manifest.labels or tuple(f"LABEL_{i}" for i in range(len(answer.scores)))
        return ClassifyResult(
            label=answer.label,
            score=max(answer.scores),
            scores=dict(zip(labels, answer.scores, strict=True)),
            **_how(outcome),
        )

    def _rating(self, outcome: Outcome) -> RateResult:
        answer = outcome.answer
        assert isinstance(answer, Rating)
        return RateResult(value=answer.value, **_how(outcome))

    def _embedding(self, outcome: Outcome) -> EmbedResult:
        answer = outcome.answer
        assert isinstance(answer, Embedding)
        return EmbedResult(vector=answer.numbers, **_how(outcome))


def _longer(body: ClassifyBody | RateBody) -> str:
    return max(body.text, body.text_pair or "", key=len)


def _how(outcome: Outcome) -> dict[str, Any]:
    """What every response says of how it was computed."""
    return {
        "profile": outcome.answer.profile,
        "degraded": outcome.degraded,
        "tokens": outcome.answer.tokens,
        "queue_ms": outcome.queue_ms,
        "latency_ms": outcome.total_ms,
        "budget_met": outcome.budget_met,
    }


def _begun(job: Job) -> bool:
    return job.future.running() or job.future.done()


def _retrieve(waiting: asyncio.Future[list[Outcome]]) -> None:
    """Look at the result, so that asyncio does not complain when nobody else does."""
    if not waiting.cancelled():
        waiting.exception()


async def _until_disconnected(receive: _Receive) -> None:
    """Ends when the client goes away: nothing else comes after the body."""
    await receive()


def _info(predictor: Predictor, options: ServerOptions) -> ModelInfo:
    manifest, limits = predictor.manifest, options.limits
    return ModelInfo(
        name=manifest.name,
        task=manifest.task,
        endpoint=PATHS[manifest.task],
        layers=manifest.layers,
        runtime=predictor.runtime,
        profiles=[
            ProfileInfo(name=name, expected_ms={n: predictor.expected_ms(n, name) for n in _LENGTHS})
            for name in predictor.profiles
        ],
        max_items=limits.items,
        max_question_chars=limits.question_chars,
        max_text_chars=limits.text_chars,
        max_body_bytes=limits.body_bytes,
    )
