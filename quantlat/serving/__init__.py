"""The HTTP server of a bundle: a bounded queue of ragged batches behind FastAPI, metrics, and a page to try it.

Needs the extra ``serve``. Nothing here imports PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quantlat.errors import RuntimeUnavailableError
from quantlat.serving.options import Limits, QueueOptions, ServerOptions, read_api_keys

if TYPE_CHECKING:
    from quantlat.serving.app import create_app
    from quantlat.serving.server import serve

__all__ = ["Limits", "QueueOptions", "ServerOptions", "create_app", "read_api_keys", "serve"]

_LAZY = {"create_app": "quantlat.serving.app", "serve": "quantlat.serving.server"}


def __getattr__(name: str) -> Any:
    """Import what needs the extra only when it is used, and say what to install when it is missing."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    try:
        return getattr(importlib.import_module(_LAZY[name]), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in (
            "fastapi",
            "starlette",
            "uvicorn",
            "prometheus_client",
        ):
            raise
        raise RuntimeUnavailableError(
            f"the server needs the package {error.name}, which is not installed", "pip install 'quantlat[serve]'"
        ) from None
