"""``manifest.json`` of a bundle: what it holds, what it promises, and the hash and size of every file.

A bundle is untrusted until it is read: names may not leave its folder, sizes are compared before a byte is parsed,
hashes before anything is used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from quantlat.errors import BundleError
from quantlat.models.retention import RetentionConfig

MANIFEST = "manifest.json"
FORMAT: Literal["quantlat-bundle"] = "quantlat-bundle"
FORMAT_VERSION = 1

MODEL = "model"
# not "openvino": a program started inside the bundle would import that folder instead of the package
OPENVINO_XML = "fallback/model.xml"
OPENVINO_BIN = "fallback/model.bin"
GOLDEN = "golden.json"
TOKENIZER = f"{MODEL}/tokenizer.json"
MODEL_FILES = (f"{MODEL}/quantized.json", f"{MODEL}/qparams.safetensors", TOKENIZER)

NATIVE, OPENVINO = "native", "openvino"

_MAX_MANIFEST_BYTES = 4 << 20
_MAX_FILE_BYTES = 16 << 30
_COPY_AGAIN = "Copy the bundle again from where it was packaged, or package the run again."

_Text = Annotated[str, Field(max_length=2000)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileEntry(_Part):
    """Size and hash of a file."""

    bytes: Annotated[int, Field(ge=0, le=_MAX_FILE_BYTES)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class LatencyPoint(_Part):
    """Median time of a whole request of so many tokens, tokenising and decoding included, with its 95 % interval."""

    tokens: Annotated[int, Field(ge=1)]
    median_ms: _Positive
    ci_ms: tuple[_Finite, _Finite]
    n: Annotated[int, Field(ge=1)]


class BundleProfile(_Part):
    """A retention configuration by name, and what it is worth.

    Attributes:
        latency_ms: median on the task's own mix of lengths, from the run's report, with its interval; the model alone.
        accuracy: ``metric`` in points on the dev set, from the run's report, with its interval.
        drop: points lost against the reference of the report.
        latency_by_tokens: measured when the bundle was packaged, by runtime; the promise that a budget is kept by.
    """

    name: _Text
    ratios: tuple[float, ...]
    latency_ms: _Positive | None = None
    latency_ci_ms: tuple[_Finite, _Finite] | None = None
    metric: _Text = "f1"
    accuracy: _Finite | None = None
    accuracy_ci: tuple[_Finite, _Finite] | None = None
    drop: _Finite | None = None
    drop_ci: tuple[_Finite, _Finite] | None = None
    latency_by_tokens: dict[str, tuple[LatencyPoint, ...]] = {}

    @property
    def retention(self) -> RetentionConfig | None:
        """What sessions take; ``None`` at full length."""
        config = RetentionConfig(self.ratios)
        return None if config.is_full else config

    @property
    def macs_share(self) -> float:
        """Mean ratio; orders profiles."""
        return sum(self.ratios) / len(self.ratios)


class ValidatedMachine(_Part):
    """The machine that the promises were measured on."""

    cpu: _Text
    isa: tuple[_Text, ...]
    kernels: _Text
    cores: int
    fingerprint: _Text


class Origin(_Part):
    """Where the model and its data come from and under which licences."""

    teacher: _Text | None = None
    student: _Text | None = None
    model_licence: _Text
    data: _Text
    data_licence: _Text


class BundleManifest(_Part):
    """Content of ``manifest.json``.

    Attributes:
        fingerprint: SHA-256 of the model's configuration and numbers.
        layers: encoder layers; also what :class:`TokenTrace` calls a token that was never dropped.
        labels: names of the classes; empty for other tasks.
        threads: of one request, in every promise.
        profiles: from the most accurate to the fastest.
        runtime: the runtime that the promises are about.
    """

    format: Literal["quantlat-bundle"] = FORMAT
    format_version: Literal[1] = 1
    name: _Text
    task: Literal["question-answering", "text-classification", "text-regression", "embedding"]
    created: _Text
    quantlat: _Text
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    layers: Annotated[int, Field(ge=1, le=96)]
    labels: tuple[_Text, ...] = ()
    max_tokens: Annotated[int, Field(ge=8, le=32768)]
    stride: Annotated[int, Field(ge=0)]
    max_question_tokens: Annotated[int, Field(ge=1)]
    runtime: Literal["native", "openvino"] = "native"
    threads: Annotated[int, Field(ge=1, le=1024)]
    profiles: Annotated[tuple[BundleProfile, ...], Field(min_length=1, max_length=64)]
    machine: ValidatedMachine
    origin: Origin
    files: Annotated[dict[str, FileEntry], Field(max_length=10_000)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = self.profile_names
        if len(set(names)) != len(names):
            raise ValueError(f"profile names are not unique: {', '.join(names)}")
        for profile in self.profiles:
            if len(profile.ratios) != self.layers:
                raise ValueError(f"profile {profile.name!r} has {len(profile.ratios)} ratios for {self.layers} layers")
        for name in self.files:
            _check_name(name)
        missing = [name for name in (*MODEL_FILES, GOLDEN) if name not in self.files]
        if missing:
            raise ValueError(f"it does not list {missing[0]}, which every bundle has")
        return self

    @property
    def profile_names(self) -> tuple[str, ...]:
        """Names of the profiles, from the most accurate to the fastest."""
        return tuple(profile.name for profile in self.profiles)

    @property
    def has_openvino(self) -> bool:
        """Whether the OpenVINO fallback is in the bundle."""
        return OPENVINO_XML in self.files and OPENVINO_BIN in self.files


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    plain = name and "\\" not in name and "\0" not in name and path.as_posix() == name
    if not plain or path.is_absolute() or ".." in path.parts or name == MANIFEST:
        raise ValueError(f"{name!r} is not the name of a file in the bundle")


def read_manifest(folder: str | Path) -> BundleManifest:
    """The manifest of a bundle; no other file is touched.

    Raises:
        BundleError: there is none, or it is not one that this version reads.
    """
    path = Path(folder) / MANIFEST
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_MANIFEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise BundleError(
            f"{folder} is not a bundle: it has no {MANIFEST}", "`quantlat package RUN --out DIR` makes one."
        ) from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}", "Check the permissions.") from None
    if len(data) > _MAX_MANIFEST_BYTES:
        raise BundleError(f"{path} is larger than {_MAX_MANIFEST_BYTES >> 20} MiB; refusing to read it")
    try:
        raw = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is not valid JSON: {error}", _COPY_AGAIN) from None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise BundleError(f"{path} is not the manifest of a bundle", "`quantlat package RUN --out DIR` makes one.")
    if raw.get("format_version") != FORMAT_VERSION:
        raise BundleError(
            f"{path} has format version {raw.get('format_version')!r}; this quantlat reads {FORMAT_VERSION}",
            "Package the run again with this version, or install the version that made the bundle.",
        )
    try:
        return BundleManifest.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise BundleError(f"{path}: {where}: {first['msg']}", _COPY_AGAIN) from None


def verify_files(folder: Path, manifest: BundleManifest, names: Iterable[str] | None = None) -> None:
    """Compare files with the manifest: sizes of all of them first, then hashes.

    Args:
        names: files to check; ``None``: every file of the bundle.

    Raises:
        BundleError: naming the first file that is missing, cut off or changed.
    """
    root = folder.resolve()
    chosen = list(manifest.files if names is None else names)
    for name in chosen:
        path = root / name
        if not path.resolve().is_relative_to(root):
            raise BundleError(f"{path} leads out of the bundle", _COPY_AGAIN)
        if not path.is_file():
            raise BundleError(f"{path} is missing", _COPY_AGAIN)
        size, expected = path.stat().st_size, manifest.files[name].bytes
        if size != expected:
            raise BundleError(f"{path} has {size} bytes, the manifest says {expected}", _COPY_AGAIN)
    for name in chosen:
        if sha256_of(root / name) != manifest.files[name].sha256:
            raise BundleError(f"{root / name} was changed: it does not have the hash in the manifest", _COPY_AGAIN)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}", "Check the permissions.") from None
