"""Task data: readers, sources, splits, windows, batches, and the embedded generated set.

Sources read recipes, which a bundle knows nothing of; they are imported when they are first asked for.
"""

from typing import TYPE_CHECKING, Any

from quantlat.data.batching import Batch, collate, length_buckets, padding_waste
from quantlat.data.classification import TextFile, read_jsonl, read_tsv
from quantlat.data.examples import Answer, QAExample, TextExample, fingerprint
from quantlat.data.splits import TrainSplits, split_train
from quantlat.data.squad import DataIssues, SquadFile, read_squad, write_squad
from quantlat.data.windows import Window, WindowReport, WindowSet, make_windows

if TYPE_CHECKING:
    from quantlat.data.sources import TaskData, resolve_sources

__all__ = [
    "Answer",
    "Batch",
    "DataIssues",
    "QAExample",
    "SquadFile",
    "TaskData",
    "TextExample",
    "TextFile",
    "TrainSplits",
    "Window",
    "WindowReport",
    "WindowSet",
    "collate",
    "fingerprint",
    "length_buckets",
    "make_windows",
    "padding_waste",
    "read_jsonl",
    "read_squad",
    "read_tsv",
    "resolve_sources",
    "split_train",
    "write_squad",
]


def __getattr__(name: str) -> Any:
    if name not in ("TaskData", "resolve_sources"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from quantlat.data import sources

    return getattr(sources, name)
