"""The command line: one file per verb, which parses, calls and prints. ``app.py`` wires them together."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the ``quantlat`` command; see :mod:`quantlat.errors` for the exit codes."""
    from quantlat.cli.app import app
    from quantlat.cli.console import show_error
    from quantlat.errors import QuantlatError, RuntimeUnavailableError

    try:
        app(prog_name="quantlat")
    except QuantlatError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as missing:
        if (missing.name or "quantlat").partition(".")[0] == "quantlat":
            raise
        show_error(
            RuntimeUnavailableError(
                f"this verb needs the package {missing.name}, which is not installed here",
                "Install the full quantlat; of its verbs, a bundle's serving install has selfcheck only.",
            )
        )
        sys.exit(RuntimeUnavailableError.exit_code)
