"""The report's example: one real dev question, and after which layer each of its tokens is dropped.

The INT8 model's reference execution ranks the tokens, so that what is shown is what the deployed numbers do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from quantlat.reporting import rows

if TYPE_CHECKING:
    from torch import Tensor

    from quantlat.data import QAExample, Window, WindowSet
    from quantlat.models import ElasticConfig, TaskModel, Tokenizer
    from quantlat.quantization.artifact import QuantizedModel

SHORTEST, LONGEST = 80, 140
"""Tokens of a question and its passage that fill a few lines on a page."""

_QUESTION_ANSWERING = "question-answering"


def example_info(
    windows: WindowSet, tokenizer: Tokenizer, quantized: QuantizedModel, profiles: Mapping[str, ElasticConfig | None]
) -> rows.ExampleInfo | None:
    """Follow one question through every profile.

    The question is chosen by its length alone, not by how well it is answered.

    Args:
        windows: of the dev split, or of its beginning.
        profiles: configuration by profile; ``None`` is full length.

    Returns:
        ``None`` where no question fits one window, or the task is not question answering.
    """
    from quantlat.quantization.reference import build_task_model

    chosen = choose(windows)
    if chosen is None or quantized.task != _QUESTION_ANSWERING:
        return None
    example = windows.examples[chosen.example_index]
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


def choose(windows: WindowSet) -> Window | None:
    """The first question of a length that fits a page and one window; else the one nearest to that length."""
    of_example = np.bincount([w.example_index for w in windows.windows], minlength=len(windows.examples))
    whole = [
        w for w in windows.windows if of_example[w.example_index] == 1 and windows.examples[w.example_index].answers
    ]

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
            name = tokenizer.backend.id_to_token(int(window.input_ids[i])) or ""
            yield rows.ExampleToken(text=name, space=True, part="special")
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
    import torch

    from quantlat.metrics import best_spans

    layers = model.config.num_layers
    ids, types = (torch.from_numpy(a)[None] for a in (window.input_ids, window.token_type_ids))
    mask = torch.ones_like(ids)
    lengths = torch.tensor(config.lengths(window.length, layers)) if config is not None else None
    with torch.inference_mode():
        logits = model(ids, mask, types, lengths)[0].float().numpy()
        survives = _survival(model, ids, types, lengths)
    answers = best_spans([example], [window], [logits[:, 0]], [logits[:, 1]])
    return rows.ExampleProfile(profile=profile, survives=survives, answer=answers[example.id])


def _survival(model: TaskModel, ids: Tensor, types: Tensor, lengths: Tensor | None) -> tuple[int, ...]:
    """After how many layers each token is still alive."""
    import torch

    from quantlat.models.elastic import Survivors

    encoder, n = model.encoder, ids.size(1)
    if lengths is None:
        return (len(encoder.layers),) * n
    alive = Survivors(encoder.embeddings(ids, types), torch.ones(1, n, dtype=torch.bool), torch.arange(n).expand(1, n))
    survives = np.zeros(n, dtype=np.int64)
    for i, layer in enumerate(encoder.layers):
        alive = layer.drop(alive, lengths[i])  # type: ignore[operator]
        survives[alive.positions[0].numpy()] = i + 1
    return tuple(int(layers) for layers in survives)
