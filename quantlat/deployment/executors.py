"""The two ways a bundle runs: quantlat's engine with every profile, or OpenVINO at full length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from quantlat.data.windows import Window
from quantlat.deployment.manifest import NATIVE, OPENVINO, OPENVINO_XML, BundleManifest
from quantlat.errors import BundleError, RuntimeUnavailableError
from quantlat.models.encoder_config import EncoderConfig
from quantlat.models.retention import RetentionConfig
from quantlat.quantization.artifact import QuantizedModel
from quantlat.runtimes.base import Availability, IdArray, Logits, availability_for, knows_layers
from quantlat.runtimes.native import NativeRuntime, NativeSession
from quantlat.runtimes.openvino_ir import StoredIrSession

RUNTIMES = ("auto", NATIVE, OPENVINO)


class Executor(Protocol):
    """Runs windows of a bundle's model; safe to call from several threads."""

    @property
    def runtime(self) -> str:
        """``native`` or ``openvino``."""

    @property
    def kernels(self) -> str:
        """Kernel set in use; empty where the runtime does not say."""

    @property
    def elastic(self) -> bool:
        """Whether it can drop tokens; if not, only full-length profiles run."""

    def run(
        self, windows: Sequence[Window], config: RetentionConfig | None, *, exits: bool
    ) -> tuple[list[Logits], list[IdArray]]:
        """Logits of each window and, if asked for, the layer at which each token was dropped."""

    def close(self) -> None:
        """Release the model."""


class NativeExecutor:
    """quantlat's engine: ragged batches, every profile."""

    runtime, elastic = NATIVE, True

    def __init__(self, model: QuantizedModel, threads: int) -> None:
        self._session = NativeSession(model, threads=threads, in_memory=True)

    @property
    def kernels(self) -> str:
        """Kernel set in use, such as ``avx512vnni``."""
        return self._session.kernels

    def run(
        self, windows: Sequence[Window], config: RetentionConfig | None, *, exits: bool
    ) -> tuple[list[Logits], list[IdArray]]:
        """See :class:`Executor`."""
        if exits:
            return self._session.run_windows_with_exits(windows, config)
        return self._session.run_windows(windows, config), []

    def close(self) -> None:
        """See :class:`Executor`."""
        self._session.close()


class OpenVinoExecutor:
    """The plain graph in OpenVINO: full length only."""

    runtime, elastic, kernels = OPENVINO, False, ""

    def __init__(self, xml: Path, model: QuantizedModel, threads: int) -> None:
        self._session = StoredIrSession(xml, model.config, model.task, threads=threads)
        self._layers = model.config.num_layers

    def run(
        self, windows: Sequence[Window], config: RetentionConfig | None, *, exits: bool
    ) -> tuple[list[Logits], list[IdArray]]:
        """See :class:`Executor`."""
        if config is not None:
            raise RuntimeUnavailableError("the OpenVINO fallback runs full length only", "Use the profile 'full'.")
        left = [np.full(window.length, self._layers, np.int64) for window in windows] if exits else []
        return self._session.run_windows(windows), left

    def close(self) -> None:
        """See :class:`Executor`."""
        self._session.close()


def native_availability(model: EncoderConfig) -> Availability:
    """Whether the engine was built and knows the model's layers; MobileBERT's it does not."""
    found = availability_for(NativeRuntime(), model)
    if knows_layers(NATIVE, model):
        return found
    return replace(found, install="Its bundles run in OpenVINO alone: package with it, load with openvino or auto.")


def choose_runtime(manifest: BundleManifest, model: EncoderConfig, runtime: str) -> str:
    """``native`` or ``openvino``: what is asked for, or what can run this model here.

    Raises:
        RuntimeUnavailableError: an unknown name, or neither can run here; says what to install.
        BundleError: OpenVINO is asked for and the bundle does not have it.
    """
    if runtime not in RUNTIMES:
        raise RuntimeUnavailableError(f"unknown runtime {runtime!r}", f"A bundle runs in: {', '.join(RUNTIMES)}.")
    native = native_availability(model)
    if runtime == NATIVE or (runtime == "auto" and (native.usable or not manifest.has_openvino)):
        native.require(NATIVE)
        return NATIVE
    if not manifest.has_openvino:
        raise BundleError("the bundle has no OpenVINO model", "Package the run again without --no-openvino.")
    return OPENVINO


def open_executor(
    folder: Path, manifest: BundleManifest, model: QuantizedModel, runtime: str, threads: int
) -> Executor:
    """The model in a runtime that :func:`choose_runtime` returned."""
    if runtime == NATIVE:
        return NativeExecutor(model, threads)
    return OpenVinoExecutor(folder / OPENVINO_XML, model, threads)
