"""A bundle in memory: questions and texts in; answers, classes and vectors out, within a latency budget.

::

    predictor = Predictor.load("bundles/squad_int8")
    predictor.answer("Who wrote it?", passage, budget_ms=5).text

A predictor may be used from any number of threads; the model computes one batch after the other with the bundle's
number of threads. Nothing here imports PyTorch, transformers or Intel Neural Compressor.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from quantlat.data.examples import QAExample
from quantlat.data.windows import Window, make_windows
from quantlat.deployment.bounded import BATCH_TOKENS, BoundedExecutor
from quantlat.deployment.decoding import decode, softmax, trace_of
from quantlat.deployment.executors import Executor, choose_runtime, open_executor
from quantlat.deployment.latency_table import LatencyTable
from quantlat.deployment.manifest import (
    GOLDEN,
    MODEL,
    MODEL_FILES,
    NATIVE,
    OPENVINO_BIN,
    OPENVINO_XML,
    TOKENIZER,
    BundleManifest,
    BundleProfile,
    read_manifest,
    verify_files,
)
from quantlat.deployment.requests import (
    Answer,
    AnswerRequest,
    Classification,
    Embedding,
    Prepared,
    TokenTrace,
)
from quantlat.deployment.texts import text_window
from quantlat.errors import BundleError, DataError
from quantlat.latency.machine import read_machine_facts
from quantlat.models.tokenizer import Tokenizer
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.layout import EMBEDDING, QUESTION_ANSWERING, TEXT_CLASSIFICATION

__all__ = [
    "Answer",
    "AnswerRequest",
    "BundleProfile",
    "Classification",
    "Embedding",
    "Predictor",
    "Prepared",
    "TokenTrace",
]

_CALLS = {QUESTION_ANSWERING: "answer", TEXT_CLASSIFICATION: "classify", EMBEDDING: "embed"}


class Predictor:
    """See the module; make one with :meth:`load`.

    Attributes:
        manifest: what the bundle says of itself.
        profiles: the profiles that run here, by name, from the most accurate to the fastest. The OpenVINO fallback
            has the full-length ones only.
        warnings: what of the machine makes the promised latency unlikely; empty on a machine like the validated one.
    """

    def __init__(
        self,
        manifest: BundleManifest,
        tokenizer: Tokenizer,
        executor: Executor,
        threads: int,
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        self.manifest = manifest
        self.threads = threads
        self.warnings: tuple[str, ...] = ()
        self._tokenizer = tokenizer
        self._executor = BoundedExecutor(executor, batch_tokens)
        chosen = [p for p in manifest.profiles if executor.elastic or p.retention is None]
        if not chosen:
            raise BundleError("the bundle has no full-length profile, the only kind that OpenVINO runs")
        self.profiles: Mapping[str, BundleProfile] = MappingProxyType({p.name: p for p in chosen})
        self._table = LatencyTable({p.name: p.latency_by_tokens.get(executor.runtime, ()) for p in chosen})

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        threads: int | None = None,
        runtime: str = "auto",
        check: bool = True,
        isolated: bool = False,
        batch_tokens: int = BATCH_TOKENS,
    ) -> Self:
        """Open a bundle: verify its files, load the model, answer the golden inputs.

        Args:
            path: the bundle's folder.
            threads: threads of one batch; by default those of the promised latency, as far as this machine has cores.
            runtime: ``native``, ``openvino``, or ``auto``: the engine where it can run, else OpenVINO.
            check: answer the golden inputs and refuse to serve when the results are not those of the validation.
            isolated: compute in a process of its own, which is started again when it dies.
            batch_tokens: most real tokens computed at once, which bounds memory; what has more is computed in parts.

        Raises:
            BundleError: no bundle, a damaged one, or one that does not answer here as it was validated.
            RuntimeUnavailableError: no runtime can run here, or the number of threads makes no sense.
        """
        folder = Path(path)
        manifest = read_manifest(folder)
        verify_files(folder, manifest, [*MODEL_FILES, GOLDEN])
        model = QuantizedModel.load(folder / MODEL)
        chosen = choose_runtime(manifest, model.config, runtime)
        if chosen != NATIVE:
            verify_files(folder, manifest, [OPENVINO_XML, OPENVINO_BIN])
        facts = read_machine_facts()
        count = threads if threads is not None else max(1, min(manifest.threads, facts.usable_cores))
        if (model.task, model.config.num_layers) != (manifest.task, manifest.layers):
            raise BundleError(f"{folder}: the model is not the one that the manifest describes")
        tokenizer = Tokenizer.from_json((folder / TOKENIZER).read_text(encoding="utf-8"), family=model.config.family)
        executor: Executor
        if isolated:
            from quantlat.deployment.isolated import ProcessExecutor

            executor = ProcessExecutor(folder, chosen, count)
        else:
            executor = open_executor(folder, manifest, model, chosen, count)
        predictor = cls(manifest, tokenizer, executor, count, batch_tokens)
        if check:
            from quantlat.deployment.selfcheck import guard

            try:
                predictor.warnings = guard(predictor, folder, facts)
            except BaseException:
                predictor.close()
                raise
        return predictor

    @property
    def runtime(self) -> str:
        """``native`` or ``openvino``."""
        return self._executor.runtime

    @property
    def kernels(self) -> str:
        """Kernel set of the engine; empty in OpenVINO."""
        return self._executor.kernels

    @property
    def restarts(self) -> int:
        """How often an isolated model's process had to be started again."""
        return self._executor.restarts

    def answer(
        self,
        question: str,
        context: str,
        *,
        budget_ms: float | None = None,
        profile: str | None = None,
        trace: bool = False,
    ) -> Answer:
        """The span of ``context`` that answers ``question``.

        Args:
            budget_ms: time allowed; the most accurate profile expected to keep it is used, else the fastest.
            profile: the profile to use; instead of a budget.
            trace: also say at which layer each token was dropped.

        Raises:
            DataError: not text, or a budget that is no time.
            BundleError: an unknown profile, or a bundle that does not answer questions.
        """
        started = time.perf_counter()
        prepared = self.prepare(AnswerRequest(question, context))
        name = self._profile(prepared.tokens, budget_ms, profile)
        answer = self.run([prepared], name, trace=trace)[0]
        return replace(answer, latency_ms=_since(started))

    def answer_batch(
        self, requests: Sequence[AnswerRequest], *, budget_ms: float | None = None, profile: str | None = None
    ) -> list[Answer]:
        """Answers in the order of the requests, computed in one ragged batch.

        ``budget_ms`` is for the whole batch. Errors as of :meth:`answer`.
        """
        prepared = [self.prepare(request) for request in requests]
        name = self._profile(sum(one.tokens for one in prepared), budget_ms, profile)
        return self.run(prepared, name)

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
        """
        started = time.perf_counter()
        self._require(TEXT_CLASSIFICATION)
        window = self.text_window(text, text_pair)
        found = self.run_texts([window], self._profile(window.length, budget_ms, profile))[0]
        return replace(found, latency_ms=_since(started))

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
        windows = [self.text_window(*((one, None) if isinstance(one, str) else one)) for one in texts]
        return self.run_texts(windows, self._profile(sum(window.length for window in windows), budget_ms, profile))

    def run_texts(self, windows: Sequence[Window], profile: str) -> list[Classification]:
        """Classify the windows of :meth:`text_window` in one ragged batch; safe in any thread.

        Raises:
            BundleError: an unknown profile, or a bundle that does not classify.
        """
        started = time.perf_counter()
        self._require(TEXT_CLASSIFICATION)
        logits, _ = self._executor.run(windows, self._known(profile).retention, exits=False)
        elapsed_ms = _since(started)
        return [
            self._classification(window, row, profile, elapsed_ms) for window, row in zip(windows, logits, strict=True)
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
        """
        self._require(EMBEDDING)
        if isinstance(texts, str) or not len(texts):
            got = "one text" if isinstance(texts, str) else "none"
            raise DataError(f"embed() takes a sequence of at least one text, got {got}", "Write embed([text]).")
        windows = [self.text_window(text, None) for text in texts]
        chosen = self._profile(sum(window.length for window in windows), budget_ms, profile)
        return np.stack([found.vector for found in self.run_embeddings(windows, chosen)])

    def run_embeddings(self, windows: Sequence[Window], profile: str) -> list[Embedding]:
        """Embed the windows of :meth:`text_window` in one ragged batch; safe in any thread.

        Raises:
            BundleError: an unknown profile, or a bundle that does not embed.
        """
        self._require(EMBEDDING)
        started = time.perf_counter()
        rows, _ = self._executor.run(windows, self._known(profile).retention, exits=False)
        elapsed_ms = _since(started)
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

    def prepare(self, request: AnswerRequest) -> Prepared:
        """Tokenise a request and cut its context into windows; safe in any thread.

        Raises:
            BundleError: the bundle does not answer questions.
        """
        self._require(QUESTION_ANSWERING)
        example = QAExample("request", request.question, request.context, ())
        made = make_windows(
            [example],
            self._tokenizer,
            max_tokens=self.manifest.max_tokens,
            stride=self.manifest.stride,
            max_question_tokens=self.manifest.max_question_tokens,
        )
        return Prepared(request, made.windows, bool(made.truncated))

    def run(self, prepared: Sequence[Prepared], profile: str, *, trace: bool = False) -> list[Answer]:
        """Compute tokenised requests in one ragged batch; safe in any thread.

        Raises:
            BundleError: an unknown profile.
        """
        started = time.perf_counter()
        windows = [window for one in prepared for window in one.windows]
        logits, exits = self._executor.run(windows, self._known(profile).retention, exits=trace)
        elapsed_ms = _since(started)
        answers, low = [], 0
        for one in prepared:
            high = low + len(one.windows)
            context = one.request.context
            start, end, score = decode(context, one.windows, logits[low:high])
            traced = trace_of(one.windows, exits[low:high]) if trace else None
            answers.append(
                Answer(
                    text=context[start:end],
                    start=start,
                    end=end,
                    score=score,
                    profile=profile,
                    tokens=one.tokens,
                    windows=len(one.windows),
                    latency_ms=elapsed_ms,
                    trace=traced,
                )
            )
            low = high
        return answers

    def choose_profile(self, tokens: int, budget_ms: float | None) -> str:
        """The most accurate profile expected within the budget, the fastest if none is, the first without a budget.

        Raises:
            DataError: the budget is not a positive time.
        """
        if budget_ms is not None and not budget_ms > 0:
            raise DataError(f"budget_ms must be a time in ms above 0, got {budget_ms!r}")
        return self._table.choose(tokens, budget_ms)

    def expected_ms(self, tokens: int, profile: str) -> float:
        """Median time promised for a request of ``tokens`` real tokens, from the bundle's measured table.

        Raises:
            BundleError: an unknown profile.
        """
        self._known(profile)
        return self._table.expected_ms(tokens, profile)

    def logits(self, windows: Sequence[Window], profile: str) -> list[np.ndarray]:
        """Raw logits of windows; what the self-check compares."""
        return self._executor.run(windows, self._known(profile).retention, exits=False)[0]

    def warm_up(self) -> None:
        """Compute the largest batch in every profile, so that all memory is there before the first request."""
        self._executor.warm_up(self.manifest.max_tokens, [profile.retention for profile in self.profiles.values()])

    def close(self) -> None:
        """Release the model and its threads."""
        self._executor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _require(self, task: str) -> None:
        if self.manifest.task != task:
            use = _CALLS[self.manifest.task]
            raise BundleError(f"this bundle is made for {self.manifest.task}, not for {task}", f"Use {use}().")

    def _profile(self, tokens: int, budget_ms: float | None, profile: str | None) -> str:
        if profile is None:
            return self.choose_profile(tokens, budget_ms)
        if budget_ms is not None:
            raise DataError("give budget_ms or profile, not both")
        self._known(profile)
        return profile

    def _known(self, profile: str) -> BundleProfile:
        found = self.profiles.get(profile)
        if found is None:
            why = " in the OpenVINO fallback" if profile in self.manifest.profile_names else ""
            raise BundleError(f"there is no profile {profile!r}{why}", f"Profiles: {', '.join(self.profiles)}.")
        return found


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
