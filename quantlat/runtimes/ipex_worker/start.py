"""Entry of the worker, run by its path in an environment where quantlat is not installed.

The packages are entered as bare names with a path: their ``__init__`` would import what is not there.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

_PACKAGES = ("quantlat", "quantlat.models", "quantlat.runtimes", "quantlat.runtimes.ipex_worker")


def enter_packages(root: Path) -> None:
    """Make the modules below ``root`` importable one by one."""
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")))]
        sys.modules[name] = package


if __name__ == "__main__":
    enter_packages(Path(__file__).resolve().parents[3])
    from quantlat.runtimes.ipex_worker.serve import main

    main()
