"""Messages between quantlat and its worker processes: plain arrays and JSON over a pipe, sizes checked, no pickle.

A frame is::

    magic "QLFR" · header bytes u32 · payload bytes u64 · header (JSON, UTF-8) · payload      (little endian)
    header: {"kind": "run", "fields": {...}, "arrays": [["input_ids", "int64", [1, 128]], ...]}

The payload holds the arrays one after the other, C-contiguous, in the order of the header.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

MAGIC = b"QLFR"
MAX_HEADER_BYTES = 1 << 20
MAX_MODEL_BYTES = 16 << 30
MAX_REQUEST_BYTES = 1 << 28
_HEAD = struct.Struct("<4sIQ")
_DTYPES = {name: np.dtype(name).newbyteorder("<") for name in ("int8", "uint8", "int64", "float32")}


class FrameError(Exception):
    """A frame that makes no sense, read to its end: the next one may be good."""


class BrokenStream(FrameError):
    """Not a frame, a frame that is too large or one cut short: nothing that follows can be understood."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One message: what it is, small values, and arrays by name."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)


def write_frame(stream: BinaryIO, frame: Frame) -> None:
    """Write and flush a frame; arrays are int8, uint8, int64 or float32."""
    arrays = {name: _contiguous(name, array) for name, array in frame.arrays.items()}
    described = [[name, array.dtype.name, list(array.shape)] for name, array in arrays.items()]
    header = json.dumps({"kind": frame.kind, "fields": dict(frame.fields), "arrays": described}).encode()
    stream.write(_HEAD.pack(MAGIC, len(header), sum(array.nbytes for array in arrays.values())))
    stream.write(header)
    for array in arrays.values():
        stream.write(array.reshape(-1).view(np.uint8).data)
    stream.flush()


def read_frame(stream: BinaryIO, *, limit_bytes: int) -> Frame | None:
    """The next frame, or ``None`` where the stream ends between two frames.

    Args:
        limit_bytes: largest payload; a longer one is refused before a byte of it is read.

    Raises:
        FrameError: it makes no sense; the next frame can be read.
        BrokenStream: no further frame can be read.
    """
    first = stream.read(1)
    if not first:
        return None
    head = bytearray(first) + _exactly(stream, _HEAD.size - 1)
    magic, header_bytes, payload_bytes = _HEAD.unpack(head)
    if magic != MAGIC:
        raise BrokenStream(f"a frame begins with {MAGIC!r}, got {bytes(magic)!r}")
    if header_bytes > MAX_HEADER_BYTES or payload_bytes > limit_bytes:
        raise BrokenStream(
            f"a frame has at most {MAX_HEADER_BYTES} header and {limit_bytes} payload bytes, "
            f"got {header_bytes} and {payload_bytes}"
        )
    header, payload = _exactly(stream, header_bytes), _exactly(stream, payload_bytes)
    return _parse(header, payload)


def _contiguous(name: str, array: Array) -> Array:
    if array.dtype.name not in _DTYPES:
        raise FrameError(f"array {name!r}: expected one of {', '.join(_DTYPES)}, got {array.dtype}")
    return np.ascontiguousarray(array, _DTYPES[array.dtype.name])


def _exactly(stream: BinaryIO, count: int) -> bytearray:
    data = bytearray(count)
    view, filled = memoryview(data), 0
    while filled < count:
        got = stream.readinto(view[filled:])  # type: ignore[attr-defined]
        if not got:
            raise BrokenStream(f"the stream ended after {filled} of {count} bytes")
        filled += got
    return data


def _parse(header: bytearray, payload: bytearray) -> Frame:
    try:
        described = json.loads(header)
        kind, fields, specs = described["kind"], described["fields"], described["arrays"]
        wanted = [(str(name), _DTYPES[dtype], tuple(shape)) for name, dtype, shape in specs]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FrameError(f"the header of a frame is damaged: {type(error).__name__}: {error}") from None
    if not isinstance(kind, str) or not isinstance(fields, dict):
        raise FrameError("the header of a frame needs a kind (text) and fields (an object)")
    arrays: dict[str, Array] = {}
    offset = 0
    for name, dtype, shape in wanted:
        if name in arrays or not all(type(size) is int and 0 <= size <= MAX_MODEL_BYTES for size in shape):
            raise FrameError(f"array {name!r} comes twice or has no valid shape: {list(shape)}")
        count = math.prod(shape)
        if offset + count * dtype.itemsize > len(payload):
            raise FrameError(f"array {name!r} {list(shape)} reaches beyond the payload of {len(payload)} bytes")
        array = np.frombuffer(payload, dtype, count, offset).reshape(shape)
        arrays[name] = array if array.flags.aligned else array.copy()
        offset += count * dtype.itemsize
    if offset != len(payload):
        raise FrameError(f"the arrays of a frame have {offset} bytes, its payload has {len(payload)}")
    return Frame(kind, fields, arrays)
