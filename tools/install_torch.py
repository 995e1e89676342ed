"""Install a CPU build of PyTorch, and never pull gigabytes of CUDA packages by accident.

``python tools/install_torch.py 2.13.0`` asks pip what it would install. If that holds CUDA packages, it asks
again with PyTorch's own index of CPU builds (https://pytorch.org/get-started/locally), and gives up with
advice if that does not help. Environment:

* ``TORCH_INDEX``: another index that offers CPU builds, tried first.
* ``ALLOW_CUDA=1``: take whatever pip offers.

Only the standard library is used, because nothing is installed yet.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_CUDA_PREFIXES = ("nvidia-", "cuda-", "triton", "pytorch-triton")


def cuda_packages(report: Mapping[str, Any]) -> list[str]:
    """Names of the CUDA packages in the report of ``pip install --dry-run --report``."""
    names = [str(entry["metadata"]["name"]).lower() for entry in report["install"]]
    return sorted(name for name in names if name.startswith(_CUDA_PREFIXES))


def index_options(environment: Mapping[str, str]) -> list[list[str]]:
    """pip options to try, in order."""
    own = environment.get("TORCH_INDEX", "").strip()
    first = ["--extra-index-url", own] if own else []
    return [first] if own == CPU_INDEX else [first, ["--extra-index-url", CPU_INDEX]]


def _offer(requirement: str, options: list[str]) -> dict[str, Any] | None:
    # An index out of reach is asked for each of twenty packages: pip's five retries of each would take minutes.
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--retries", "1", "--dry-run", "--report", "-"]
    done = subprocess.run([*command, *options, requirement], stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def _install(requirement: str, options: list[str]) -> int:
    command = [sys.executable, "-m", "pip", "install", *options, requirement]
    return subprocess.run(command, check=False).returncode


def main(version: str, environment: Mapping[str, str]) -> int:
    """Install torch; returns the exit status."""
    requirement = f"torch=={version}"
    if environment.get("ALLOW_CUDA") == "1":
        return _install(requirement, index_options(environment)[0])
    for options in index_options(environment):
        where = options[-1] if options else "the configured package index"
        report = _offer(requirement, options)
        if report is None:
            print(f"{requirement}: {where} does not offer it", file=sys.stderr)
        elif cuda := cuda_packages(report):
            print(f"{requirement}: {where} would pull {len(cuda)} CUDA packages", file=sys.stderr)
        else:
            return _install(requirement, options)
    print(
        f"error: no CPU build of {requirement} is in reach.\n"
        f"Set TORCH_INDEX to an index that has one (PyTorch's own is {CPU_INDEX}), or put its wheel into a\n"
        "folder and set PIP_FIND_LINKS to it, or accept the CUDA build with ALLOW_CUDA=1 (several GB).",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], os.environ))
