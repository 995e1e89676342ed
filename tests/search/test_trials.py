"""The trial queue: nothing is measured twice, kills lose one trial, and processes share a storage."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from quantlat.errors import RecipeError, RunConflictError, StorageError
from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import AccuracyFloor
from quantlat.search.space import RetentionSpace
from quantlat.search.trials import TrialQueue
from tests.search.analytic import AnalyticEvaluator

SPACE = RetentionSpace(6)
TINY = RetentionSpace(2, ratio_step=0.3, min_ratio=0.1)
FLOOR = AccuracyFloor(1.0)
ROOT = Path(__file__).parents[2]


def _queue(space: RetentionSpace = SPACE, storage: str | Path | None = None, **options: object) -> TrialQueue:
    return TrialQueue(space, storage=storage, **{"seed": 3, "population": 8, **options})  # type: ignore[arg-type]


def _work(queue: TrialQueue, trials: int, evaluator: AnalyticEvaluator | None = None) -> list[RetentionConfig]:
    evaluator = evaluator or AnalyticEvaluator()
    while (proposal := queue.ask(trials)) is not None:
        queue.tell(proposal, evaluator.evaluate(proposal.config), FLOOR)
    return evaluator.evaluated


def test_a_space_smaller_than_the_budget_is_measured_once_and_completely() -> None:
    measured = _work(_queue(TINY), trials=100)
    assert len(measured) == TINY.size == 10
    assert set(measured) == set(TINY.enumerate())


def test_no_configuration_is_measured_twice_in_a_small_space_with_many_ways_to_write_one() -> None:
    space = RetentionSpace(3, ratio_step=0.25, min_ratio=0.2)
    measured = _work(_queue(space), trials=space.size)
    assert max(Counter(measured).values()) == 1
    assert len(measured) == space.size == 20


@pytest.mark.parametrize("sampler", ["nsga2", "random"])
def test_the_first_generation_comes_first_and_then_the_sampler_decides(sampler: str) -> None:
    queue = _queue(sampler=sampler)
    measured = _work(queue, trials=20)
    assert measured[0] == SPACE.full
    assert len(set(measured)) == 20
    assert [candidate.config for candidate in queue.finished] == measured


def test_seeds_are_parents_in_nsga2() -> None:
    queue = _queue()
    _work(queue, trials=9)
    generations = [trial.system_attrs.get("NSGAIISampler:generation") for trial in queue._trials()]
    assert generations[:9] == [0] * 8 + [1]


def test_a_search_in_two_sittings_measures_what_one_sitting_would(folder: Path) -> None:
    whole = _work(_queue(), trials=30)
    journal = folder / "search.journal"
    first = _work(_queue(storage=journal), trials=13)
    second = _work(_queue(storage=journal), trials=30)
    assert first + second == whole


def test_a_configuration_that_was_given_up_is_measured_next(folder: Path) -> None:
    whole = _work(_queue(), trials=20)
    queue = _queue(storage=folder / "search.journal")
    first = _work(queue, trials=11)
    proposal = queue.ask(20)
    assert proposal is not None
    queue.give_up(proposal)
    assert first + _work(queue, trials=20) == whole


def test_the_storage_of_another_search_is_refused(folder: Path) -> None:
    journal = folder / "search.journal"
    _work(_queue(storage=journal, signature="model a"), trials=2)
    for changed in ({"signature": "model b"}, {"space": TINY, "signature": "model a"}):
        with pytest.raises(RunConflictError, match="of another search"):
            _queue(storage=journal, **changed)  # type: ignore[arg-type]
    _queue(storage=journal, signature="model b", name="other")  # another study of the same storage is another search


def test_a_torn_last_line_costs_at_most_the_unfinished_trial(folder: Path) -> None:
    journal = folder / "search.journal"
    first = _work(_queue(storage=journal), trials=5)
    journal.write_bytes(journal.read_bytes() + b'{"op_code": 5, "worker_id": "x')
    queue = _queue(storage=journal)
    assert [candidate.config for candidate in queue.finished] == first
    assert len(set(first + _work(queue, trials=8))) == 8


@pytest.mark.parametrize("content", [b"not a journal\n", b'{"op_code": 0}\n', b"\x00\xff\n"])
def test_a_file_that_is_no_journal_is_refused_with_what_to_do(folder: Path, content: bytes) -> None:
    journal = folder / "search.journal"
    journal.write_bytes(content)
    with pytest.raises(StorageError, match="elete it"):
        _queue(storage=journal)


def test_storages_that_cannot_be_opened_say_so_without_the_password(folder: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        _queue(storage=folder)
    with pytest.raises(StorageError, match="cannot be used"):
        _queue(storage=f"sqlite:///{folder}/missing/search.db")
    with pytest.raises(StorageError) as caught:
        _queue(storage="nosuchdb://user:secret@host/db")
    assert "secret" not in str(caught.value)
    assert "user@host" in str(caught.value)


def test_an_unknown_sampler_is_an_error_before_anything_is_stored(folder: Path) -> None:
    with pytest.raises(RecipeError, match="unknown search sampler"):
        _queue(storage=folder / "search.journal", sampler="magic")
    assert not (folder / "search.journal").exists()


WORKER = """
import sys
import time
from pathlib import Path
from quantlat.search.candidate import AccuracyFloor
from quantlat.search.space import RetentionSpace
from quantlat.search.trials import TrialQueue
from tests.search.analytic import AnalyticEvaluator
storage, log, trials, seconds, step = sys.argv[1:]
storage = storage if "://" in storage else Path(storage)
space = RetentionSpace(6 if step == "0.05" else 3, ratio_step=float(step))
queue = TrialQueue(space, storage=storage, seed=3, population=8)
evaluator = AnalyticEvaluator(log=Path(log), seconds=float(seconds))
while True:
    proposal = queue.ask(int(trials))
    if proposal is not None:
        queue.tell(proposal, evaluator.evaluate(proposal.config), AccuracyFloor(1.0))
    elif queue.running_elsewhere:
        time.sleep(0.05)
    else:
        break
"""


def _start(storage: str | Path, log: Path, trials: int, seconds: float, step: float = 0.05) -> subprocess.Popen[bytes]:
    arguments = [str(storage), str(log), str(trials), str(seconds), str(step)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments], env=environment, cwd=ROOT)


def _lines(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_a_killed_search_continues_as_if_nothing_had_happened(folder: Path, kind: str) -> None:
    journal = folder / "search.journal"
    storage: str | Path = journal if kind == "journal" else f"sqlite:///{folder}/search.db"
    log = folder / "log"
    process = _start(storage, log, trials=100, seconds=0.2)
    try:
        deadline = time.monotonic() + 60
        while len(_lines(log)) < 11 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = _lines(log)
    assert len(before) >= 11
    queue = _queue(storage=storage)
    done = [str(candidate.config) for candidate in queue.finished]
    assert done == before[: len(done)]
    assert len(before) - len(done) <= 1  # the one that was running
    rest = [str(config) for config in _work(queue, trials=24)]
    whole = [str(config) for config in _work(_queue(), trials=24)]
    assert done + rest == whole


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_two_processes_share_one_search_and_measure_nothing_twice(folder: Path, kind: str) -> None:
    storage = str(folder / "search.journal") if kind == "journal" else f"sqlite:///{folder}/search.db"
    log = folder / "log"
    # a space of 84 configurations, so that both are sure to propose the same ones
    processes = [_start(storage, log, trials=40, seconds=0.01, step=0.15) for _ in range(2)]
    try:
        assert [process.wait(timeout=240) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    measured = _lines(log)
    assert len(measured) == 40
    assert max(Counter(measured).values()) == 1
    space = RetentionSpace(3, ratio_step=0.15)
    queue = _queue(space, storage if kind == "sqlite" else Path(storage))
    assert {str(candidate.config) for candidate in queue.finished} == set(measured)
    workers = {trial.user_attrs["quantlat:worker"]["pid"] for trial in queue._trials()}
    assert len(workers) == 2


def test_a_trial_of_something_else_in_the_storage_is_refused(folder: Path) -> None:
    import optuna

    queue = _queue(storage=folder / "search.journal")
    trial = queue._study.ask({"decrement_1": optuna.distributions.IntDistribution(0, 18)})
    queue._study.tell(trial, [1.0, 2.0])
    with pytest.raises(StorageError, match="holds a trial that cannot be read: trial 0"):
        _ = queue.finished


def test_what_a_process_tells_after_it_was_taken_for_dead_is_dropped() -> None:
    queue = _queue()
    proposal = queue.ask(5)
    assert proposal is not None
    queue.give_up(proposal)
    queue.tell(proposal, AnalyticEvaluator().evaluate(proposal.config), FLOOR)
    assert queue.finished == ()
    assert _work(queue, trials=1) == [proposal.config]


def test_a_storage_that_fails_on_the_way_is_reported_in_words(folder: Path) -> None:
    place = folder / "database"
    place.mkdir()
    queue = _queue(storage=f"sqlite:///{place}/search.db")
    _work(queue, trials=1)
    shutil.rmtree(place)
    with pytest.raises(StorageError, match=r"the search storage failed: .*\nCheck its disk or server"):
        queue.ask(5)
