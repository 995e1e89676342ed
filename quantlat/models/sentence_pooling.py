"""How a checkpoint for embeddings makes one vector of a text: the files that sentence-transformers puts beside it.

quantlat's embedding head is the mean over the real tokens, normalised (Reimers and Gurevych 2019, arXiv 1908.10084).
A checkpoint that was trained with another pooling would silently lose its quality under it, so it is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from quantlat.errors import ModelError

MODULES, POOLING, NORMALIZE = "modules.json", "1_Pooling", "2_Normalize"
_KNOWN_MODULES = ("Transformer", "Pooling", "Normalize")
_MAX_BYTES = 1 << 20


def require_mean_pooling(folder: Path) -> None:
    """Refuse a checkpoint that pools otherwise than by the mean; one without such files is taken as it is.

    Raises:
        ModelError: naming the pooling, or the module after it, that quantlat does not have.
    """
    for module in _read(folder / MODULES, list):
        kind = str(module.get("type", "")) if isinstance(module, dict) else ""
        if kind.rpartition(".")[2] not in _KNOWN_MODULES:
            raise ModelError(
                f"{folder}: its embeddings go through {kind or 'an unnamed module'}, which quantlat does not have",
                "Use a checkpoint with mean pooling and nothing behind it but normalisation.",
            )
    pooling = _read(folder / POOLING / "config.json", dict)
    modes = [name for name, value in pooling.items() if name.startswith("pooling_mode_") and value is True]
    modes = modes or [f"pooling_mode_{value}" for name, value in pooling.items() if name == "pooling_mode"]
    if modes and set(modes) - {"pooling_mode_mean_tokens", "pooling_mode_mean"}:
        raise ModelError(
            f"{folder}: its embeddings are made by {', '.join(modes)}; quantlat pools by the mean over the real tokens",
            "Use a checkpoint that was trained with mean pooling.",
        )


def write_mean_pooling(folder: Path, *, hidden_size: int, max_tokens: int) -> None:
    """The files that make sentence-transformers pool ``folder``'s model as quantlat does."""
    kinds = (("", "Transformer"), (POOLING, "Pooling"), (NORMALIZE, "Normalize"))
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds)
    ]
    pooling = {"word_embedding_dimension": hidden_size, "pooling_mode_mean_tokens": True}
    for path in (POOLING, NORMALIZE):
        (folder / path).mkdir(exist_ok=True)
    _write(folder / MODULES, modules)
    _write(folder / POOLING / "config.json", pooling)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": max_tokens, "do_lower_case": False})


def _read(path: Path, kind: type[Any]) -> Any:
    """Content of a small JSON file of that kind, or nothing where there is no file."""
    if not path.is_file():
        return kind()
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ModelError(f"{path} is larger than 1 MiB; refusing to read it")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not valid JSON: {error}") from None
    if not isinstance(found, kind):
        raise ModelError(f"{path} must hold a JSON {kind.__name__}, got {type(found).__name__}")
    return found


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
