"""Texts and pairs of texts in; classes, ratings and vectors out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from quantlat.data.windows import Window
from quantlat.deployment.bundle_model import BundleModel
from quantlat.deployment.decoding import softmax
from quantlat.deployment.requests import Classification, Embedding, Rating
from quantlat.deployment.texts import text_window
from quantlat.errors import DataError, ModelError
from quantlat.quantization.layout import EMBEDDING, TEXT_CLASSIFICATION, TEXT_REGRESSION
from quantlat.runtimes.base import Logits


class TextCalls(BundleModel):
    """The calls of bundles that classify, rate or embed texts."""

    def classify(
        self,
        text: str,
        text_pair: str | None = None,
        *,
        budget_ms: float | None = None,
        profile: str | None = None,
    ) -> Classification:
        """The class of a text or of a pair of texts; what does not fit the model's window is cut off.

        Raises:
            DataError: not text, or a budget that is no time.
            BundleError: an unknown profile, or a bundle that does not classify.
            ModelError: an output of the model is not a number.
        """
        started = time.perf_counter()
        self._require(TEXT_CLASSIFICATION)
        window = self.text_window(text, text_pair)
        found = self.run_texts([window], self._profile(window.length, budget_ms, profile))[0]
        return replace(found, latency_ms=since(started))

    def classify_batch(
        self,
        texts: Sequence[str | tuple[str, str]],
        *,
        budget_ms: float | None = None,
        profile: str | None = None,
    ) -> list[Classification]:
        """Classes of texts or pairs in their order, computed in one ragged batch.

        ``budget_ms`` is for the whole batch. Errors as of :meth:`classify`.
        """
        windows = self._windows(texts)
        return self.run_texts(windows, self._profile(length_of(windows), budget_ms, profile))

    def run_texts(self, windows: Sequence[Window], profile: str) -> list[Classification]:
        """Classify the windows of :meth:`text_window` in one ragged batch; safe in any thread.

        Raises:
            BundleError: an unknown profile, or a bundle that does not classify.
            ModelError: an output of the model is not a number.
        """
        logits, elapsed_ms = self._rows(TEXT_CLASSIFICATION, windows, profile)
        return [
            self._classification(window, row, profile, elapsed_ms) for window, row in zip(windows, logits, strict=True)
        ]

    def rate(
        self,
        text: str,
        text_pair: str | None = None,
        *,
        budget_ms: float | None = None,
        profile: str | None = None,
    ) -> Rating:
        """The rating of a text or of a pair of texts; what does not fit the model's window is cut off.

        Raises:
            DataError: not text, or a budget that is no time.
            BundleError: an unknown profile, or a bundle that does not rate.
            ModelError: the model's output is not a number.
        """
        started = time.perf_counter()
        self._require(TEXT_REGRESSION)
        window = self.text_window(text, text_pair)
        found = self.run_ratings([window], self._profile(window.length, budget_ms, profile))[0]
        return replace(found, latency_ms=since(started))

    def rate_batch(
        self,
        texts: Sequence[str | tuple[str, str]],
        *,
        budget_ms: float | None = None,
        profile: str | None = None,
    ) -> list[Rating]:
        """Ratings of texts or pairs in their order, computed in one ragged batch.

        ``budget_ms`` is for the whole batch. Errors as of :meth:`rate`.
        """
        windows = self._windows(texts)
        return self.run_ratings(windows, self._profile(length_of(windows), budget_ms, profile))

    def run_ratings(self, windows: Sequence[Window], profile: str) -> list[Rating]:
        """Rate the windows of :meth:`text_window` in one ragged batch; safe in any thread.

        Raises:
            BundleError: an unknown profile, or a bundle that does not rate.
            ModelError: an output of the model is not a number.
        """
        rows, elapsed_ms = self._rows(TEXT_REGRESSION, windows, profile)
        return [
            Rating(value=float(row[0]), profile=profile, tokens=window.length, latency_ms=elapsed_ms)
            for window, row in zip(windows, rows, strict=True)
        ]

    def embed(
        self, texts: Sequence[str], *, budget_ms: float | None = None, profile: str | None = None
    ) -> NDArray[np.float32]:
        """Texts as vectors of length 1, fp32 ``[texts, H]``, computed in one ragged batch.

        The cosines of all pairs are ``vectors @ vectors.T``. What does not fit the model's window is cut off.
        ``budget_ms`` is for the whole batch.

        Raises:
            DataError: not a sequence of texts, an empty one, or a budget that is no time.
            BundleError: an unknown profile, or a bundle that does not embed.
            ModelError: an output of the model is not a number.
        """
        self._require(EMBEDDING)
        if isinstance(texts, str) or not len(texts):
            got = "one text" if isinstance(texts, str) else "none"
            raise DataError(f"embed() takes a sequence of at least one text, got {got}", "Write embed([text]).")
        windows = [self.text_window(text, None) for text in texts]
        chosen = self._profile(length_of(windows), budget_ms, profile)
        return np.stack([found.vector for found in self.run_embeddings(windows, chosen)])

    def run_embeddings(self, windows: Sequence[Window], profile: str) -> list[Embedding]:
        """Embed the windows of :meth:`text_window` in one ragged batch; safe in any thread.

        Raises:
            BundleError: an unknown profile, or a bundle that does not embed.
            ModelError: an output of the model is not a number.
        """
        rows, elapsed_ms = self._rows(EMBEDDING, windows, profile)
        return [
            Embedding(vector=row, profile=profile, tokens=window.length, latency_ms=elapsed_ms)
            for window, row in zip(windows, rows, strict=True)
        ]

    def text_window(self, text: str, text_pair: str | None) -> Window:
        """Tokenise a text or a pair of texts; safe in any thread.

        Raises:
            DataError: not text.
        """
        return text_window(self._tokenizer, self.manifest.max_tokens, text, text_pair)

    def _windows(self, texts: Sequence[str | tuple[str, str]]) -> list[Window]:
        return [self.text_window(*((one, None) if isinstance(one, str) else one)) for one in texts]

    def _rows(self, task: str, windows: Sequence[Window], profile: str) -> tuple[list[Logits], float]:
        """What the model says of each text, and the time of the batch in ms.

        Raises:
            BundleError: an unknown profile, or a bundle of another task.
            ModelError: it holds NaN or infinity.
        """
        started = time.perf_counter()
        self._require(task)
        rows, _ = self._executor.run(windows, self._known(profile).retention, exits=False)
        if not all(np.isfinite(row).all() for row in rows):
            raise ModelError("the model's output is not a number", "Run `quantlat selfcheck` on the bundle.")
        return rows, since(started)

    def _classification(self, window: Window, logits: np.ndarray, profile: str, latency_ms: float) -> Classification:
        scores, labels = softmax(logits), self.manifest.labels
        index = int(np.argmax(scores))
        return Classification(
            label=labels[index] if index < len(labels) else f"LABEL_{index}",
            index=index,
            scores=tuple(float(score) for score in scores),
            profile=profile,
            tokens=window.length,
            latency_ms=latency_ms,
        )


def length_of(windows: Sequence[Window]) -> int:
    """Real tokens of all windows."""
    return sum(window.length for window in windows)


def since(started: float) -> float:
    """Milliseconds since ``time.perf_counter()`` gave ``started``."""
    return (time.perf_counter() - started) * 1e3
