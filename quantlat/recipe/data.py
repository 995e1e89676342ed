"""The ``data`` part of a recipe: where examples come from, how they are windowed and split."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from quantlat.recipe.base import Count, Fraction, Part

_SPECIAL_TOKENS = 3  # [CLS] question [SEP] context [SEP]; RoBERTa adds one more, hence the slack below


def is_none(value: object) -> bool:
    """Options that came later are left out of keys where they say nothing, so that finished stages stay finished."""
    return value is None


def _as_name(value: object) -> object:
    """A column's number as the name that it has in a file without a header."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else value


_Column = Annotated[str, Field(min_length=1), BeforeValidator(_as_name, json_schema_input_type=str | int)]


class Columns(Part):
    """Columns of labelled texts; the usual names are found without it.

    Numbers, from 1, are those of a tab-separated file without a header: ``{text: 4, label: 2}`` for GLUE's CoLA.
    """

    text: _Column | None = None
    """null: text, sentence, sentence1, question1 or question."""
    text_pair: _Column | None = None
    """The second text of sentence pairs; null: text_pair, sentence2 or question2, if ``text`` is null as well."""
    label: _Column = "label"


class FilesSource(Part):
    """SQuAD-format JSON files, or labelled texts (``.tsv`` with a header, or JSON lines).

    A ``${VARIABLE}`` that is unset makes the source unavailable, not wrong.
    """

    kind: Literal["files"] = "files"
    train: str = Field(min_length=1)
    dev: str | None = None
    """null: a tenth of the training part is held out."""
    columns: Columns | None = Field(None, exclude_if=is_none)
    """Texts only."""


class HubSource(Part):
    """A dataset of the Hugging Face hub, read through ``datasets``."""

    kind: Literal["hub"] = "hub"
    dataset: str = "rajpurkar/squad"
    subset: str | None = Field(None, exclude_if=is_none)
    """Configuration of a dataset that has several: sst2 of nyu-mll/glue."""
    revision: str | None = None
    dev_split: str | None = Field(None, exclude_if=is_none)
    """null: validation, validation_matched, dev or test, whichever the dataset has. Texts only."""
    columns: Columns | None = Field(None, exclude_if=is_none)
    """Texts only."""


class EmbeddedSource(Part):
    """The generated reading-comprehension set that needs neither files nor a network."""

    kind: Literal["embedded"] = "embedded"
    train_questions: Annotated[int, Field(ge=16)] = 2400
    dev_questions: Annotated[int, Field(ge=4)] = 400
    seed: int = 7
    training_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of every training's epochs that is run on this set, which is easier than real questions."""


class EmbeddedTextsSource(Part):
    """Generated sentences, or pairs of sentences, to classify or to rate; they need neither files nor a network."""

    kind: Literal["embedded-texts"] = "embedded-texts"
    pairs: bool = False
    """true: does the second sentence follow from the first (3 classes); false: does the writer like it (2). Ratings
    are of pairs in any case."""
    train_texts: Annotated[int, Field(ge=16)] = 2400
    dev_texts: Annotated[int, Field(ge=4)] = 400
    seed: int = 7
    training_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of every training's epochs that is run on this set, which is easier than real texts."""


DataSource = Annotated[FilesSource | HubSource | EmbeddedSource | EmbeddedTextsSource, Field(discriminator="kind")]


class DataOptions(Part):
    """Where the examples come from, in order of preference, and how they become windows and splits."""

    sources: tuple[DataSource, ...] = Field(min_length=1, strict=False)
    max_tokens: Annotated[int, Field(ge=32, le=512)] = 384
    stride: Annotated[int, Field(ge=0)] = 128
    """Tokens that neighbouring windows of one passage share. Question answering only."""
    max_question_tokens: Annotated[int, Field(ge=8)] = 64
    """Question answering only."""
    search_fraction: Fraction = 0.08
    """Share of the training examples on which the search measures accuracy."""
    calibration_fraction: Fraction = 0.04
    """Share of the training examples from which calibration windows are drawn."""
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
                "the examples must stay for training"
            )
        return self
