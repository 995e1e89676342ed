"""``python -m quantlat.deployment BUNDLE``: the self-check without the command line's packages."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from quantlat.deployment.promise import lines_of, self_check
from quantlat.errors import QuantlatError


def main() -> int:
    """Exit code 0: passed and the promise kept; 11: not."""
    parser = argparse.ArgumentParser(
        prog="python -m quantlat.deployment", description="Check a bundle on this machine."
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--seconds", type=float, default=10.0, help="about how long to measure latency; 0: not at all")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        report = self_check(options.bundle, threads=options.threads, runtime=options.runtime, seconds=options.seconds)
    except QuantlatError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(report.model_dump_json(indent=1) if options.json else "\n".join(lines_of(report)))
    return 0 if report.passed and report.promise_kept is not False else 11


if __name__ == "__main__":
    sys.exit(main())
