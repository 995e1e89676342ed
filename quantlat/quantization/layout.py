"""Names and shapes of every parameter of a quantised model, derived from its configuration.

The file format, the checks of untrusted files, coverage and every runtime read the structure from here, so a file
can be compared with what it must hold before anything in it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from quantlat.models.encoder_config import EncoderConfig

QUESTION_ANSWERING = "question-answering"
TEXT_CLASSIFICATION = "text-classification"
TASKS = (QUESTION_ANSWERING, TEXT_CLASSIFICATION)


@dataclass(frozen=True)
class Layout:
    """What a model of one configuration and task consists of; names are those of the task model's modules.

    Attributes:
        linears: ``(out_features, in_features)`` by name, in the order of execution.
        embeddings: ``(rows, width)`` by name.
        norms: width by name.
    """

    linears: Mapping[str, tuple[int, int]]
    embeddings: Mapping[str, tuple[int, int]]
    norms: Mapping[str, int]


def layout_of(config: EncoderConfig, task: str) -> Layout:
    """Structure of the task model that ``quantlat.models.build_model(config, task)`` makes."""
    h = config.hidden_size
    linears: dict[str, tuple[int, int]] = {}
    norms = {"encoder.embeddings.norm": h}
    for i in range(config.num_layers):
        layer = f"encoder.layers.{i}"
        a, f = config.attention_width(i), config.neurons[i]
        linears.update({f"{layer}.attention.{part}": (a, h) for part in ("query", "key", "value")})
        linears[f"{layer}.attention.output"] = (h, a)
        linears[f"{layer}.feed_forward.up"] = (f, h)
        linears[f"{layer}.feed_forward.down"] = (h, f)
        norms[f"{layer}.attention.norm"] = norms[f"{layer}.feed_forward.norm"] = h
    if task == QUESTION_ANSWERING:
        linears["qa_outputs"] = (2, h)
    else:
        linears["pooler"] = (h, h)
        linears["classifier"] = (config.num_labels, h)
    embeddings = {
        "encoder.embeddings.word": (config.vocab_size, h),
        "encoder.embeddings.position": (config.max_positions + config.position_offset, h),
    }
    if config.type_vocab_size:
        embeddings["encoder.embeddings.token_type"] = (config.type_vocab_size, h)
    return Layout(MappingProxyType(linears), MappingProxyType(embeddings), MappingProxyType(norms))
