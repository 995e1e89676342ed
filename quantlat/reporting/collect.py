"""What a report is made of: one frozen data structure that every output is drawn from.

``ReportData`` is the whole content of ``report.json``, raw samples included. Markdown, CSV, the figures, the
table on the screen and the HTML page take it and nothing else, so all of them say the same, and a report
can be rebuilt from its JSON file alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import model_validator

from quantlat.metrics import F1, Metric
from quantlat.reporting.rows import (
    SAME_PREDICTIONS,
    AccuracyRow,
    DataInfo,
    ExampleInfo,
    Headline,
    Interval,
    LatencyRow,
    MachineInfo,
    MeasureSettingsInfo,
    ModelCard,
    ProfileRow,
    QuantizationInfo,
    QuestionSet,
    RecipeInfo,
    Role,
    Row,
    RuntimeRow,
    SearchInfo,
    SpeedupRow,
    StageRow,
    ThroughputRow,
)

SCHEMA_VERSION: Literal[1] = 1


class ReportData(Row):
    """Everything a report says; the content of ``report.json``."""

    schema_version: Literal[1] = SCHEMA_VERSION
    created: datetime
    quantlat_version: str
    command: str | None = None
    recipe: RecipeInfo
    teacher: ModelCard | None = None
    student: ModelCard
    data: DataInfo
    questions: QuestionSet | None = None
    metric: Metric = F1
    machine: MachineInfo
    versions: dict[str, str]
    stages: tuple[StageRow, ...]
    accuracy: tuple[AccuracyRow, ...]
    latency: tuple[LatencyRow, ...]
    throughput: tuple[ThroughputRow, ...] = ()
    settings: MeasureSettingsInfo | None = None
    profiles: tuple[ProfileRow, ...]
    search: SearchInfo | None = None
    quantization: QuantizationInfo | None = None
    runtimes: tuple[RuntimeRow, ...] = ()
    speedups: tuple[SpeedupRow, ...] = ()
    example: ExampleInfo | None = None
    headline: Headline
    caveats: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _keys_exist(self) -> Self:
        names = [p.name for p in self.profiles]
        if self.headline.profile not in names:
            raise ValueError(f"headline profile {self.headline.profile!r} is not one of {names}")
        for i, profile in enumerate(self.profiles):
            earlier = {(p.name, p.ratios) for p in self.profiles[:i] if p.same_as is None}
            if profile.same_as is not None and (profile.same_as, profile.ratios) not in earlier:
                raise ValueError(f"profile {profile.name!r} is not the same configuration as {profile.same_as!r}")
        keys = {row.key for row in self.latency}
        for speedup in self.speedups:
            for key in (speedup.of, speedup.over):
                if key not in keys:
                    raise ValueError(f"speedup names {key!r}, but latency was measured for {sorted(keys)}")
        numbers = {c.number for c in self.search.candidates} if self.search else set()
        if self.search and not set(self.search.front) <= numbers:
            raise ValueError(f"front names candidates {sorted(set(self.search.front) - numbers)} that do not exist")
        shown = [p.profile for p in self.example.profiles] if self.example is not None else []
        if not set(shown) <= set(names):
            raise ValueError(f"the example shows profiles {shown}, but there are {names}")
        asked = len(self.questions.passages) if self.questions is not None else 0
        for row in self.accuracy:
            if row.split == "dev" and len(row.points_per_example) not in (0, asked):
                raise ValueError(f"{row.label!r} has points of {len(row.points_per_example)} of {asked} examples")
        return self

    def profile(self, name: str) -> ProfileRow:
        """The profile of that name; raises ``KeyError`` when there is none."""
        for row in self.profiles:
            if row.name == name:
                return row
        raise KeyError(name)

    def names_of(self, name: str) -> tuple[str, ...]:
        """All names of a profile's configuration, its own among them; they share what was measured."""
        first = self.profile(name).same_as or name
        return tuple(p.name for p in self.profiles if first in (p.name, p.same_as))

    def latency_of(self, key: str) -> LatencyRow | None:
        """The latency row of a key at the headline's threads and batch (and its runtime, for profiles)."""
        rows = [r for r in self.latency if r.key == key and r.batch == self.headline.batch]
        rows = [r for r in rows if r.threads == self.headline.threads]
        if key.startswith(Role.PROFILE.value):
            rows = [r for r in rows if r.runtime == self.headline.runtime]
        return rows[0] if rows else None

    def accuracy_of(self, key: str) -> AccuracyRow | None:
        """The dev accuracy of a key; a padded baseline has the accuracy of the same model without padding."""
        rows = [r for r in self.accuracy if r.key == key and r.split == "dev"]
        here = [r for r in rows if r.runtime == self.headline.runtime]
        if rows:
            return (here or rows)[0]
        plain = {role.value: other.value for role, other in SAME_PREDICTIONS.items()}.get(key)
        return self.accuracy_of(plain) if plain is not None else None

    def speedup(self, of: str, over: str) -> float | None:
        """Ratio of latencies: the one measured side by side if there is one, else the ratio of the medians."""
        row = self.speedup_row(of, over)
        if row is not None:
            return row.ratio.estimate
        fast, slow = self.latency_of(of), self.latency_of(over)
        return slow.median_ms / fast.median_ms if fast is not None and slow is not None else None

    def speedup_row(self, of: str, over: str) -> SpeedupRow | None:
        """The speedup measured side by side, with its interval, if there is one; either way round."""
        for row in self.speedups:
            if (row.of, row.over) == (of, over):
                return row
            if (row.of, row.over) == (over, of):
                ratio = row.ratio
                limits = {"estimate": 1 / ratio.estimate, "low": 1 / ratio.high, "high": 1 / ratio.low}
                return SpeedupRow(of=of, over=over, ratio=Interval(**limits, level=ratio.level, n=ratio.n))
        return None
