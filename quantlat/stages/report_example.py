"""The report's example: one real dev question or text, and after which layer each of its tokens is dropped.

The INT8 model's reference execution ranks the tokens, so that what is shown is what the deployed numbers do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from quantlat.data.examples import EmbeddingExample, RatedExample
from quantlat.reporting import rows
from quantlat.tasks.question_answering import questions
from quantlat.tasks.text_classification import texts

if TYPE_CHECKING:
    from torch import Tensor

    from quantlat.data import QAExample, TextExample, Window, WindowSet
    from quantlat.models import ElasticConfig, TaskModel, Tokenizer
    from quantlat.quantization.artifact import QuantizedModel

SHORTEST, LONGEST = 80, 140
"""Tokens of a question and its passage that fill a few lines on a page."""
SHORTEST_TEXT = 24
"""Tokens of a text that leave something to drop."""

_QUESTION_ANSWERING = "question-answering"


def example_info(
    windows: WindowSet,
    tokenizer: Tokenizer,
    quantized: QuantizedModel,
    profiles: Mapping[str, ElasticConfig | None],
    labels: Sequence[str] = (),
) -> rows.ExampleInfo | None:
    """Follow one question, or one text, through every profile.

    It is chosen by its length alone, not by how well the model does on it.

    Args:
        windows: of the dev split, or of its beginning.
        profiles: configuration by profile; ``None`` is full length.
        labels: names of the classes of texts.

    Returns:
        ``None`` where no question fits one window.
    """
    from quantlat.quantization.reference import build_task_model

    if quantized.task != _QUESTION_ANSWERING:
        return _text_info(windows, tokenizer, build_task_model(quantized), profiles, labels)
    chosen = choose(windows)
    if chosen is None:
        return None
    example = questions(windows.examples)[chosen.example_index]
    window = replace(chosen, example_index=0)
    model = build_task_model(quantized)
    return rows.ExampleInfo(
        id=example.id,
        tokens=tuple(_tokens(example, window, tokenizer)),
        profiles=tuple(_follow(model, example, window, name, config) for name, config in profiles.items()),
        reference=example.answers[0].text,
        source=(
            f"Dev question {example.id}{f' ({example.title})' if example.title else ''}: the first of {SHORTEST} to "
            f"{LONGEST} tokens, or the nearest to it, however it is answered"
        ),
    )


def _text_info(
    windows: WindowSet,
    tokenizer: Tokenizer,
    model: TaskModel,
    profiles: Mapping[str, ElasticConfig | None],
    labels: Sequence[str],
) -> rows.ExampleInfo:
    """The first text long enough to drop something from, else the longest."""
    longest = max(windows.windows, key=lambda window: window.length)
    window = next((w for w in windows.windows if w.length >= SHORTEST_TEXT), longest)
    example = texts(windows.examples)[window.example_index]

    def follow(name: str, config: ElasticConfig | None) -> rows.ExampleProfile:
        logits, survives = _run(model, window, config)
        return rows.ExampleProfile(profile=name, survives=survives, answer=_said(logits, example, labels))

    return rows.ExampleInfo(
        id=example.id,
        tokens=tuple(_text_tokens(example, window, tokenizer)),
        profiles=tuple(follow(name, config) for name, config in profiles.items()),
        reference=_wanted(example, labels),
        source=f"Dev text {example.id}: the first of at least {SHORTEST_TEXT} tokens, or the longest",
    )


def _wanted(example: TextExample, labels: Sequence[str]) -> str:
    """What a text should be given."""
    if isinstance(example, EmbeddingExample):
        return "the fp32 teacher's embedding"
    return f"{example.rating:g}" if isinstance(example, RatedExample) else labels[example.label]


def _said(logits: NDArray[np.float32], example: TextExample, labels: Sequence[str]) -> str:
    """What the model gives it."""
    if isinstance(example, EmbeddingExample):
        return _similarity(logits, example)
    return f"{float(logits[0]):.2f}" if isinstance(example, RatedExample) else labels[int(logits.argmax())]


def _similarity(embedding: NDArray[np.float32], example: TextExample) -> str:
    """Cosine with what the fp32 teacher makes of the text."""
    reference = example.reference if isinstance(example, EmbeddingExample) else None
    assert reference is not None
    return f"cosine {float(embedding @ reference):.3f} to fp32" if len(reference) == len(embedding) else "embedding"


def _text_tokens(example: TextExample, window: Window, tokenizer: Tokenizer) -> Iterator[rows.ExampleToken]:
    """The tokens as they read in the one or two texts; a text that was cut ends early."""
    parts: list[tuple[Literal["text", "pair"], str]] = [("text", example.text)]
    if example.text_pair is not None:
        parts.append(("pair", example.text_pair))
    special = {tokenizer.cls_token_id, tokenizer.sep_token_id}
    position = 0
    for part, text in parts:
        while int(window.input_ids[position]) in special:
            yield _special(window, position, tokenizer)
            position += 1
        last_end = 0
        encoding = tokenizer.backend.encode(text, add_special_tokens=False)
        for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            if position >= window.length or token != int(window.input_ids[position]):
                break
            word = text[start:end]
            space = start > last_end or word[:1].isspace()
            yield rows.ExampleToken(text=word.strip() or word, space=space, part=part)
            last_end, position = end, position + 1
    for rest in range(position, window.length):
        yield _special(window, rest, tokenizer)


def _special(window: Window, position: int, tokenizer: Tokenizer) -> rows.ExampleToken:
    name = tokenizer.backend.id_to_token(int(window.input_ids[position])) or ""
    return rows.ExampleToken(text=name, space=True, part="special")


def choose(windows: WindowSet) -> Window | None:
    """The first question of a length that fits a page and one window; else the one nearest to that length."""
    examples = questions(windows.examples)
    of_example = np.bincount([w.example_index for w in windows.windows], minlength=len(examples))
    whole = [w for w in windows.windows if of_example[w.example_index] == 1 and examples[w.example_index].answers]

    def away(window: Window) -> int:
        return max(SHORTEST - window.length, window.length - LONGEST, 0)

    return min(whole, key=away, default=None)


def _tokens(example: QAExample, window: Window, tokenizer: Tokenizer) -> Iterator[rows.ExampleToken]:
    """The tokens as they read in question and passage."""
    first = next((i for i, (start, _) in enumerate(window.offsets) if start >= 0), window.length)
    asked = tokenizer.backend.encode(example.question, add_special_tokens=False).offsets
    asked = asked[: max(0, first - 1 - tokenizer.pair_separators)]
    last_end = {"question": 0, "passage": int(window.offsets[first][0]) if first < window.length else 0}
    for i in range(window.length):
        start, end = (int(v) for v in window.offsets[i])
        if start >= 0:
            part, text = "passage", example.context
        elif 1 <= i <= len(asked):
            part, text = "question", example.question
            start, end = asked[i - 1]
        else:
            yield _special(window, i, tokenizer)
            continue
        gap = start > last_end[part]
        last_end[part] = end
        # Some tokenizers count the space before a word to the word.
        word = text[start:end]
        yield rows.ExampleToken(
            text=word.strip() or word,
            space=gap or word[:1].isspace(),
            part="question" if part == "question" else "passage",
        )


def _follow(
    model: TaskModel, example: QAExample, window: Window, profile: str, config: ElasticConfig | None
) -> rows.ExampleProfile:
    from quantlat.metrics import best_spans

    logits, survives = _run(model, window, config)
    answers = best_spans([example], [window], [logits[:, 0]], [logits[:, 1]])
    return rows.ExampleProfile(profile=profile, survives=survives, answer=answers[example.id])


def _run(model: TaskModel, window: Window, config: ElasticConfig | None) -> tuple[NDArray[np.float32], tuple[int, ...]]:
    """Logits of a window, and after how many layers each of its tokens is still alive."""
    import torch

    layers = model.config.num_layers
    ids, types = (torch.from_numpy(a)[None] for a in (window.input_ids, window.token_type_ids))
    mask = torch.ones_like(ids)
    lengths = torch.tensor(config.lengths(window.length, layers)) if config is not None else None
    with torch.inference_mode():
        logits = model(ids, mask, types, lengths)[0].float().numpy()
        return logits, _survival(model, ids, types, lengths)


def _survival(model: TaskModel, ids: Tensor, types: Tensor, lengths: Tensor | None) -> tuple[int, ...]:
    """After how many layers each token is still alive."""
    import torch

    from quantlat.models.elastic import Survivors

    encoder, n = model.encoder, ids.size(1)
    if lengths is None:
        return (len(encoder.layers),) * n
    mask = torch.ones(1, n, dtype=torch.bool)
    alive = Survivors(encoder.embeddings(ids, types, mask), mask, torch.arange(n).expand(1, n))
    survives = np.zeros(n, dtype=np.int64)
    for i, layer in enumerate(encoder.layers):
        alive = layer.drop(alive, lengths[i], scorer=model.scorer)  # type: ignore[operator]
        survives[alive.positions[0].numpy()] = i + 1
    return tuple(int(layers) for layers in survives)
