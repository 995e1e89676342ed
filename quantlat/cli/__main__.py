"""``python -m quantlat.cli`` does what the ``quantlat`` command does."""

from quantlat.cli import main

main()
