"""Latency and throughput of a quantised model, measured in a child process from its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantlat.evaluation.latency import CHILD_FUNCTION, STUDENT, STUDENT_PADDED, TEACHER, TEACHER_PADDED
from quantlat.evaluation.latency_job import Ending, LatencyFindings, LatencyJob, Request
from quantlat.latency import measure_in_child
from quantlat.models import load_checkpoint, save_huggingface
from tests.quantization.tiny import quantized_model, window


def _request(tokens: int) -> Request:
    made = window(tokens)
    return Request(input_ids=tuple(made.input_ids.tolist()), token_type_ids=tuple(made.token_type_ids.tolist()))


@pytest.mark.alone
def test_a_child_loads_the_model_and_measures_latency_and_throughput(tmp_path: Path) -> None:
    quantized_model().save(tmp_path / "quantized")
    requests = tuple(_request(n) for n in (8, 12, 30, 9, 16, 22, 40, 11, 10))
    job = LatencyJob(
        task="question-answering",
        quantized=tmp_path / "quantized",
        profiles={"full": None, "balanced": (0.9, 0.6)},
        requests=requests,
        teacher_requests=requests,
        runtime="pytorch",
        max_tokens=64,
        same_shape=False,
        ending=Ending(rounds=2),
    )
    found = measure_in_child(CHILD_FUNCTION, job, LatencyFindings, threads=1)
    assert list(found.latency) == ["profile:full", "profile:balanced"]
    for measured in found.latency.values():
        assert measured.n == 2 * len(requests)
        assert measured.tokens[:9] == tuple(len(request.input_ids) for request in requests)
        assert measured.settings is not None and measured.settings.own_process
        assert measured.settings.thread_pools["torch"] == 1
    # nine windows never fill a batch of 32
    assert [(row.key, row.batch, row.threads, row.windows) for row in found.throughput] == [
        ("profile:full", 8, 1, 9),
        ("profile:balanced", 8, 1, 9),
    ]
    for row in found.throughput:
        rate = row.windows_per_s
        assert rate.n >= 3 and rate.low < rate.estimate < rate.high
        per_round = [9000.0 / sum(times) for times in row.measurement.by_round]
        assert min(per_round) <= rate.estimate <= max(per_round)


def _job(folder: Path, profiles: dict[str, tuple[float, ...] | None], **others: object) -> LatencyJob:
    quantized_model().save(folder / "quantized")
    requests = tuple(_request(n) for n in (8, 12, 30, 9, 16, 22, 40, 11))
    return LatencyJob.model_validate(
        {
            "task": "question-answering",
            "quantized": folder / "quantized",
            "profiles": profiles,
            "requests": requests,
            "teacher_requests": requests,
            "runtime": "pytorch",
            "max_tokens": 64,
            "same_shape": False,
            "ending": Ending(rounds=2),
        }
        | others
    )


def test_profiles_of_one_configuration_are_one_measurement(tmp_path: Path) -> None:
    dropping = (0.9, 0.6)
    job = _job(tmp_path, {"full": None, "balanced": dropping, "fast": dropping}, batches=())
    found = measure_in_child(CHILD_FUNCTION, job, LatencyFindings, threads=1)
    assert list(found.latency) == ["profile:full", "profile:balanced", "profile:fast"]
    assert found.latency["profile:fast"] == found.latency["profile:balanced"] != found.latency["profile:full"]
    assert found.latency["profile:balanced"].ratio_to(found.latency["profile:fast"]).high == 1.0

    whole = job.model_copy(update={"profiles": {"full": None, "balanced": None, "fast": dropping}, "batches": (8,)})
    found = measure_in_child(CHILD_FUNCTION, whole, LatencyFindings, threads=1)
    assert found.latency["profile:balanced"] == found.latency["profile:full"] != found.latency["profile:fast"]
    full, balanced = found.throughput
    assert (full.key, balanced.key) == ("profile:full", "profile:balanced")
    assert full.measurement == balanced.measurement


def test_baselines_that_coincide_are_one_measurement(tmp_path: Path) -> None:
    loaded = load_checkpoint("random:bert-2x128", seed=1)
    save_huggingface(loaded.model, loaded.tokenizer, tmp_path / "fp32")
    models = {"teacher": tmp_path / "fp32", "student": tmp_path / "fp32"}
    job = _job(tmp_path, {"full": None}, same_shape=True, batches=(), **models)
    found = measure_in_child(CHILD_FUNCTION, job, LatencyFindings, threads=1).latency
    assert list(found) == [TEACHER_PADDED, TEACHER, STUDENT_PADDED, STUDENT, "profile:full"]
    assert found[STUDENT_PADDED] == found[TEACHER_PADDED] != found[TEACHER] == found[STUDENT]

    # requests that fill the window have no padding to measure
    longest = tuple(_request(64) for _ in range(8))
    full = job.model_copy(update={"requests": longest, "teacher_requests": longest, "same_shape": False})
    found = measure_in_child(CHILD_FUNCTION, full, LatencyFindings, threads=1).latency
    assert found[TEACHER_PADDED] == found[TEACHER] != found[STUDENT] == found[STUDENT_PADDED]


def test_rounds_of_single_requests_end_by_count_or_by_width_and_time() -> None:
    fixed = Ending(rounds=5).options
    assert (fixed.min_rounds, fixed.max_rounds) == (5, 5)
    adaptive = Ending(rounds=4, budget_s=25.0, width=0.02).options
    assert (adaptive.min_rounds, adaptive.max_rounds) == (4, 200)
    assert (adaptive.min_seconds, adaptive.max_seconds, adaptive.target_width) == (2.0, 25.0, 0.02)
    assert Ending(rounds=2, budget_s=1.0).options.min_seconds == 1.0
    assert fixed.attempts == adaptive.attempts == 2
