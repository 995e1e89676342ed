"""One real example whose tokens are followed through the layers."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from quantlat.reporting.rows.base import Row


class ExampleToken(Row):
    """A token of the example as it reads in the text, and whether a space stands before it."""

    text: str
    space: bool
    part: Literal["special", "question", "passage", "text", "pair"]


class ExampleProfile(Row):
    """What a profile does with the example: ``survives[i]`` is after how many layers token ``i`` is still alive."""

    profile: str
    survives: tuple[int, ...]
    answer: str


class ExampleInfo(Row):
    """One real question or text: its tokens, how long each lives in each profile, and what the model says of it.

    ``source`` says which it is; answers and ``reference`` are names of classes where it is a text.
    """

    id: str
    tokens: tuple[ExampleToken, ...]
    profiles: tuple[ExampleProfile, ...]
    reference: str
    source: str

    @model_validator(mode="after")
    def _one_fate_per_token(self) -> Self:
        for row in self.profiles:
            if len(row.survives) != len(self.tokens):
                raise ValueError(f"profile {row.profile!r}: {len(row.survives)} fates for {len(self.tokens)} tokens")
        return self
