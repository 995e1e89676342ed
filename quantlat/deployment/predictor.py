"""A bundle in memory: questions and texts in; answers, classes, ratings and vectors out, within a latency budget.

::

    predictor = Predictor.load("bundles/squad_int8")
    predictor.answer("Who wrote it?", passage, budget_ms=5).text

A predictor may be used from any number of threads; the model computes one batch after the other with the bundle's
number of threads. Nothing here imports PyTorch, transformers or Intel Neural Compressor.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from quantlat.data.examples import QAExample
from quantlat.data.windows import make_windows
from quantlat.deployment.bounded import BATCH_TOKENS
from quantlat.deployment.decoding import decode, trace_of
from quantlat.deployment.executors import Executor, choose_runtime, open_executor
from quantlat.deployment.manifest import (
    GOLDEN,
    MODEL,
    MODEL_FILES,
    NATIVE,
    OPENVINO_BIN,
    OPENVINO_XML,
    TOKENIZER,
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
    Rating,
    TokenTrace,
)
from quantlat.deployment.text_calls import TextCalls, since
from quantlat.errors import BundleError
from quantlat.latency.machine import read_machine_facts
from quantlat.models.tokenizer import Tokenizer
from quantlat.quantization.artifact import QuantizedModel
from quantlat.quantization.layout import QUESTION_ANSWERING

__all__ = [
    "Answer",
    "AnswerRequest",
    "BundleProfile",
    "Classification",
    "Embedding",
    "Predictor",
    "Prepared",
    "Rating",
    "TokenTrace",
]


class Predictor(TextCalls):
    """See the module; make one with :meth:`load`."""

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
        return replace(answer, latency_ms=since(started))

    def answer_batch(
        self, requests: Sequence[AnswerRequest], *, budget_ms: float | None = None, profile: str | None = None
    ) -> list[Answer]:
        """Answers in the order of the requests, computed in one ragged batch.

        ``budget_ms`` is for the whole batch. Errors as of :meth:`answer`.
        """
        prepared = [self.prepare(request) for request in requests]
        name = self._profile(sum(one.tokens for one in prepared), budget_ms, profile)
        return self.run(prepared, name)

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
        elapsed_ms = since(started)
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
