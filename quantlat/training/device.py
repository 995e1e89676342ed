"""Where a training runs and in which precision.

``accelerate`` finds the device and the other processes of a multi-process launch. Gradients are averaged
once per optimiser step with one reduction instead of through a ``DistributedDataParallel`` wrapper: a
LengthDrop step has several backward passes, some of which skip layers, and only their sum has to travel.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn

from quantlat.allocator import keep_freed_memory

Precision = Literal["auto", "fp32", "bf16"]


def resolve_precision(precision: Precision, device: torch.device) -> Literal["fp32", "bf16"]:
    """``auto`` is bf16 where the hardware multiplies it (a GPU, or a CPU with AMX-bf16 or AVX-512-bf16), else fp32.

    AVX-512-bf16 doubles the multiply-accumulates of an instruction; on CPUs without either, bf16 is emulated and
    slower than fp32.
    """
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and _cpu_multiplies_bf16() else "fp32"


def training_device() -> torch.device:
    """The device that a training in this process would use."""
    device: torch.device = Accelerator(mixed_precision="no").device
    return device


class Execution:
    """Device, precision and processes of one training."""

    def __init__(self, precision: Precision) -> None:
        # Mixed precision is ours: accelerate's setting is global to the process, stages differ in it.
        self._accelerator = Accelerator(mixed_precision="no")
        self.device: torch.device = self._accelerator.device
        if self.device.type == "cpu":
            keep_freed_memory()
        self.precision = resolve_precision(precision, self.device)

    @property
    def processes(self) -> int:
        """Number of processes that train together."""
        return int(self._accelerator.num_processes)

    @property
    def rank(self) -> int:
        """This process' number, from 0."""
        return int(self._accelerator.process_index)

    @property
    def is_main(self) -> bool:
        """Whether this process writes files."""
        return bool(self._accelerator.is_main_process)

    def autocast(self, enabled: bool = True) -> AbstractContextManager[None]:
        """Context for forward passes (``enabled=False``: for a backward pass inside of one)."""
        return torch.autocast(  # type: ignore[no-any-return, unused-ignore]
            self.device.type, dtype=torch.bfloat16, enabled=enabled and self.precision == "bf16"
        )

    def wait(self) -> None:
        """Until every process is here."""
        self._accelerator.wait_for_everyone()

    def agree_on_weights(self, model: nn.Module) -> None:
        """Every process starts from the main process' weights."""
        if self.processes > 1:
            for tensor in model.state_dict().values():
                tensor.copy_(broadcast(tensor.contiguous()))

    def average(self, values: Tensor) -> Tensor:
        """Mean over the processes."""
        if self.processes == 1:
            return values
        reduced: Tensor = self._accelerator.reduce(values, reduction="mean")
        return reduced

    def total(self, values: Tensor) -> Tensor:
        """Sum over the processes."""
        if self.processes == 1:
            return values
        reduced: Tensor = self._accelerator.reduce(values, reduction="sum")
        return reduced

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Mean of the gradients over the processes, in one reduction."""
        if self.processes == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = self.average(torch.cat([g.reshape(-1) for g in gradients]))
        means = torch.split(flat, [g.numel() for g in gradients])
        for gradient, mean in zip(gradients, means, strict=True):
            gradient.copy_(mean.view_as(gradient))


def _cpu_multiplies_bf16() -> bool:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = next((set(line.split()) for line in text.splitlines() if line.startswith("flags")), set())
    return bool(flags & {"amx_bf16", "avx512_bf16"})
