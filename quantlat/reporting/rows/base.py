"""What all rows of a report share: roles, intervals, differences.

Speedups are quoted against named baselines, all measured in the same run:

* (a) teacher, fp32 PyTorch, padded to the maximum length: the protocol of the published papers;
* (b) teacher, fp32 PyTorch, no padding;
* (c) student, fp32 PyTorch, no padding;
* (d) student in OpenVINO, INT8 by NNCF: what a user would pick instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Ratio = Annotated[float, Field(gt=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


class Role(StrEnum):
    """What a measured model is in the comparison; its value is the row's ``key`` (profiles add their name)."""

    TEACHER_PADDED = "teacher-fp32-padded"
    TEACHER = "teacher-fp32"
    STUDENT_PADDED = "student-fp32-padded"
    STUDENT = "student-fp32"
    STUDENT_RUNTIME = "student-fp32-runtime"
    NNCF = "student-int8-nncf"
    PROFILE = "profile"


BASELINE_LETTERS: dict[Role, str] = {
    Role.TEACHER_PADDED: "a",
    Role.TEACHER: "b",
    Role.STUDENT: "c",
    Role.NNCF: "d",
}
# Padding and the runtime change the time, not the predictions: accuracy is looked up under the plain role.
SAME_PREDICTIONS: dict[Role, Role] = {
    Role.TEACHER_PADDED: Role.TEACHER,
    Role.STUDENT_PADDED: Role.STUDENT,
    Role.STUDENT_RUNTIME: Role.STUDENT,
}


class Row(BaseModel):
    """A frozen row: unknown fields, NaN and infinities are refused; any object with the same attributes converts."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, from_attributes=True)


class Interval(Row):
    """An estimate with its confidence interval; unit of the estimate; ``n`` independent observations.

    Where the observations say nothing about the spread (infinite limits), the interval shrinks to the estimate and
    ``level`` is 0: see ``known``.
    """

    estimate: float
    low: float
    high: float
    level: float = 0.95
    n: int

    @model_validator(mode="before")
    @classmethod
    def _unbounded_is_unknown(cls, value: Any) -> Any:
        given = value if isinstance(value, Mapping) else {k: getattr(value, k, None) for k in cls.model_fields}
        limits = (given.get("low"), given.get("high"))
        if any(isinstance(limit, float) and math.isinf(limit) for limit in limits):
            return {**given, "low": given.get("estimate"), "high": given.get("estimate"), "level": 0.0}
        return given

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"interval limits are swapped: low {self.low:g} > high {self.high:g}")
        return self

    @property
    def known(self) -> bool:
        """False when nothing is known about the spread."""
        return self.level > 0.0


class Difference(Row):
    """A paired difference (points, this minus reference) and whether it can be told from zero."""

    reference: str
    interval: Interval
    distinguishable: bool


def profile_key(profile: str) -> str:
    """Key of the rows of a profile, e.g. ``profile:balanced``."""
    return f"{Role.PROFILE.value}:{profile}"
