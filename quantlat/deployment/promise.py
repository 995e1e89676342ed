"""The self-check by hand: files, CPU, golden inputs, and latency measured again against the promise."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from quantlat.deployment.golden import read_golden
from quantlat.deployment.manifest import GOLDEN, LatencyPoint, read_manifest, verify_files
from quantlat.deployment.measuring import measure_table, requests_of
from quantlat.deployment.predictor import Predictor
from quantlat.deployment.selfcheck import check_golden, isa_warnings, likely_cause, missing_isa
from quantlat.latency.machine import read_machine_facts
from quantlat.latency.measure import MeasureOptions
from quantlat.progress import Progress, QuietProgress

SLACK = 0.10
"""A promise counts as broken when the whole interval lies more than this share above it."""

Verdict = Literal["kept", "broken", "unclear", "another number of threads"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PromiseRow(_Part):
    """A promised latency and what was measured now; intervals are 95 % of the median."""

    profile: str
    tokens: int
    promised_ms: float
    measured_ms: float
    ci_ms: tuple[float, float]
    n: int
    verdict: Verdict


class SelfCheckReport(_Part):
    """What ``quantlat selfcheck`` found.

    Attributes:
        golden_error: root mean square difference of the logits over their spread; infinite values are -1.
        passed: the bundle may serve here: files are whole and the golden inputs agree. Latency is no part of it.
        promise_kept: no promised latency is broken; ``None`` where none was measured.
        disturbed: other work took the processor while measuring, so the latencies say little.
    """

    name: str
    runtime: str
    kernels: str
    threads: int
    cpu: str
    missing_isa: tuple[str, ...]
    files: int
    golden_error: float
    golden_tolerance: float
    golden_agreeing: int
    golden_cases: int
    passed: bool
    cause: str | None
    latency: tuple[PromiseRow, ...] = ()
    promise_kept: bool | None = None
    disturbed: bool = False
    warnings: tuple[str, ...] = ()


def self_check(
    folder: Path,
    *,
    threads: int | None = None,
    runtime: str = "auto",
    seconds: float = 10.0,
    progress: Progress | None = None,
) -> SelfCheckReport:
    """Check a bundle on this machine.

    Args:
        seconds: about how long to measure latency; 0: not at all.

    Raises:
        BundleError: no bundle or a damaged one. Wrong golden results are no error here but in the report.
    """
    manifest = read_manifest(folder)
    verify_files(folder, manifest)
    facts = read_machine_facts()
    with Predictor.load(folder, threads=threads, runtime=runtime, check=False) as predictor:
        outcome = check_golden(predictor, folder)
        report = SelfCheckReport(
            name=manifest.name,
            runtime=predictor.runtime,
            kernels=predictor.kernels,
            threads=predictor.threads,
            cpu=facts.cpu_model,
            missing_isa=missing_isa(manifest, facts),
            files=len(manifest.files),
            golden_error=outcome.error if outcome.error != float("inf") else -1.0,
            golden_tolerance=outcome.tolerance,
            golden_agreeing=outcome.agreeing,
            golden_cases=outcome.cases,
            passed=outcome.passed,
            cause=None if outcome.passed else likely_cause(predictor, facts),
            warnings=isa_warnings(manifest, facts),
        )
        if not outcome.passed or seconds <= 0:
            return report
        return _with_latency(report, predictor, folder, seconds, progress or QuietProgress())


def _with_latency(
    report: SelfCheckReport, predictor: Predictor, folder: Path, seconds: float, progress: Progress
) -> SelfCheckReport:
    texts = [(case.text, case.context) for case in read_golden(folder / GOLDEN).cases]
    promised = {
        name: {point.tokens: point for point in profile.latency_by_tokens.get(predictor.runtime, ())}
        for name, profile in predictor.profiles.items()
    }
    lengths = sorted({tokens for points in promised.values() for tokens in points})
    if not lengths:
        return report
    chosen = sorted({lengths[0], lengths[len(lengths) // 2], lengths[-1]})
    requests = [r for r in requests_of(predictor, texts, chosen) if r.tokens in lengths]
    options = MeasureOptions(
        min_rounds=8, max_rounds=400, min_seconds=seconds / 2, max_seconds=seconds, target_width=1.0
    )
    measured = measure_table(predictor, requests, options=options, progress=progress)
    same_threads = predictor.threads == predictor.manifest.threads
    rows = tuple(
        _row(name, promised[name][point.tokens], point, same_threads)
        for name, points in measured.points.items()
        for point in points
        if point.tokens in promised[name]
    )
    return report.model_copy(
        update={
            "latency": rows,
            "promise_kept": all(row.verdict != "broken" for row in rows) if same_threads else None,
            "disturbed": not measured.reliable,
            "warnings": (*report.warnings, *(warning.advice for warning in measured.warnings)),
        }
    )


def _row(profile: str, promise: LatencyPoint, now: LatencyPoint, same_threads: bool) -> PromiseRow:
    limit = promise.median_ms * (1 + SLACK)
    verdict: Verdict = "kept" if now.ci_ms[1] <= limit else "broken" if now.ci_ms[0] > limit else "unclear"
    return PromiseRow(
        profile=profile,
        tokens=now.tokens,
        promised_ms=promise.median_ms,
        measured_ms=now.median_ms,
        ci_ms=now.ci_ms,
        n=now.n,
        verdict=verdict if same_threads else "another number of threads",
    )


def lines_of(report: SelfCheckReport) -> list[str]:
    """The report as plain lines, widest number first in mind of a terminal of 80 columns."""
    kernels = f" ({report.kernels})" if report.kernels else ""
    error = "not numbers" if report.golden_error < 0 else f"{report.golden_error:.1%} off"
    lines = [
        f"{report.name}: {'passed' if report.passed else 'FAILED'}",
        f"  files    {report.files} of {report.files} whole",
        f"  CPU      {report.cpu}; "
        + (
            f"lacks {', '.join(report.missing_isa)}"
            if report.missing_isa
            else "has every instruction set of the validation"
        ),
        f"  runtime  {report.runtime}{kernels}, {report.threads} threads",
        f"  golden   {report.golden_agreeing} of {report.golden_cases} results agree, logits {error} "
        f"({report.golden_tolerance:.0%} allowed)",
    ]
    if report.cause:
        lines.append(f"  {report.cause}")
    if report.latency:
        lines += ["", f"  {'profile':<12}{'tokens':>7}{'promised ms':>13}{'now ms':>9}  {'95 % interval':<17}promise"]
        for row in report.latency:
            low, high = row.ci_ms
            lines.append(
                f"  {row.profile:<12}{row.tokens:>7}{row.promised_ms:>13.2f}{row.measured_ms:>9.2f}  "
                f"{f'{low:.2f} to {high:.2f}':<17}{row.verdict}"
            )
    lines += [f"  warning: {warning}" for warning in report.warnings]
    return lines
