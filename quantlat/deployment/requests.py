"""What a predictor takes and gives: requests, tokenised requests, answers, classes, ratings and embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantlat.data.windows import Window
from quantlat.errors import DataError


@dataclass(frozen=True)
class AnswerRequest:
    """A question about a passage."""

    question: str
    context: str

    def __post_init__(self) -> None:
        check_text("question", self.question)
        check_text("context", self.context)


@dataclass(frozen=True)
class TokenTrace:
    """What became of a token of the passage.

    Attributes:
        start, end: the characters of the context that it covers.
        last_layer: layers that kept it: 0 when the first layer already dropped it, the number of layers when it was
            kept to the end. A token that lies in several windows counts in the one that kept it longest.
    """

    start: int
    end: int
    last_layer: int


@dataclass(frozen=True)
class Answer:
    """The span of the context that answers a question.

    Attributes:
        text: the answer; empty where the context holds no token.
        start, end: ``context[start:end] == text``.
        score: probability the model gives the span among all spans of all windows, 0 to 1.
        profile: the retention profile that computed it.
        tokens: tokens computed at full length, summed over the windows.
        latency_ms: time of the batch that the request was computed in; from :meth:`Predictor.answer`, time of the
            whole call.
        trace: only if asked for.
    """

    text: str
    start: int
    end: int
    score: float
    profile: str
    tokens: int
    windows: int
    latency_ms: float
    trace: tuple[TokenTrace, ...] | None = None


@dataclass(frozen=True)
class Classification:
    """The class of a text.

    Attributes:
        scores: probability of each class, in the order of the bundle's labels.
    """

    label: str
    index: int
    scores: tuple[float, ...]
    profile: str
    tokens: int
    latency_ms: float


@dataclass(frozen=True)
class Rating:
    """The rating of a text or of a pair of texts.

    Attributes:
        value: in the unit of the labels that the model learned, such as 0 to 5 for STS-B; it may lie beyond them.
        tokens: tokens computed at full length; what did not fit the model's window was cut off.
        latency_ms: time of the batch that the text was computed in; from :meth:`Predictor.rate`, time of the whole
            call.
    """

    value: float
    profile: str
    tokens: int
    latency_ms: float


@dataclass(frozen=True, eq=False)
class Embedding:
    """A text as a vector.

    Attributes:
        vector: fp32 ``[H]`` of length 1; the cosine of two texts is the product of their vectors.
        tokens: tokens computed at full length; what did not fit the model's window was cut off.
        latency_ms: time of the batch that the text was computed in.
    """

    vector: NDArray[np.float32]
    profile: str
    tokens: int
    latency_ms: float

    @property
    def numbers(self) -> list[float]:
        """The vector for JSON, rounded to 8 decimals: fp32 itself has little more, and the text is half as long."""
        return np.round(self.vector.astype(np.float64), 8).tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A tokenised request; making one is cheap, needs no model and is safe in any thread.

    Attributes:
        windows: at least one; several where the context is longer than the model's window.
        question_cut: the question was longer than the model takes and its end was left out.
    """

    request: AnswerRequest
    windows: tuple[Window, ...]
    question_cut: bool = False

    @property
    def tokens(self) -> int:
        """Real tokens of all windows."""
        return sum(window.length for window in self.windows)


def check_text(name: str, value: object) -> None:
    """Refuse what is not text that can be encoded.

    Raises:
        DataError: saying which.
    """
    if not isinstance(value, str):
        raise DataError(f"{name} must be a text, got {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{name} is not valid Unicode: half of a surrogate pair at character {error.start}",
            "Repair the text where it is read.",
        ) from None
