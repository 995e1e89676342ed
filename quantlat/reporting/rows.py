"""The rows of a report: small frozen models that the measuring rooms convert their results into.

Speedups are quoted against named baselines, all measured in the same run:

* (a) teacher, fp32 PyTorch, padded to the maximum length: the protocol of the published papers;
* (b) teacher, fp32 PyTorch, no padding;
* (c) student, fp32 PyTorch, no padding;
* (d) student in OpenVINO, INT8 by NNCF: what a user would pick instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Ratio = Annotated[float, Field(gt=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


_PLACES = ("_DIR", "_PATH", "_HOME")


class Role(StrEnum):
    """What a measured model is in the comparison; its value is the row's ``key`` (profiles add their name)."""

    TEACHER_PADDED = "teacher-fp32-padded"
    TEACHER = "teacher-fp32"
    STUDENT_PADDED = "student-fp32-padded"
    STUDENT = "student-fp32"
    STUDENT_RUNTIME = "student-fp32-runtime"
    NNCF = "student-int8-nncf"
    PROFILE = "profile"


BASELINE_LETTERS: dict[Role, str] = {
    Role.TEACHER_PADDED: "a",
    Role.TEACHER: "b",
    Role.STUDENT: "c",
    Role.NNCF: "d",
}
# Padding and the runtime change the time, not the predictions: accuracy is looked up under the plain role.
SAME_PREDICTIONS: dict[Role, Role] = {
    Role.TEACHER_PADDED: Role.TEACHER,
    Role.STUDENT_PADDED: Role.STUDENT,
    Role.STUDENT_RUNTIME: Role.STUDENT,
}


class Row(BaseModel):
    """A frozen row: unknown fields, NaN and infinities are refused; any object with the same attributes converts."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, from_attributes=True)


class Interval(Row):
    """An estimate with its confidence interval; unit of the estimate; ``n`` independent observations.

    Where the observations say nothing about the spread (infinite limits), the interval shrinks to the estimate and
    ``level`` is 0: see ``known``.
    """

    estimate: float
    low: float
    high: float
    level: float = 0.95
    n: int

    @model_validator(mode="before")
    @classmethod
    def _unbounded_is_unknown(cls, value: Any) -> Any:
        given = value if isinstance(value, Mapping) else {k: getattr(value, k, None) for k in cls.model_fields}
        limits = (given.get("low"), given.get("high"))
        if any(isinstance(limit, float) and math.isinf(limit) for limit in limits):
            return {**given, "low": given.get("estimate"), "high": given.get("estimate"), "level": 0.0}
        return given

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"interval limits are swapped: low {self.low:g} > high {self.high:g}")
        return self

    @property
    def known(self) -> bool:
        """False when nothing is known about the spread."""
        return self.level > 0.0


class Difference(Row):
    """A paired difference (points, this minus reference) and whether it can be told from zero."""

    reference: str
    interval: Interval
    distinguishable: bool


class RecipeInfo(Row):
    """The recipe as it was run: ``text`` is the resolved YAML, ``sha256`` its hash."""

    name: str
    task: str
    sha256: str
    text: str
    path: str | None = None


class ModelCard(Row):
    """Size and origin of a model."""

    name: str
    source: str
    layers: int
    hidden: int
    parameters: int | None = None


class DataInfo(Row):
    """The data source used, its licence, counts and defects; ``tried`` names the sources passed over and why."""

    name: str
    kind: Literal["files", "hub", "embedded"]
    description: str
    licence: str
    notice: str | None = None
    fingerprint: str | None = None
    train_questions: int
    dev_questions: int
    dev_windows: int | None = None
    tokens_mean: float | None = None
    max_tokens: int
    issues: dict[str, int] = Field(default_factory=dict)
    tried: tuple[str, ...] = ()


class QuestionSet(Row):
    """The dev examples that accuracies are means over, so that two reports can tell whether they saw the same.

    ``sha256`` is over their content, in order; ``passages[i]`` numbers the passage of question ``i`` (texts
    have none and stand for themselves).
    """

    sha256: str
    passages: tuple[int, ...]


class MachineInfo(Row):
    """Facts about the machine that measured; ``cores`` are those this process may use."""

    cpu: str
    fingerprint: str
    isa: tuple[str, ...] = ()
    cores: int
    threads: int | None = None
    sockets: int | None = None
    quota_cores: float | None = None
    memory_gib: float | None = None
    governor: str | None = None
    virtualised: bool | None = None
    load: float | None = None
    system: str | None = None


class TrainingCurve(Row):
    """Loss per optimiser step of one training of a stage."""

    name: str
    points: tuple[tuple[int, float], ...]


class StageRow(Row):
    """One stage of the run: wall seconds, training tokens per second, loss per optimiser step.

    ``loss_curve`` is that of the stage's last training, ``curves`` those of all of them where there are several.
    """

    name: str
    seconds: float
    tokens: int | None = None
    tokens_per_second: float | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    loss_curve: tuple[tuple[int, float], ...] = ()
    curves: tuple[TrainingCurve, ...] = ()


class _Measured(Row):
    label: str
    role: Role
    profile: str | None = None
    runtime: str

    @model_validator(mode="after")
    def _profile_is_named(self) -> Self:
        if (self.role is Role.PROFILE) != (self.profile is not None):
            raise ValueError(f"row {self.label!r}: rows of role 'profile', and only those, name their profile")
        return self

    @property
    def key(self) -> str:
        """``student-fp32`` for a baseline, ``profile:balanced`` for a profile."""
        return profile_key(self.profile) if self.profile is not None else self.role.value


_FORMER_NAMES = {"f1": "points", "f1_per_question": "points_per_example"}


class AccuracyRow(_Measured):
    """Points (0 to 100) of the task's metric for one model in one runtime on one split of the data; EM for questions.

    ``points_per_example`` holds the points of each example to two decimals, in the order of ``ReportData.questions``;
    it is empty in reports from before there was any.
    """

    split: Literal["dev", "search"] = "dev"
    points: Interval
    em: float | None = None
    em_interval: Interval | None = None
    n: int
    difference: Difference | None = None
    points_per_example: tuple[float, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_metric(cls, values: Any) -> Any:
        """Reports from before there were other metrics say ``f1``."""
        if not isinstance(values, Mapping):
            return values
        return {_FORMER_NAMES.get(name, name): value for name, value in values.items()}


class Percentile(Row):
    """A percentile that the number of samples supports, e.g. ``q=90``."""

    q: float
    ms: float


class UnsupportedPercentile(Row):
    """A percentile that is not given, because the samples are fewer than the ``needed`` ones."""

    q: float
    needed: int


class LengthLatency(Row):
    """Latency (ms) of the requests of similar length, from the shortest to the longest of them in real tokens."""

    tokens_low: int
    tokens_high: int
    median: Interval
    p90_ms: float | None = None


class ThroughputRow(_Measured):
    """Windows per second when the whole workload runs in batches of similar length; ``windows`` is its size.

    The interval is over rounds. ``reliable`` and ``warnings`` as in latency rows.
    """

    batch: int
    threads: int
    windows: int
    windows_per_s: Interval
    reliable: bool = True
    warnings: tuple[str, ...] = ()


class MeasureSettingsInfo(Row):
    """How the measuring process was set up; measurements compare only where these agree.

    ``cpus`` are those it was pinned to; ``environment`` the variables that size thread pools and allocators.
    """

    own_process: bool
    threads: int
    cpus: tuple[int, ...]
    allocator: str
    thread_pools: dict[str, int] = Field(default_factory=dict)
    environment: dict[str, str] = Field(default_factory=dict)
    debug: tuple[str, ...] = ()

    @property
    def steering(self) -> dict[str, str]:
        """The variables that change how fast anything runs, without those that only say where files lie."""
        return {name: value for name, value in self.environment.items() if not name.endswith(_PLACES)}


class LatencyRow(_Measured):
    """Time per request on the task's real lengths: median with interval (ms), raw samples, warnings.

    ``level`` is what the interval of the median covers: less than 0.95 where the samples are too few for it.
    ``samples_ms[i]`` is one request of ``sample_tokens[i]`` real tokens; ``tokens_mean`` is their mean, also
    where the request was padded (``padded``). ``mean`` is over the mix of lengths, with its interval; percentiles
    that so few samples cannot support are named in ``unsupported``.
    """

    precision: Literal["fp32", "bf16", "int8"]
    padded: bool = False
    tokens_mean: float
    batch: int = 1
    threads: int
    median_ms: Positive
    ci_ms: tuple[float, float]
    level: float = 0.95
    n: int
    percentiles: tuple[Percentile, ...] = ()
    mean: Interval | None = None
    unsupported: tuple[UnsupportedPercentile, ...] = ()
    by_length: tuple[LengthLatency, ...] = ()
    samples_ms: tuple[float, ...] = ()
    sample_tokens: tuple[int, ...] = ()
    reliable: bool = True
    warnings: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        low, high = self.ci_ms
        if not low <= self.median_ms <= high:
            raise ValueError(f"row {self.label!r}: median {self.median_ms:g} ms outside [{low:g}, {high:g}]")
        if self.sample_tokens and len(self.sample_tokens) != len(self.samples_ms):
            raise ValueError(
                f"row {self.label!r}: {len(self.samples_ms)} samples but {len(self.sample_tokens)} token counts"
            )
        return self


class CandidateRow(Row):
    """One configuration tried by the search, measured on the search split.

    ``drop`` is the paired difference reference minus this (points); ``believed_drop`` is what the search took it for,
    because few questions alone say little, and what the front is made of. ``latency_relative`` is the time relative to
    full length measured close by, which is free of the machine's drift.
    """

    number: int
    ratios: tuple[Ratio, ...]
    macs_relative: float
    accuracy: Interval
    drop: Interval | None = None
    believed_drop: float | None = None
    latency_ms: Positive
    latency_ci_ms: tuple[float, float] | None = None
    latency_relative: Positive | None = None


class ProfileRow(Row):
    """A named configuration: the share of real tokens each layer keeps; ``candidate`` is its search number."""

    name: str
    ratios: tuple[Ratio, ...]
    macs_relative: float
    candidate: int | None = None


class SearchInfo(Row):
    """What the search was asked and what it found; accuracies are on the search split.

    ``floor`` is the accuracy asked for (``reference_accuracy - max_drop``); ``missed_by`` > 0 is how far the
    nearest configuration stays under it, ``None`` means that the floor was met. ``front`` lists candidate numbers.
    """

    reference: str
    reference_role: Literal[Role.STUDENT, Role.TEACHER] = Role.STUDENT
    reference_accuracy: float
    max_drop: float
    floor: float
    missed_by: float | None = None
    windows: int
    trials: int
    seconds: float
    seed: int | None = None
    sampler: str | None = None
    candidates: tuple[CandidateRow, ...]
    front: tuple[int, ...]


class QuantizationInfo(Row):
    """Size before and after (MiB), and the share of linears and of MACs that run in INT8."""

    method: str
    fp32_mib: float
    int8_mib: float
    coverage_linears: float
    coverage_macs: float
    fp32_linears: tuple[str, ...] = ()
    calibration: str | None = None
    calibration_windows: int | None = None


class RuntimeRow(Row):
    """Whether a runtime could be used here; if not, ``reason`` says why."""

    name: str
    usable: bool
    version: str | None = None
    reason: str | None = None


class SpeedupRow(Row):
    """How many times faster ``of`` is than ``over`` (keys of latency rows), from rounds measured side by side."""

    of: str
    over: str
    ratio: Interval


class ExampleToken(Row):
    """A token of the example as it reads in the text, and whether a space stands before it."""

    text: str
    space: bool
    part: Literal["special", "question", "passage", "text", "pair"]


class ExampleProfile(Row):
    """What a profile does with the example: ``survives[i]`` is after how many layers token ``i`` is still alive."""

    profile: str
    survives: tuple[int, ...]
    answer: str


class ExampleInfo(Row):
    """One real question or text: its tokens, how long each lives in each profile, and what the model says of it.

    ``source`` says which it is; answers and ``reference`` are names of classes where it is a text.
    """

    id: str
    tokens: tuple[ExampleToken, ...]
    profiles: tuple[ExampleProfile, ...]
    reference: str
    source: str

    @model_validator(mode="after")
    def _one_fate_per_token(self) -> Self:
        for row in self.profiles:
            if len(row.survives) != len(self.tokens):
                raise ValueError(f"profile {row.profile!r}: {len(row.survives)} fates for {len(self.tokens)} tokens")
        return self


class Headline(Row):
    """The setting that the verdict quotes: recommended profile, deployed runtime, threads, batch."""

    profile: str
    runtime: str
    threads: int
    batch: int = 1


def profile_key(profile: str) -> str:
    """Key of the rows of a profile, e.g. ``profile:balanced``."""
    return f"{Role.PROFILE.value}:{profile}"
