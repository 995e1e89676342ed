"""Writes a bundle: everything into a folder beside the target, checked, measured, then renamed.

PyTorch is needed here, for the expected results of the golden inputs and for the OpenVINO graph.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import quantlat
from quantlat.deployment import documents
from quantlat.deployment.executors import Executor, NativeExecutor, OpenVinoExecutor, native_availability
from quantlat.deployment.golden_cases import make_golden
from quantlat.deployment.manifest import (
    GOLDEN,
    MANIFEST,
    MODEL,
    NATIVE,
    OPENVINO_XML,
    BundleManifest,
    BundleProfile,
    FileEntry,
    Origin,
    ValidatedMachine,
    read_manifest,
    sha256_of,
)
from quantlat.deployment.measuring import LENGTHS, MeasuredTable, measure_table, requests_of
from quantlat.deployment.predictor import Predictor
from quantlat.deployment.requirements import ENGINE, SERVING, pinned
from quantlat.deployment.requirements import OPENVINO as OPENVINO_PACKAGES
from quantlat.deployment.selfcheck import check_golden
from quantlat.deployment.wheel import write_serving_wheel
from quantlat.errors import BundleError, RuntimeUnavailableError, StorageError
from quantlat.latency.machine import read_machine_facts
from quantlat.latency.measure import MeasureOptions
from quantlat.models.tokenizer import Tokenizer
from quantlat.progress import Progress, QuietProgress
from quantlat.quantization.artifact import QuantizedModel
from quantlat.runtimes.base import knows_layers

_NO_HASH = FileEntry(bytes=0, sha256="0" * 64)


@dataclass(frozen=True, eq=False)
class BundleSource:
    """What a bundle is made of.

    Attributes:
        profiles: without their latency by tokens, which is measured here; any order.
        golden: texts (question and passage, or text and maybe second text) to check the model with; at least one.
        threads: of one request; ``None``: every core this process may use.
        report: files of the report, by name inside the bundle.
        licences: texts by name inside the bundle's ``licences``.
        openvino: also write the fallback.
        docker: also write a Dockerfile.
        measuring: how long to measure; ``None``: the default.
    """

    name: str
    model: QuantizedModel
    tokenizer_json: str
    profiles: tuple[BundleProfile, ...]
    golden: tuple[tuple[str, str | None], ...]
    origin: Origin
    labels: tuple[str, ...] = ()
    max_tokens: int = 384
    stride: int = 128
    max_question_tokens: int = 64
    threads: int | None = None
    report: Mapping[str, Path] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    openvino: bool = True
    docker: bool = False
    measuring: MeasureOptions | None = None


@dataclass(frozen=True)
class WrittenBundle:
    """A finished bundle."""

    folder: Path
    manifest: BundleManifest
    notes: tuple[str, ...]

    @property
    def size_mib(self) -> float:
        """Size of all files."""
        return sum(entry.bytes for entry in self.manifest.files.values()) / 2**20


def write_bundle(source: BundleSource, out: Path, progress: Progress | None = None) -> WrittenBundle:
    """Make the bundle and put it at ``out``, replacing an older bundle there.

    Raises:
        StorageError: ``out`` holds something that is not a bundle, or cannot be written.
        BundleError: a runtime does not give the results of the model's definition here, or no profile can run.
        RuntimeUnavailableError: no runtime that knows the model's layers is installed, or wanted.
    """
    progress = progress or QuietProgress()
    out = Path(os.path.abspath(out))
    refuse_foreign(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
        try:
            os.chmod(work, 0o755)
            written = _fill(source, work, progress)
            _replace(work, out)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            f"cannot write the bundle to {out}: {error}", "Free space or choose a folder you may write to."
        ) from None
    return WrittenBundle(out, written.manifest, written.notes)


def refuse_foreign(out: Path) -> None:
    """Raise unless ``out`` is new, empty, or a bundle with nothing added to it."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    hint = "Choose a new folder with --out, or move what is there."
    if not out.is_dir():
        raise StorageError(f"{out} is a file; a bundle is a folder", hint)
    try:
        known = set(read_manifest(out).files) | {MANIFEST}
    except BundleError as error:
        raise StorageError(f"{out} is not empty and not a bundle: {error.message}", hint) from None
    for path in out.rglob("*"):
        name = path.relative_to(out).as_posix()
        if not path.is_dir() and name not in known:
            raise StorageError(f"{out} holds {name}, which does not belong to the bundle there", hint)


def _replace(work: Path, out: Path) -> None:
    """Put the finished folder in place; the old one is gone only after that."""
    if not out.exists():
        work.rename(out)
        return
    old = out.with_name(f".{out.name}.replaced-{os.getpid()}")
    out.rename(old)
    try:
        work.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _fill(source: BundleSource, work: Path, progress: Progress) -> WrittenBundle:
    notes: list[str] = []
    profiles = _usable_profiles(source)
    left_out = [profile.name for profile in source.profiles if profile not in profiles]
    if left_out:
        notes.append(f"without {', '.join(left_out)}: only the engine drops tokens in a bundle, and it cannot run this")
    source.model.save(work / MODEL, tokenizer_json=source.tokenizer_json)
    if source.openvino:
        from quantlat.deployment.fallback import write_fallback

        with progress.task("OpenVINO fallback", unit="graph"):
            try:
                write_fallback(source.model, (work / OPENVINO_XML).parent)
            except RuntimeUnavailableError as error:
                if not knows_layers(NATIVE, source.model.config):
                    raise
                notes.append(f"without the OpenVINO fallback: {error.message}")
    manifest = _draft(source, profiles, work)
    executors = _executors(source.model, work, manifest)
    tokenizer = Tokenizer.from_json(source.tokenizer_json, family=source.model.config.family)
    try:
        predictors = {e.runtime: Predictor(manifest, tokenizer, e, manifest.threads) for e in executors}
        first = next(iter(predictors.values()))
        golden = make_golden(source.model, source.golden, first)
        (work / GOLDEN).write_text(golden.model_dump_json(exclude_none=True), encoding="utf-8")
        tables: dict[str, MeasuredTable] = {}
        for runtime, predictor in predictors.items():
            outcome = check_golden(predictor, work)
            if not outcome.passed:
                raise BundleError(
                    f"the runtime {runtime} does not compute this model here: its logits differ from the reference by "
                    f"{outcome.error:.0%} of their spread ({outcome.tolerance:.0%} allowed)",
                    "Quantise the model again, or report this with the model.",
                )
            tables[runtime] = _measure(source, predictor, progress)
            if not tables[runtime].reliable:
                notes.append(f"the latency in {runtime} was disturbed while measured: package on a quiet machine")
            notes += [w.advice for w in tables[runtime].warnings if w.advice not in notes]
    finally:
        for executor in executors:
            executor.close()
    _write_texts(source, work, _with_tables(manifest, tables))
    final = _with_tables(manifest, tables).model_copy(update={"files": _entries(work)})
    text = BundleManifest.model_validate(final.model_dump()).model_dump_json(indent=1)
    (work / MANIFEST).write_text(text + "\n", encoding="utf-8")
    for path in work.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return WrittenBundle(work, final, tuple(notes))


def _draft(source: BundleSource, profiles: Sequence[BundleProfile], work: Path) -> BundleManifest:
    """The manifest before anything is measured."""
    facts = read_machine_facts()
    model = source.model.config
    native = native_availability(model)
    return BundleManifest(
        name=source.name,
        task=source.model.task,  # type: ignore[arg-type]
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        quantlat=quantlat.__version__,
        fingerprint=source.model.fingerprint,
        layers=model.num_layers,
        labels=source.labels,
        max_tokens=min(source.max_tokens, model.max_positions),
        stride=source.stride,
        max_question_tokens=source.max_question_tokens,
        runtime="native" if native.usable else "openvino",
        threads=source.threads or facts.usable_cores,
        profiles=tuple(sorted(profiles, key=lambda profile: -profile.macs_share)),
        machine=ValidatedMachine(
            cpu=facts.cpu_model,
            isa=facts.isa,
            kernels=native.version,
            cores=facts.usable_cores,
            fingerprint=facts.fingerprint,
        ),
        origin=source.origin,
        files={**_entries(work), GOLDEN: _NO_HASH},
    )


def _usable_profiles(source: BundleSource) -> list[BundleProfile]:
    """Those that some machine can run: dropping tokens takes the engine, and the engine does not know every family."""
    elastic = knows_layers(NATIVE, source.model.config)
    usable = [profile for profile in source.profiles if elastic or profile.retention is None]
    if not usable:
        raise BundleError(
            f"a bundle of a {source.model.config.family} model runs at full length only, and no profile is full length",
            "Search again with a floor that full length meets.",
        )
    return usable


def _executors(model: QuantizedModel, work: Path, manifest: BundleManifest) -> list[Executor]:
    executors: list[Executor] = []
    if manifest.runtime == NATIVE:
        executors.append(NativeExecutor(model, manifest.threads))
    if manifest.has_openvino:
        executors.append(OpenVinoExecutor(work / OPENVINO_XML, model, manifest.threads))
    if not executors:
        native_availability(model.config).require(NATIVE)
    return executors


def _measure(source: BundleSource, predictor: Predictor, progress: Progress) -> MeasuredTable:
    lengths = [n for n in LENGTHS if n < predictor.manifest.max_tokens] + [predictor.manifest.max_tokens]
    requests = requests_of(predictor, source.golden, lengths)
    progress.say(f"measuring the promise: {predictor.runtime}, {predictor.threads} threads, up to {lengths[-1]} tokens")
    return measure_table(predictor, requests, options=source.measuring, progress=progress)


def _with_tables(manifest: BundleManifest, tables: Mapping[str, MeasuredTable]) -> BundleManifest:
    profiles = tuple(
        profile.model_copy(
            update={
                "latency_by_tokens": {
                    runtime: table.points[profile.name]
                    for runtime, table in tables.items()
                    if profile.name in table.points
                }
            }
        )
        for profile in manifest.profiles
    )
    return manifest.model_copy(update={"profiles": profiles})


def _write_texts(source: BundleSource, work: Path, manifest: BundleManifest) -> None:
    for name, path in source.report.items():
        target = work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (work / "licences").mkdir()
    for name, text in source.licences.items():
        (work / "licences" / name).write_text(text, encoding="utf-8")
    (work / "licences" / "NOTICE.md").write_text(documents.notice(manifest), encoding="utf-8")
    engine = pinned(ENGINE)
    serving = [line for line in pinned(SERVING) if line not in engine]
    wheel = write_serving_wheel(
        work / "wheels", {"": list(ENGINE), "openvino": list(OPENVINO_PACKAGES), "serving": list(SERVING)}
    )
    _lines(work / "requirements.txt", engine)
    _lines(work / "requirements-serving.txt", serving)
    if manifest.has_openvino:
        _lines(work / "requirements-openvino.txt", [r for r in pinned(OPENVINO_PACKAGES) if r not in engine])
    if source.docker:
        (work / "Dockerfile").write_text(documents.dockerfile(wheel.name, manifest.has_openvino), encoding="utf-8")
    size = sum(path.stat().st_size for path in work.rglob("*") if path.is_file()) / 2**20
    (work / "README.md").write_text(documents.readme(manifest, wheel.name, size), encoding="utf-8")


def _lines(path: Path, lines: Sequence[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _entries(folder: Path) -> dict[str, FileEntry]:
    return {
        path.relative_to(folder).as_posix(): FileEntry(bytes=path.stat().st_size, sha256=sha256_of(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
