"""Scoring one chunk with a loaded bundle: check, tokenize, batch by tokens, run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantlat.data.windows import Window
from quantlat.deployment import Answer, AnswerRequest, Classification, Embedding, Predictor, Prepared, Rating
from quantlat.errors import QuantlatError
from quantlat.scoring.parts import ScoredRow
from quantlat.scoring.rows import EMBEDDING, QUESTION_ANSWERING, REGRESSION, BadRow, Chunk, Row, parse_row

_Answer = Answer | Classification | Rating | Embedding


@dataclass(frozen=True)
class ScorerOptions:
    """How rows are scored.

    Attributes:
        bundle: the bundle's folder.
        profile: use this profile for every row.
        budget_ms: or choose one for each row by its length and this budget.
        threads: threads of the model; ``None``: all cores.
        runtime: ``auto``, ``native`` or ``openvino``.
        batch_tokens: real tokens of one batch.
    """

    bundle: Path
    profile: str | None = None
    budget_ms: float | None = None
    threads: int | None = None
    runtime: str = "auto"
    batch_tokens: int = 4_096


@dataclass(frozen=True)
class ScoredChunk:
    """A chunk's rows in their order, and the tokens that were computed for them."""

    index: int
    rows: tuple[ScoredRow, ...]
    tokens: int


@dataclass(frozen=True)
class _Ready:
    row: Row
    prepared: Prepared | Window
    tokens: int
    profile: str


@dataclass(frozen=True)
class PreparedChunk:
    """A chunk after tokenizing."""

    index: int
    ready: tuple[_Ready, ...]
    bad: tuple[BadRow, ...]


class Scorer:
    """A loaded bundle that scores chunks."""

    def __init__(self, options: ScorerOptions, *, check: bool = True) -> None:
        self._options = options
        self.predictor = Predictor.load(
            options.bundle,
            threads=options.threads,
            runtime=options.runtime,
            check=check,
            batch_tokens=options.batch_tokens,
        )
        self.task: str = self.predictor.manifest.task

    def close(self) -> None:
        """Release the bundle."""
        self.predictor.close()

    def prepare(self, chunk: Chunk) -> PreparedChunk:
        """Check and tokenize; may run beside :meth:`score` in another thread."""
        ready: list[_Ready] = []
        bad: list[BadRow] = []
        for raw in chunk.rows:
            row = parse_row(raw, self.task)
            made = row if isinstance(row, BadRow) else self._ready(row)
            if isinstance(made, BadRow):
                bad.append(made)
            else:
                ready.append(made)
        return PreparedChunk(chunk.index, tuple(ready), tuple(bad))

    def score(self, chunk: PreparedChunk) -> ScoredChunk:
        """Run the model."""
        done = {bad.number: ScoredRow(row=bad.number, id=bad.id, reason=bad.reason) for bad in chunk.bad}
        for batch in _batches(chunk.ready, self._options.batch_tokens):
            for item, scored in zip(batch, self._run(batch), strict=True):
                done[item.row.number] = scored
        tokens = sum(item.tokens for item in chunk.ready)
        return ScoredChunk(chunk.index, tuple(done[number] for number in sorted(done)), tokens)

    def _ready(self, row: Row) -> _Ready | BadRow:
        try:
            prepared, tokens = self._tokenize(row)
        except QuantlatError as error:
            return BadRow(row.number, row.id, error.message)
        options = self._options
        profile = options.profile or next(iter(self.predictor.profiles))
        if options.budget_ms is not None:
            profile = self.predictor.choose_profile(tokens, options.budget_ms)
        return _Ready(row, prepared, tokens, profile)

    def _tokenize(self, row: Row) -> tuple[Prepared | Window, int]:
        if self.task == QUESTION_ANSWERING:
            question, context = row.texts
            prepared = self.predictor.prepare(AnswerRequest(question, context))
            return prepared, prepared.tokens
        text, *pair = row.texts
        window = self.predictor.text_window(text, pair[0] if pair else None)
        return window, window.length

    def _answers(self, batch: Sequence[_Ready]) -> Sequence[_Answer]:
        questions = [item.prepared for item in batch if isinstance(item.prepared, Prepared)]
        if questions:
            return self.predictor.run(questions, batch[0].profile)
        windows = [item.prepared for item in batch if isinstance(item.prepared, Window)]
        if self.task == EMBEDDING:
            return self.predictor.run_embeddings(windows, batch[0].profile)
        if self.task == REGRESSION:
            return self.predictor.run_ratings(windows, batch[0].profile)
        return self.predictor.run_texts(windows, batch[0].profile)

    def _run(self, batch: Sequence[_Ready]) -> list[ScoredRow]:
        try:
            answers = self._answers(batch)
        except QuantlatError as error:
            if len(batch) > 1:  # one row must not take the others with it
                return [scored for item in batch for scored in self._run([item])]
            row = batch[0].row
            return [ScoredRow(row=row.number, id=row.id, reason=f"the model refused it: {error.message}")]
        return [
            ScoredRow(row=item.row.number, id=item.row.id, result=_result(answer))
            for item, answer in zip(batch, answers, strict=True)
        ]


def _result(answer: _Answer) -> dict[str, Any]:
    if isinstance(answer, Embedding):
        return {"vector": answer.numbers, "profile": answer.profile, "tokens": answer.tokens}
    if isinstance(answer, Rating):
        return {"value": round(answer.value, 6), "profile": answer.profile, "tokens": answer.tokens}
    if isinstance(answer, Classification):
        score = round(max(answer.scores), 6)
        return {"label": answer.label, "score": score, "profile": answer.profile, "tokens": answer.tokens}
    return {
        "text": answer.text,
        "start": answer.start,
        "end": answer.end,
        "score": round(answer.score, 6),
        "profile": answer.profile,
        "tokens": answer.tokens,
    }


def _batches(ready: Iterable[_Ready], batch_tokens: int) -> Iterator[list[_Ready]]:
    """Rows of one profile and similar length, as many as the tokens allow.

    Similar length, because a runtime that pads pays for the longest; the engine does not care.
    """
    batch: list[_Ready] = []
    tokens = 0
    for item in sorted(ready, key=lambda item: (item.profile, item.tokens)):
        full = tokens + item.tokens > batch_tokens
        if batch and (full or item.profile != batch[0].profile):
            yield batch
            batch, tokens = [], 0
        batch.append(item)
        tokens += item.tokens
    if batch:
        yield batch
