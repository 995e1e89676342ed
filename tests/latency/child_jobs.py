"""What the tests of the measuring child call in it."""

from __future__ import annotations

import os
import signal
import time

from pydantic import BaseModel

from quantlat.errors import RuntimeUnavailableError
from quantlat.latency.child import ChildContext
from quantlat.latency.measure import MeasureOptions, measure_interleaved
from quantlat.latency.measurement import Measurement


class Job(BaseModel):
    """How long one request spins."""

    spin_ms: float


class Found(BaseModel):
    """A measurement and who made it."""

    measurement: Measurement
    pid: int


def spin(job: str, context: ChildContext) -> Found:
    ms = Job.model_validate_json(job).spin_ms

    def run(_: int) -> None:
        end = time.perf_counter() + ms / 1e3
        while time.perf_counter() < end:
            pass

    print("a library that prints")  # must not be taken for an answer
    context.progress.warn("spinning")
    found = measure_interleaved(
        {"spin": run},
        (10, 20, 30),
        threads=context.threads,
        options=MeasureOptions.fixed(3, warmup=1),
        machine=context.machine,
        progress=context.progress,
    )
    return Found(measurement=found["spin"], pid=os.getpid())


def defect(job: str, context: ChildContext) -> Found:
    raise ZeroDivisionError("no such luck")


def unavailable(job: str, context: ChildContext) -> Found:
    raise RuntimeUnavailableError("the runtime is not here", "pip install it")


def killed(job: str, context: ChildContext) -> Found:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def wait(job: str, context: ChildContext) -> Found:
    context.progress.say(str(os.getpid()))
    time.sleep(600)
    raise AssertionError("nobody ended this process")
