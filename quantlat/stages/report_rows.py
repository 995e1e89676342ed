"""Turn what the run measured into the rows of a report."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import yaml

from quantlat import __version__
from quantlat.data.examples import fingerprint
from quantlat.evaluation.dev import STUDENT, Contestants, UnusedRuntime
from quantlat.latency import read_machine_facts
from quantlat.models import LoadedModel
from quantlat.pipeline.stage import StageContext
from quantlat.pipeline.store import Artifact
from quantlat.quantization.coverage import artifact_coverage
from quantlat.reporting import rows
from quantlat.reporting.collect import ReportData
from quantlat.runtimes import all_runtimes
from quantlat.stages.artifacts import read_data_card
from quantlat.stages.report_example import example_info
from quantlat.stages.report_measured import (
    Findings,
    accuracy_rows,
    latency_rows,
    settings_info,
    speedup_rows,
    throughput_rows,
)
from quantlat.stages.report_training import stage_row
from quantlat.stages.search_record import SearchRecord
from quantlat.tasks import task_of


def report_data(context: StageContext, findings: Findings) -> ReportData:
    """All rows of the report."""
    search = findings.search
    return ReportData(
        created=datetime.now(UTC),
        quantlat_version=__version__,
        command=_command(context),
        recipe=_recipe_info(context),
        teacher=_model_card("teacher", findings.contestants.teacher, context.recipe.teacher.model),
        student=_model_card("student", findings.contestants.student, context.recipe.student.model),
        data=_data_info(context, findings.contestants),
        questions=_question_set(findings.contestants),
        metric=task_of(context.recipe).metric,
        machine=_machine_info(),
        versions=dict(newest_manifest(context.inputs).packages),
        stages=tuple(stage_row(name, artifact) for name, artifact in context.inputs.items()),
        accuracy=tuple(accuracy_rows(findings, seed=context.recipe.seed)),
        latency=tuple(latency_rows(context, findings)),
        throughput=tuple(throughput_rows(context, findings)),
        settings=settings_info(findings.latency),
        profiles=tuple(_profile_rows(search)),
        search=_search_info(search),
        quantization=_quantization_info(findings),
        runtimes=tuple(_runtime_rows(findings.unused)),
        speedups=tuple(speedup_rows(findings.latency)),
        example=_example_info(context, findings.contestants),
        headline=rows.Headline(profile="balanced", runtime=search.runtime, threads=search.threads),
        warnings=(*search.notes, *_remarks(findings)),
    )


def _machine_info() -> rows.MachineInfo:
    machine = read_machine_facts()
    return rows.MachineInfo(
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
    )


def _example_info(context: StageContext, contestants: Contestants) -> rows.ExampleInfo | None:
    return example_info(
        contestants.windows,
        contestants.student.tokenizer,
        contestants.quantized,
        contestants.profiles,
        read_data_card(context.inputs["data"]).labels,
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


def _profile_rows(search: SearchRecord) -> Iterator[rows.ProfileRow]:
    first: dict[tuple[float, ...], str] = {}
    for name, p in search.profiles.items():
        same = first.setdefault(p.ratios, name)
        yield rows.ProfileRow(
            name=name,
            ratios=p.ratios,
            macs_relative=p.macs_relative,
            candidate=p.candidate,
            same_as=None if same == name else same,
        )


def _search_info(search: SearchRecord) -> rows.SearchInfo:
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
        candidates=tuple(_candidate_rows(search)),
        front=search.front,
    )


def _candidate_rows(search: SearchRecord) -> Iterator[rows.CandidateRow]:
    for number, trial in enumerate(search.candidates):
        yield rows.CandidateRow(
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
