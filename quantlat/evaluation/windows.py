"""Run every window of a data set through a session or a model and score what comes out.

Sessions are asked one window at a time, without padding: that is how a request arrives, every runtime then
executes exactly the configuration's lengths, and one pass yields accuracy and latency on the real length mix.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quantlat.allocator import keep_freed_memory
from quantlat.metrics import Score
from quantlat.progress import Progress, QuietProgress
from quantlat.tasks import get_task

if TYPE_CHECKING:
    import torch

    from quantlat.data.windows import Window, WindowSet
    from quantlat.models import ElasticConfig, TaskModel
    from quantlat.runtimes.base import Session

BATCH, CPU_BATCH = 16, 4
"""Windows of one batch of an eager model. What a small batch computes stays in a CPU's cache."""
_MOST_AT_ONCE = 4


@dataclass(frozen=True)
class EvaluationResult:
    """Predictions, their score, and how long each window took.

    Attributes:
        predictions: by example id: the text of an answer, or the number of a class; none of embeddings.
        latencies_ms: ``[windows]``, time of the session's ``run`` alone; empty where windows were batched.
        tokens: ``[windows]``, real tokens of each window.
        wall_s: seconds for the whole pass, decoding included.
    """

    predictions: Mapping[str, str]
    score: Score
    latencies_ms: NDArray[np.float64]
    tokens: NDArray[np.int64]
    wall_s: float


def evaluate_session(
    session: Session,
    window_set: WindowSet,
    config: ElasticConfig | None = None,
    *,
    batch: int = 1,
    progress: Progress | None = None,
    name: str = "evaluating",
) -> EvaluationResult:
    """Run every window through ``session`` under ``config`` (``None``: full length, plain graph).

    Args:
        batch: windows of one request, of similar length; 1 runs each alone. ``latencies_ms`` then holds the time
            of its whole request for each window.
    """
    from quantlat.runtimes.base import TokenBatch

    started = time.perf_counter()
    windows = window_set.windows
    logits: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(windows)
    latencies = np.empty(len(windows))
    order = np.arange(len(windows))
    if batch > 1:
        order = np.argsort([window.length for window in windows], kind="stable")
    with (progress or QuietProgress()).task(name, len(windows), unit="window") as task:
        for begin in range(0, len(windows), batch):
            chosen = order[begin : begin + batch]
            request = TokenBatch.from_windows([windows[i] for i in chosen])
            before = time.perf_counter_ns()
            output = session.run(request, config)
            latencies[chosen] = (time.perf_counter_ns() - before) / 1e6
            for row, i in enumerate(chosen):
                logits[i] = _own(output[row], windows[i].length)
            task.advance(len(chosen), tokens=int(request.attention_mask.sum()))
    return _result(window_set, logits, latencies, started)


def evaluate_model(
    model: TaskModel,
    window_set: WindowSet,
    config: ElasticConfig | None = None,
    *,
    batch_size: int | None = None,
    progress: Progress | None = None,
    name: str = "evaluating",
) -> EvaluationResult:
    """Run all windows through an fp32 model in batches of similar length; for accuracy during training."""
    started = time.perf_counter()
    logits = model_logits(model, window_set, config, batch_size=batch_size, progress=progress, name=name)
    return _result(window_set, logits, np.empty(0), started)


def model_logits(
    model: TaskModel,
    window_set: WindowSet,
    config: ElasticConfig | None = None,
    *,
    batch_size: int | None = None,
    progress: Progress | None = None,
    name: str = "evaluating",
) -> list[NDArray[np.float32]]:
    """Logits of every window, in their order, without those of padding.

    Args:
        batch_size: ``None``: :data:`CPU_BATCH` on a CPU, :data:`BATCH` elsewhere.
    """
    keep_freed_memory()
    windows = window_set.windows
    order = np.argsort([-w.length for w in windows], kind="stable")
    device = next(model.parameters()).device
    size = batch_size or (CPU_BATCH if device.type == "cpu" else BATCH)
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    logits: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(windows)
    was_training = model.training
    model.eval()
    with (progress or QuietProgress()).task(name, len(windows), unit="window") as task, _at_once(device) as run:
        for chosen, output in zip(batches, run(partial(_forward, model, windows, config), batches), strict=True):
            for row, i in enumerate(chosen):
                logits[i] = _own(output[row], windows[i].length)
            task.advance(len(chosen), tokens=sum(windows[i].length for i in chosen))
    model.train(was_training)
    return logits


@contextmanager
def _at_once(device: torch.device) -> Iterator[Callable[..., Iterator[NDArray[np.float32]]]]:
    """What maps a function over batches: on a CPU some at once, each with its share of the threads.

    Two threads make an eager forward pass 1.5 times as fast, two passes side by side get through twice as much.
    """
    import torch

    threads = torch.get_num_threads()
    workers = min(_MOST_AT_ONCE, threads) if device.type == "cpu" else 1
    if workers == 1:
        yield map
        return
    torch.set_num_threads(threads // workers)
    try:
        with ThreadPoolExecutor(workers) as pool:
            yield pool.map
    finally:
        torch.set_num_threads(threads)


def _forward(
    model: TaskModel, windows: Sequence[Window], config: ElasticConfig | None, chosen: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Logits of one batch."""
    import torch

    from quantlat.data.batching import collate

    device = next(model.parameters()).device
    batch = collate(windows, chosen, model.config.pad_token_id)
    lengths = None
    if config is not None and not config.is_full:
        rows = [config.lengths(windows[i].length, model.config.num_layers) for i in chosen]
        lengths = torch.tensor(rows, device=device)
    with torch.inference_mode():  # of the thread that runs it
        output = model(
            batch.input_ids.to(device), batch.attention_mask.to(device), batch.token_type_ids.to(device), lengths
        )
        logits: NDArray[np.float32] = output.float().cpu().numpy()
    return logits


def _result(
    window_set: WindowSet,
    logits: Sequence[NDArray[np.float32]],
    latencies: NDArray[np.float64],
    started: float,
) -> EvaluationResult:
    scored = get_task(window_set.task, window_set.metric).score(window_set, logits)
    return EvaluationResult(
        predictions=scored.predictions,
        score=scored.score,
        latencies_ms=latencies,
        tokens=np.array([w.length for w in window_set.windows], dtype=np.int64),
        wall_s=time.perf_counter() - started,
    )


def _own(logits: NDArray[np.float32], tokens: int) -> NDArray[np.float32]:
    """A window's logits without those of padding; class logits and embeddings have no padding."""
    return logits[:tokens] if logits.ndim == 2 else logits
