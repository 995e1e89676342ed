"""What a bundle needs installed: exact versions of this machine's packages, so that it runs as it was validated.

``requirements.txt`` lists the few packages that answering needs, to be installed with ``--no-deps``: ``tokenizers``
asks for the client of a model hub that is never used here. Two more files add OpenVINO, or the
command line and the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata

ENGINE = ("numpy", "safetensors", "tokenizers", "pydantic")
OPENVINO = ("openvino",)
SERVING = ("typer", "rich", "fastapi", "uvicorn", "prometheus-client")
_NEVER = ("huggingface-hub", "openvino-telemetry")  # a hub's client, and a sender of usage statistics
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def pinned(roots: Iterable[str], *, without: Iterable[str] = ()) -> list[str]:
    """``name==version`` of the packages and all they need, as installed here; a bare name where one is not.

    Args:
        without: names to leave out with what only they need.
    """
    skipped = {_normal(name) for name in (*_NEVER, *without)}
    found: dict[str, str] = {}
    queue = [_normal(name) for name in roots]
    while queue:
        name = queue.pop(0)
        if name in found or name in skipped:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            found[name] = name
            continue
        found[name] = f"{name}=={distribution.version.partition('+')[0]}"
        queue += [_normal(need) for need in _needs(distribution.requires or ())]
    return sorted(found.values())


def _needs(requirements: Iterable[str]) -> Iterable[str]:
    """Names of the requirements that hold here without extras."""
    for requirement in requirements:
        text, _, marker = requirement.partition(";")
        if "extra" in marker or _is_elsewhere(marker):
            continue
        match = _NAME.match(text.strip())
        if match:
            yield match.group()


def _is_elsewhere(marker: str) -> bool:
    """True for markers of other systems and older Pythons; others are taken, one package too many does no harm."""
    return any(word in marker for word in ("win32", "Windows", "darwin", "python_version <", 'python_version<"3'))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
