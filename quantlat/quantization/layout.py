"""Names and shapes of every parameter of a quantised model, derived from its configuration.

The file format, the checks of untrusted files, coverage and every runtime read the structure from here, so a file
can be compared with what it must hold before anything in it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from quantlat.models.bottleneck import Bottleneck
from quantlat.models.encoder_config import EncoderConfig

QUESTION_ANSWERING = "question-answering"
TEXT_CLASSIFICATION = "text-classification"
TEXT_REGRESSION = "text-regression"
EMBEDDING = "embedding"
TASKS = (QUESTION_ANSWERING, TEXT_CLASSIFICATION, TEXT_REGRESSION, EMBEDDING)


@dataclass(frozen=True)
class Layout:
    """What a model of one configuration and task consists of; names are those of the task model's modules.

    Attributes:
        linears: ``(out_features, in_features)`` by name, in the order of execution.
        embeddings: ``(rows, width)`` by name.
        norms: width by name, of LayerNorms and of MobileBERT's NoNorms, which have the same parameters.
    """

    linears: Mapping[str, tuple[int, int]]
    embeddings: Mapping[str, tuple[int, int]]
    norms: Mapping[str, int]


def head_linears(config: EncoderConfig, task: str) -> dict[str, tuple[int, int]]:
    """``(out_features, in_features)`` of the head's linears in the order of execution; an embedding has none."""
    h = config.hidden_size
    if task == QUESTION_ANSWERING:
        return {"qa_outputs": (2, h)}
    if task in (TEXT_CLASSIFICATION, TEXT_REGRESSION):
        pooler = {"pooler": (h, h)} if config.has_pooler else {}
        return pooler | {"classifier": (config.num_labels, h)}
    return {}


def layout_of(config: EncoderConfig, task: str) -> Layout:
    """Structure of the task model that ``quantlat.models.build_model(config, task)`` makes."""
    if config.bottleneck is not None:
        return _mobilebert_layout(config, config.bottleneck, task)
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
    return _with_ends(config, task, linears, norms, word_size=h)


def _with_ends(
    config: EncoderConfig, task: str, linears: dict[str, tuple[int, int]], norms: dict[str, int], *, word_size: int
) -> Layout:
    """The layers with a head behind them and the embedding tables."""
    h = config.hidden_size
    linears.update(head_linears(config, task))
    embeddings = {
        "encoder.embeddings.word": (config.vocab_size, word_size),
        "encoder.embeddings.position": (config.max_positions + config.position_offset, h),
    }
    if config.type_vocab_size:
        embeddings["encoder.embeddings.token_type"] = (config.type_vocab_size, h)
    return Layout(MappingProxyType(linears), MappingProxyType(embeddings), MappingProxyType(norms))


def _mobilebert_layout(config: EncoderConfig, bottleneck: Bottleneck, task: str) -> Layout:
    h = config.hidden_size
    linears = {"encoder.embeddings.transform": (h, bottleneck.projected_size)}
    norms = {"encoder.embeddings.norm": h}
    for i in range(config.num_layers):
        layer = f"encoder.layers.{i}"
        linears.update({f"{layer}.{name}": shape for name, shape in _block_linears(config, bottleneck)})
        norms.update({f"{layer}.{name}": width for name, width in _block_norms(h, bottleneck)})
    return _with_ends(config, task, linears, norms, word_size=bottleneck.embedding_size)


def _block_linears(config: EncoderConfig, bottleneck: Bottleneck) -> Iterator[tuple[str, tuple[int, int]]]:
    h, b, f = config.hidden_size, bottleneck.size, config.intermediate_size
    if not bottleneck.bottlenecked_attention:
        yield "bottleneck.shared", (b, h)
    yield from ((f"attention.{part}", (b, b)) for part in ("query", "key"))
    yield "attention.value", (b, b if bottleneck.bottlenecked_attention else h)
    yield "bottleneck.input", (b, h)
    yield "attention.output", (b, b)
    for name in (*(f"stack.{k}" for k in range(bottleneck.feed_forwards - 1)), "feed_forward"):
        yield f"{name}.up", (f, b)
        yield f"{name}.down", (b, f)
    yield "bottleneck.output", (h, b)


def _block_norms(hidden_size: int, bottleneck: Bottleneck) -> Iterator[tuple[str, int]]:
    b = bottleneck.size
    if not bottleneck.bottlenecked_attention:
        yield "bottleneck.shared_norm", b
    yield "bottleneck.input_norm", b
    yield "attention.norm", b
    yield from ((f"stack.{k}.norm", b) for k in range(bottleneck.feed_forwards - 1))
    yield "feed_forward.norm", b
    yield "bottleneck.output_norm", hidden_size
