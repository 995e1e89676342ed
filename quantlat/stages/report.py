"""Stage ``report``: measure everything on dev questions, and write the report."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pydantic import BaseModel

from quantlat.pipeline.plan import Plan
from quantlat.pipeline.stage import MIB, Metric, PublishContext, Stage, StageContext, StageOutcome
from quantlat.recipe import Recipe
from quantlat.stages.artifacts import (
    MODEL,
    QUANTIZED,
    MetricPart,
    Seed,
    newest_student,
    read_judged,
    read_model,
    read_windows,
)

if TYPE_CHECKING:
    from quantlat.data import Window
    from quantlat.evaluation.dev import Contestants
    from quantlat.models import LoadedModel
    from quantlat.reporting import ReportData
    from quantlat.stages.report_measured import Findings
    from quantlat.stages.search_record import SearchRecord

REPORT = "report"


class ReportStage(Stage):
    """Leaves ``report/`` and publishes it as ``reports/<recipe>/``. The only stage that reads the dev split."""

    name = "report"
    version = 5

    def part(self, recipe: Recipe) -> Sequence[BaseModel] | None:
        if recipe.search is None:
            return None
        return [recipe.report, recipe.search, recipe.data, Seed(seed=recipe.seed), *MetricPart.of(recipe)]

    def inputs(self, plan: Plan) -> Sequence[str]:
        return plan.names

    def needed_bytes(self, recipe: Recipe) -> int:
        return 64 * MIB

    def run(self, context: StageContext) -> StageOutcome:
        from quantlat.reporting import with_caveats, write_report
        from quantlat.stages.report_rows import report_data
        from quantlat.stages.search_record import SearchRecord

        search = SearchRecord.read(context.inputs["search"])
        with TemporaryDirectory() as scratch:
            findings = _measure(context, search, _contestants(context, search, Path(scratch)))
        data = with_caveats(report_data(context, findings))
        write_report(data, context.output / REPORT, formats=context.recipe.report.figures)
        return StageOutcome(_metrics(findings), summary=_summary(data))

    def publish(self, context: PublishContext) -> None:
        target = Path("reports") / context.loaded.recipe.name
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(context.artifact / REPORT, fresh)
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)
        context.progress.say(f"report: {target / 'index.html'}")


def _measure(context: StageContext, search: SearchRecord, contestants: Contestants) -> Findings:
    from quantlat.evaluation import evaluate_session
    from quantlat.evaluation.dev import (
        NNCF,
        Ending,
        float_accuracy,
        measure_latency,
        nncf_baseline,
        runtime_accuracy,
    )
    from quantlat.stages.report_measured import Findings

    options, progress = context.recipe.report, context.progress
    # Latency first: the sessions of other runtimes, with their threads, do not exist yet.
    nncf = nncf_baseline(contestants, progress) if options.baselines else None
    latency = measure_latency(
        contestants,
        search.runtime,
        requests=options.latency_windows,
        ending=Ending(rounds=options.rounds, budget_s=options.latency_budget, width=options.latency_width),
        max_tokens=context.recipe.data.max_tokens,
        baselines=options.baselines,
        seed=context.recipe.seed,
        progress=progress,
        nncf=nncf,
    )
    accuracy = float_accuracy(contestants, progress)
    if nncf is not None:
        accuracy[NNCF] = evaluate_session(
            nncf, contestants.windows, progress=progress, name="dev: OpenVINO INT8 by NNCF"
        )
        nncf.close()
    by_runtime, unused = runtime_accuracy(contestants, search.runtime, options.runtimes, progress)
    return Findings(
        contestants,
        search,
        latency.latency,
        latency.throughput,
        accuracy,
        by_runtime,
        unused,
        other_threads=latency.other_threads,
    )


def _contestants(context: StageContext, search: SearchRecord, scratch: Path) -> Contestants:
    from quantlat.evaluation.dev import Contestants, ModelFolders
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.training.alignment import reads_alike

    recipe = context.recipe
    teacher = read_model(context.inputs["teacher"], task=recipe.task)
    student = read_model(newest_student(context.inputs), task=recipe.task)
    windows = read_judged(context.inputs, "dev", recipe, student.tokenizer, progress=context.progress)
    alike = reads_alike(student.tokenizer, teacher.tokenizer)
    return Contestants(
        teacher=teacher,
        student=student,
        quantized=QuantizedModel.load(context.inputs["quantization"] / QUANTIZED),
        profiles={name: profile.config for name, profile in search.profiles.items()},
        windows=windows,
        teacher_windows=windows
        if alike
        else read_judged(context.inputs, "dev", recipe, teacher.tokenizer, progress=context.progress),
        calibration=_calibration_windows(context, student),
        threads=search.threads,
        folders=ModelFolders(
            teacher=context.inputs["teacher"] / MODEL,
            student=newest_student(context.inputs) / MODEL,
            quantized=context.inputs["quantization"] / QUANTIZED,
            scratch=scratch,
        ),
    )


def _calibration_windows(context: StageContext, student: LoadedModel) -> tuple[Window, ...]:
    """The windows that quantlat's own quantisation saw, each once."""
    from quantlat.quantization.calibration import draw, load_calibration

    options = context.recipe.quantization
    assert options is not None
    spec = load_calibration(context.loaded.resolve(options.calibration)).model_copy(update={"retention": "none"})
    if context.smoke:
        spec = spec.model_copy(update={"windows": 4})
    windows = read_windows(context.inputs["data"], "calibration", context.recipe, student.tokenizer)
    return tuple(item.window for item in draw(spec, windows.windows, layers=student.config.num_layers))


def _metrics(findings: Findings) -> dict[str, Metric]:
    from quantlat.evaluation.dev import STUDENT, TEACHER

    key = findings.search.metric
    metrics: dict[str, Metric] = {
        f"teacher_{key}": round(findings.accuracy[TEACHER].score.points, 3),
        f"student_{key}": round(findings.accuracy[STUDENT].score.points, 3),
    }
    for row in findings.by_runtime:
        metrics[f"{row.runtime}.{row.profile}.{key}"] = round(row.result.score.points, 3)
    for model, measured in findings.latency.items():
        metrics[f"{model}.median_ms"] = round(measured.median_ms, 3)
    return metrics


def _summary(data: ReportData) -> str:
    """The verdict and the table that end a run on the screen."""
    from io import StringIO

    from rich.console import Console

    from quantlat.reporting import summary_table, verdict

    console = Console(file=StringIO(), width=120)
    console.print(verdict(data).sentence.replace("`", ""), markup=False, highlight=False)
    console.print()
    console.print(summary_table(data))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())
