"""The ``data`` part of a recipe: where examples come from, how they are windowed and split."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from quantlat.recipe.base import Count, Fraction, Part

_SPECIAL_TOKENS = 3  # [CLS] question [SEP] context [SEP]; RoBERTa adds one more, hence the slack below


class FilesSource(Part):
    """SQuAD-format JSON files; a ``${VARIABLE}`` that is unset makes the source unavailable, not wrong."""

    kind: Literal["files"] = "files"
    train: str = Field(min_length=1)
    dev: str | None = None


class HubSource(Part):
    """A dataset of the Hugging Face hub, read through ``datasets``."""

    kind: Literal["hub"] = "hub"
    dataset: str = "rajpurkar/squad"
    revision: str | None = None


class EmbeddedSource(Part):
    """The generated reading-comprehension set that needs neither files nor a network."""

    kind: Literal["embedded"] = "embedded"
    train_questions: Annotated[int, Field(ge=16)] = 2400
    dev_questions: Annotated[int, Field(ge=4)] = 400
    seed: int = 7
    training_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of every training's epochs that is run on this set, which is easier than real questions."""


DataSource = Annotated[FilesSource | HubSource | EmbeddedSource, Field(discriminator="kind")]


class DataOptions(Part):
    """Where the examples come from, in order of preference, and how they become windows and splits."""

    sources: tuple[DataSource, ...] = Field(min_length=1, strict=False)
    max_tokens: Annotated[int, Field(ge=32, le=512)] = 384
    stride: Annotated[int, Field(ge=0)] = 128
    """Tokens that neighbouring windows of one passage share."""
    max_question_tokens: Annotated[int, Field(ge=8)] = 64
    search_fraction: Fraction = 0.08
    """Share of the training questions on which the search measures accuracy."""
    calibration_fraction: Fraction = 0.04
    """Share of the training questions from which calibration windows are drawn."""
    max_train_examples: Count | None = None

    @model_validator(mode="after")
    def _windows_advance(self) -> Self:
        room = self.max_tokens - self.max_question_tokens - _SPECIAL_TOKENS - 1
        if room < 1:
            raise ValueError(
                f"max_question_tokens: {self.max_question_tokens} leaves no room for a passage in windows of "
                f"max_tokens {self.max_tokens}"
            )
        if self.stride >= room:
            raise ValueError(
                f"stride: {self.stride} must be under {room} (max_tokens {self.max_tokens} - "
                f"max_question_tokens {self.max_question_tokens} - special tokens), or the windows of a long "
                "passage would not advance"
            )
        return self

    @model_validator(mode="after")
    def _fit_keeps_most(self) -> Self:
        held_out = self.search_fraction + self.calibration_fraction
        if held_out > 0.5:
            raise ValueError(
                f"search_fraction: together with calibration_fraction it is {held_out:g}, but at least half of "
                "the questions must stay for training"
            )
        return self
