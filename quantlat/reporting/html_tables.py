"""The tables of the HTML page: models and profiles, and accuracy by runtime."""

from __future__ import annotations

from dataclasses import dataclass

from quantlat.reporting import formatting as fmt
from quantlat.reporting import html_numbers as num
from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import BASELINE_LETTERS, AccuracyRow, LatencyRow, Role, profile_key
from quantlat.reporting.same_profiles import same_text
from quantlat.reporting.verdict import reference_accuracy, runtime_name


@dataclass(frozen=True)
class ModelLine:
    """One baseline or profile of the main table."""

    name: str
    detail: str
    is_profile: bool
    recommended: bool
    latency: num.Quantity
    speedups: tuple[num.Quantity, ...]
    points: num.Quantity
    em: num.Quantity
    difference: num.Quantity
    macs: str


@dataclass(frozen=True)
class ModelTable:
    """The main table; ``versus`` heads its speedup columns."""

    versus: tuple[tuple[str, str], ...]
    lines: tuple[ModelLine, ...]
    reference: str


@dataclass(frozen=True)
class AccuracyLine:
    """Points and exact match of one model in one runtime."""

    name: str
    is_profile: bool
    runtime: str
    points: num.Quantity
    em: num.Quantity
    difference: num.Quantity


def model_table(data: ReportData) -> ModelTable:
    """Baselines (a) to (d), then the profiles."""
    keys = [role.value for role in BASELINE_LETTERS] + [profile_key(p.name) for p in data.profiles]
    keys = [key for key in keys if data.latency_of(key) is not None or data.accuracy_of(key) is not None]
    over = [role for role in (Role.TEACHER, Role.STUDENT) if data.latency_of(role.value) is not None]
    if data.latency_of(Role.NNCF.value) is not None:
        over.append(Role.NNCF)
    versus = tuple((f"vs ({BASELINE_LETTERS[role]})", _label(data, role)) for role in over)
    return ModelTable(versus, tuple(_model_line(data, key, over) for key in keys), compared_with(data))


def _label(data: ReportData, role: Role) -> str:
    row = data.latency_of(role.value)
    return row.label if row is not None else role.value


def _model_line(data: ReportData, key: str, over: list[Role]) -> ModelLine:
    latency, accuracy = data.latency_of(key), data.accuracy_of(key)
    row = latency or accuracy
    assert row is not None
    letter = BASELINE_LETTERS.get(row.role)
    macs = [fmt.percent(p.macs_relative) for p in data.profiles if profile_key(p.name) == key]
    return ModelLine(
        name=f"({letter}) {row.label}" if letter else row.profile or row.label,
        detail=_detail(data, row),
        is_profile=row.role is Role.PROFILE,
        recommended=key == profile_key(data.headline.profile),
        latency=num.milliseconds(latency) if latency is not None else num.NOTHING,
        speedups=tuple(_speedup(data, key, role.value) for role in over),
        points=num.points(accuracy.points) if accuracy is not None else num.NOTHING,
        em=num.exact_match(accuracy),
        difference=_difference(data, accuracy),
        macs=macs[0] if macs else num.ABSENT,
    )


def _detail(data: ReportData, row: LatencyRow | AccuracyRow) -> str:
    parts = [runtime_name(row.runtime)]
    parts += [_precision(row)] if isinstance(row, LatencyRow) else []
    same = same_text(data.profile(row.profile)) if row.profile is not None else ""
    return ", ".join([*parts, *([same] if same else [])])


def _difference(data: ReportData, row: AccuracyRow | None) -> num.Quantity:
    reference = reference_accuracy(data)
    if row is not None and row.difference is None and (row.role is Role.STUDENT or row is reference):
        return num.Quantity("reference")
    return num.difference(row)


def compared_with(data: ReportData) -> str:
    """What the differences are differences to."""
    named = next((row.difference.reference for row in data.accuracy if row.difference is not None), Role.STUDENT.value)
    return {Role.STUDENT.value: "fp32 student", Role.TEACHER.value: "fp32 teacher"}.get(named, named)


def _speedup(data: ReportData, key: str, over: str) -> num.Quantity:
    if key == over:
        return num.Quantity(fmt.ratio(1.0))
    return num.times(data.speedup(key, over), data.speedup_row(key, over))


def accuracy_lines(data: ReportData) -> tuple[AccuracyLine, ...]:
    """Dev accuracy of every model in every runtime."""
    return tuple(
        AccuracyLine(
            name=row.profile or row.label,
            is_profile=row.profile is not None,
            runtime=runtime_name(row.runtime),
            points=num.points(row.points, 2),
            em=num.exact_match(row),
            difference=num.difference(row),
        )
        for row in data.accuracy
        if row.split == "dev"
    )


def _precision(row: LatencyRow) -> str:
    return row.precision.upper() if row.precision == "int8" else row.precision
