"""Turn what the run measured into the rows of a report."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

from quantlat import __version__
from quantlat.data.examples import fingerprint
from quantlat.evaluation import EvaluationResult
from quantlat.evaluation.dev import STUDENT, Contestants, RuntimeAccuracy, UnusedRuntime, float_runtime
from quantlat.evaluation.latency import Throughput
from quantlat.latency import (
    Measurement,
    length_parts,
    median_ci,
    percentiles_supported,
    read_machine_facts,
    samples_needed,
)
from quantlat.metrics import bootstrap_mean, paired_difference
from quantlat.models import LoadedModel
from quantlat.pipeline.stage import StageContext
from quantlat.pipeline.store import Artifact
from quantlat.quantization.coverage import artifact_coverage
from quantlat.reporting import rows
from quantlat.reporting.collect import ReportData
from quantlat.reporting.verdict import runtime_name
from quantlat.runtimes import all_runtimes
from quantlat.stages.artifacts import TRAININGS, read_data_card
from quantlat.stages.report_example import example_info
from quantlat.stages.search_record import SearchRecord
from quantlat.tasks import get_task

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


def report_data(context: StageContext, findings: Findings) -> ReportData:
    """All rows of the report."""
    search = findings.search
    machine = read_machine_facts()
    return ReportData(
        created=datetime.now(UTC),
        quantlat_version=__version__,
        command=_command(context),
        recipe=_recipe_info(context),
        teacher=_model_card("teacher", findings.contestants.teacher, context.recipe.teacher.model),
        student=_model_card("student", findings.contestants.student, context.recipe.student.model),
        data=_data_info(context, findings.contestants),
        questions=_question_set(findings.contestants),
        metric=get_task(context.recipe.task).metric,
        machine=rows.MachineInfo(
            cpu=machine.cpu_model,
            fingerprint=machine.fingerprint,
            isa=machine.isa,
            cores=machine.usable_cores,
            threads=machine.threads,
            sockets=machine.sockets,
            quota_cores=machine.cpu_quota,
            memory_gib=machine.memory_gib,
            governor=machine.governor,
            virtualised=machine.virtualised,
            load=machine.load_1m,
            system=machine.system,
        ),
        versions=dict(newest_manifest(context.inputs).packages),
        stages=tuple(_stage_row(name, artifact) for name, artifact in context.inputs.items()),
        accuracy=tuple(_accuracy_rows(findings, seed=context.recipe.seed)),
        latency=tuple(_latency_rows(context, findings)),
        throughput=tuple(throughput_rows(context, findings)),
        settings=_settings(findings.latency),
        profiles=tuple(
            rows.ProfileRow(name=name, ratios=p.ratios, macs_relative=p.macs_relative, candidate=p.candidate)
            for name, p in search.profiles.items()
        ),
        search=_search_info(search),
        quantization=_quantization_info(findings),
        runtimes=tuple(_runtime_rows(findings.unused)),
        speedups=tuple(_speedups(findings.latency)),
        example=example_info(
            findings.contestants.windows,
            findings.contestants.student.tokenizer,
            findings.contestants.quantized,
            findings.contestants.profiles,
            read_data_card(context.inputs["data"]).labels,
        ),
        headline=rows.Headline(profile="balanced", runtime=search.runtime, threads=search.threads),
        warnings=(*search.notes, *_remarks(findings)),
    )


def _command(context: StageContext) -> str:
    """The command that made this run, apart from where its folder lies."""
    smoke = ["--smoke"] if context.smoke else []
    changes = [part for change in context.loaded.overrides for part in ("--set", change)]
    return shlex.join(["quantlat", "run", str(context.loaded.path), *smoke, *changes])


def _remarks(findings: Findings) -> Iterator[str]:
    if findings.contestants.same_shape and STUDENT in findings.latency:
        yield "Teacher and student have one shape: their fp32 times are one measurement; architecture gains nothing."


def newest_manifest(inputs: Mapping[str, Artifact]) -> Any:
    """Manifest of the stage that finished last."""
    return list(inputs.values())[-1].manifest


def _recipe_info(context: StageContext) -> rows.RecipeInfo:
    resolved = json.loads(context.recipe.model_dump_json())
    text = yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True, width=110)
    return rows.RecipeInfo(
        name=context.recipe.name,
        task=context.recipe.task,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
        path=str(context.loaded.path),
    )


def _model_card(name: str, loaded: LoadedModel, source: str) -> rows.ModelCard:
    return rows.ModelCard(
        name=name,
        source=source,
        layers=loaded.config.num_layers,
        hidden=loaded.config.hidden_size,
        parameters=sum(p.numel() for p in loaded.model.parameters()),
    )


def _data_info(context: StageContext, contestants: Contestants) -> rows.DataInfo:
    card = read_data_card(context.inputs["data"])
    return rows.DataInfo(
        name=card.name,
        kind=card.kind,  # type: ignore[arg-type]
        description=card.description,
        licence=card.licence,
        notice=card.notice,
        fingerprint=card.fingerprint,
        train_questions=sum(n for split, n in card.questions.items() if split != "dev"),
        dev_questions=card.questions["dev"],
        dev_windows=len(contestants.windows),
        tokens_mean=contestants.windows.report.tokens_mean,
        max_tokens=context.recipe.data.max_tokens,
        issues=card.issues,
        tried=card.tried,
    )


def _question_set(contestants: Contestants) -> rows.QuestionSet:
    examples = contestants.windows.examples
    numbers: dict[str, int] = {}
    passages = tuple(numbers.setdefault(example.group, len(numbers)) for example in examples)
    return rows.QuestionSet(sha256=fingerprint(examples), passages=passages)


def _stage_row(name: str, artifact: Artifact) -> rows.StageRow:
    manifest = artifact.manifest
    records = _training_records(artifact)
    seconds = sum(record["seconds"] for record in records.values())
    tokens = sum(record["tokens"] for record in records.values())
    speed = tokens / seconds if seconds else manifest.metrics.get("tokens_per_second")
    return rows.StageRow(
        name=name,
        seconds=manifest.seconds,
        tokens=tokens or None,
        tokens_per_second=float(speed) if isinstance(speed, int | float) else None,
        metrics={k: float(v) for k, v in manifest.metrics.items() if isinstance(v, int | float)},
        loss_curve=_loss_curve(list(records.values())[-1]) if records else (),
        curves=training_curves(artifact),
    )


def training_curves(artifact: Artifact) -> tuple[rows.TrainingCurve, ...]:
    """The loss curves of a stage that trained more than once; its only one is the stage's ``loss_curve``."""
    records = _training_records(artifact)
    if len(records) < 2:
        return ()
    return tuple(rows.TrainingCurve(name=name, points=_loss_curve(record)) for name, record in records.items())


def _training_records(artifact: Artifact) -> Mapping[str, Any]:
    trainings = artifact / TRAININGS
    records: dict[str, Any] = json.loads(trainings.read_text(encoding="utf-8")) if trainings.is_file() else {}
    return records


def _loss_curve(record: Mapping[str, Any]) -> tuple[tuple[int, float], ...]:
    """The minimised loss of one training."""
    curve = record["loss_curve"]
    column = curve["components"].index("total")
    return tuple((int(step), float(row[column])) for step, row in zip(curve["steps"], curve["values"], strict=True))


def _accuracy_rows(findings: Findings, *, seed: int) -> Iterator[rows.AccuracyRow]:
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


def _latency_rows(context: StageContext, findings: Findings) -> Iterator[rows.LatencyRow]:
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


def _named(key: str, context: StageContext, findings: Findings) -> tuple[str, rows.Role, str | None, str]:
    """Label, role, profile and runtime of what a key stands for."""
    profile = key.removeprefix("profile:") if key.startswith("profile:") else None
    role = rows.Role.PROFILE if profile else rows.Role(key)
    label = f"INT8 {profile}" if profile else _LABELS[role]
    runtime = _runtime(role, findings.search.runtime)
    named = label.format(max_tokens=context.recipe.data.max_tokens, runtime=runtime_name(runtime))
    return named, role, profile, runtime


def _settings(latency: Mapping[str, Measurement]) -> rows.MeasureSettingsInfo | None:
    """All latencies of a report come from one process."""
    settings = next((m.settings for m in latency.values() if m.settings is not None), None)
    return None if settings is None else rows.MeasureSettingsInfo.model_validate(settings)


def _runtime(role: rows.Role, chosen: str) -> str:
    if role in (rows.Role.TEACHER, rows.Role.STUDENT, *_PADDED):
        return "pytorch"
    if role is rows.Role.NNCF:
        return "openvino"
    return float_runtime(chosen) if role is rows.Role.STUDENT_RUNTIME else chosen


def _search_info(search: SearchRecord) -> rows.SearchInfo:
    candidates = tuple(
        rows.CandidateRow(
            number=number,
            ratios=trial.ratios,
            macs_relative=trial.macs_relative,
            accuracy=rows.Interval(
                estimate=trial.accuracy, low=trial.accuracy_ci[0], high=trial.accuracy_ci[1], n=trial.questions
            ),
            drop=rows.Interval(estimate=trial.drop, low=trial.drop_ci[0], high=trial.drop_ci[1], n=trial.questions),
            believed_drop=trial.believed_drop,
            latency_ms=trial.latency_ms,
            latency_ci_ms=trial.latency_ci_ms,
            latency_relative=trial.latency_relative,
        )
        for number, trial in enumerate(search.candidates)
    )
    teacher = search.reference == "teacher"
    return rows.SearchInfo(
        reference=f"fp32 full-length {search.reference}",
        reference_role=rows.Role.TEACHER if teacher else rows.Role.STUDENT,
        reference_accuracy=search.reference_accuracy,
        max_drop=search.max_drop,
        floor=search.reference_accuracy - search.max_drop,
        missed_by=search.missed_by,
        windows=search.windows,
        trials=search.trials,
        seconds=search.seconds,
        seed=search.seed,
        sampler=search.sampler,
        candidates=candidates,
        front=search.front,
    )


def _quantization_info(findings: Findings) -> rows.QuantizationInfo:
    quantized = findings.contestants.quantized
    coverage = artifact_coverage(quantized, tokens=round(findings.contestants.windows.report.tokens_mean))
    return rows.QuantizationInfo(
        method=f"static INT8, {quantized.calibration.tool}",
        fp32_mib=coverage.float_size_mib,
        int8_mib=coverage.size_mib,
        coverage_linears=coverage.int8_linears / coverage.linears,
        coverage_macs=coverage.int8_macs,
        fp32_linears=coverage.fp32_names,
        calibration=quantized.calibration.name,
        calibration_windows=quantized.calibration.windows,
    )


def _runtime_rows(unused: Sequence[UnusedRuntime]) -> Iterator[rows.RuntimeRow]:
    reasons = {runtime.name: runtime.reason for runtime in unused}
    for runtime in all_runtimes():
        found = runtime.availability()
        usable = found.usable and runtime.name not in reasons
        yield rows.RuntimeRow(
            name=runtime.name,
            usable=usable,
            version=found.version or None,
            reason=None if usable else reasons.get(runtime.name, found.reason),
        )


def _speedups(latency: Mapping[str, Measurement]) -> Iterator[rows.SpeedupRow]:
    """Every measured thing against every slower-by-design one: baselines first, then profiles."""
    keys = list(latency)
    for i, over in enumerate(keys):
        for of in keys[i + 1 :]:
            ratio = latency[over].ratio_to(latency[of])
            yield rows.SpeedupRow(of=of, over=over, ratio=rows.Interval.model_validate(ratio))
