"""What was measured, where and from what: recipe, models, data, machine, stages, runtimes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from quantlat.reporting.rows.base import Row

_PLACES = ("_DIR", "_PATH", "_HOME")


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
