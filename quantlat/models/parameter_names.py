"""Names of the same parameters in our modules and in Hugging Face checkpoints, one table per family."""

from __future__ import annotations

from collections.abc import Iterable

from quantlat.models.encoder_config import EncoderConfig

_BERT_LAYER = {
    "attention.query": "attention.self.query",
    "attention.key": "attention.self.key",
    "attention.value": "attention.self.value",
    "attention.output": "attention.output.dense",
    "attention.norm": "attention.output.LayerNorm",
    "feed_forward.up": "intermediate.dense",
    "feed_forward.down": "output.dense",
    "feed_forward.norm": "output.LayerNorm",
}
_DISTILBERT_LAYER = {
    "attention.query": "attention.q_lin",
    "attention.key": "attention.k_lin",
    "attention.value": "attention.v_lin",
    "attention.output": "attention.out_lin",
    "attention.norm": "sa_layer_norm",
    "feed_forward.up": "ffn.lin1",
    "feed_forward.down": "ffn.lin2",
    "feed_forward.norm": "output_layer_norm",
}
_MOBILEBERT_LAYER = {
    **_BERT_LAYER,
    "bottleneck.input": "bottleneck.input.dense",
    "bottleneck.input_norm": "bottleneck.input.LayerNorm",
    "bottleneck.shared": "bottleneck.attention.dense",
    "bottleneck.shared_norm": "bottleneck.attention.LayerNorm",
    "bottleneck.output": "output.bottleneck.dense",
    "bottleneck.output_norm": "output.bottleneck.LayerNorm",
}
_MOBILEBERT_STACKED = {"up": "intermediate.dense", "down": "output.dense", "norm": "output.LayerNorm"}
_LAYERS = {
    "bert": _BERT_LAYER,
    "roberta": _BERT_LAYER,
    "distilbert": _DISTILBERT_LAYER,
    "mobilebert": _MOBILEBERT_LAYER,
}
_EMBEDDINGS = {
    "encoder.embeddings.word": "embeddings.word_embeddings",
    "encoder.embeddings.position": "embeddings.position_embeddings",
    "encoder.embeddings.token_type": "embeddings.token_type_embeddings",
    "encoder.embeddings.transform": "embeddings.embedding_transformation",
    "encoder.embeddings.norm": "embeddings.LayerNorm",
}
_HEADS = {
    "bert": {"pooler": "bert.pooler.dense", "classifier": "classifier"},
    "roberta": {"pooler": "classifier.dense", "classifier": "classifier.out_proj"},
    "distilbert": {"pooler": "pre_classifier", "classifier": "classifier"},
    "mobilebert": {"pooler": "mobilebert.pooler.dense", "classifier": "classifier"},
}


def module_names(config: EncoderConfig, ours: Iterable[str]) -> dict[str, str]:
    """Our parameter names to the checkpoint's, for a model of this family with its task head."""
    prefix = config.family
    stack = "transformer.layer" if prefix == "distilbert" else "encoder.layer"
    names: dict[str, str] = {}
    for name in ours:
        module, _, leaf = name.rpartition(".")
        if module in _EMBEDDINGS:
            theirs = f"{prefix}.{_EMBEDDINGS[module]}"
        elif module.startswith("encoder.layers."):
            _, _, index, inner = module.split(".", 3)
            theirs = f"{prefix}.{stack}.{index}.{_layer_module(prefix, inner)}"
        else:
            theirs = _HEADS[prefix].get(module, module)
        names[name] = f"{theirs}.{leaf}"
    return names


def _layer_module(family: str, inner: str) -> str:
    """A module of a layer in the checkpoint's spelling; stacked feed-forwards are numbered from 0 in both."""
    if inner.startswith("stack."):
        _, number, part = inner.split(".")
        return f"ffn.{number}.{_MOBILEBERT_STACKED[part]}"
    return _LAYERS[family][inner]


def canonical_key(key: str, family: str) -> str:
    """A checkpoint's key in today's spelling: old LayerNorm names, and the prefix a bare encoder lacks."""
    key = key.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
    bare = ("embeddings.", "encoder.", "transformer.", "pooler.")
    return f"{family}.{key}" if key.startswith(bare) else key
