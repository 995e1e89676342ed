"""Loading checkpoints into our modules and exporting them back to the Hugging Face format.

Weights are untrusted input: only safetensors are read (never pickles), and every tensor's shape is checked
against ``config.json`` before anything is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from quantlat.errors import ModelError
from quantlat.models.bottleneck import Bottleneck
from quantlat.models.checkpoint_source import RandomShape, locate
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.heads import (
    EMBEDDING,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TEXT_REGRESSION,
    TaskModel,
    build_model,
)
from quantlat.models.parameter_names import canonical_key, module_names
from quantlat.models.sentence_pooling import require_mean_pooling, write_mean_pooling
from quantlat.models.subnetwork import narrow_config
from quantlat.models.tokenizer import Tokenizer

_MAX_CONFIG_BYTES = 1 << 20
_TOKEN_TYPES = {"bert": 2, "roberta": 1, "distilbert": 0, "mobilebert": 2}
_OPTIONAL = ("pooler.", "classifier.", "qa_outputs.")


@dataclass(frozen=True)
class LoadedModel:
    """A model with what belongs to it.

    Attributes:
        has_task_head: the checkpoint was already fine-tuned for the task (its head's weights were there; an embedding
            has none, so any encoder is ready for it).
        source: the reference it was loaded from.
        labels: names of the classes as far as the checkpoint gives them.
    """

    model: TaskModel
    tokenizer: Tokenizer
    config: EncoderConfig
    has_task_head: bool
    source: str
    labels: tuple[str, ...] = ()


def load_checkpoint(
    reference: str,
    *,
    task: str = QUESTION_ANSWERING,
    num_labels: int | None = None,
    sha256: str | None = None,
    offline: bool = False,
    seed: int = 0,
) -> LoadedModel:
    """Load any supported checkpoint; see :mod:`quantlat.models.checkpoint_source` for references.

    A checkpoint without a head for ``task`` gets a fresh one, drawn from ``seed``.

    Raises:
        ModelError: missing, damaged, unsupported, or its checksum differs.
    """
    place = locate(reference, sha256=sha256, offline=offline)
    if isinstance(place, RandomShape):
        outputs = 1 if task == TEXT_REGRESSION else num_labels or 2
        return _random_model(place, task=task, num_labels=outputs, source=reference, seed=seed)
    return load_folder(place, task=task, num_labels=num_labels, source=reference, seed=seed)


def load_folder(
    folder: Path,
    *,
    task: str = QUESTION_ANSWERING,
    num_labels: int | None = None,
    source: str | None = None,
    seed: int = 0,
) -> LoadedModel:
    """Load a local folder in Hugging Face format (``config.json``, ``model.safetensors``, tokenizer)."""
    folder = Path(folder)
    raw = _read_config(folder)
    if task == TEXT_REGRESSION:
        num_labels = 1
    if num_labels is None:
        named = len(raw.get("id2label") or {}) or int(raw.get("num_labels", 2))
        num_labels = named if task == TEXT_CLASSIFICATION else 2
    if task == EMBEDDING:
        require_mean_pooling(folder)
    config = EncoderConfig.from_huggingface(raw, num_labels=num_labels)
    tokenizer = Tokenizer.from_folder(folder, family=config.family)
    if tokenizer.vocab_size > config.vocab_size:
        raise ModelError(
            f"{folder}: the tokenizer has {tokenizer.vocab_size} tokens, the embeddings only {config.vocab_size} rows",
            "Tokenizer and weights do not belong together.",
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build_model(config, task)
    has_head = _load_weights(model, config, _weight_files(folder))
    model.eval()
    labels = _class_names(raw) if task == TEXT_CLASSIFICATION and has_head else ()
    return LoadedModel(model, tokenizer, config, has_head, source or str(folder), labels)


def save_huggingface(model: TaskModel, tokenizer: Tokenizer, folder: Path, *, labels: Sequence[str] = ()) -> None:
    """Write a folder that ``transformers`` loads and that gives the same logits, and names of classes, there.

    Layers that differ in width are filled up with zeros, because ``transformers`` builds all layers alike: heads to
    ``hidden_size / head size``, neurons to those of the widest layer. :func:`load_folder` takes the zeros off again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = model.state_dict()
    names = module_names(model.config, state)
    shapes = _shapes_in_file(model)
    # A bare encoder's weights have no prefix in Hugging Face's format.
    prefix = f"{model.config.family}." if model.task == EMBEDDING else ""
    tensors = {
        names[name].removeprefix(prefix): _filled_up(tensor.detach().cpu().float(), shapes[name])
        for name, tensor in state.items()
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = model.config.to_huggingface(task=model.task, labels=labels)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")
    tokenizer.save(folder)
    if model.task == EMBEDDING:
        write_mean_pooling(folder, hidden_size=model.config.hidden_size, max_tokens=model.config.max_positions)


def _shapes_in_file(model: TaskModel) -> dict[str, tuple[int, ...]]:
    """Shape of each parameter where every layer has the width that ``transformers`` would give it."""
    with torch.device("meta"):
        whole = build_model(replace(model.config, layer_heads=(), layer_neurons=()), model.task)
    return {name: tuple(parameter.shape) for name, parameter in whole.state_dict().items()}


def _filled_up(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``tensor`` as the first rows and columns of zeros of ``shape``; contiguous."""
    if tuple(tensor.shape) == shape:
        return tensor.contiguous()
    whole = torch.zeros(shape)
    whole[tuple(slice(n) for n in tensor.shape)] = tensor
    return whole


def select_layers(model: TaskModel, layers: int | Sequence[int] | None) -> TaskModel:
    """A copy of ``model`` that has only some of its layers.

    Args:
        layers: ``None`` for all, a number for that many evenly spaced ones (the last is always among them, as in
            TinyBERT's uniform map), or their indices from 0.

    Raises:
        ModelError: more layers than there are, or indices out of order or range.
    """
    total = model.config.num_layers
    if layers is None:
        chosen = list(range(total))
    elif isinstance(layers, int):
        if not 1 <= layers <= total:
            raise ModelError(f"the student asks for {layers} layers, its initial model has {total}")
        chosen = [round((i + 1) * total / layers) - 1 for i in range(layers)]
    else:
        chosen = list(layers)
        if chosen != sorted(set(chosen)) or not chosen or chosen[0] < 0 or chosen[-1] >= total:
            raise ModelError(f"student layers {chosen} must be ascending indices in [0, {total - 1}]")
    smaller = build_model(narrow_config(model.config, layers=chosen), model.task)
    state = {}
    for name, tensor in model.state_dict().items():
        if name.startswith("encoder.layers."):
            _, _, index, rest = name.split(".", 3)
            if int(index) in chosen:
                state[f"encoder.layers.{chosen.index(int(index))}.{rest}"] = tensor.clone()
        else:
            state[name] = tensor.clone()
    smaller.load_state_dict(state)
    return smaller.eval()


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder} has no config.json", "Give a folder in Hugging Face format.")
    if path.stat().st_size > _MAX_CONFIG_BYTES:
        raise ModelError(f"{path} is larger than 1 MiB; refusing to read it")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not valid JSON: {error}") from None
    if not isinstance(raw, dict):
        raise ModelError(f"{path} must hold a JSON object, got {type(raw).__name__}")
    return raw


def _class_names(raw: dict[str, Any]) -> tuple[str, ...]:
    """The classes by number; none where ``LABEL_0`` and its like are all that is known."""
    named = raw.get("id2label")
    if not isinstance(named, dict) or not all(isinstance(name, str) for name in named.values()):
        return ()
    names = tuple(named.get(str(i), "") for i in range(len(named)))
    return () if any(not name or name.upper().startswith("LABEL_") for name in names) else names


def _weight_files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.safetensors"))
    if files:
        return files
    pickles = [p.name for p in folder.glob("pytorch_model*.bin")]
    if pickles:
        raise ModelError(
            f"{folder} holds {pickles[0]}, a pickle, which can run code when it is loaded; only safetensors are read",
            "Convert it where you trust it: load it with transformers and call save_pretrained().",
        )
    raise ModelError(f"{folder} has no model.safetensors", "Give a folder in Hugging Face format.")


def _load_weights(model: TaskModel, config: EncoderConfig, files: Sequence[Path]) -> bool:
    """Fill ``model`` from checkpoint files; returns whether the task head was among the weights."""
    parameters = dict(model.state_dict())
    shapes = _shapes_in_file(model)
    wanted = {theirs: ours for ours, theirs in module_names(config, parameters).items()}
    found: dict[str, Tensor] = {}
    for path in files:
        try:
            with safe_open(path, framework="pt") as file:
                for key in file.keys():  # noqa: SIM118 - safe_open is not a mapping
                    ours = wanted.get(canonical_key(key, config.family))
                    if ours is None:
                        continue
                    shape = tuple(file.get_slice(key).get_shape())
                    if shape != shapes[ours]:
                        if ours.startswith(_OPTIONAL):
                            continue  # a head of another task; the caller gets a fresh one
                        raise ModelError(
                            f"{path}: {key} has shape {shape}, config.json implies {shapes[ours]}",
                            "Weights and config.json do not belong together.",
                        )
                    found[ours] = _without_zeros(path, key, file.get_tensor(key).float(), parameters[ours].shape)
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path} is not a readable safetensors file: {error}", "Download it again.") from None
    missing = [name for name in parameters if name not in found and not name.startswith(_OPTIONAL)]
    if missing:
        raise ModelError(
            f"{files[0].parent} lacks {len(missing)} of the encoder's weights, first: {missing[0]}",
            "The checkpoint is incomplete or of another architecture.",
        )
    bad = [name for name, tensor in found.items() if not torch.isfinite(tensor).all()]
    if bad:
        raise ModelError(f"{files[0].parent}: {bad[0]} holds NaN or infinite weights")
    model.load_state_dict({**parameters, **found})
    return all(name in found for name in parameters if name.startswith(("classifier.", "qa_outputs.")))


def _without_zeros(path: Path, key: str, tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """The first rows and columns of ``tensor``; what is cut off must be zero, or the function would change."""
    if tuple(tensor.shape) == tuple(shape):
        return tensor
    kept = tensor[tuple(slice(n) for n in shape)].clone()
    if int(tensor.count_nonzero()) != int(kept.count_nonzero()):
        raise ModelError(
            f"{path}: {key} has weights where config.json says that the layer is narrower",
            "Remove quantlat_layer_heads and quantlat_layer_neurons from config.json, or export the model again.",
        )
    return kept


def _random_model(shape: RandomShape, *, task: str, num_labels: int, source: str, seed: int) -> LoadedModel:
    from quantlat.models.random_tokenizer import train_tokenizer

    tokenizer = train_tokenizer(shape.family)
    mobile = shape.family == "mobilebert"  # in the proportions of the published one: 512, and 128 inside
    narrow = max(8, shape.hidden_size // 4)
    config = EncoderConfig(
        family=shape.family,
        vocab_size=tokenizer.vocab_size,
        hidden_size=shape.hidden_size,
        num_layers=shape.layers,
        # Inductor cannot compile dropping with a single head; no published model has one.
        num_heads=max(2, narrow // 32) if mobile else max(1, shape.hidden_size // 32),
        intermediate_size=shape.hidden_size * (1 if mobile else 4),
        max_positions=512,
        type_vocab_size=_TOKEN_TYPES[shape.family],
        activation="relu" if mobile else "gelu",
        pad_token_id=tokenizer.pad_token_id,
        position_offset=tokenizer.pad_token_id + 1 if shape.family == "roberta" else 0,
        num_labels=num_labels,
        bottleneck=Bottleneck(size=narrow, embedding_size=narrow) if mobile else None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build_model(config, task)
    return LoadedModel(model.eval(), tokenizer, config, task == EMBEDDING, source)
