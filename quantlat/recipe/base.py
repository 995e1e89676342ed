"""What every part of a recipe shares: the strict base model, paths, model references and durations."""

from __future__ import annotations

import os
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|m|h)\s*")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_RANDOM_MODEL = re.compile(r"(mobile)?bert-\d{1,2}x\d{1,4}")
_MODEL_SCHEMES = ("pip", "hub", "random")


class Part(BaseModel):
    """Base of every part of a recipe.

    Unknown keys are refused, types are not guessed (``epochs: yes`` or ``epochs: "3"`` is a mistake, though a
    list may stand for a tuple), and values cannot be changed afterwards.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, str_strip_whitespace=True)


def variables_of(text: str) -> tuple[str, ...]:
    """Names of the ``${VARIABLES}`` in ``text``, in order of appearance."""
    return tuple(_VARIABLE.findall(text))


def expand_variables(text: str) -> tuple[str, tuple[str, ...]]:
    """Replace every ``${NAME}`` by its environment variable.

    Returns:
        The text, and the names that are unset or empty (left in the text as they stand).
    """
    missing = tuple(name for name in variables_of(text) if not os.environ.get(name))
    return _VARIABLE.sub(lambda match: os.environ.get(match[1]) or match[0], text), missing


def parse_duration(value: object) -> object:
    """Seconds of ``90s``, ``10m`` or ``1.5h``; a bare number is taken as seconds."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value)
    if match is None:
        raise ValueError(f"expected a duration such as 90s, 10m or 1h, got '{value}'")
    return float(match[1]) * _SECONDS[match[2]]


def _check_model_reference(value: str) -> str:
    scheme, colon, rest = value.partition(":")
    if not colon:
        return value
    if scheme not in _MODEL_SCHEMES:
        raise ValueError(
            f"expected a folder, hub:organisation/name, pip:package or random:bert-LAYERSxHIDDEN, got '{value}'"
        )
    if scheme == "random" and not _RANDOM_MODEL.fullmatch(rest):
        raise ValueError(f"expected random:bert-LAYERSxHIDDEN such as random:bert-2x128, got '{value}'")
    if not rest:
        raise ValueError(f"nothing follows '{scheme}:'")
    return value


Duration = Annotated[float, BeforeValidator(parse_duration), Field(gt=0)]
"""Seconds; written ``90s``, ``10m``, ``1h`` in a recipe."""

ModelReference = Annotated[str, Field(min_length=1), AfterValidator(_check_model_reference)]
"""A folder, ``hub:organisation/name``, ``pip:package`` or ``random:bert-LAYERSxHIDDEN`` (or ``mobilebert-…``)."""

Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
