"""Datasets of the Hugging Face hub, through ``datasets``, without long waits for a network.

``datasets`` retries an unreachable hub for half a minute. Here one probe with a deadline decides: the hub
answers, or the library is put into its offline mode, in which it serves its local cache or fails at once.
"""

from __future__ import annotations

import errno
import importlib
import os
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantlat.data.examples import Answer, QAExample
from quantlat.data.squad import DataIssues, align
from quantlat.errors import DataError, StorageError

PROBE_SECONDS = 6.0
_COLUMNS = ("id", "context", "question", "answers")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


class Unavailable(Exception):
    """A data source cannot be had on this machine; the message is the reason."""


@dataclass(frozen=True)
class HubContent:
    """What a hub dataset holds; ``dev`` is None where it has neither a validation nor a test split."""

    train: tuple[QAExample, ...]
    dev: tuple[QAExample, ...] | None
    issues: DataIssues
    licence: str


def load_from_hub(dataset: str, revision: str | None, *, offline: bool) -> HubContent:
    """Load a dataset with the columns of ``rajpurkar/squad``; arguments and errors as of :func:`load_dataset`."""
    return _convert(load_dataset(dataset, None, revision, offline=offline), dataset)


def load_dataset(dataset: str, subset: str | None, revision: str | None, *, offline: bool) -> Any:
    """The splits of a dataset by name, as ``datasets`` gives them.

    Args:
        dataset: ``organisation/name``.
        subset: configuration of a dataset that has several, such as ``sst2`` of ``nyu-mll/glue``.
        revision: branch, tag or commit; None is the main branch.
        offline: use only what an earlier run left in the local cache.

    Raises:
        Unavailable: not installed, not reachable, not there, or not in the cache.
        DataError: it loads, but is of another shape; or the name is not one of the hub.
        StorageError: the cache cannot be written.
    """
    if not _NAME.fullmatch(dataset):
        raise DataError(f"{dataset!r} is not a dataset of the hub", "Expected organisation/name: rajpurkar/squad.")
    try:
        datasets = importlib.import_module("datasets")
    except ImportError:
        raise Unavailable("the package datasets is not installed (pip install datasets)") from None
    from huggingface_hub import constants

    reason = "offline" if offline or constants.HF_HUB_OFFLINE else _unreachable(constants.ENDPOINT)
    try:
        with _quiet(datasets, offline=reason is not None):
            loaded = datasets.load_dataset(
                dataset, subset, revision=revision, download_config=datasets.DownloadConfig(max_retries=1)
            )
    except Exception as error:  # the hub, its HTTP client and pyarrow each have errors of their own
        raise _refusal(error, dataset, reason) from None
    if reason is not None and revision and _COMMIT.fullmatch(revision) and not _is_revision(loaded, revision):
        raise Unavailable(f"{reason}, and the local cache does not hold revision {revision}")
    return loaded


def _refusal(error: Exception, dataset: str, reason: str | None) -> Exception:
    if isinstance(error, OSError) and error.errno in (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EACCES,
        errno.EROFS,
    ):
        return StorageError(
            f"{dataset} cannot be stored in the cache of datasets: {error.strerror}",
            "Free some space, or set HF_HOME to a folder that can be written.",
        )
    if reason is not None:
        return Unavailable(f"{reason}, and it is not in the local cache")
    # a message may hold this machine's paths, and reasons end up in reports
    first_line = (str(error).strip().splitlines() or [""])[0].replace(f"{Path.cwd()}{os.sep}", "")
    return Unavailable(f"{type(error).__name__}: {first_line:.200}")


def split_names(loaded: Any, dataset: str, dev_split: str | None, usual: Sequence[str]) -> str | None:
    """Name of the dev split, ``None`` where there is none.

    Args:
        dev_split: the one that is wanted; ``None``: the first of ``usual`` that is there.

    Raises:
        DataError: there is no train split, or not the wanted one.
    """
    if "train" not in loaded:
        raise DataError(
            f"{dataset} has no train split, only {', '.join(loaded)}", "Name a dataset like rajpurkar/squad."
        )
    if dev_split is not None and dev_split not in loaded:
        raise DataError(f"{dataset} has no split {dev_split!r}, only {', '.join(loaded)}", "Correct dev_split.")
    return dev_split or next((name for name in usual if name in loaded), None)


def hub_licence(loaded: Any) -> str:
    """The licence that the dataset states."""
    return str(loaded["train"].info.license or "see the dataset's page on the hub")


def _convert(loaded: Any, dataset: str) -> HubContent:
    name = split_names(loaded, dataset, None, ("validation", "dev", "test"))
    train, issues = align(_records(loaded["train"], dataset))
    dev = None
    if name is not None:
        dev, dev_issues = align(_records(loaded[name], dataset))
        issues = issues + dev_issues
    if not train or dev == ():
        raise DataError(f"{dataset} holds no question with a usable answer ({issues.summary()})")
    return HubContent(train, dev, issues, hub_licence(loaded))


def _records(split: Any, dataset: str) -> Iterator[QAExample]:
    missing = [column for column in _COLUMNS if column not in split.column_names]
    if missing:
        raise DataError(
            f"{dataset} is not SQuAD-shaped: it has no column {', '.join(missing)}",
            "A dataset with the columns id, context, question, answers{text, answer_start} is needed.",
        )
    for row in split:
        answers = row["answers"]
        try:
            pairs = tuple(
                Answer(str(text), int(start))
                for text, start in zip(answers["text"], answers["answer_start"], strict=True)
            )
        except (KeyError, TypeError, ValueError):
            raise DataError(
                f"{dataset}: answers of question {row['id']!r} are not {{text: [..], answer_start: [..]}}",
                "A dataset shaped like rajpurkar/squad is needed.",
            ) from None
        yield QAExample(str(row["id"]), row["question"], row["context"], pairs, row.get("title") or "")


def _is_revision(loaded: Any, revision: str) -> bool:
    sources = next(iter(loaded.values())).info.download_checksums or {}
    return any(f"@{revision}" in url for url in sources)


def _unreachable(endpoint: str) -> str | None:
    """Why the hub cannot be reached, or None; never takes longer than ``PROBE_SECONDS``."""
    outcome: list[str | None] = [f"{endpoint} did not answer within {PROBE_SECONDS:.0f} s"]

    def probe() -> None:
        try:
            # urllib follows the proxy settings of the environment
            urllib.request.urlopen(urllib.request.Request(endpoint, method="HEAD"), timeout=PROBE_SECONDS - 1).close()
            outcome[0] = None
        except urllib.error.HTTPError as error:
            # any answer of the hub will do; a proxy that refuses (403, 407) or fails (5xx) will not
            blocked = error.code in (403, 407) or error.code >= 500
            outcome[0] = f"{endpoint} answers {error.code} {error.reason}" if blocked else None
        except (OSError, ValueError) as error:
            outcome[0] = f"{endpoint} cannot be reached ({getattr(error, 'reason', error)})"

    # a thread, because looking up a name has no deadline of its own
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return outcome[0]


@contextmanager
def _quiet(datasets: Any, *, offline: bool) -> Iterator[None]:
    """Run ``datasets`` without bars of its own and, if asked, in offline mode; the settings are put back."""
    from huggingface_hub import constants

    bars = datasets.are_progress_bars_disabled()
    level = datasets.logging.get_verbosity()
    before = (datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE)
    try:
        datasets.disable_progress_bars()
        datasets.logging.set_verbosity_error()
        if offline:
            datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before
        datasets.logging.set_verbosity(level)
        if not bars:
            datasets.enable_progress_bars()
