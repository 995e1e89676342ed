"""The trials of a search: asked from a sampler, claimed, told, kept in a storage, and continued after a kill.

Built on optuna's ask-and-tell so that one search can be killed and continued, or shared by several
processes and machines:

- Equal configurations are never measured twice. Different decrements can mean the same ratios, so trials are
  compared by configuration. A proposal that another trial has measured, is measuring or is waiting to measure
  becomes a failed trial (which NSGA-II leaves out of its population), and the sampler is asked again.
- Two processes may propose the same at the same moment. As in Lamport's bakery, the trial number decides:
  each waits until all lower numbers have said what they are about, and gives way to an equal one among
  them.
- A trial whose process died is put back at the head of the queue, so that a search continues as if
  nothing had
  happened: random numbers depend only on the seed and on the number of finished trials.
- Since optuna 5, trials enqueued with all parameters fixed never reach the sampler and would be missing from
  NSGA-II's first generation; asking for ``relative_params`` lets it enter them.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from quantlat.errors import RunConflictError, StorageError
from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import AccuracyFloor, Candidate, Cost
from quantlat.search.sampler import make_sampler, parameter_name
from quantlat.search.space import RetentionSpace
from quantlat.search.storage import open_storage
from quantlat.search.worker import is_alive, on_this_host, this_worker

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

_SIGNATURE = "quantlat:signature"
_MEASURED = "quantlat:measured"
_WORKER = "quantlat:worker"
_RESAMPLES = 12
_SETTLE_S = 30.0
_POLL_S = 0.02
_LEASE_S = 900.0


@dataclass(frozen=True)
class Proposal:
    """A configuration that this process, and no other, is to measure."""

    config: RetentionConfig
    trial: Trial
    asked_at: float


class TrialQueue:
    """Hands out configurations and collects what was measured.

    Args:
        space: configurations to choose from.
        storage: as for :func:`~quantlat.search.storage.open_storage`.
        name: of the study; searches of different artefacts in one storage need different names.
        signature: of everything that makes trials comparable (space, artefact, data); a storage that holds
            trials of another one is refused.

    Raises:
        StorageError: the storage cannot be used or is damaged.
        RunConflictError: it holds trials of another search.
    """

    def __init__(
        self,
        space: RetentionSpace,
        *,
        storage: str | Path | None,
        seed: int,
        population: int = 16,
        sampler: str = "nsga2",
        name: str = "quantlat",
        signature: str = "",
        cost: Cost = "latency",
    ) -> None:
        self._space = space
        self._seed = seed
        self._population = population
        self._sampler = sampler
        self._cost = cost
        self._mine: set[int] = set()
        make_sampler(sampler, space, seed=0, population=population)  # a wrong name is an error now, not later
        self._study = _open_study(storage, name)
        self._check_signature(f"{space}|{cost}|{signature}")
        self._enqueue_first_generation()

    @property
    def finished(self) -> tuple[Candidate, ...]:
        """Everything measured so far, by any process, in the order of the trials.

        Raises:
            StorageError: a stored trial cannot be read.
        """
        found = [trial.user_attrs[_MEASURED] for trial in self._trials() if _MEASURED in trial.user_attrs]
        try:
            return tuple(Candidate.model_validate_json(measured["candidate"]) for measured in found)
        except ValidationError as error:
            raise StorageError(
                f"the search storage holds a trial that cannot be read: {error.errors()[0]['msg']}",
                "It was written by another version; delete it or give another one.",
            ) from error

    @property
    def spent_seconds(self) -> float:
        """Seconds that finished trials took on this host, in this and earlier runs."""
        own = [t for t in self._trials() if on_this_host(t.user_attrs.get(_WORKER, {}))]
        return float(sum(trial.user_attrs.get(_MEASURED, {}).get("seconds", 0.0) for trial in own))

    @property
    def running_elsewhere(self) -> int:
        """Trials that other living processes are measuring now."""
        return sum(_is_running(t) and t.number not in self._mine and not self._is_orphan(t) for t in self._trials())

    def ask(self, limit: int) -> Proposal | None:
        """The next configuration to measure; ``None`` when ``limit`` trials are done or running, or none
        is new."""
        from optuna.trial import TrialState

        asked_at = time.monotonic()
        self._requeue_orphans()
        sampled = 0
        while True:
            trials = self._trials()
            done = sum(trial.state == TrialState.COMPLETE for trial in trials)
            if done + sum(_is_running(trial) for trial in trials) >= limit:
                return None
            enqueued = any(trial.state == TrialState.WAITING for trial in trials)
            if not enqueued and sampled >= _RESAMPLES:
                if not self._enqueue_unseen(trials, done):
                    return None
                sampled = 0
            trial, config = self._suggest(done, sampled)
            if not self._is_taken(trial.number, config):
                return Proposal(config, trial, asked_at)
            self._study.tell(trial, state=TrialState.FAIL)
            self._mine.discard(trial.number)
            sampled += not enqueued

    def tell(self, proposal: Proposal, candidate: Candidate, floor: AccuracyFloor) -> None:
        """Store what was measured."""
        trial = proposal.trial
        # the constraint is wider than the floor, see AccuracyFloor.explore_drop
        allowance = floor.margin_z * candidate.drop_standard_error
        trial.set_constraint("accuracy", candidate.drop + allowance - floor.explore_drop)
        measured = {
            "seconds": time.monotonic() - proposal.asked_at,
            "candidate": candidate.without_samples().model_dump_json(),
        }
        trial.set_user_attr(_MEASURED, measured)
        self._study.tell(trial, [candidate.cost(self._cost), candidate.accuracy])
        self._mine.discard(trial.number)

    def give_up(self, proposal: Proposal) -> None:
        """Hand a configuration back unmeasured, because the search is being stopped; it is first in line
        later."""
        from optuna.trial import TrialState

        self._study.tell(proposal.trial, state=TrialState.FAIL)
        self._mine.discard(proposal.trial.number)
        self._enqueue(proposal.config)

    def _trials(self) -> Sequence[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _check_signature(self, signature: str) -> None:
        stored = self._study.user_attrs.get(_SIGNATURE)
        if stored is None:
            self._study.set_user_attr(_SIGNATURE, signature)
        elif stored != signature:
            raise RunConflictError(
                f"the search storage holds the study {self._study.study_name!r} of another search:\n"
                f"  there: {stored}\n  here:  {signature}",
                "Delete it, or give another storage.",
            )

    def _enqueue_first_generation(self) -> None:
        if self._trials():
            return
        first = self._space.first_generation(self._population, np.random.default_rng([self._seed, 0]))
        for config in first:
            self._enqueue(config)

    def _enqueue(self, config: RetentionConfig) -> None:
        params = {parameter_name(i): d for i, d in enumerate(self._space.decrements(config))}
        self._study.enqueue_trial(params)

    def _enqueue_unseen(self, trials: Sequence[FrozenTrial], done: int) -> bool:
        taken = {config for config in map(self._config_of, trials) if config is not None}
        rng = np.random.default_rng([self._seed, 1, done])
        config = self._space.unseen(taken, rng, near=sorted(taken, key=str))
        if config is not None:
            self._enqueue(config)
        return config is not None

    def _suggest(self, done: int, attempt: int) -> tuple[Trial, RetentionConfig]:
        """Ask the sampler; the same seed and number of finished trials give the same answer after a
        restart."""
        seed = int(np.random.SeedSequence([self._seed, 2, done, attempt]).generate_state(1)[0])
        self._study.sampler = make_sampler(self._sampler, self._space, seed=seed, population=self._population)
        trial = self._study.ask()
        self._mine.add(trial.number)
        trial.set_user_attr(_WORKER, this_worker())
        _ = trial.relative_params  # enters an enqueued trial into the population; see the module's docstring
        steps = [trial.suggest_int(parameter_name(i), 0, self._space.max_decrement) for i in range(self._space.layers)]
        return trial, self._space.config(steps)

    def _config_of(self, trial: FrozenTrial) -> RetentionConfig | None:
        """The configuration that a trial is about, once it has said so."""
        params = trial.params or trial.system_attrs.get("fixed_params", {})
        steps = [params.get(parameter_name(i)) for i in range(self._space.layers)]
        return None if None in steps else self._space.config(steps)

    def _is_taken(self, number: int, config: RetentionConfig) -> bool:
        """Whether an equal configuration is measured, or a trial of a lower number is about to measure it."""
        from optuna.trial import TrialState

        deadline = time.monotonic() + _SETTLE_S
        while True:
            others = [trial for trial in self._trials() if trial.number != number]
            ahead = [t for t in others if t.number < number and _is_running(t) and not self._is_orphan(t)]
            if all(self._config_of(t) is not None for t in ahead) or time.monotonic() > deadline:
                break
            time.sleep(_POLL_S)
        for trial in others:
            if self._config_of(trial) != config:
                continue
            pending = trial.state in (TrialState.WAITING, TrialState.RUNNING)
            if trial.state == TrialState.COMPLETE or (pending and trial.number < number):
                return True
        return False

    def _requeue_orphans(self) -> None:
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        for trial in self._trials():
            if not (_is_running(trial) and self._is_orphan(trial)):
                continue
            try:
                self._study.tell(trial.number, state=TrialState.FAIL)
            except (ValueError, UpdateFinishedTrialError):
                continue  # another process has just done so
            config = self._config_of(trial)
            if config is not None:
                self._enqueue(config)

    def _is_orphan(self, trial: FrozenTrial) -> bool:
        """Whether the process that runs this trial is dead, or has been silent for longer than any trial
        takes."""
        worker = trial.user_attrs.get(_WORKER)
        if trial.number in self._mine:
            return False
        if worker is None or not on_this_host(worker):
            started = trial.datetime_start
            return started is not None and time.time() - started.timestamp() > _LEASE_S
        return not is_alive(worker)


def _open_study(storage: str | Path | None, name: str) -> Study:
    import optuna
    from optuna.exceptions import ExperimentalWarning
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.ERROR)  # progress is ours to show
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            study = optuna.create_study(
                study_name=name,
                storage=open_storage(storage),
                directions=["minimize", "maximize"],
                load_if_exists=True,
            )
    except (SQLAlchemyError, ValueError, KeyError) as error:
        raise StorageError(
            f"the search storage cannot be read: {type(error).__name__}: {error}",
            "Delete it, or give another one; the search then starts anew.",
        ) from error
    return study


def _is_running(trial: FrozenTrial) -> bool:
    from optuna.trial import TrialState

    return bool(trial.state == TrialState.RUNNING)
