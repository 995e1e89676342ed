"""What passes between quantlat and the IPEX worker: every size is checked, a bad frame does not end the stream."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest

from quantlat.runtimes.frames import (
    MAX_HEADER_BYTES,
    BrokenStream,
    Frame,
    FrameError,
    read_frame,
    write_frame,
)

LIMIT = 1 << 16


def raw(header: object, payload: bytes = b"", *, magic: bytes = b"QLFR", claimed: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(payload) if claimed is None else claimed
    return struct.pack("<4sIQ", magic, len(text), size) + text + payload


def described(*arrays: object, kind: object = "run", fields: object = ()) -> dict[str, object]:
    return {"kind": kind, "fields": dict(fields) if fields == () else fields, "arrays": list(arrays)}


def test_a_frame_comes_out_as_it_went_in() -> None:
    arrays = {
        "ids": np.arange(6, dtype=np.int64).reshape(2, 3),
        "weight": np.array([[-128, 127]], np.int8).T,
        "zero_point": np.array([255], np.uint8),
        "scale": np.array([1e-30, np.inf], np.float32),
        "nothing": np.zeros((0, 5), np.float32),
    }
    stream = io.BytesIO()
    write_frame(stream, Frame("load", {"threads": 2, "task": "question-answering"}, arrays))
    write_frame(stream, Frame("run"))
    stream.seek(0)
    first, second = read_frame(stream, limit_bytes=LIMIT), read_frame(stream, limit_bytes=LIMIT)
    assert first is not None and second is not None
    assert (first.kind, first.fields) == ("load", {"threads": 2, "task": "question-answering"})
    assert list(first.arrays) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(first.arrays[name], array)
        assert first.arrays[name].dtype == array.dtype and first.arrays[name].flags.aligned
    assert second.kind == "run" and not second.arrays
    assert read_frame(stream, limit_bytes=LIMIT) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"QLFR", "ended after 3 of 15 bytes"),
        (raw(described(), magic=b"\x80\x04K\x00"), "a frame begins with b'QLFR'"),
        (raw(described(), claimed=LIMIT + 1), f"at most {MAX_HEADER_BYTES} header and {LIMIT} payload bytes"),
        (struct.pack("<4sIQ", b"QLFR", MAX_HEADER_BYTES + 1, 0), "header"),
        (raw(described(), b"12345678", claimed=9), "ended after 8 of 9 bytes"),
    ],
)
def test_what_cannot_be_understood_ends_the_stream(data: bytes, message: str) -> None:
    with pytest.raises(BrokenStream, match=message):
        read_frame(io.BytesIO(data), limit_bytes=LIMIT)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (raw(b"{"), "JSON"),
        (raw(b"[" * 100_000), "damaged"),
        (raw(b"[]"), "damaged"),
        (raw({"kind": "run"}), "fields"),
        (raw(described(kind=3)), "kind"),
        (raw(described(fields=[1])), "fields"),
        (raw(described(["ids", "object", [1]]), b"12345678"), "object"),
        (raw(described(["ids", "int64"]), b"12345678"), "damaged"),
        (raw(described(["ids", "int64", [2]]), b"12345678"), "beyond the payload of 8 bytes"),
        (raw(described(["ids", "int64", [2**40, 2**40]]), b"12345678"), "no valid shape|beyond the payload"),
        (raw(described(["ids", "int8", [-1, -8]]), b"12345678"), "no valid shape"),
        (raw(described(["ids", "int8", [True]]), b"1"), "no valid shape"),
        (raw(described(["ids", "int8", [1]], ["ids", "int8", [1]]), b"12"), "comes twice"),
        (raw(described(["ids", "int8", [4]]), b"12345678"), "have 4 bytes, its payload has 8"),
    ],
)
def test_a_frame_that_makes_no_sense_is_refused_and_the_next_one_is_read(data: bytes, message: str) -> None:
    stream = io.BytesIO()
    stream.write(data)
    write_frame(stream, Frame("run", {"whole_layers": 0}))
    stream.seek(0)
    with pytest.raises(FrameError, match=message) as caught:
        read_frame(stream, limit_bytes=LIMIT)
    assert not isinstance(caught.value, BrokenStream)
    following = read_frame(stream, limit_bytes=LIMIT)
    assert following is not None and following.fields == {"whole_layers": 0}


def test_arrays_of_other_types_are_not_sent() -> None:
    stream = io.BytesIO()
    with pytest.raises(FrameError, match="'names': expected one of int8, uint8, int64, float32, got object"):
        write_frame(stream, Frame("load", arrays={"names": np.array([{}], object)}))
    assert not stream.getvalue()
