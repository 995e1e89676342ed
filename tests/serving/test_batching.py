"""The queue: what is batched together, who comes first, what overload, deadlines and failures do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="needs the extra serve: pip install 'quantlat[serve]'")

from quantlat.deployment import Answer, AnswerRequest, Predictor, Prepared
from quantlat.serving.batching import BatchQueue, Job
from quantlat.serving.errors import RequestError
from quantlat.serving.metrics import Metrics
from quantlat.serving.options import QueueOptions

PATIENCE_S = 60.0
CONTEXT = "The tower was built in 1889 by a company from Paris."


class Held:
    """The real predictor behind a door: a batch is noted when it arrives and computed when the door is open."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self.door, self.arrived = threading.Event(), threading.Event()
        self.batches: list[tuple[str, list[Prepared]]] = []
        self.poison: Prepared | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._predictor, name)

    def expected_ms(self, tokens: int, profile: str) -> float:
        """A table that does not depend on the machine: a millisecond per token, the faster the less."""
        return float(tokens) / (1 + list(self.profiles).index(profile))

    def choose_profile(self, tokens: int, budget_ms: float) -> str:
        fitting = [name for name in self.profiles if self.expected_ms(tokens, name) <= budget_ms]
        return fitting[0] if fitting else list(self.profiles)[-1]

    def run(self, prepared: Sequence[Prepared], profile: str, *, trace: bool = False) -> list[Answer]:
        self.batches.append((profile, list(prepared)))
        self.arrived.set()
        assert self.door.wait(PATIENCE_S)
        if any(item is self.poison for item in prepared):
            raise ValueError(CONTEXT)  # as a careless library would quote it
        return self._predictor.run(prepared, profile, trace=trace)


@pytest.fixture
def held(predictor: Predictor) -> Iterator[Held]:
    held = Held(predictor)
    yield held
    held.door.set()


def make_queue(held: Held, **options: Any) -> BatchQueue:
    queue = BatchQueue(held, replace(QueueOptions(), **options), Metrics())  # type: ignore[arg-type]
    queue.start()
    return queue


def make_job(held: Held, **changes: Any) -> Job:
    prepared = held.prepare(AnswerRequest("When was it built?", CONTEXT))
    now, wanted = time.monotonic(), next(iter(held.profiles))
    job = Job(prepared, wanted, held.expected_ms(prepared.tokens, wanted), None, now, now + PATIENCE_S)
    return replace(job, future=Future(), **changes)


def occupy(held: Held, queue: BatchQueue) -> Job:
    """Let the thread compute something until the door is opened; what comes now has to wait."""
    job = make_job(held)
    queue.submit([job])
    assert held.arrived.wait(PATIENCE_S)
    return job


def test_what_piles_up_is_computed_together_up_to_the_tokens_of_a_batch(held: Held) -> None:
    tokens = make_job(held).prepared.tokens
    queue = make_queue(held, batch_tokens=3 * tokens, tokens=100 * tokens, degrade_after_ms=1e9)
    jobs = [make_job(held) for _ in range(7)]
    occupy(held, queue)
    for job in jobs:
        queue.submit([job])
    held.door.set()
    texts = [job.future.result(PATIENCE_S).answer.text for job in jobs]
    assert [len(prepared) for _, prepared in held.batches] == [1, 3, 3, 1]
    assert len(set(texts)) == 1 and texts[0] in CONTEXT
    queue.close()


def test_a_batch_grows_only_while_everyone_keeps_the_budget(held: Held) -> None:
    tokens = make_job(held).prepared.tokens
    queue = make_queue(held, batch_tokens=100 * tokens, tokens=100 * tokens, degrade_after_ms=1e9)
    occupy(held, queue)
    # a second text beside it would take the first one beyond its budget of an hour of tokens, a third too
    hour_ms = 3.6e6
    slow = make_job(held, budget_ms=hour_ms + 1.5 * tokens, arrived_s=time.monotonic() - 3600, may_degrade=False)
    queue.submit([slow])
    others = [make_job(held), make_job(held)]
    for job in others:
        queue.submit([job])
    held.door.set()
    for job in (slow, *others):
        job.future.result(PATIENCE_S)
    assert [len(prepared) for _, prepared in held.batches] == [1, 1, 2]
    queue.close()


def test_a_list_does_not_hold_up_a_single_question(held: Held) -> None:
    tokens = make_job(held).prepared.tokens
    queue = make_queue(held, batch_tokens=2 * tokens, tokens=100 * tokens, degrade_after_ms=1e9)
    occupy(held, queue)
    many, single = [make_job(held) for _ in range(10)], make_job(held)
    queue.submit(many)
    queue.submit([single])
    held.door.set()
    for job in (*many, single):
        job.future.result(PATIENCE_S)
    first = [item for _, prepared in held.batches[1:2] for item in prepared]
    assert any(item is single.prepared for item in first)
    queue.close()


def test_under_pressure_profiles_become_faster_step_by_step_and_say_so(held: Held) -> None:
    names = list(held.profiles)
    tokens = make_job(held).prepared.tokens
    queue = make_queue(held, batch_tokens=tokens, tokens=100 * tokens, degrade_after_ms=2.0 * tokens)
    occupy(held, queue)
    waiting = [make_job(held) for _ in range(8)]
    firm = make_job(held, may_degrade=False)
    for job in (*waiting, firm):
        queue.submit([job])
    held.door.set()
    outcomes = [job.future.result(PATIENCE_S) for job in waiting]
    # eight others wait: four steps; the last three of the line have at most two behind them
    assert outcomes[0].answer.profile == names[min(4, len(names) - 1)] and outcomes[0].degraded
    assert outcomes[-1].answer.profile == names[0] and not outcomes[-1].degraded
    assert firm.future.result(PATIENCE_S).answer.profile == names[0]
    queue.close()


def test_a_large_request_alone_is_no_overload(held: Held) -> None:
    tokens = make_job(held).prepared.tokens
    queue = make_queue(held, batch_tokens=tokens, tokens=100 * tokens, degrade_after_ms=2.0 * tokens)
    held.door.set()
    jobs = [make_job(held) for _ in range(20)]
    queue.submit(jobs)
    assert not any(job.future.result(PATIENCE_S).degraded for job in jobs)
    queue.close()


def test_time_spent_waiting_is_taken_off_the_budget(held: Held) -> None:
    names, tokens = list(held.profiles), make_job(held).prepared.tokens
    queue = make_queue(held, degrade_after_ms=1e9)
    late = make_job(held, budget_ms=1e6 + tokens / 1.5, arrived_s=time.monotonic() - 1e3)
    occupy(held, queue)
    queue.submit([late])
    held.door.set()
    outcome = late.future.result(PATIENCE_S)
    assert outcome.answer.profile != names[0] and outcome.degraded
    assert outcome.budget_met == (outcome.total_ms <= 1e6 + tokens / 1.5)
    queue.close()


def test_a_full_queue_refuses_the_whole_request_and_says_when_to_come_back(held: Held) -> None:
    tokens = make_job(held).prepared.tokens
    queue = make_queue(held, batch_tokens=tokens, tokens=4 * tokens)
    occupy(held, queue)
    accepted = [make_job(held) for _ in range(3)]
    queue.submit(accepted)
    refused = [make_job(held), make_job(held)]
    with pytest.raises(RequestError) as caught:
        queue.submit(refused)
    assert caught.value.status == 429 and int(caught.value.headers["Retry-After"]) >= 1
    assert queue.waiting_tokens == 3 * tokens
    with pytest.raises(RequestError) as caught:
        queue.submit([make_job(held) for _ in range(5)])
    assert caught.value.status == 413
    held.door.set()
    assert all(job.future.result(PATIENCE_S).answer.text for job in accepted)
    queue.close()


def test_what_waits_beyond_its_deadline_is_not_computed(held: Held) -> None:
    queue = make_queue(held)
    occupy(held, queue)
    late = make_job(held, deadline_s=time.monotonic())
    queue.submit([late])
    held.door.set()
    with pytest.raises(RequestError) as caught:
        late.future.result(PATIENCE_S)
    assert caught.value.status == 504
    queue.close()
    assert not any(item is late.prepared for _, prepared in held.batches for item in prepared)


def test_what_is_withdrawn_is_not_computed_and_makes_room(held: Held) -> None:
    queue = make_queue(held)
    occupy(held, queue)
    gone = make_job(held)
    queue.withdraw(queue.submit([gone]), "disconnected")
    assert queue.waiting_tokens == 0
    held.door.set()
    queue.close()
    with pytest.raises(CancelledError):
        gone.future.result(0)
    assert len(held.batches) == 1


def test_a_failure_takes_only_the_text_that_causes_it_and_is_logged_without_text(
    held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    queue = make_queue(held, degrade_after_ms=1e9)
    occupy(held, queue)
    jobs = [make_job(held) for _ in range(3)]
    held.poison = jobs[1].prepared
    for job in jobs:
        queue.submit([job])
    held.door.set()
    assert jobs[0].future.result(PATIENCE_S).answer.text == jobs[2].future.result(PATIENCE_S).answer.text
    with pytest.raises(RequestError) as caught:
        jobs[1].future.result(PATIENCE_S)
    assert caught.value.status == 500
    assert "ValueError" in caplog.text and "1889" not in caplog.text
    after = make_job(held)
    queue.submit([after])
    assert after.future.result(PATIENCE_S).answer.text
    queue.close()


def test_closing_finishes_what_was_accepted_and_accepts_nothing_more(held: Held) -> None:
    queue = make_queue(held)
    first = occupy(held, queue)
    waiting = [make_job(held) for _ in range(5)]
    queue.submit(waiting)
    queue.close(0.0)
    with pytest.raises(RequestError) as caught:
        queue.submit([make_job(held)])
    assert caught.value.status == 503
    held.door.set()
    assert all(job.future.result(PATIENCE_S).answer.text for job in (first, *waiting))
    queue.close()
    assert not queue.alive
