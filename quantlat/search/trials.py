"""The trials of a search: asked from a sampler, claimed, told, kept in a storage, and continued after a kill.

Built on optuna's ask-and-tell so that one search can be killed and continued, or shared by several
processes and machines:

- Equal configurations are never measured twice. Different decrements can mean the same ratios, so trials are
  compared by configuration. A proposal that another trial has measured or is measuring becomes a failed trial
  (which NSGA-II leaves out of its population), and the sampler is asked again.
- Two processes may propose the same at the same moment. As in Lamport's bakery, the trial number decides: each
  waits until all lower numbers have said what they are about, and gives way to an equal one among them.
- A configuration whose process was stopped or died is the next one to be proposed. Random numbers depend only
  on the seed and on the number of finished trials, so that a search continues as if nothing had happened.
- A trial is told once, with what its first, small part of the data says. What larger parts say later is kept
  beside the trials and takes the place of the first estimate.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState
from pydantic import ValidationError

from quantlat.errors import RunConflictError, StorageError
from quantlat.models.retention import RetentionConfig
from quantlat.search.candidate import AccuracyFloor, Candidate, Cost
from quantlat.search.latency_table import LatencyTable
from quantlat.search.proposers import Proposer
from quantlat.search.sampler import GivenSampler, distributions, make_sampler, parameter_name
from quantlat.search.space import RetentionSpace
from quantlat.search.stored import MEASURED, Refinements, open_study, read_candidate, storage_errors
from quantlat.search.worker import is_alive, on_this_host, this_worker

_SIGNATURE = "quantlat:signature"
_WORKER = "quantlat:worker"
_TABLE = "quantlat:latency table"
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
        proposer: decides what is measured next; ``None`` leaves it to optuna's ``sampler``.

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
        proposer: Proposer | None = None,
    ) -> None:
        self._space = space
        self._seed = seed
        self._population = population
        self._sampler = sampler
        self._cost = cost
        self._proposer = proposer
        self._mine: set[int] = set()
        self._read: dict[int, Candidate] = {}
        make_sampler(sampler, space, seed=0, population=population)  # a wrong name is an error now, not later
        self._study = open_study(storage, name)
        self._check_signature(f"{space}|{cost}|{signature}")
        rng = np.random.default_rng([seed, 0])
        self._seeds = proposer.first(population, rng) if proposer else space.first_generation(population, rng)
        self._refinements = Refinements(self._study)

    @property
    def finished(self) -> tuple[Candidate, ...]:
        """Everything measured so far, by any process, in the order of the trials; each on its largest part.

        Raises:
            StorageError: a stored trial cannot be read.
        """
        for trial in self._trials():
            if trial.state == TrialState.COMPLETE and trial.number not in self._read:
                self._read[trial.number] = read_candidate(trial)
        self._refinements.read()
        first = [self._read[number] for number in sorted(self._read)]
        return tuple(map(self._refinements.best, first))

    @property
    def spent_seconds(self) -> float:
        """Seconds that finished trials took on this host, in this and earlier runs."""
        own = [t for t in self._trials() if on_this_host(t.user_attrs.get(_WORKER, {}))]
        seconds = sum(trial.user_attrs.get(MEASURED, {}).get("seconds", 0.0) for trial in own)
        return float(seconds) + self._refinements.seconds

    @property
    def table(self) -> LatencyTable | None:
        """The latency table that the search began with; a continued search predicts with the same one."""
        stored = self._study.user_attrs.get(_TABLE)
        try:
            return None if stored is None else LatencyTable.model_validate_json(stored)
        except ValidationError as error:
            raise StorageError(
                f"the search storage holds a latency table that cannot be read: {error}",
                "It was written by another version; give another storage, or delete this one.",
            ) from error

    def keep_table(self, table: LatencyTable) -> None:
        """Store the latency table.

        Raises:
            StorageError: the storage cannot be used any more.
        """
        with storage_errors():
            self._study.set_user_attr(_TABLE, table.model_dump_json())

    def refine(self, candidate: Candidate, seconds: float) -> None:
        """Store what a larger part of the data says of a finished trial's configuration.

        Raises:
            StorageError: the storage cannot be used any more.
        """
        self._refinements.add(candidate, seconds)

    @property
    def running_elsewhere(self) -> int:
        """Trials that other living processes are measuring now."""
        return sum(_is_running(t) and t.number not in self._mine and not self._is_orphan(t) for t in self._trials())

    def ask(self, limit: int, near: Sequence[RetentionConfig] = ()) -> Proposal | None:
        """The next configuration to measure; ``None`` when ``limit`` trials are done or running, or none is new.

        Args:
            near: the best so far. Once the seeds are measured, every third trial of optuna's NSGA-II goes a small
                step further than one of these, and the sampler has the rest.

        Raises:
            StorageError: the storage cannot be used any more.
        """
        asked_at = time.monotonic()
        with storage_errors():
            self._abandon_orphans()
            sampled = 0
            while True:
                trials = self._trials()
                done = sum(trial.state == TrialState.COMPLETE for trial in trials)
                if done + sum(_is_running(trial) for trial in trials) >= limit:
                    return None
                given = self._next_given(trials)
                if given is None and self._proposer is not None and not sampled:
                    given = self._proposed(trials, done)
                elif given is None and near and done % 3 == 1 and not sampled:
                    given = self._cheaper(trials, done, near)
                if given is None and sampled >= _RESAMPLES:
                    given = self._unseen(trials, done)
                    if given is None:
                        return None
                trial, config = self._suggest(given, done, sampled)
                if not self._is_taken(trial.number, config):
                    return Proposal(config, trial, asked_at)
                self._study.tell(trial, state=TrialState.FAIL)
                self._mine.discard(trial.number)
                sampled += given is None

    def tell(self, proposal: Proposal, candidate: Candidate, floor: AccuracyFloor) -> None:
        """Store what was measured.

        A process that was silent for too long is taken for dead, and its configuration is measured by another
        one; what it tells then is dropped.

        Raises:
            StorageError: the storage cannot be used any more.
        """
        trial = proposal.trial
        # the constraint is wider than the floor, see AccuracyFloor.explore_drop
        allowance = floor.margin_z * candidate.drop_standard_error
        measured = {
            "seconds": time.monotonic() - proposal.asked_at,
            "candidate": candidate.without_samples().model_dump_json(),
        }
        with storage_errors(), suppress(UpdateFinishedTrialError):
            trial.set_constraint("accuracy", candidate.drop + allowance - floor.explore_drop)
            trial.set_user_attr(MEASURED, measured)
            self._study.tell(trial, [candidate.cost(self._cost), candidate.accuracy])
        self._mine.discard(trial.number)

    def give_up(self, proposal: Proposal) -> None:
        """Hand a configuration back unmeasured, because the search is being stopped; it is first in line later."""
        with storage_errors():
            self._abandon(proposal.trial.number)
        self._mine.discard(proposal.trial.number)

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

    def _next_given(self, trials: Sequence[FrozenTrial]) -> RetentionConfig | None:
        """What must be measured before the sampler is asked: abandoned configurations, then the seeds."""
        taken = {self._config_of(t) for t in trials if t.state == TrialState.COMPLETE or _is_running(t)}
        # a failed trial gave way to an equal one, or was stopped; only in the latter case is it not taken
        abandoned = [self._config_of(trial) for trial in trials if trial.state == TrialState.FAIL]
        return next((config for config in (*abandoned, *self._seeds) if config not in (None, *taken)), None)

    def _unseen(self, trials: Sequence[FrozenTrial], done: int) -> RetentionConfig | None:
        taken = {config for config in map(self._config_of, trials) if config is not None}
        rng = np.random.default_rng([self._seed, 1, done])
        return self._space.unseen(taken, rng, near=sorted(taken, key=str))

    def _proposed(self, trials: Sequence[FrozenTrial], done: int) -> RetentionConfig | None:
        assert self._proposer is not None
        taken = {config for config in map(self._config_of, trials) if config is not None}
        rng = np.random.default_rng([self._seed, 4, done])
        return self._proposer.propose(self.finished, taken, rng)

    def _cheaper(
        self, trials: Sequence[FrozenTrial], done: int, near: Sequence[RetentionConfig]
    ) -> RetentionConfig | None:
        taken = {config for config in map(self._config_of, trials) if config is not None}
        return self._space.cheaper(taken, np.random.default_rng([self._seed, 3, done]), near=near)

    def _suggest(self, given: RetentionConfig | None, done: int, attempt: int) -> tuple[Trial, RetentionConfig]:
        """Ask the sampler; the same seed and number of finished trials give the same answer after a restart."""
        seed = int(np.random.SeedSequence([self._seed, 2, done, attempt]).generate_state(1)[0])
        sampler = make_sampler(self._sampler, self._space, seed=seed, population=self._population)
        self._study.sampler = sampler if given is None else GivenSampler(sampler, self._space, given)
        trial = self._study.ask()
        self._mine.add(trial.number)
        trial.set_user_attr(_WORKER, this_worker())
        steps = [trial.suggest_int(name, 0, self._space.max_decrement) for name in distributions(self._space)]
        return trial, self._space.config(steps)

    def _config_of(self, trial: FrozenTrial) -> RetentionConfig | None:
        """The configuration that a trial is about, once it has said so."""
        steps = [trial.params.get(parameter_name(i)) for i in range(self._space.layers)]
        known = [step for step in steps if step is not None]
        return self._space.config(known) if len(known) == len(steps) else None

    def _is_taken(self, number: int, config: RetentionConfig) -> bool:
        """Whether an equal configuration is measured, or a trial of a lower number is about to measure it."""
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
            if trial.state == TrialState.COMPLETE or (_is_running(trial) and trial.number < number):
                return True
        return False

    def _abandon_orphans(self) -> None:
        for trial in self._trials():
            if _is_running(trial) and self._is_orphan(trial):
                self._abandon(trial.number)

    def _abandon(self, number: int) -> None:
        """End a trial so that its configuration is proposed again."""
        with suppress(ValueError, UpdateFinishedTrialError):  # another process may just have done so
            self._study.tell(number, state=TrialState.FAIL)

    def _is_orphan(self, trial: FrozenTrial) -> bool:
        """Whether the process that runs this trial is dead, or has been silent for longer than any trial takes."""
        worker = trial.user_attrs.get(_WORKER)
        if trial.number in self._mine:
            return False
        if worker is None or not on_this_host(worker):
            started = trial.datetime_start
            return started is not None and time.time() - started.timestamp() > _LEASE_S
        return not is_alive(worker)


def _is_running(trial: FrozenTrial) -> bool:
    return bool(trial.state == TrialState.RUNNING)
