"""Get a headless Chromium and playwright for the tests of the pages, or say why there is none and go on.

``python tools/install_browser.py [--apt]`` installs the extra ``browser`` and looks for a Chromium: the one that
``QUANTLAT_CHROMIUM`` names, one on the PATH, playwright's own. If there is none, playwright is asked to download its
own; ``--apt`` lets root install the distribution's after that. Neither may be in reach, so each try has a time limit,
and the exit status is 0 all the same: the tests skip with a reason.

Only the standard library is used here, and nothing is fetched where everything is in place.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
"""What a Chromium on the PATH may be called."""
_PIP_S, _DOWNLOAD_S, _APT_S = 90.0, 60.0, 120.0
_OWN = "import playwright.sync_api as s\nwith s.sync_playwright() as p:\n    print(p.chromium.executable_path)"

Command = Sequence[str]
Runner = Callable[[Command, float], str | None]


def run(command: Command, limit_s: float) -> str | None:
    """Standard output of a command; ``None`` where it failed, is not there or took too long."""
    try:
        done = subprocess.run(command, timeout=limit_s, stdout=subprocess.PIPE, text=True, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"browser: {' '.join(command[:4])}: {error}", file=sys.stderr)
        return None
    return done.stdout if done.returncode == 0 else None


def find_chromium(environment: Mapping[str, str], runner: Runner = run) -> str | None:
    """Path of a Chromium that is installed: named, on the PATH, or playwright's own."""
    named = environment.get("QUANTLAT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if named or importlib.util.find_spec("playwright") is None:
        return named
    own = (runner([sys.executable, "-c", _OWN], 30.0) or "").strip()
    return own if own and os.path.exists(own) else None


def main(arguments: Sequence[str], environment: Mapping[str, str], runner: Runner = run) -> int:
    """Install what is missing and say what the tests will find."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", "constraints.txt", "playwright"]
    if importlib.util.find_spec("playwright") is None and runner(pip, _PIP_S) is None:
        print("browser: pip does not get playwright; the tests in a browser will be skipped")
        return 0
    found = find_chromium(environment, runner)
    if found is None:
        runner([sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"], _DOWNLOAD_S)
        found = find_chromium(environment, runner)
    if found is None and "--apt" in arguments and os.geteuid() == 0 and shutil.which("apt-get"):
        runner(["apt-get", "-qq", "update"], _APT_S)
        runner(["apt-get", "-qq", "install", "--yes", "--no-install-recommends", "chromium"], _APT_S)
        found = find_chromium(environment, runner)
    if found is None:
        print("browser: there is no Chromium and none can be had here; the tests in a browser will be skipped")
    else:
        print(f"browser: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
