"""Requests and responses of the HTTP interface. Unknown fields are refused, so that a typo is never ignored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic.config import JsonDict

from quantlat.serving.options import Limits

_MAX_MS = 600_000.0
_Ms = Annotated[float, Field(gt=0, le=_MAX_MS, allow_inf_nan=False)]


_NOT_BOTH: JsonDict = {
    "not": {
        "required": ["budget_ms", "profile"],
        "properties": {"budget_ms": {"type": "number"}, "profile": {"type": "string"}},
    }
}


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra=_NOT_BOTH)

    budget_ms: _Ms | None = Field(
        None,
        description="Time the answer should take, counted from the request's acceptance. The most accurate profile "
        "that is expected to keep it is used; the fastest one, if none is.",
    )
    profile: str | None = Field(
        None, min_length=1, max_length=64, description="Use this profile; instead of `budget_ms`."
    )
    deadline_ms: _Ms | None = Field(
        None, description="Time after which the answer is of no use: what still waits then is not computed (504)."
    )
    allow_degraded: bool = Field(
        True, description="Whether a faster profile may be used while the server is overloaded."
    )

    @model_validator(mode="after")
    def _one_choice(self) -> _Request:
        if self.budget_ms is not None and self.profile is not None:
            raise ValueError("budget_ms and profile exclude each other: give one of them")
        return self


class AnswerBody(_Request):
    """A question about a passage."""

    question: str = Field(min_length=1, description="The question.")
    context: str = Field(min_length=1, description="The passage that holds the answer.")
    trace: bool = Field(False, description="Also say at which layer each word of the passage was dropped.")


class _TextOrPair(_Request):
    text: str = Field(min_length=1, description="The text.")
    text_pair: str | None = Field(None, min_length=1, description="The second text of a pair.")


class ClassifyBody(_TextOrPair):
    """A text, or a pair of texts, to classify."""


class RateBody(_TextOrPair):
    """A text, or a pair of texts, to rate."""


class EmbedBody(_Request):
    """A text to embed."""

    text: str = Field(min_length=1, description="The text; what does not fit the model's window is cut off.")


def _shape(body: object) -> str:
    """Which of the two is meant, so that mistakes are explained for that one only."""
    return "list" if isinstance(body, list) else "single"


AnswerBodies = Annotated[
    Annotated[AnswerBody, Tag("single")] | Annotated[list[AnswerBody], Tag("list")], Discriminator(_shape)
]
EmbedBodies = Annotated[
    Annotated[EmbedBody, Tag("single")] | Annotated[list[EmbedBody], Tag("list")], Discriminator(_shape)
]
ClassifyBodies = Annotated[
    Annotated[ClassifyBody, Tag("single")] | Annotated[list[ClassifyBody], Tag("list")], Discriminator(_shape)
]
RateBodies = Annotated[
    Annotated[RateBody, Tag("single")] | Annotated[list[RateBody], Tag("list")], Discriminator(_shape)
]


class WordTrace(BaseModel):
    """Fate of one token of the passage; positions are Unicode code points of the passage."""

    start: int
    end: int
    last_layer: int = Field(description="Last layer, counted from 1, that still computed it; 0 if none did.")


class _Result(BaseModel):
    profile: str = Field(description="The profile that was used.")
    degraded: bool = Field(description="Whether overload or waiting made it a faster one than asked for.")
    tokens: int = Field(description="Real tokens that were computed.")
    queue_ms: float = Field(description="Time it waited.")
    latency_ms: float = Field(description="Time from the request's acceptance to the answer, waiting included.")
    budget_met: bool | None = Field(None, description="Whether `budget_ms` was kept; null without one.")


class _Scored(_Result):
    score: float = Field(description="Confidence, 0 to 1.")


class AnswerResult(_Scored):
    """The span of the passage that answers the question; positions are Unicode code points of the passage."""

    text: str
    start: int
    end: int
    windows: int = Field(description="Windows that the passage was cut into.")
    layers: int = Field(description="Layers of the model.")
    trace: list[WordTrace] | None = None


class ClassifyResult(_Scored):
    """The most probable class."""

    label: str
    scores: dict[str, float] = Field(description="Probability of every class.")


class RateResult(_Result):
    """The rating of the text or of the pair."""

    value: float = Field(description="In the unit of the labels that the model learned; it may lie beyond them.")


class EmbedResult(_Result):
    """The text as a vector of length 1; the cosine of two texts is the product of their vectors."""

    vector: list[float] = Field(description="Rounded to 8 decimals, about the precision of the model's numbers.")


class ProfileInfo(BaseModel):
    """A way to run the model, and the latency that was measured for it."""

    name: str
    expected_ms: dict[int, float] = Field(description="Expected latency of one text, by its tokens.")


class ModelInfo(BaseModel):
    """The bundle that is served and the limits of a request."""

    name: str
    task: str
    endpoint: str = Field(description="Where its texts are sent.")
    layers: int
    runtime: str
    profiles: list[ProfileInfo] = Field(description="Most accurate first.")
    max_items: int
    max_question_chars: int
    max_text_chars: int
    max_body_bytes: int


class Health(BaseModel):
    """Whether the process works."""

    status: str


PATHS = {
    "question-answering": "/v1/answer",
    "text-classification": "/v1/classify",
    "text-regression": "/v1/rate",
    "embedding": "/v1/embed",
}
"""The endpoint of a bundle, by its task."""

_SCHEMAS = {
    "/v1/answer": ("AnswerBody", "AnswerResult", "WordTrace"),
    "/v1/classify": ("ClassifyBody", "ClassifyResult"),
    "/v1/rate": ("RateBody", "RateResult"),
    "/v1/embed": ("EmbedBody", "EmbedResult"),
}


def complete(document: dict[str, Any], limits: Limits, profiles: Sequence[str], task: str) -> dict[str, Any]:
    """Write what only this server knows into its OpenAPI description: its task, limits and profiles."""
    schemas = document["components"]["schemas"]
    for path in set(PATHS.values()) - {PATHS[task]}:
        document["paths"].pop(path, None)
        for name in _SCHEMAS[path]:
            schemas.pop(name, None)
    longest = {"question": limits.question_chars, "context": limits.text_chars, "text": limits.text_chars}
    for name, field in schemas[_SCHEMAS[PATHS[task]][0]]["properties"].items():
        if name in longest:
            field["maxLength"] = longest[name]
        elif name == "text_pair":
            field["anyOf"][0]["maxLength"] = limits.text_chars
        elif name == "profile":
            field["anyOf"][0]["enum"] = list(profiles)
    content = document["paths"][PATHS[task]]["post"]["requestBody"]["content"]
    for variant in content["application/json"]["schema"]["oneOf"]:
        if variant.get("type") == "array":
            variant.update(minItems=1, maxItems=limits.items)
    return document
