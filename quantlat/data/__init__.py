"""Task data: readers, sources, splits, windows, batches, and the embedded generated set.

Sources read recipes, which a bundle knows nothing of; they are imported when they are first asked for.
"""

from typing import TYPE_CHECKING, Any

from quantlat.data.batching import Batch, collate, length_buckets, padding_waste
from quantlat.data.classification import (
    TextColumns,
    TextFile,
    TextIssues,
    read_jsonl,
    read_texts,
    read_tsv,
    write_jsonl,
)
from quantlat.data.examples import Answer, Example, QAExample, TextExample, fingerprint
from quantlat.data.splits import TrainSplits, split_train
from quantlat.data.squad import DataIssues, SquadFile, read_squad, write_squad
from quantlat.data.text_windows import make_text_windows
from quantlat.data.windows import Window, WindowReport, WindowSet, make_windows

if TYPE_CHECKING:
    from quantlat.data.sources import TaskData, resolve_sources

__all__ = [
    "Answer",
    "Batch",
    "DataIssues",
    "Example",
    "QAExample",
    "SquadFile",
    "TaskData",
    "TextColumns",
    "TextExample",
    "TextFile",
    "TextIssues",
    "TrainSplits",
    "Window",
    "WindowReport",
    "WindowSet",
    "collate",
    "fingerprint",
    "length_buckets",
    "make_text_windows",
    "make_windows",
    "padding_waste",
    "read_jsonl",
    "read_squad",
    "read_texts",
    "read_tsv",
    "resolve_sources",
    "split_train",
    "write_jsonl",
    "write_squad",
]


def __getattr__(name: str) -> Any:
    if name not in ("TaskData", "resolve_sources"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from quantlat.data import sources

    return getattr(sources, name)
