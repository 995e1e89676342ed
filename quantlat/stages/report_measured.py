"""Rows of what the report measured: accuracies, latencies, throughput and speedups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from quantlat.evaluation import EvaluationResult
from quantlat.evaluation.dev import STUDENT, Contestants, RuntimeAccuracy, UnusedRuntime, float_runtime
from quantlat.evaluation.latency_job import Throughput
from quantlat.latency import Measurement, length_parts, median_ci, percentiles_supported, samples_needed
from quantlat.metrics import bootstrap_mean, paired_difference
from quantlat.pipeline.stage import StageContext
from quantlat.reporting import rows
from quantlat.reporting.verdict import runtime_name
from quantlat.stages.search_record import SearchRecord

_LABELS = {
    rows.Role.TEACHER_PADDED: "teacher fp32, padded to {max_tokens}",
    rows.Role.TEACHER: "teacher fp32",
    rows.Role.STUDENT_PADDED: "student fp32, padded to {max_tokens}",
    rows.Role.STUDENT: "student fp32",
    rows.Role.STUDENT_RUNTIME: "student fp32 in {runtime}",
    rows.Role.NNCF: "student INT8 by NNCF in OpenVINO",
}
_PERCENTILES = (90, 95, 99)
_PADDED = (rows.Role.TEACHER_PADDED, rows.Role.STUDENT_PADDED)


@dataclass(frozen=True)
class Findings:
    """Everything the report stage measured."""

    contestants: Contestants
    search: SearchRecord
    latency: Mapping[str, Measurement]
    throughput: Sequence[Throughput]
    accuracy: Mapping[str, EvaluationResult]
    by_runtime: Sequence[RuntimeAccuracy]
    unused: Sequence[UnusedRuntime]
    other_threads: Mapping[int, Mapping[str, Measurement]] = field(default_factory=dict)


def accuracy_rows(findings: Findings, *, seed: int) -> Iterator[rows.AccuracyRow]:
    """Accuracy of every model on dev, with its paired difference to the fp32 student."""
    reference = findings.accuracy[STUDENT]
    passages = [example.group for example in findings.contestants.windows.examples]
    for key, result in findings.accuracy.items():
        role = rows.Role(key)
        runtime = "openvino" if role is rows.Role.NNCF else "pytorch"
        yield _accuracy_row(result, reference, passages, seed, label=_LABELS[role], role=role, runtime=runtime)
    for found in findings.by_runtime:
        yield _accuracy_row(
            found.result,
            reference,
            passages,
            seed,
            label=f"INT8 {found.profile}",
            role=rows.Role.PROFILE,
            runtime=found.runtime,
            profile=found.profile,
        )


def _accuracy_row(
    result: EvaluationResult,
    reference: EvaluationResult,
    passages: Sequence[str],
    seed: int,
    *,
    label: str,
    role: rows.Role,
    runtime: str,
    profile: str | None = None,
) -> rows.AccuracyRow:
    groups = passages if len(set(passages)) >= 20 else None
    difference = None
    if role is not rows.Role.STUDENT:
        paired = paired_difference(result.score.per_example, reference.score.per_example, seed=seed, groups=groups)
        difference = rows.Difference(
            reference=rows.Role.STUDENT.value,
            interval=rows.Interval.model_validate(paired.interval),
            distinguishable=bool(paired.distinguishable),
        )
    interval = bootstrap_mean(result.score.per_example, seed=seed, groups=groups)
    exact = result.score.exact_per_example
    return rows.AccuracyRow(
        label=label,
        role=role,
        profile=profile,
        runtime=runtime,
        points=rows.Interval.model_validate(interval),
        em=float(exact.mean()) if exact is not None else None,
        em_interval=rows.Interval.model_validate(bootstrap_mean(exact, seed=seed, groups=groups))
        if exact is not None
        else None,
        n=result.score.n,
        difference=difference,
        points_per_example=tuple(round(float(points), 2) for points in result.score.per_example),
    )


def latency_rows(context: StageContext, findings: Findings) -> Iterator[rows.LatencyRow]:
    """Latency of every model, with the number of threads that serves and with the others."""
    by_threads = {findings.search.threads: findings.latency, **findings.other_threads}
    for threads, key, measured in ((n, key, m) for n, found in by_threads.items() for key, m in found.items()):
        label, role, profile, runtime = _named(key, context, findings)
        yield rows.LatencyRow(
            label=label,
            role=role,
            profile=profile,
            runtime=runtime,
            precision="int8" if profile or role is rows.Role.NNCF else "fp32",
            padded=role in _PADDED,
            tokens_mean=sum(measured.tokens) / len(measured.tokens),
            threads=threads,
            median_ms=measured.median_ms,
            ci_ms=measured.ci_ms,
            level=measured.level,
            n=measured.n,
            percentiles=tuple(rows.Percentile(q=q, ms=ms) for q, ms in measured.percentiles_ms.items()),
            mean=rows.Interval.model_validate(measured.mix_mean),
            unsupported=tuple(
                rows.UnsupportedPercentile(q=q, needed=samples_needed(q))
                for q in _PERCENTILES
                if q not in measured.percentiles_ms
            ),
            by_length=tuple(length_latencies(measured)),
            samples_ms=measured.samples_ms,
            sample_tokens=measured.tokens,
            reliable=measured.reliable,
            warnings=tuple(warning.advice for warning in measured.warnings),
        )


def length_latencies(measured: Measurement) -> Iterator[rows.LengthLatency]:
    """Latency of short, medium and long requests."""
    for part in length_parts(measured.samples_ms, measured.tokens):
        yield rows.LengthLatency(
            tokens_low=part.tokens[0],
            tokens_high=part.tokens[1],
            median=rows.Interval.model_validate(median_ci(part.samples_ms)),
            p90_ms=percentiles_supported(part.samples_ms).get(90),
        )


def throughput_rows(context: StageContext, findings: Findings) -> Iterator[rows.ThroughputRow]:
    """Windows per second for every batch size and number of threads."""
    for found in findings.throughput:
        label, role, profile, runtime = _named(found.key, context, findings)
        yield rows.ThroughputRow(
            label=label,
            role=role,
            profile=profile,
            runtime=runtime,
            batch=found.batch,
            threads=found.threads,
            windows=found.windows,
            windows_per_s=rows.Interval.model_validate(found.windows_per_s),
            reliable=found.measurement.reliable,
            warnings=tuple(warning.advice for warning in found.measurement.warnings),
        )


def speedup_rows(latency: Mapping[str, Measurement]) -> Iterator[rows.SpeedupRow]:
    """Every measured thing against every slower-by-design one: baselines first, then profiles."""
    keys = list(latency)
    for i, over in enumerate(keys):
        for of in keys[i + 1 :]:
            ratio = latency[over].ratio_to(latency[of])
            yield rows.SpeedupRow(of=of, over=over, ratio=rows.Interval.model_validate(ratio))


def settings_info(latency: Mapping[str, Measurement]) -> rows.MeasureSettingsInfo | None:
    """All latencies of a report come from one process."""
    settings = next((m.settings for m in latency.values() if m.settings is not None), None)
    return None if settings is None else rows.MeasureSettingsInfo.model_validate(settings)


def _named(key: str, context: StageContext, findings: Findings) -> tuple[str, rows.Role, str | None, str]:
    """Label, role, profile and runtime of what a key stands for."""
    profile = key.removeprefix("profile:") if key.startswith("profile:") else None
    role = rows.Role.PROFILE if profile else rows.Role(key)
    label = f"INT8 {profile}" if profile else _LABELS[role]
    runtime = _runtime(role, findings.search.runtime)
    named = label.format(max_tokens=context.recipe.data.max_tokens, runtime=runtime_name(runtime))
    return named, role, profile, runtime


def _runtime(role: rows.Role, chosen: str) -> str:
    if role in (rows.Role.TEACHER, rows.Role.STUDENT, *_PADDED):
        return "pytorch"
    if role is rows.Role.NNCF:
        return "openvino"
    return float_runtime(chosen) if role is rows.Role.STUDENT_RUNTIME else chosen
