"""Settings that travel with a measurement, and on which CPUs a child is put."""

from __future__ import annotations

import sys

import pytest

from quantlat.latency.machine import read_machine_facts
from quantlat.latency.settings import debug_signs, read_settings, relevant_environment


def test_only_what_steers_speed_is_recorded_of_the_environment() -> None:
    unasked = {"HOME": "/root", "API_KEY": "secret", "TORCHINDUCTOR_CACHE_DIR": "/x"}
    given = {"OMP_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "1"} | unasked
    assert relevant_environment(given) == {"MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "2"}


def test_this_process_is_not_one_that_only_measures() -> None:
    settings = read_settings(threads=3)
    assert not settings.own_process
    assert settings.threads == 3
    assert settings.cpus and settings.allocator


def test_a_tracer_is_a_sign_of_a_slow_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "gettrace", lambda: print)
    assert "a trace or profile function" in debug_signs()


def test_each_thread_gets_a_core_of_its_own_before_siblings_share_one() -> None:
    facts = read_machine_facts().model_copy(update={"affinity": (0, 1, 2, 3), "core_groups": ((0, 2), (1, 3))})
    assert facts.cpus_for(1) == (1,)
    assert facts.cpus_for(2) == (0, 1)
    assert facts.cpus_for(3) == (0, 1, 3)
    assert facts.cpus_for(9) == (0, 1, 2, 3)
    unknown = facts.model_copy(update={"core_groups": ()})
    assert unknown.cpus_for(2) == (2, 3)
