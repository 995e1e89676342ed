"""The rows of a report: small frozen models that the measuring rooms convert their results into."""

from __future__ import annotations

from quantlat.reporting.rows.base import (
    BASELINE_LETTERS,
    SAME_PREDICTIONS,
    Difference,
    Interval,
    Role,
    Row,
    profile_key,
)
from quantlat.reporting.rows.example import ExampleInfo, ExampleProfile, ExampleToken
from quantlat.reporting.rows.measured import (
    AccuracyRow,
    Headline,
    LatencyRow,
    LengthLatency,
    Percentile,
    SpeedupRow,
    ThroughputRow,
    UnsupportedPercentile,
)
from quantlat.reporting.rows.searched import CandidateRow, ProfileRow, SearchInfo
from quantlat.reporting.rows.setting import (
    DataInfo,
    MachineInfo,
    MeasureSettingsInfo,
    ModelCard,
    QuantizationInfo,
    QuestionSet,
    RecipeInfo,
    RuntimeRow,
    StageRow,
    TrainingCurve,
)

__all__ = [
    "BASELINE_LETTERS",
    "SAME_PREDICTIONS",
    "AccuracyRow",
    "CandidateRow",
    "DataInfo",
    "Difference",
    "ExampleInfo",
    "ExampleProfile",
    "ExampleToken",
    "Headline",
    "Interval",
    "LatencyRow",
    "LengthLatency",
    "MachineInfo",
    "MeasureSettingsInfo",
    "ModelCard",
    "Percentile",
    "ProfileRow",
    "QuantizationInfo",
    "QuestionSet",
    "RecipeInfo",
    "Role",
    "Row",
    "RuntimeRow",
    "SearchInfo",
    "SpeedupRow",
    "StageRow",
    "ThroughputRow",
    "TrainingCurve",
    "UnsupportedPercentile",
    "profile_key",
]
