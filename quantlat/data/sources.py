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

from quantlat.data.examples import QAExample, fingerprint
from quantlat.data.hub import Unavailable, load_from_hub
from quantlat.data.splits import hold_out, passage_key
from quantlat.data.squad import DataIssues, read_squad
from quantlat.errors import DataError
from quantlat.progress import Progress
from quantlat.recipe.base import expand_variables, variables_of

if TYPE_CHECKING:
    from quantlat.recipe.schema import EmbeddedSource, FilesSource, HubSource

    DataSource = FilesSource | HubSource | EmbeddedSource

DEV_SHARE = 0.1
DEV_SEED = 0
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
        train: questions to learn from, search with and calibrate on.
        dev: questions for the final report alone.
        issues: what was wrong in either part.
        notice: what the reader of a score must know about this data, or None.
        licence: licence of the data, as far as the source states one.
        fingerprint: sha256 over the content of both parts.
        tried: the sources that were passed over, each with its reason.
        training_share: share of every training's epochs that this data needs.
    """

    name: str
    description: str
    kind: Literal["files", "hub", "embedded"]
    train: tuple[QAExample, ...]
    dev: tuple[QAExample, ...]
    issues: DataIssues
    notice: str | None
    licence: str
    fingerprint: str
    tried: tuple[str, ...] = ()
    training_share: float = 1.0


@dataclass(frozen=True)
class _Loaded:
    """A source's content before the checks that all sources share."""

    name: str
    description: str
    train: tuple[QAExample, ...]
    dev: tuple[QAExample, ...] | None
    issues: DataIssues
    notice: str | None
    licence: str
    training_share: float = 1.0


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
        task: the recipe's task; ``question-answering``.
        offline: do not touch the network; the hub's local cache still counts as available.
        progress: told which source is used, which were passed over and why, and what was wrong in the data.
        base_dir: where relative paths are looked up when they do not exist under the working directory.

    Raises:
        DataError: no source is available, a source is damaged, or the task is not question answering.
    """
    if task != "question-answering":
        raise DataError(
            f"the data sources of this version hold question-answering data, not {task}",
            "Set task: question-answering in the recipe.",
        )
    tried: list[str] = []
    for source in sources:
        try:
            loaded = _load(source, offline=offline, base_dir=base_dir)
        except Unavailable as reason:
            tried.append(f"{_label(source)}: {reason}")
            progress.say(f"data source passed over: {tried[-1]}")
            continue
        data = _complete(loaded, source.kind, tuple(tried))
        _announce(data, progress)
        return data
    raise DataError(
        "no data source is available:" + "".join(f"\n  {line}" for line in tried or ["the list is empty"]),
        f"{_GET_SQUAD} A source {{kind: embedded}} at the end of data.sources is available everywhere.",
    )


def _load(source: DataSource, *, offline: bool, base_dir: Path | None) -> _Loaded:
    if source.kind == "files":
        return _load_files(source, base_dir)
    if source.kind == "hub":
        return _load_hub(source, offline)
    return _load_embedded(source)


def _load_files(source: FilesSource, base_dir: Path | None) -> _Loaded:
    train_path = _locate(source.train, base_dir)
    dev_path = _locate(source.dev, base_dir) if source.dev else None
    train = read_squad(train_path)
    dev = read_squad(dev_path) if dev_path else None
    name = "/".join(train_path.parts[-2:])
    return _Loaded(
        name=name,
        description=f"SQuAD-format files {source.train}" + (f" and {source.dev}" if source.dev else ""),
        train=train.examples,
        dev=dev.examples if dev else None,
        issues=train.issues + dev.issues if dev else train.issues,
        notice=None,
        licence="not stated by the files",
    )


def _load_hub(source: HubSource, offline: bool) -> _Loaded:
    content = load_from_hub(source.dataset, source.revision, offline=offline)
    return _Loaded(
        name=source.dataset,
        description=f"Hugging Face dataset {source.dataset}, revision {source.revision or 'main'}",
        train=content.train,
        dev=content.dev,
        issues=content.issues,
        notice=None,
        licence=content.licence,
    )


def _load_embedded(source: EmbeddedSource) -> _Loaded:
    from quantlat.data.embedded import generate

    train, dev = generate(source.train_questions, source.dev_questions, source.seed)
    return _Loaded(
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


def _complete(loaded: _Loaded, kind: Literal["files", "hub", "embedded"], tried: tuple[str, ...]) -> TaskData:
    """Hold out a dev part where the source has none, and look for dev passages known from training."""
    notices = [loaded.notice] if loaded.notice else []
    train, dev = loaded.train, loaded.dev
    if dev is None:
        train, dev = hold_out(train, share=DEV_SHARE, seed=DEV_SEED)
        notices.append(
            f"The source has no dev part: {len(dev):,} questions ({DEV_SHARE:.0%} of its training part, by "
            "whole passages) were held out and are used as dev."
        )
    known = {passage_key(example) for example in train}
    leaked = sum(passage_key(example) in known for example in dev)
    if leaked:
        notices.append(
            f"{leaked:,} of {len(dev):,} dev questions are about a passage of the training part: "
            "scores on them are too good."
        )
    return TaskData(
        name=loaded.name,
        description=f"{loaded.description}: {len(train):,} training and {len(dev):,} dev questions",
        kind=kind,
        train=train,
        dev=dev,
        issues=loaded.issues,
        notice=" ".join(notices) or None,
        licence=loaded.licence,
        fingerprint=fingerprint(train, dev),
        tried=tried,
        training_share=loaded.training_share,
    )


def _announce(data: TaskData, progress: Progress) -> None:
    progress.say(f"data: {data.description}")
    if not data.issues.clean:
        progress.warn(f"data issues: {data.issues.summary()}; for example: {'; '.join(data.issues.samples[:3])}")
    if data.notice:
        progress.warn(data.notice)


def _locate(path: str, base_dir: Path | None) -> Path:
    """Put environment variables and ``~`` in; an unset variable makes the source unavailable."""
    text, unset = expand_variables(path)
    if unset:
        raise Unavailable(f"{' and '.join(dict.fromkeys(unset))} {'is' if len(set(unset)) == 1 else 'are'} not set")
    found = Path(text).expanduser()
    if base_dir is not None and not found.is_absolute() and not found.exists():
        found = base_dir / found
    if not found.exists():
        variables = variables_of(path)
        raise DataError(
            f"{found}: no such file, named by the recipe as {path}",
            "Put the file there, or correct the path in data.sources."
            + (f" Unset {' and '.join(variables)} to use the next source." if variables else ""),
        )
    return found


def _label(source: DataSource) -> str:
    if source.kind == "files":
        return f"files {source.train}"
    return f"hub {source.dataset}" if source.kind == "hub" else "embedded"
