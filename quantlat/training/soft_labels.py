"""The teacher's answers to every window, computed once.

A frozen teacher without dropout says the same about a window in every epoch. Its logits are small (two
numbers per token, or one per class), so prediction distillation and LengthDrop training look them up instead
of running the teacher at every step: one pass over the data at inference speed serves all epochs of all stages.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn

from quantlat.data.batching import Batch, collate, shape_class
from quantlat.data.windows import Window
from quantlat.errors import DataError, Interrupted, StorageError
from quantlat.progress import Progress, QuietProgress
from quantlat.training.device import Execution, Precision
from quantlat.training.fingerprints import weights_fingerprint, windows_fingerprint
from quantlat.training.objective import objective_of
from quantlat.training.state import StateFolder

SAVE_EVERY_S = 60.0


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """Logits of a teacher for every window of a set.

    Attributes:
        logits: one fp32 array per window: start and end logits ``[n, 2]`` of its n real tokens, where -1e30 marks a
            token that the teacher cannot point at; or one row whatever the tokens: ``[1, classes]``,
            or an embedding ``[1, H]``.
        tokens_per_second: how fast the teacher was run; 0 when the labels were read from a file.
    """

    logits: tuple[NDArray[np.float32], ...]
    tokens_per_second: float = 0.0

    @property
    def one_row_each(self) -> bool:
        """Whether these are one row for each window (classes, embeddings); a window has more than one token."""
        return all(len(row) == 1 for row in self.logits)

    def for_batch(self, batch: Batch) -> Tensor:
        """fp32 ``[b, n, 2]`` for the windows of ``batch``, zeros behind their real tokens; or ``[b, classes]``."""
        if self.one_row_each:
            rows = np.concatenate([self.logits[index] for index in batch.indices.tolist()])
            return torch.from_numpy(rows).to(batch.input_ids.device, non_blocking=True)
        padded = np.zeros((*batch.input_ids.shape, 2), dtype=np.float32)
        for row, index in enumerate(batch.indices.tolist()):
            labels = self.logits[index]
            padded[row, : len(labels)] = labels
        return torch.from_numpy(padded).to(batch.input_ids.device, non_blocking=True)

    def check(self, windows: Sequence[Window]) -> None:
        """Make sure that these are the labels of ``windows``.

        Raises:
            DataError: their number or lengths differ.
        """
        if self.one_row_each and len(self.logits) == len(windows):
            return
        mine = [len(row) for row in self.logits]
        theirs = [window.length for window in windows]
        if mine != theirs:
            raise DataError(
                f"soft labels of {len(mine)} windows with {sum(mine)} tokens do not belong to {len(theirs)} windows "
                f"with {sum(theirs)} tokens",
                "Compute the teacher's soft labels again for these windows.",
            )

    def fingerprint(self) -> str:
        """sha256 (hex) of all logits."""
        digest = hashlib.sha256()
        for row in self.logits:
            digest.update(len(row).to_bytes(8, "little") + row.tobytes())
        return digest.hexdigest()

    def save(self, path: Path) -> None:
        """Write a safetensors file: ``logits`` fp32 [all rows, columns] and ``lengths`` (rows) int64 [windows]."""
        try:
            save_file({"logits": _flat(self.logits), "lengths": _lengths(self.logits)}, path)
        except (OSError, SafetensorError) as error:
            raise StorageError(f"soft labels cannot be written to {path}: {error}") from None

    @classmethod
    def load(cls, path: Path) -> SoftLabels:
        """Inverse of :meth:`save`.

        Raises:
            StorageError: the file is missing or damaged.
        """
        try:
            tensors = load_file(path)
            logits, lengths = tensors["logits"], tensors["lengths"]
        except (OSError, SafetensorError, KeyError) as error:
            raise StorageError(f"{path} does not hold soft labels: {error!r}", "Compute them again.") from None
        sound = logits.dtype == np.float32 and lengths.dtype == np.int64 and lengths.ndim == 1
        if not sound or (lengths < 0).any() or logits.ndim != 2 or len(logits) != int(lengths.sum()):
            raise StorageError(
                f"{path}: {logits.dtype} logits {logits.shape} do not fit {len(lengths)} lengths",
                "Compute them again.",
            )
        return cls(_rows(logits, lengths))


def compute_soft_labels(
    teacher: nn.Module,
    windows: Sequence[Window],
    *,
    pad_token_id: int,
    state_dir: Path,
    progress: Progress,
    batch_size: int = 16,
    precision: Precision = "auto",
    name: str = "soft labels",
    save_every_s: float = SAVE_EVERY_S,
) -> SoftLabels:
    """Logits of ``teacher`` (in ``eval()``, without gradients) for every window, longest windows first.

    An interrupted pass continues from ``state_dir``; several processes share the windows.

    Raises:
        StorageError: the state cannot be written.
        Interrupted, KeyboardInterrupt: passed on after the state was saved.
    """
    if not windows:
        raise DataError(f"{name}: there are no windows")
    run = _Labelling(teacher, windows, pad_token_id, Path(state_dir), progress, batch_size, precision, name)
    return run.labels(save_every_s)


class _Labelling:
    """One call of :func:`compute_soft_labels`."""

    def __init__(
        self,
        teacher: nn.Module,
        windows: Sequence[Window],
        pad_token_id: int,
        state_dir: Path,
        progress: Progress,
        batch_size: int,
        precision: Precision,
        name: str,
    ) -> None:
        self.windows, self.pad_token_id, self.name = windows, pad_token_id, name
        self.execution = Execution(precision)
        self.progress = progress if self.execution.is_main else QuietProgress()
        self.teacher = teacher.to(self.execution.device).eval()
        self.lengths = np.array([window.length for window in windows], dtype=np.int64)
        objective = objective_of(teacher)
        self.rows = np.array([objective.rows(window.length) for window in windows], dtype=np.int64)
        self.begins = np.concatenate(([0], np.cumsum(self.rows)))
        order = np.argsort(-self.lengths, kind="stable")
        self.batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        self.flat = np.zeros((int(self.rows.sum()), objective.columns(teacher)), dtype=np.float32)
        self.done, self.seconds = 0, 0.0
        signature = {
            "work": name,
            "batch_size": batch_size,
            "precision": self.execution.precision,
            "windows": windows_fingerprint(windows),
            "teacher": weights_fingerprint(teacher),
        }
        self.state = StateFolder(state_dir, signature)

    def labels(self, save_every_s: float) -> SoftLabels:
        self._resume()
        before, started = self.seconds, time.monotonic()
        first, saved_at = self.done, started
        total = len(self.windows)
        finished = sum(len(batch) for batch in self.batches[: self.done])
        try:
            with self.progress.task(self.name, total, unit="window", done=finished) as bar:
                while self.done < len(self.batches):
                    batch = self.batches[self.done]
                    if self.done % self.execution.processes == self.execution.rank:
                        self._label(batch)
                    self.done += 1
                    self.seconds = before + time.monotonic() - started
                    bar.advance(len(batch), tokens=int(self.lengths[batch].sum()))
                    if time.monotonic() - saved_at >= save_every_s:
                        self._save()
                        saved_at = time.monotonic()
        except (KeyboardInterrupt, Interrupted):
            self._save()  # a batch that was cut short is simply not counted as done
            raise
        if self.done > first:
            self._save()
        flat = self.flat
        if self.execution.processes > 1:
            summed = self.execution.total(torch.from_numpy(flat).to(self.execution.device))
            flat = summed.cpu().numpy()
        speed = float(self.lengths.sum()) / self.seconds if self.seconds > 0 else 0.0
        return SoftLabels(_rows(flat, self.rows), speed)

    def _label(self, indices: NDArray[np.int64]) -> None:
        width = shape_class(int(self.lengths[indices].max()))
        batch = collate(self.windows, indices, self.pad_token_id, width=width).to(self.execution.device)
        with torch.no_grad(), self.execution.autocast():
            logits = self.teacher(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        found = logits.float().cpu().numpy().reshape(len(indices), -1, self.flat.shape[1])
        for row, index in zip(found, indices, strict=True):
            begin, n = self.begins[index], self.rows[index]
            self.flat[begin : begin + n] = row[:n]

    def _resume(self) -> None:
        if self.execution.processes > 1:
            return  # each process holds a part only; the pass is short enough to repeat
        saved = self.state.load(self.progress)
        if saved is None:
            return
        flat = saved.tensors.get("logits")
        done, seconds = saved.counters.get("done"), saved.counters.get("seconds")
        if flat is None or flat.shape != self.flat.shape or not isinstance(done, int):
            self.progress.warn(f"{self.state.folder} is damaged and is not used; {self.name} starts over")
            return
        self.flat[:] = flat.numpy()
        self.done, self.seconds = done, float(seconds or 0.0)

    def _save(self) -> None:
        if self.execution.processes == 1:
            counters = {"done": self.done, "seconds": self.seconds}
            self.state.save(f"batch-{self.done:07d}", {"logits": torch.from_numpy(self.flat)}, counters)


def _flat(rows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.concatenate(rows) if rows else np.zeros((0, 2), dtype=np.float32)


def _lengths(rows: Sequence[NDArray[np.float32]]) -> NDArray[np.int64]:
    return np.array([len(row) for row in rows], dtype=np.int64)


def _rows(flat: NDArray[np.float32], lengths: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
    return tuple(np.split(flat, np.cumsum(lengths)[:-1])) if len(lengths) else ()
