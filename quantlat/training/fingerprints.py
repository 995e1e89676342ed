"""sha256 digests that tie a saved state to the data and the weights it was computed from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from torch import nn

from quantlat.data.windows import Window


def windows_fingerprint(windows: Sequence[Window]) -> str:
    """sha256 (hex) of everything a training reads from ``windows``."""
    digest = hashlib.sha256()
    for window in windows:
        digest.update(np.array([window.length, window.start, window.end, window.label], dtype=np.int64).tobytes())
        digest.update(window.input_ids.tobytes())
        digest.update(window.token_type_ids.tobytes())
    return digest.hexdigest()


def weights_fingerprint(model: nn.Module) -> str:
    """sha256 (hex) of all weights, names included."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
