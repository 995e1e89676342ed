"""The command line: one file per verb, which parses, calls and prints. ``app.py`` wires them together."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the ``quantlat`` command; see :mod:`quantlat.errors` for the exit codes."""
    from quantlat.cli.app import app
    from quantlat.cli.console import show_error
    from quantlat.errors import QuantlatError

    try:
        app(prog_name="quantlat")
    except QuantlatError as error:
        show_error(error)
        sys.exit(error.exit_code)
