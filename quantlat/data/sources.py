"""Where a task's data comes from: an ordered list of sources, the first available one is used.

A source that cannot be had here (an environment variable that is not set, no network, a package that is not
installed) is passed over and named with its reason; a source that is there but damaged is an error, because
going on with other data than the user meant would produce numbers about something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from quantlat.data.examples import Example, fingerprint
from quantlat.data.hub import Unavailable, load_from_hub
from quantlat.data.loaded import Issues, Loaded, locate
from quantlat.data.splits import hold_out, passage_key
from quantlat.data.squad import DataIssues, read_squad
from quantlat.data.text_sources import load_plain_texts, load_ratings, load_texts
from quantlat.data.text_windows import EMBEDDING, TEXT_CLASSIFICATION, TEXT_REGRESSION
from quantlat.errors import DataError
from quantlat.progress import Progress

if TYPE_CHECKING:
    from quantlat.recipe.schema import DataSource, EmbeddedSource, FilesSource, HubSource

SourceKind = Literal["files", "hub", "embedded", "embedded-texts"]
DEV_SHARE = 0.1
DEV_SEED = 0
_LOADERS = {TEXT_CLASSIFICATION: load_texts, TEXT_REGRESSION: load_ratings, EMBEDDING: load_plain_texts}
_GET_SQUAD = (
    "To use real SQuAD: set QUANTLAT_DATA to a folder that holds squad/train.json and squad/dev.json in "
    "SQuAD v1.1 format, or let the machine reach the Hugging Face hub with the package datasets installed."
)


@dataclass(frozen=True)
class TaskData:
    """The data of a run and where it came from.

    Attributes:
        name: short name for tables, such as ``squad/train.json``, ``rajpurkar/squad``, ``embedded``.
        description: one line for the log and the report; holds no machine's paths.
        kind: kind of the source used.
        train: examples to learn from, search with and calibrate on.
        dev: examples for the final report alone.
        issues: what was wrong in either part.
        notice: what the reader of a score must know about this data, or None.
        licence: licence of the data, as far as the source states one.
        fingerprint: sha256 over the content of both parts.
        tried: the sources that were passed over, each with its reason.
        training_share: share of every training's epochs that this data needs.
        labels: names of the classes of texts; empty for questions.
    """

    name: str
    description: str
    kind: Literal["files", "hub", "embedded"]
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    issues: Issues
    notice: str | None
    licence: str
    fingerprint: str
    tried: tuple[str, ...] = ()
    training_share: float = 1.0
    labels: tuple[str, ...] = ()


def resolve_sources(
    sources: Sequence[DataSource],
    *,
    task: str,
    offline: bool,
    progress: Progress,
    base_dir: Path | None = None,
) -> TaskData:
    """Load the first source that is available here.

    Args:
        sources: in order of preference.
        task: the recipe's task.
        offline: do not touch the network; the hub's local cache still counts as available.
        progress: told which source is used, which were passed over and why, and what was wrong in the data.
        base_dir: where relative paths are looked up when they do not exist under the working directory.

    Raises:
        DataError: no source is available, or a source is damaged or of another task.
    """
    load = _LOADERS.get(task, _load)
    texts = load is not _load
    tried: list[str] = []
    for source in sources:
        try:
            loaded = load(source, offline=offline, base_dir=base_dir)
        except Unavailable as reason:
            tried.append(f"{_label(source)}: {reason}")
            progress.say(f"data source passed over: {tried[-1]}")
            continue
        data = _complete(loaded, source.kind, tuple(tried), texts=texts)
        _announce(data, progress)
        return data
    raise DataError(
        "no data source is available:" + "".join(f"\n  {line}" for line in tried or ["the list is empty"]),
        f"{'' if texts else f'{_GET_SQUAD} '}A source {{kind: {'embedded-texts' if texts else 'embedded'}}} at the end "
        "of data.sources is available everywhere.",
    )


def _load(source: DataSource, *, offline: bool, base_dir: Path | None) -> Loaded:
    if source.kind == "files":
        return _load_files(source, base_dir)
    if source.kind == "hub":
        return _load_hub(source, offline)
    if source.kind == "embedded":
        return _load_embedded(source)
    raise DataError(f"a source of kind {source.kind} holds no questions", "Use kind: embedded.")


def _load_files(source: FilesSource, base_dir: Path | None) -> Loaded:
    train_path = locate(source.train, base_dir)
    dev_path = locate(source.dev, base_dir) if source.dev else None
    train = read_squad(train_path)
    dev = read_squad(dev_path) if dev_path else None
    name = "/".join(train_path.parts[-2:])
    return Loaded(
        name=name,
        description=f"SQuAD-format files {source.train}" + (f" and {source.dev}" if source.dev else ""),
        train=train.examples,
        dev=dev.examples if dev else None,
        issues=train.issues + dev.issues if dev else train.issues,
        notice=None,
        licence="not stated by the files",
    )


def _load_hub(source: HubSource, offline: bool) -> Loaded:
    content = load_from_hub(source.dataset, source.revision, offline=offline)
    return Loaded(
        name=source.dataset,
        description=f"Hugging Face dataset {source.dataset}, revision {source.revision or 'main'}",
        train=content.train,
        dev=content.dev,
        issues=content.issues,
        notice=None,
        licence=content.licence,
    )


def _load_embedded(source: EmbeddedSource) -> Loaded:
    from quantlat.data.embedded import generate

    train, dev = generate(source.train_questions, source.dev_questions, source.seed)
    return Loaded(
        name="embedded",
        description=f"embedded generated reading-comprehension set, seed {source.seed}",
        train=train,
        dev=dev,
        issues=DataIssues(len(train) + len(dev)),
        notice=(
            "The embedded generated reading-comprehension set was used, not SQuAD: its scores say that the "
            f"chain works and cannot be compared with published ones. {_GET_SQUAD}"
        ),
        licence="Apache-2.0 (generated by quantlat)",
        training_share=source.training_share,
    )


def _complete(loaded: Loaded, kind: SourceKind, tried: tuple[str, ...], *, texts: bool) -> TaskData:
    """Hold out a dev part where the source has none, and look for dev passages known from training."""
    items = "texts" if texts else "questions"
    notices = [loaded.notice] if loaded.notice else []
    train, dev = loaded.train, loaded.dev
    if dev is None:
        train, dev = hold_out(train, share=DEV_SHARE, seed=DEV_SEED)
        whole = "" if texts else ", by whole passages"
        notices.append(
            f"The source has no dev part: {len(dev):,} {items} ({DEV_SHARE:.0%} of its training part{whole}) were "
            "held out and are used as dev."
        )
    known = {passage_key(example) for example in train}
    leaked = sum(passage_key(example) in known for example in dev)
    if leaked:
        also = "also stand in" if texts else "are about a passage of"
        notices.append(f"{leaked:,} of {len(dev):,} dev {items} {also} the training part: scores on them are too good.")
    return TaskData(
        name=loaded.name,
        description=f"{loaded.description}: {len(train):,} training and {len(dev):,} dev {items}",
        kind="embedded" if kind == "embedded-texts" else kind,
        train=train,
        dev=dev,
        issues=loaded.issues,
        notice=" ".join(notices) or None,
        licence=loaded.licence,
        fingerprint=fingerprint(train, dev),
        tried=tried,
        training_share=loaded.training_share,
        labels=loaded.labels,
    )


def _announce(data: TaskData, progress: Progress) -> None:
    progress.say(f"data: {data.description}")
    if not data.issues.clean:
        progress.warn(f"data issues: {data.issues.summary()}; for example: {'; '.join(data.issues.samples[:3])}")
    if data.notice:
        progress.warn(data.notice)


def _label(source: DataSource) -> str:
    if source.kind == "files":
        return f"files {source.train}"
    return f"hub {source.dataset}" if source.kind == "hub" else source.kind
