"""Messages between two processes of this program: a JSON header and raw numbers, each with its size in front."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import IO, Any

_SIZES = struct.Struct("<IQ")
_MOST_HEADER, _MOST_PAYLOAD = 16 << 20, 1 << 30


@dataclass(frozen=True)
class Frame:
    """One message."""

    header: dict[str, Any]
    payload: bytes


def write_frame(sink: IO[bytes], frame: Frame) -> None:
    """Send a message.

    Raises:
        OSError: the other side is gone.
    """
    header = json.dumps(frame.header).encode()
    sink.write(_SIZES.pack(len(header), len(frame.payload)) + header + frame.payload)
    sink.flush()


def read_frame(source: IO[bytes]) -> Frame | None:
    """Receive a message; ``None`` when the other side is gone, also in mid-message, or sends something else."""
    sizes = source.read(_SIZES.size)
    if len(sizes) < _SIZES.size:
        return None
    header_bytes, payload_bytes = _SIZES.unpack(sizes)
    if header_bytes > _MOST_HEADER or payload_bytes > _MOST_PAYLOAD:
        return None
    header, payload = source.read(header_bytes), source.read(payload_bytes)
    if len(header) < header_bytes or len(payload) < payload_bytes:
        return None
    try:
        found = json.loads(header)
    except ValueError:
        return None
    return Frame(found, payload) if isinstance(found, dict) else None
