"""The worker's loop: frames in, frames out, one model, until the pipe or the parent ends.

======  ==================================================  =================================================
kind    carries                                             answer
======  ==================================================  =================================================
load    task, threads, config; the model's tensors by name  ``ready``: versions and the CPU capability in use
run     whole_layers; the graph's inputs by name            ``logits``
======  ==================================================  =================================================

Whatever goes wrong is answered by ``error`` with a text, and the loop goes on. Only a stream that can no longer be
understood ends it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import BinaryIO

from quantlat.allocator import keep_freed_memory
from quantlat.runtimes.frames import (
    MAX_MODEL_BYTES,
    MAX_REQUEST_BYTES,
    BrokenStream,
    Frame,
    FrameError,
    read_frame,
    write_frame,
)
from quantlat.runtimes.ipex_worker.model import IpexModel

_WATCH_S = 2.0


def main() -> None:
    """Serve standard input and output."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business; its end is ours
    keep_freed_memory()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        serve(sys.stdin.buffer, answers)
    except BrokenPipeError:
        os._exit(0)  # nobody is left to tell


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer every frame of ``requests``."""
    model: IpexModel | None = None
    while True:
        try:
            frame = read_frame(requests, limit_bytes=MAX_MODEL_BYTES if model is None else MAX_REQUEST_BYTES)
            if frame is None:
                return
            if frame.kind == "load":
                model = IpexModel.load(frame)
                answer = Frame("ready", model.facts)
            elif frame.kind == "run" and model is not None:
                answer = Frame("logits", arrays={"logits": model.run(frame)})
            else:
                raise FrameError(f"expected 'load', and 'run' after it, got {frame.kind!r}")
        except BrokenStream as error:
            write_frame(answers, _error(error))
            return
        except Exception as error:  # a bad request or a defect of a library: told, not died of
            answer = _error(error)
        write_frame(answers, answer)


def _error(error: Exception) -> Frame:
    name = "" if isinstance(error, FrameError) else f"{type(error).__name__}: "
    return Frame("error", {"text": f"{name}{error}"[:2000]})


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, also where another process holds the pipe open.

    The kernel's own signal for that is no use: it comes when the *thread* ends that started the process.
    """
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    os._exit(1)
