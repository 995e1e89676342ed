"""From a finished run to a bundle, for ``quantlat package``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from quantlat.errors import StorageError
from quantlat.pipeline.record import StoredRun, open_run
from quantlat.progress import Progress

if TYPE_CHECKING:
    from quantlat.deployment.manifest import BundleProfile, Origin
    from quantlat.deployment.writer import WrittenBundle
    from quantlat.reporting import ReportData

GOLDEN_INPUTS = 6
_REPORT_FILES = ("index.html", "report.json", "report.md", "results.csv")
_UNKNOWN = "not recorded; ask the publisher of the weights before you pass them on"


@dataclass(frozen=True)
class Packaged:
    """The bundle and, if asked for, its wheel."""

    bundle: WrittenBundle
    wheel: Path | None


def package_run(
    run_dir: Path,
    out: Path,
    *,
    wheel: bool,
    docker: bool,
    openvino: bool,
    threads: int | None,
    progress: Progress,
) -> Packaged:
    """Make a bundle of a run's INT8 model, profiles and report.

    Raises:
        StorageError: the run is not finished, or ``out`` holds something else.
        BundleError: a runtime does not compute the model rightly on this machine.
    """
    from quantlat.deployment.wheel import write_bundle_wheel
    from quantlat.deployment.writer import BundleSource, refuse_foreign, write_bundle
    from quantlat.quantization.artifact import QuantizedModel
    from quantlat.reporting import read_report
    from quantlat.stages.artifacts import QUANTIZED, read_data_card
    from quantlat.stages.search_record import SearchRecord

    refuse_foreign(out)  # before anything slow
    run = open_run(run_dir)
    report_folder = run.artifact("report") / "report"
    data = read_report(report_folder)
    options = run.recipe.data
    model_folder = run.artifact("quantization") / QUANTIZED
    search = SearchRecord.read(run.artifact("search"))
    source = BundleSource(
        name=run.record.name,
        model=QuantizedModel.load(model_folder),
        tokenizer_json=(model_folder / "tokenizer.json").read_text(encoding="utf-8"),
        profiles=tuple(_profile(data, name, record.ratios) for name, record in search.profiles.items()),
        golden=_golden_inputs(run),
        labels=read_data_card(run.artifact("data")).labels,
        origin=_origin(data),
        max_tokens=options.max_tokens,
        stride=options.stride,
        max_question_tokens=options.max_question_tokens,
        threads=threads or search.threads,
        report={f"report/{name}": report_folder / name for name in _REPORT_FILES if (report_folder / name).is_file()},
        licences=dict(_licence_texts(data)),
        openvino=openvino,
        docker=docker,
    )
    bundle = write_bundle(source, out, progress)
    made = write_bundle_wheel(bundle.folder, bundle.manifest, bundle.folder.parent) if wheel else None
    return Packaged(bundle, made)


def _profile(data: ReportData, name: str, ratios: tuple[float, ...]) -> BundleProfile:
    from quantlat.deployment.manifest import BundleProfile
    from quantlat.reporting.rows import profile_key

    latency, accuracy = data.latency_of(profile_key(name)), data.accuracy_of(profile_key(name))
    lost = accuracy.difference.interval if accuracy is not None and accuracy.difference is not None else None
    return BundleProfile(
        name=name,
        ratios=ratios,
        latency_ms=latency.median_ms if latency is not None else None,
        latency_ci_ms=latency.ci_ms if latency is not None else None,
        metric=data.metric.key,
        accuracy=accuracy.points.estimate if accuracy is not None else None,
        accuracy_ci=(accuracy.points.low, accuracy.points.high) if accuracy is not None else None,
        drop=-lost.estimate if lost is not None else None,
        drop_ci=(-lost.high, -lost.low) if lost is not None else None,
    )


def _golden_inputs(run: StoredRun) -> tuple[tuple[str, str | None], ...]:
    """Examples of the calibration split, of different passages: the dev set stays out of what is shipped."""
    from quantlat.stages.artifacts import read_split
    from quantlat.tasks import task_of

    task = task_of(run.recipe)
    examples = read_split(run.artifact("data"), "calibration", task.name)
    different = list({example.group: example for example in examples}.values())
    if not different:
        raise StorageError(f"{run.run_dir}: its calibration split is empty", "Run again with --from data.")
    chosen = different[:: max(1, len(different) // GOLDEN_INPUTS)][:GOLDEN_INPUTS]
    return tuple(task.request(example) for example in chosen)


def _origin(data: ReportData) -> Origin:
    from quantlat.deployment.manifest import Origin

    teacher = data.teacher.source if data.teacher is not None else None
    student = teacher if data.student.source == "teacher" else data.student.source
    sources = dict.fromkeys(source for source in (student, teacher) if source)
    licences = [f"{source}: {_licence(source)}" for source in sources]
    return Origin(
        teacher=teacher,
        student=student,
        model_licence="; ".join(licences) or _UNKNOWN,
        data=data.data.description,
        data_licence=data.data.licence,
    )


def _licence(source: str) -> str:
    """What the publisher of the weights says; weights of this project's own random models are nobody's."""
    kind, _, name = source.partition(":")
    if kind == "random":
        return "Apache-2.0 (random weights made by quantlat)"
    if kind == "pip":
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            return _UNKNOWN
        classifiers = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
        named = [value for key in ("License-Expression", "License") for value in about.get_all(key) or []]
        return next(iter(named), "") or ", ".join(classifiers) or _UNKNOWN
    return _from_model_card(Path(source)) or _UNKNOWN


def _from_model_card(folder: Path) -> str | None:
    """The ``license:`` line at the head of a model card."""
    try:
        lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()[:60]
    except (OSError, UnicodeDecodeError):
        return None
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("license:")]
    return found[0] if found and found[0] else None


def _licence_texts(data: ReportData) -> Iterator[tuple[str, str]]:
    """Full texts as far as this machine has them: quantlat's and those of weights that came as packages."""
    own = Path(__file__).parents[2] / "LICENSE"
    texts = _distribution_licences("quantlat") or ([own.read_text(encoding="utf-8")] if own.is_file() else [])
    if texts:
        yield "quantlat.txt", texts[0]
    for card in (data.student, data.teacher):
        if card is not None and card.source.startswith("pip:"):
            package = card.source.removeprefix("pip:")
            for number, text in enumerate(_distribution_licences(package)):
                yield f"model-{package}{f'-{number + 1}' if number else ''}.txt", text


def _distribution_licences(name: str) -> list[str]:
    try:
        files = metadata.files(name) or []
    except metadata.PackageNotFoundError:
        return []
    return [f.read_text() for f in files if f.name.upper().startswith(("LICENSE", "LICENCE", "NOTICE"))]
