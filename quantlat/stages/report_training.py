"""Rows of the stages: what each took, and the loss curves of those that trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from quantlat.pipeline.store import Artifact
from quantlat.reporting import rows
from quantlat.stages.artifacts import TRAININGS


def stage_row(name: str, artifact: Artifact) -> rows.StageRow:
    """Wall seconds of a stage; steps, speed and losses where it trained."""
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
