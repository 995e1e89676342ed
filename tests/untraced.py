"""PyTorch's and OpenVINO's exporters without coverage's tracer: it slows them by half, and they are not our code."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

EXPORTERS = (
    ("torch.export", "export"),
    ("torch.onnx", "export"),
    ("torch._inductor", "aoti_compile_and_package"),
    ("openvino", "convert_model"),
)


@pytest.fixture(scope="session", autouse=True)
def untraced_exporters() -> Iterator[None]:
    """Where coverage is measured, pause it in each of them; otherwise do nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in EXPORTERS if sys.gettrace() else ():
            if importlib.util.find_spec(module.partition(".")[0]):
                patch.setattr(importlib.import_module(module), name, _untraced(module, name))
        yield


def _untraced(module: str, name: str) -> Callable[..., Any]:
    function = getattr(importlib.import_module(module), name)

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            return function(*arguments, **options)
        finally:
            sys.settrace(tracer)

    return call
