"""The queue between requests and the model: ragged batches by tokens, fair turns, faster profiles under overload.

One thread computes. While it does, requests pile up, and the next batch is what has piled up: nobody ever waits
for a batch to fill (Orca, Yu et al., OSDI 2022, calls its finer form iteration-level scheduling). The engine does
not pad, so a batch is limited by its real tokens, and it grows only while every text in it is still expected to
keep its budget.

Requests take turns (round robin over requests, not texts): a request with sixty texts does not hold up one with a
single question. What presses on a request is therefore its fair share of the waiting work: of every other request
at most as much as it has itself.

Under that pressure profiles become faster step by step; when the bounded queue is full, requests are refused.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from quantlat.data.windows import Window
from quantlat.deployment import Answer, Classification, Embedding, Predictor, Prepared, Rating
from quantlat.serving.errors import RequestError, computing_failed, deadline_passed, overloaded, shutting_down
from quantlat.serving.metrics import Metrics
from quantlat.serving.options import QueueOptions

Result = Answer | Classification | Rating | Embedding

logger = logging.getLogger("quantlat.serving")

NO_TIME_MS = 1e-3
"""Stands for a budget that is spent already; a budget must be positive."""


@dataclass(frozen=True)
class PreparedText:
    """A tokenised text to classify, rate or embed, or a pair of texts to classify or rate."""

    window: Window

    @property
    def tokens(self) -> int:
        """Real tokens that are computed."""
        return self.window.length


@dataclass(frozen=True)
class Outcome:
    """A computed text.

    Attributes:
        answer: the predictor's answer.
        degraded: whether a faster profile than the one asked for was used.
        queue_ms: time between acceptance and the start of its batch.
        total_ms: time between acceptance and its answer.
        budget_met: whether ``total_ms`` kept the budget; ``None`` without one.
    """

    answer: Result
    degraded: bool
    queue_ms: float
    total_ms: float
    budget_met: bool | None


@dataclass(eq=False)
class Job:
    """One text that waits.

    Attributes:
        prepared: the tokenized text.
        wanted: profile that it gets when nothing else waits.
        cost_ms: what that is expected to take.
        budget_ms: time it should take, counted from ``arrived_s``.
        deadline_s: time, in :func:`time.monotonic`, after which it is not computed any more.
        trace: whether the layers at which tokens are dropped are asked for.
        may_degrade: whether overload may make the profile faster.
    """

    prepared: Prepared | PreparedText
    wanted: str
    cost_ms: float
    budget_ms: float | None
    arrived_s: float
    deadline_s: float
    trace: bool = False
    may_degrade: bool = True
    future: Future[Outcome] = field(default_factory=Future)


class _Group:
    """The waiting texts of one request."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = deque(jobs)

    @property
    def cost_ms(self) -> float:
        return sum(job.cost_ms for job in self.jobs)


@dataclass(frozen=True)
class Batch:
    """Texts that are computed together."""

    jobs: tuple[Job, ...]
    profile: str
    trace: bool


class BatchQueue:
    """Accepts jobs from any thread, computes them in one thread of its own.

    Args:
        predictor: the loaded bundle; stays the caller's to close.
    """

    def __init__(self, predictor: Predictor, options: QueueOptions, metrics: Metrics) -> None:
        self._predictor = predictor
        self._options = options
        self._metrics = metrics
        self._order = {name: position for position, name in enumerate(predictor.profiles)}
        self._names = tuple(self._order)
        self._groups: OrderedDict[int, _Group] = OrderedDict()
        self._next_id = 0
        self._tokens = 0
        self._open = True
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="quantlat-batches", daemon=True)

    def start(self) -> None:
        """Begin to compute."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread is computing or waiting for work."""
        return self._thread.is_alive()

    @property
    def accepts(self) -> bool:
        """Whether there is room for one more token."""
        return self._open and self._tokens < self._options.tokens

    @property
    def waiting_tokens(self) -> int:
        """Real tokens that wait."""
        return self._tokens

    def wait_ms(self) -> float:
        """Expected time until everything that waits now is computed with the fastest profile."""
        with self._changed:
            tokens = [job.prepared.tokens for group in self._groups.values() for job in group.jobs]
        return sum(self._predictor.expected_ms(n, self._names[-1]) for n in tokens)

    def submit(self, jobs: Sequence[Job]) -> int:
        """Queue the texts of one request, all or none; returns the number that :meth:`withdraw` takes.

        Raises:
            RequestError: the queue is full (429), can never hold so much (413), or is closing (503).
        """
        tokens = sum(job.prepared.tokens for job in jobs)
        if tokens > self._options.tokens:
            raise RequestError(
                413,
                "too_many_tokens",
                f"the request has {tokens} tokens, more than the {self._options.tokens} that may wait",
                "Divide it into several requests.",
            )
        with self._changed:
            if not self._open:
                raise shutting_down()
            full = self._tokens + tokens > self._options.tokens
            if not full:
                self._next_id += 1
                self._groups[self._next_id] = _Group(jobs)
                self._count(tokens, len(jobs))
                self._changed.notify()
                return self._next_id
        self._metrics.rejected.labels("overloaded").inc()
        raise overloaded(self.wait_ms())

    def withdraw(self, number: int, reason: str) -> None:
        """Forget what still waits of a request whose client is gone or whose deadline passed."""
        with self._changed:
            group = self._groups.pop(number, None)
            dropped = list(group.jobs) if group else []
            self._count(-sum(job.prepared.tokens for job in dropped), -len(dropped))
        for job in dropped:
            job.future.cancel()
            self._metrics.rejected.labels(reason).inc()

    def close(self, timeout_s: float | None = None) -> None:
        """Accept nothing more, compute what was accepted, end the thread."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _count(self, tokens: int, items: int) -> None:
        self._tokens += tokens
        self._metrics.queue_tokens.inc(tokens)
        self._metrics.queue_items.inc(items)

    def _work(self) -> None:
        while (batch := self._next_batch()) is not None:
            try:
                self._compute(batch)
            except Exception as error:  # the thread must outlive every defect of one batch
                _log_failure(error)
                _fail(batch.jobs)

    def _next_batch(self) -> Batch | None:
        with self._changed:
            while True:
                while self._open and not self._groups:
                    self._changed.wait()
                if not self._groups:
                    return None
                now_s = time.monotonic()
                self._expire(now_s)
                if self._groups:
                    return self._take(now_s)

    def _expire(self, now_s: float) -> None:
        """Answer the texts whose deadline passed while they waited."""
        for number, group in list(self._groups.items()):
            late = [job for job in group.jobs if job.deadline_s <= now_s]
            for job in late:
                self._remove(number, job)
                self._metrics.rejected.labels("deadline").inc()
                if job.future.set_running_or_notify_cancel():
                    job.future.set_exception(deadline_passed((job.deadline_s - job.arrived_s) * 1e3))

    def _take(self, now_s: float) -> Batch:
        """A batch that begins with the first text of the request whose turn it is."""
        number, group = next(iter(self._groups.items()))
        head = group.jobs[0]
        steps = int(self._pressure_ms(group) // self._options.degrade_after_ms)
        profile = self._profile(head, steps, now_s)
        chosen, tokens, cost_ms, tightest_ms = [head], head.prepared.tokens, 0.0, _left_ms(head, now_s)
        cost_ms = self._predictor.expected_ms(tokens, profile)
        self._remove(number, head)
        for number, job in self._candidates():
            if job.trace != head.trace or self._profile(job, steps, now_s) != profile:
                continue
            longer_ms = cost_ms + self._predictor.expected_ms(job.prepared.tokens, profile)
            tightest = min(tightest_ms, _left_ms(job, now_s))
            if tokens + job.prepared.tokens > self._options.batch_tokens or longer_ms > tightest:
                continue
            chosen.append(job)
            tokens, cost_ms, tightest_ms = tokens + job.prepared.tokens, longer_ms, tightest
            self._remove(number, job)
            if tokens == self._options.batch_tokens:
                break
        return Batch(tuple(chosen), profile, head.trace)

    def _candidates(self) -> list[tuple[int, Job]]:
        """What waits, one text of every request after the other, about as many as a batch can hold."""
        most = self._options.batch_tokens  # a text has at least one token
        found: list[tuple[int, Job]] = []
        waiting = [(number, deque(group.jobs)) for number, group in self._groups.items()]
        while waiting and len(found) < most:
            found += [(number, jobs.popleft()) for number, jobs in waiting]
            waiting = [(number, jobs) for number, jobs in waiting if jobs]
        return found

    def _pressure_ms(self, own: _Group) -> float:
        """Fair share of the waiting work: of every other request at most as much as its own."""
        own_ms = own.cost_ms
        return sum(min(group.cost_ms, own_ms) for group in self._groups.values() if group is not own)

    def _profile(self, job: Job, steps: int, now_s: float) -> str:
        if not job.may_degrade:
            return job.wanted
        position = min(self._order[job.wanted] + steps, len(self._names) - 1)
        if job.budget_ms is not None:
            left_ms = max(_left_ms(job, now_s), NO_TIME_MS)
            position = max(position, self._order[self._predictor.choose_profile(job.prepared.tokens, left_ms)])
        return self._names[position]

    def _remove(self, number: int, job: Job) -> None:
        """Take a text out of its request, which then goes to the end of the line."""
        group = self._groups[number]
        group.jobs.remove(job)
        self._count(-job.prepared.tokens, -1)
        if group.jobs:
            self._groups.move_to_end(number)
        else:
            del self._groups[number]

    def _compute(self, batch: Batch) -> None:
        jobs = [job for job in batch.jobs if job.future.set_running_or_notify_cancel()]
        if not jobs:
            return
        start_s = time.monotonic()
        try:
            answers = self._run(jobs, batch)
        except Exception as error:
            _log_failure(error)
            self._compute_alone(jobs, batch)
            return
        self._deliver(jobs, answers, batch.profile, start_s)

    def _run(self, jobs: Sequence[Job], batch: Batch) -> Sequence[Result]:
        prepared = [job.prepared for job in jobs]
        questions = [one for one in prepared if isinstance(one, Prepared)]
        if questions:  # a bundle has one task: all of them are
            return self._predictor.run(questions, batch.profile, trace=batch.trace)
        windows = [one.window for one in prepared if isinstance(one, PreparedText)]
        task = self._predictor.manifest.task
        if task == "embedding":
            return self._predictor.run_embeddings(windows, batch.profile)
        if task == "text-regression":
            return self._predictor.run_ratings(windows, batch.profile)
        return self._predictor.run_texts(windows, batch.profile)

    def _compute_alone(self, jobs: Sequence[Job], batch: Batch) -> None:
        """After a failure: one text after the other, so that only the one that fails is lost."""
        for job in jobs if len(jobs) > 1 else ():
            start_s = time.monotonic()
            try:
                answers = self._run([job], batch)
            except Exception as error:
                _log_failure(error)
                continue
            self._deliver([job], answers, batch.profile, start_s)
        lost = [job for job in jobs if not job.future.done()]
        self._metrics.rejected.labels("failed").inc(len(lost))
        _fail(lost)

    def _deliver(self, jobs: Sequence[Job], answers: Sequence[Result], profile: str, start_s: float) -> None:
        end_s = time.monotonic()
        self._metrics.batch_seconds.labels(profile).observe(end_s - start_s)
        self._metrics.batch_items.observe(len(jobs))
        self._metrics.batch_tokens.observe(sum(job.prepared.tokens for job in jobs))
        for job, answer in zip(jobs, answers, strict=True):
            total_ms = (end_s - job.arrived_s) * 1e3
            met = None if job.budget_ms is None else total_ms <= job.budget_ms
            degraded = self._order[profile] > self._order[job.wanted]
            self._metrics.queue_seconds.observe(start_s - job.arrived_s)
            self._metrics.answers.labels(profile, str(degraded).lower()).inc()
            self._metrics.budget_misses.inc(met is False)
            queue_ms = (start_s - job.arrived_s) * 1e3
            job.future.set_result(Outcome(answer, degraded, queue_ms, total_ms, met))


def _left_ms(job: Job, now_s: float) -> float:
    """What is left of the budget; infinite without one."""
    return float("inf") if job.budget_ms is None else job.budget_ms - (now_s - job.arrived_s) * 1e3


def _fail(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if not job.future.done():
            job.future.set_exception(computing_failed())


def _log_failure(error: Exception) -> None:
    """Type and place of an error; its message might quote the text of a request."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("computing a batch failed: %s\n%s", type(error).__name__, frames.rstrip())
