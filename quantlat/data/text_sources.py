"""Sources of texts, with classes, with ratings, or without either: files, the hub, the embedded set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from quantlat.data.classification import TextColumns, TextFile, TextIssues, from_records, read_texts
from quantlat.data.examples import RatedExample, TextExample
from quantlat.data.hub import hub_licence, load_dataset, split_names
from quantlat.data.loaded import Loaded, locate
from quantlat.data.plain_texts import plain_texts
from quantlat.errors import DataError

if TYPE_CHECKING:
    from quantlat.recipe.schema import Columns, DataSource, EmbeddedTextsSource, FilesSource, HubSource

_Labels = Literal["classes", "ratings", "plain"]
_WORDS: dict[_Labels, str] = {"classes": "labelled ", "ratings": "rated ", "plain": ""}
DEV_SPLITS = ("validation", "validation_matched", "dev", "test")


def load_plain_texts(source: DataSource, *, offline: bool, base_dir: Path | None) -> Loaded:
    """The different texts of one source, without labels; errors as of :func:`load_texts`."""
    loaded = _load(source, offline, base_dir, "plain")
    train, dev = ([e for e in part or () if isinstance(e, TextExample)] for part in (loaded.train, loaded.dev))
    return replace(loaded, train=plain_texts(train), dev=None if loaded.dev is None else plain_texts(dev), labels=())


def load_texts(source: DataSource, *, offline: bool, base_dir: Path | None) -> Loaded:
    """Texts of one source, with their classes.

    Raises:
        Unavailable: it cannot be had on this machine.
        DataError: it is there, but damaged or of another task.
    """
    return _load(source, offline, base_dir, "classes")


def load_ratings(source: DataSource, *, offline: bool, base_dir: Path | None) -> Loaded:
    """Texts of one source, with a number each; errors as of :func:`load_texts`."""
    return _load(source, offline, base_dir, "ratings")


def _load(source: DataSource, offline: bool, base_dir: Path | None, labels: _Labels) -> Loaded:
    if source.kind == "files":
        return _load_files(source, base_dir, labels)
    if source.kind == "hub":
        return _load_hub(source, offline, labels)
    if source.kind == "embedded-texts":
        return _load_embedded(source, labels)
    raise DataError(f"a source of kind {source.kind} holds no {_WORDS[labels]}texts", "Use kind: embedded-texts.")


def _load_files(source: FilesSource, base_dir: Path | None, labels: _Labels) -> Loaded:
    train_path = locate(source.train, base_dir)
    dev_path = locate(source.dev, base_dir) if source.dev else None
    columns = _columns(source.columns, labels)
    train = read_texts(train_path, columns=columns)
    dev = read_texts(dev_path, columns=columns, labels=train.labels) if dev_path else None
    return _loaded(
        train,
        dev,
        name="/".join(train_path.parts[-2:]),
        description=f"{_WORDS[labels]}texts {source.train}" + (f" and {source.dev}" if source.dev else ""),
        licence="not stated by the files",
        labels=labels,
    )


def _load_hub(source: HubSource, offline: bool, labels: _Labels) -> Loaded:
    content = load_dataset(source.dataset, source.subset, source.revision, offline=offline)
    dev_split = split_names(content, source.dataset, source.dev_split, DEV_SPLITS)
    columns = _columns(source.columns, labels)
    label = content["train"].features.get(columns.label) if columns.label else None
    names = tuple(getattr(label, "names", None) or ()) or None

    def read(split: str, classes: tuple[str, ...] | None) -> TextFile:
        where = f"{source.dataset}, {split}"
        return from_records(content[split], content[split].column_names, source=where, columns=columns, labels=classes)

    train = read("train", names)
    dev = read(dev_split, train.labels) if dev_split is not None else None
    subset = f", {source.subset}" if source.subset else ""
    return _loaded(
        train,
        dev,
        name=f"{source.dataset}{f'/{source.subset}' if source.subset else ''}",
        description=f"Hugging Face dataset {source.dataset}{subset}, revision {source.revision or 'main'}",
        licence=hub_licence(content),
        labels=labels,
    )


def _load_embedded(source: EmbeddedTextsSource, labels: _Labels) -> Loaded:
    from quantlat.data.embedded.ratings import generate_rated_pairs
    from quantlat.data.embedded.texts import LABELS, generate_texts

    train: tuple[TextExample, ...]
    dev: tuple[TextExample, ...]
    if labels == "ratings":
        train, dev = generate_rated_pairs(source.train_texts, source.dev_texts, source.seed)
    else:
        train, dev = generate_texts(source.train_texts, source.dev_texts, source.seed, pairs=source.pairs)
    pairs = source.pairs or labels == "ratings"
    return Loaded(
        name="embedded",
        description=f"embedded generated {'sentence pairs' if pairs else 'sentences'}, seed {source.seed}",
        train=train,
        dev=dev,
        issues=TextIssues(len(train) + len(dev)),
        notice=(
            "Embedded generated sentences were used, not a real data set: their scores say that the chain works and "
            "cannot be compared with published ones. Name your files or a dataset of the hub in data.sources."
        ),
        licence="Apache-2.0 (generated by quantlat)",
        training_share=source.training_share,
        labels=() if labels == "ratings" else LABELS[source.pairs],
    )


def _loaded(
    train: TextFile, dev: TextFile | None, *, name: str, description: str, licence: str, labels: _Labels
) -> Loaded:
    if labels == "classes" and len(train.labels) < 2:
        raise DataError(f"{name} has one class only: {', '.join(train.labels)}", "There is nothing to learn from it.")
    if labels == "ratings" and len({e.rating for e in train.examples if isinstance(e, RatedExample)}) < 2:
        raise DataError(f"all ratings of {name} are the same", "There is nothing to learn from it.")
    return Loaded(
        name=name,
        description=description,
        train=train.examples,
        dev=dev.examples if dev else None,
        issues=train.issues + dev.issues if dev else train.issues,
        notice=None,
        licence=licence,
        labels=train.labels,
    )


def _columns(columns: Columns | None, labels: _Labels) -> TextColumns:
    found = TextColumns() if columns is None else TextColumns(columns.text, columns.text_pair, columns.label)
    return replace(found, label=found.label if labels != "plain" else None, rated=labels == "ratings")
